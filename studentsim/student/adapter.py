"""The LoRA adapter: attach, save, load, and merge into a copy of the model for fast generation.

The base weights are never changed. The merged copy (base + scale x B x A) is rewritten after each training; merging in place and
unmerging would leave rounding errors behind, so that a resumed run would differ.
"""

from __future__ import annotations

from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from peft.tuners.lora import LoraLayer
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from studentsim.errors import StudentError
from studentsim.rng import derive_seed
from studentsim.settings import DPOSettings

ADAPTER_FILENAME = "adapter_model.safetensors"
BASE_FINGERPRINT_KEY = "base_weights"
"""Metadata key of the adapter file: the fingerprint of the weights that it was trained on."""


def attach_adapter(
    model: PreTrainedModel,
    dpo: DPOSettings,
    seed: int,
    *,
    target_modules: str | None = None,
    revision: str | None = None,
) -> PeftModel:
    """The model with a new adapter, which changes nothing yet (B is zero); its initialisation depends on the seed alone.

    ``target_modules`` overrides ``dpo.lora_targets`` (PEFT's ``all-linear``: all linear layers but the head); ``revision`` is
    the base model's, written into the adapter's config.

    :raises StudentError: when the model has none of the projections named.
    """
    config = LoraConfig(
        r=dpo.lora_rank,
        lora_alpha=dpo.lora_alpha,
        target_modules=target_modules or list(dpo.lora_targets),
        lora_dropout=0.0,
        task_type="CAUSAL_LM",
        revision=revision,
    )
    torch.manual_seed(derive_seed("adapter", seed) % 2**63)
    try:
        return get_peft_model(model, config)
    except ValueError as error:
        raise StudentError(
            f"The model has none of the projections {', '.join(dpo.lora_targets)} ({error}).",
            "Name the projections it has in lora_targets.",
        ) from error


@torch.no_grad()
def merge_adapter_into(merged_model: PreTrainedModel, model: PeftModel, *, base_only: bool = False) -> None:
    """Overwrite ``merged_model``'s weights with base + adapter, or, ``base_only``, with the base weights."""
    merged_modules = dict(merged_model.named_modules())
    for name, layer in model.get_base_model().named_modules():
        if isinstance(layer, LoraLayer):
            weight = layer.get_base_layer().weight
            merged_modules[name].weight.copy_(weight if base_only else weight + layer.get_delta_weight("default"))


def save_adapter(model: PeftModel, folder: Path, *, base_fingerprint: str = "") -> None:
    """Write the adapter in PEFT's format (safetensors and config), which ``PeftModel.from_pretrained`` loads.

    ``base_fingerprint`` is that of the weights it was trained on; it is stored in the safetensors file's metadata.
    """
    # Embeddings are never trained; by default PEFT would ask the hub whether they were resized.
    state = get_peft_model_state_dict(model, adapter_name="default", save_embedding_layers=False)
    state = {name: tensor.contiguous() for name, tensor in state.items()}
    save_file(
        state,
        folder / ADAPTER_FILENAME,
        metadata={"format": "pt", **({BASE_FINGERPRINT_KEY: base_fingerprint} if base_fingerprint else {})},
    )
    model.peft_config["default"].save_pretrained(folder)


def check_base_fingerprint(folder: Path, expected: str, *, default_fingerprint: str = "") -> None:
    """Check that an adapter was trained on the weights with the fingerprint ``expected`` (blank: a model without one).

    ``default_fingerprint`` is assumed for adapters that record none.

    :raises StudentError: when the adapter belongs to other weights or cannot be read.
    """
    try:
        with safe_open(folder / ADAPTER_FILENAME, "pt") as file:
            recorded = (file.metadata() or {}).get(BASE_FINGERPRINT_KEY, "")
    except Exception as error:  # safetensors raises its own exceptions; all mean that the checkpoint is unusable
        raise _unreadable_checkpoint_error(folder, error) from error
    actual = recorded or (default_fingerprint if expected else "")
    if actual != expected:
        raise StudentError(
            f"The checkpoint {folder.name} belongs to a student with the weights {actual}, but this student has "
            f"{expected or 'others, without a fingerprint'}.",
            "Resume it with the version that made it, or start a new run.",
        )


def load_adapter(model: PeftModel, folder: Path) -> None:
    """Load an adapter that ``save_adapter`` wrote.

    :raises StudentError: when a file is missing or damaged, or its tensors' names or shapes differ from this adapter's.
    """
    try:
        state = load_file(folder / ADAPTER_FILENAME)
        expected = get_peft_model_state_dict(model, adapter_name="default", save_embedding_layers=False)
        if {name: t.shape for name, t in state.items()} != {name: t.shape for name, t in expected.items()}:
            raise ValueError("its tensors are not those of this run's adapter")
    except Exception as error:  # safetensors raises its own exceptions; all mean that the checkpoint is unusable
        raise _unreadable_checkpoint_error(folder, error) from error
    set_peft_model_state_dict(model, state, adapter_name="default")


def _unreadable_checkpoint_error(folder: Path, error: Exception) -> StudentError:
    return StudentError(f"The checkpoint {folder.name} cannot be read ({error}).", "Use an earlier one.")
