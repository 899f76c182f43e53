"""Loads a causal language model from the hub or a folder, once a run; NF4 and 8 bit through bitsandbytes.

P0 loads google/gemma-2b-it in NF4 and computes in bfloat16 ("QLoRA", Dettmers et al. 2023). Only safetensors are loaded, and never
a model's own code.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass

import torch
import transformers
from peft import prepare_model_for_kbit_training
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from studentsim.config import RunConfig
from studentsim.errors import ConfigError, StudentError, first_line
from studentsim.settings import ModelLoadingSettings
from studentsim.student.generation.recompute import CachelessModel
from studentsim.student.huggingface import resolve
from studentsim.student.huggingface.cache_check import wrap_if_cache_unreliable
from studentsim.student.huggingface.hardware import Hardware, detect_hardware
from studentsim.student.huggingface.memory import (
    MemoryPlan,
    ModelShape,
    explain_unsupported_type,
    format_parameter_count,
    plan_memory,
)

# It warns at every product of an 8-bit layer that it computes in float16.
logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready for use as a student."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    dtype: torch.dtype
    """The dtype of its computations."""
    revision: str
    plan: MemoryPlan
    inference_model: PreTrainedModel | CachelessModel
    """For generation and scoring: the model, or a wrapper that does without its KV cache where that is unreliable."""

    @property
    def summary(self) -> str:
        """The model and how it is loaded, in a line for users."""
        quantisation = {"nf4": "NF4", "8bit": "8 bit"}.get(self.model.config.studentsim_held, "not quantised")
        dtype_name = str(self.dtype).removeprefix("torch.")
        count = format_parameter_count(self.model.num_parameters())
        uncached_note = "; of this architecture each text is read anew for every word, which is slow"
        note = uncached_note if isinstance(self.inference_model, CachelessModel) else ""
        return f"{count} parameters, {quantisation}, computing in {dtype_name}, on {self.model.device.type}{note}"


def load_model(config: RunConfig) -> LoadedModel:
    """The run's model, in evaluation mode, its base weights frozen.

    :raises ConfigError: when there is no such model or device, or the model must not be used.
    :raises StudentError: when its files cannot be read, or transformers does not support its architecture.
    """
    model_loading = config.model_loading
    resolved = resolve.resolve_model(config.model, model_loading.revision)
    device, dtype = resolve_device(model_loading), resolve_torch_dtype(model_loading)
    is_folder = resolved.revision.startswith(resolve.FINGERPRINT_PREFIX)
    name_or_path = str(resolved.folder) if is_folder else config.model
    revision = None if is_folder else resolved.revision
    tokenizer = _load_tokenizer(name_or_path, revision)
    model = _load_causal_lm(name_or_path, revision, model_loading, device, dtype)
    return prepare_model(model, tokenizer, config, dtype=dtype, revision=resolved.revision)


def prepare_model(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, config: RunConfig, *, dtype: torch.dtype, revision: str
) -> LoadedModel:
    """Prepare a model that is in memory, as ``load_model`` does with those it reads.

    :raises StudentError: when the tokenizer has no end token, or the architecture is not supported.
    """
    quantisation = config.model_loading.quantisation
    if quantisation != "none":
        _prepare_quantised(model)
    model.config.studentsim_held = quantisation
    model.eval().requires_grad_(False)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    if tokenizer.eos_token_id is None:
        raise StudentError("The model's tokenizer has no end token.", "Choose another model.")
    shape = ModelShape.from_config(model.config.to_dict())
    if shape is None:
        problem, remedy = explain_unsupported_type(model.config.model_type)
        raise StudentError(f"The model {problem}.", remedy)
    memory_plan = plan_memory(config, shape, model.num_parameters(), _query_hardware(model.device))
    with autocast_context(model, dtype):
        inference_model = wrap_if_cache_unreliable(model)
    return LoadedModel(model, tokenizer, dtype, revision, memory_plan, inference_model)


def autocast_context(model: PreTrainedModel, dtype: torch.dtype) -> contextlib.AbstractContextManager[object]:
    """Autocast to ``dtype``, for models of which norms, adapter or other layers are in float32; nothing for float32."""
    return contextlib.nullcontext() if dtype == torch.float32 else torch.autocast(model.device.type, dtype=dtype)


def resolve_device(model_loading: ModelLoadingSettings) -> str:
    """``cuda`` or ``cpu``, as ``ModelLoadingSettings.device`` means here.

    :raises ConfigError: (``model_loading.device``) when it is ``cuda`` and torch finds no GPU.
    """
    if model_loading.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            "No GPU can be used: torch finds none.", "Choose 'auto' or 'cpu'.", field="model_loading.device"
        )
    return "cuda" if model_loading.device != "cpu" and torch.cuda.is_available() else "cpu"


def resolve_torch_dtype(model_loading: ModelLoadingSettings) -> torch.dtype:
    """The dtype that ``ModelLoadingSettings.dtype`` means here."""
    if model_loading.dtype != "auto":
        return getattr(torch, model_loading.dtype)
    if resolve_device(model_loading) == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if model_loading.quantisation != "none" else torch.float32


def _load_tokenizer(name_or_path: str, revision: str | None) -> PreTrainedTokenizerBase:
    try:
        return AutoTokenizer.from_pretrained(name_or_path, revision=revision, trust_remote_code=False)
    except Exception as error:  # missing or damaged files, an unknown kind: the same to a user
        raise StudentError(
            f"The tokenizer of {name_or_path} cannot be read ({first_line(error)}).", _DOWNLOAD_AGAIN_REMEDY
        ) from error


def _load_causal_lm(
    name_or_path: str, revision: str | None, model_loading: ModelLoadingSettings, device: str, dtype: torch.dtype
) -> PreTrainedModel:
    transformers.utils.logging.disable_progress_bar()  # events report the stages
    try:
        return AutoModelForCausalLM.from_pretrained(
            name_or_path,
            revision=revision,
            dtype=dtype,
            device_map={"": 0 if device == "cuda" else "cpu"},
            quantization_config=_build_quantisation_config(model_loading, dtype),
            use_safetensors=True,
            trust_remote_code=False,
        )
    except (MemoryError, torch.OutOfMemoryError):
        raise  # reported as what they are
    except Exception as error:  # transformers, safetensors and bitsandbytes raise many kinds here
        raise StudentError(
            f"The model {name_or_path} cannot be loaded ({first_line(error)}).", _DOWNLOAD_AGAIN_REMEDY
        ) from error


_DOWNLOAD_AGAIN_REMEDY = "Download it again, or choose a causal language model that this version of transformers knows."


def _build_quantisation_config(model_loading: ModelLoadingSettings, dtype: torch.dtype) -> BitsAndBytesConfig | None:
    if model_loading.quantisation == "nf4":
        return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype)
    return BitsAndBytesConfig(load_in_8bit=True) if model_loading.quantisation == "8bit" else None


def _prepare_quantised(model: PreTrainedModel) -> None:
    """Norms in float32, as PEFT prepares models for QLoRA; embeddings and LM head keep their dtype.

    Gradient checkpointing is left to the trainer, which knows whether a batch fits without.
    """
    # A quarter of a Gemma is its embeddings: a gigabyte more in float32. bitsandbytes restores biases itself.
    layers = [m for m in model.modules() if isinstance(m, torch.nn.Linear | torch.nn.Embedding)]
    original_dtypes = [(p, p.dtype) for m in layers for p in m.parameters(recurse=False) if p.is_floating_point()]
    prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    for parameter, dtype in original_dtypes:
        parameter.data = parameter.data.to(dtype)
    for module in model.modules():
        # On some CPUs bitsandbytes repacks 4-bit weights when they are first used without gradients; repacked weights
        # pass no gradient on, so that training would change nothing.
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def _query_hardware(device: torch.device) -> Hardware:
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        return Hardware("cuda", torch.cuda.get_device_name(device), total, free)
    return detect_hardware("cpu")
