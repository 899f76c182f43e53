"""The embedded student's model: a small ``LlamaForCausalLM`` from transformers, with shipped weights."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from studentsim.errors import StudentError
from studentsim.student.embedded import weight_versions

"""The shipped weights (safetensors) with their tokenizer."""

HIDDEN_SIZE, NUM_LAYERS, NUM_HEADS, INTERMEDIATE_SIZE = 160, 4, 5, 448
"""1.85 M parameters: 7.4 MB in float32."""


def build_untrained_model(tokenizer: PreTrainedTokenizerFast, seed: int) -> LlamaForCausalLM:
    """A model with random weights for this tokenizer's vocabulary."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=HIDDEN_SIZE,
        num_hidden_layers=NUM_LAYERS,
        num_attention_heads=NUM_HEADS,
        num_key_value_heads=NUM_HEADS,
        intermediate_size=INTERMEDIATE_SIZE,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
    )
    return LlamaForCausalLM(config)


def load_embedded_model(
    weights: str = "", *, folder: Path | None = None
) -> tuple[LlamaForCausalLM, PreTrainedTokenizerFast]:
    """The model (float32, eval mode) and its tokenizer; ``weights`` (as ``RunConfig.weights``) or ``folder`` name others than the shipped.

    The model's ``weights_fingerprint`` is computed from the file, so that a changed file is noticed.

    :raises StudentError: when the weights are missing, unreadable, or not those named.
    """
    folder = folder or weight_versions.find_weights(weights)
    fingerprint = weight_versions.compute_fingerprint(folder)
    weight_versions.check_fingerprint(weights, fingerprint, folder)
    transformers.utils.logging.disable_progress_bar()  # loading 7 MB takes a second
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
    except Exception as error:  # transformers and safetensors raise many kinds; all mean the same to a user
        raise StudentError(
            f"The embedded student's weights in {folder} cannot be read ({error}).",
            "Restore them from the repository, or make them: python -m studentsim pretrain",
        ) from error
    model.weights_fingerprint = fingerprint
    return model.eval(), tokenizer
