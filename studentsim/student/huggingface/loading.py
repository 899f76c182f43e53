"""Loading a causal language model of the hub or of a folder, once a run; NF4 and 8 bit through bitsandbytes.

P0 loads google/gemma-2b-it in NF4 and computes in bfloat16 ("QLoRA", Dettmers et al. 2023). Safetensors only, and never a
model's own code.
"""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import dataclass

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
# Where a repository has pickles alone, transformers would ask the hub for a conversion: another version than the pinned one.
os.environ["DISABLE_SAFETENSORS_CONVERSION"] = "1"

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
from studentsim.errors import ConfigError, StudentError
from studentsim.settings import Hub
from studentsim.student.generation.recompute import CachelessModel
from studentsim.student.huggingface import resolve
from studentsim.student.huggingface.cache_check import wrap_if_cache_unreliable
from studentsim.student.huggingface.hardware import Hardware
from studentsim.student.huggingface.memory import (
    MemoryPlan,
    ModelShape,
    explain_unsupported_type,
    format_parameter_count,
    plan_memory,
)

# It says at every single product of an 8-bit layer that it computes in float16.
logging.getLogger("bitsandbytes.autograd._functions").setLevel(logging.ERROR)


@dataclass(frozen=True)
class LoadedModel:
    """A model ready to be a student."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    dtype: torch.dtype
    """What it computes in."""
    revision: str
    plan: MemoryPlan
    inference_model: PreTrainedModel | CachelessModel
    """What writes and scores: the model, or a wrapping that does without its cache where that cannot be relied on."""

    @property
    def summary(self) -> str:
        """What was chosen, in a line."""
        quantisation = {"nf4": "NF4", "8bit": "8 bit"}.get(self.model.config.studentsim_held, "not quantised")
        dtype_name = str(self.dtype).removeprefix("torch.")
        count = format_parameter_count(self.model.num_parameters())
        uncached_note = "; of this architecture each text is read anew for every word, which is slow"
        note = uncached_note if isinstance(self.inference_model, CachelessModel) else ""
        return f"{count} parameters, {quantisation}, computing in {dtype_name}, on {self.model.device.type}{note}"


def load_model(config: RunConfig) -> LoadedModel:
    """The run's model, in evaluation mode, its base weights frozen.

    :raises ConfigError: there is no such model, or it must not be used, or there is no such device.
    :raises StudentError: its files cannot be read, or it is of an architecture that transformers does not know.
    """
    hub = config.hub
    found = resolve.resolve_model(config.model, hub.revision)
    device, dtype = resolve_device(hub), resolve_torch_dtype(hub)
    name_or_path = str(found.folder) if found.revision.startswith(resolve.FINGERPRINT_PREFIX) else config.model
    revision = None if found.revision.startswith(resolve.FINGERPRINT_PREFIX) else found.revision
    tokenizer = _load_tokenizer(name_or_path, revision)
    model = _load_causal_lm(name_or_path, revision, hub, device, dtype)
    return prepare_model(model, tokenizer, config, dtype=dtype, revision=found.revision)


def prepare_model(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, config: RunConfig, *, dtype: torch.dtype, revision: str
) -> LoadedModel:
    """A model that is in memory already, prepared as ``load_model`` prepares what it reads."""
    quantisation = config.hub.quantisation
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
    """Computing in ``dtype``, although some layers, norms and adapter are in float32."""
    return contextlib.nullcontext() if dtype == torch.float32 else torch.autocast(model.device.type, dtype=dtype)


def resolve_device(hub: Hub) -> str:
    """``cuda`` or ``cpu``.

    :raises ConfigError: a GPU was asked for, and torch finds none.
    """
    if hub.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("No GPU can be used: torch finds none.", "Choose 'auto' or 'cpu'.", field="hub.device")
    return "cuda" if hub.device != "cpu" and torch.cuda.is_available() else "cpu"


def resolve_torch_dtype(hub: Hub) -> torch.dtype:
    """What the model computes in; see ``Hub.dtype``."""
    if hub.dtype != "auto":
        return getattr(torch, hub.dtype)
    if resolve_device(hub) == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if hub.quantisation != "none" else torch.float32


def _load_tokenizer(name_or_path: str, revision: str | None) -> PreTrainedTokenizerBase:
    try:
        return AutoTokenizer.from_pretrained(name_or_path, revision=revision, trust_remote_code=False)
    except Exception as error:  # files missing or damaged, a kind that is not known: all mean the same to a user
        raise StudentError(
            f"The tokenizer of {name_or_path} cannot be read ({_first_error_line(error)}).", _DOWNLOAD_AGAIN_REMEDY
        ) from error


def _load_causal_lm(
    name_or_path: str, revision: str | None, hub: Hub, device: str, dtype: torch.dtype
) -> PreTrainedModel:
    transformers.utils.logging.disable_progress_bar()  # stages are told by events
    try:
        return AutoModelForCausalLM.from_pretrained(
            name_or_path,
            revision=revision,
            dtype=dtype,
            device_map={"": 0 if device == "cuda" else "cpu"},
            quantization_config=_build_quantisation_config(hub, dtype),
            use_safetensors=True,
            trust_remote_code=False,
        )
    except (MemoryError, torch.OutOfMemoryError):
        raise  # told as such
    except Exception as error:  # transformers, safetensors and bitsandbytes raise many kinds here
        raise StudentError(
            f"The model {name_or_path} cannot be loaded ({_first_error_line(error)}).", _DOWNLOAD_AGAIN_REMEDY
        ) from error


_DOWNLOAD_AGAIN_REMEDY = "Download it again, or choose a causal language model that this version of transformers knows."


def _build_quantisation_config(hub: Hub, dtype: torch.dtype) -> BitsAndBytesConfig | None:
    if hub.quantisation == "nf4":
        return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=dtype)
    return BitsAndBytesConfig(load_in_8bit=True) if hub.quantisation == "8bit" else None


def _prepare_quantised(model: PreTrainedModel) -> None:
    """Norms in float32, as PEFT prepares models for QLoRA; embeddings and head stay small.

    Checkpointing is left to the trainer, which knows when a batch fits without.
    """
    # The fourth part of a Gemma is its embeddings: a gigabyte more in float32. Biases bitsandbytes puts back by itself.
    dtypes_before = [m for m in model.modules() if isinstance(m, torch.nn.Linear | torch.nn.Embedding)]
    dtypes_before = [(p, p.dtype) for m in dtypes_before for p in m.parameters(recurse=False) if p.is_floating_point()]
    prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
    for parameter, dtype in dtypes_before:
        parameter.data = parameter.data.to(dtype)
    for module in model.modules():
        # On some processors bitsandbytes packs 4-bit weights anew when they are first used without gradients; packed
        # so they have none at all, and nothing could be learnt any more.
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False


def _query_hardware(device: torch.device) -> Hardware:
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
        return Hardware("cuda", torch.cuda.get_device_name(device), total, free)
    import psutil

    memory = psutil.virtual_memory()
    return Hardware("cpu", "this computer's processor", memory.total, memory.available)


def _first_error_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
