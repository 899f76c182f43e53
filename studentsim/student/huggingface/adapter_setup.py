"""Settings of a student that follow from its loaded model: LoRA targets, longest prompt, end tokens, the hub's commit."""

from __future__ import annotations

from studentsim.config import RunConfig
from studentsim.settings import ALL_PROJECTIONS
from studentsim.student.huggingface.chat import ChatFormatter
from studentsim.student.huggingface.loading import LoadedModel

MAX_PROMPT_TOKENS = 2048
"""The most tokens of a prompt; a longer one loses its middle, so that its beginning and its options stay."""


def resolve_lora_targets(loaded: LoadedModel, config: RunConfig) -> str | None:
    """PEFT's ``all-linear`` where the settings mean all projections and the architecture names them otherwise (BLOOM, Phi); else None."""
    if config.dpo.lora_targets != ALL_PROJECTIONS:
        return None
    module_names = {name.rpartition(".")[2] for name, _ in loaded.model.named_modules()}
    return None if set(ALL_PROJECTIONS) <= module_names else "all-linear"


def get_hub_commit(loaded: LoadedModel) -> str | None:
    """The model's commit on the hub; None for a local folder."""
    return None if loaded.revision.startswith("files-") or not loaded.revision else loaded.revision


def collect_end_token_ids(loaded: LoadedModel, chat: ChatFormatter) -> set[int]:
    """Ids of the tokens that end an answer: those of the chat template, the tokenizer and the model's generation config."""
    default_ids = loaded.model.generation_config.eos_token_id if loaded.model.generation_config else None
    return {
        chat.end_token_id,
        loaded.tokenizer.eos_token_id,
        *(default_ids if isinstance(default_ids, list) else [default_ids]),
    } - {None}


def compute_max_prompt_tokens(loaded: LoadedModel, max_new_tokens: int) -> int:
    """The most tokens of a prompt that an answer of ``max_new_tokens`` tokens can follow; at least 16."""
    config = loaded.model.config.get_text_config()
    positions = getattr(config, "max_position_embeddings", None) or MAX_PROMPT_TOKENS + max_new_tokens
    rope = getattr(config, "rope_parameters", None) or {}
    if rope.get("rope_type") == "longrope":
        # Beyond this length the rotation of all positions changes, also in the cache and in the batch's shorter rows.
        positions = min(positions, rope.get("original_max_position_embeddings") or positions)
    return max(16, min(MAX_PROMPT_TOKENS, positions - max_new_tokens - 1))
