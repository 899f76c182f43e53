"""How a loaded model is fitted out as a student: which of its parts get an adapter, how long a prompt it reads, whose version it is."""

from __future__ import annotations

from studentsim.config import RunConfig
from studentsim.settings import ALL_PROJECTIONS
from studentsim.student.huggingface.loading import LoadedModel

MAX_PROMPT_TOKENS = 2048
"""Tokens of a prompt at most; a longer one loses its middle, so that its beginning and its options stay."""


def resolve_lora_targets(loaded: LoadedModel, config: RunConfig) -> str | None:
    """PEFT's word for every projection, where the usual names are meant and the architecture has others (BLOOM, Phi)."""
    if config.learning.lora_targets != ALL_PROJECTIONS:
        return None
    module_names = {name.rpartition(".")[2] for name, _ in loaded.model.named_modules()}
    return None if set(ALL_PROJECTIONS) <= module_names else "all-linear"


def get_hub_commit(loaded: LoadedModel) -> str | None:
    """The hub's commit; None for a folder's files."""
    return None if loaded.revision.startswith("files-") or not loaded.revision else loaded.revision


def compute_max_prompt_tokens(loaded: LoadedModel, max_new_tokens: int) -> int:
    """Tokens of a prompt at most, where an answer of up to ``max_new_tokens`` tokens is to follow it."""
    config = loaded.model.config.get_text_config()
    positions = getattr(config, "max_position_embeddings", None) or MAX_PROMPT_TOKENS + max_new_tokens
    rope = getattr(config, "rope_parameters", None) or {}
    if rope.get("rope_type") == "longrope":
        # From here on all positions are turned otherwise, those in the cache and in shorter rows of the batch too.
        positions = min(positions, rope.get("original_max_position_embeddings") or positions)
    return max(16, min(MAX_PROMPT_TOKENS, positions - max_new_tokens - 1))
