"""The LoRA adapter: put on, saved and taken up again, and merged into a plain twin for fast writing.

The base weights are never changed. Writing goes through the twin, a copy whose weights are base + scale x B x A, made
anew after each training; merging in place and back would leave rounding behind, and a resumed run would differ.
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
from studentsim.settings import Learning

ADAPTER_FILENAME = "adapter_model.safetensors"
BASE_FINGERPRINT_KEY = "base_weights"
"""Key of the file's metadata: the fingerprint of the weights that the adapter was trained on."""


def attach_adapter(
    model: PreTrainedModel,
    learning: Learning,
    seed: int,
    *,
    target_modules: str | None = None,
    revision: str | None = None,
) -> PeftModel:
    """The model with a fresh adapter, which changes nothing yet (B is zero); its start depends on the seed alone.

    ``target_modules`` is PEFT's word for other projections than ``learning.lora_targets`` (``all-linear``: every one but the head);
    ``revision`` is noted in the adapter's config beside the base model's name.

    :raises StudentError: the model has none of the projections named.
    """
    config = LoraConfig(
        r=learning.lora_rank,
        lora_alpha=learning.lora_alpha,
        target_modules=target_modules or list(learning.lora_targets),
        lora_dropout=0.0,
        task_type="CAUSAL_LM",
        revision=revision,
    )
    torch.manual_seed(derive_seed("adapter", seed) % 2**63)
    try:
        return get_peft_model(model, config)
    except ValueError as error:
        raise StudentError(
            f"The model has none of the projections {', '.join(learning.lora_targets)} ({error}).",
            "Name the projections it has in lora_targets.",
        ) from error


@torch.no_grad()
def merge_adapter_into(merged_model: PreTrainedModel, model: PeftModel, *, base_only: bool = False) -> None:
    """Write base + adapter into the twin's weights, or the ``base_only`` alone."""
    merged_modules = dict(merged_model.named_modules())
    for name, layer in model.get_base_model().named_modules():
        if isinstance(layer, LoraLayer):
            weight = layer.get_base_layer().weight
            merged_modules[name].weight.copy_(weight if base_only else weight + layer.get_delta_weight("default"))


def save_adapter(model: PeftModel, folder: Path, *, base_fingerprint: str = "") -> None:
    """Write the adapter as PEFT does: weights (safetensors) and config; plain ``peft`` loads the folder.

    ``base_fingerprint``, the fingerprint of the weights that it was trained on, goes into the metadata of the safetensors file: the two
    cannot be parted.
    """
    # Embeddings are never trained; left to itself, PEFT would ask the hub whether they were.
    state = get_peft_model_state_dict(model, adapter_name="default", save_embedding_layers=False)
    state = {name: tensor.contiguous() for name, tensor in state.items()}
    save_file(
        state,
        folder / ADAPTER_FILENAME,
        metadata={"format": "pt", **({BASE_FINGERPRINT_KEY: base_fingerprint} if base_fingerprint else {})},
    )
    model.peft_config["default"].save_pretrained(folder)


def check_base_fingerprint(folder: Path, expected: str, *, default_fingerprint: str = "") -> None:
    """Refuse an adapter that ``save_adapter`` wrote for other weights than ``expected``; blank: a model that has no fingerprint.

    ``default_fingerprint`` are the weights of adapters that name none.

    :raises StudentError: it belongs to other weights, or cannot be read.
    """
    try:
        with safe_open(folder / ADAPTER_FILENAME, "pt") as file:
            recorded = (file.metadata() or {}).get(BASE_FINGERPRINT_KEY, "")
    except Exception as error:  # safetensors raises its own kinds; all mean that this checkpoint cannot be used
        raise _unreadable_checkpoint_error(folder, error) from error
    actual = recorded or (default_fingerprint if expected else "")
    if actual != expected:
        raise StudentError(
            f"The checkpoint {folder.name} belongs to a student with the weights {actual}, but this student has "
            f"{expected or 'others, without a fingerprint'}.",
            "Resume it with the version that made it, or start a new run.",
        )


def load_adapter(model: PeftModel, folder: Path) -> None:
    """Take up an adapter that ``save_adapter`` wrote.

    :raises StudentError: a file is missing or damaged, or belongs to another shape of adapter.
    """
    try:
        state = load_file(folder / ADAPTER_FILENAME)
        expected = get_peft_model_state_dict(model, adapter_name="default", save_embedding_layers=False)
        if {n: t.shape for n, t in state.items()} != {n: t.shape for n, t in expected.items()}:
            raise ValueError("its tensors are not those of this run's adapter")
    except Exception as error:  # safetensors raises its own kinds; all mean that this checkpoint cannot be used
        raise _unreadable_checkpoint_error(folder, error) from error
    set_peft_model_state_dict(model, state, adapter_name="default")


def _unreadable_checkpoint_error(folder: Path, error: Exception) -> StudentError:
    return StudentError(f"The checkpoint {folder.name} cannot be read ({error}).", "Use an earlier one.")
