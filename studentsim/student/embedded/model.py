"""The embedded student's model: a small Llama, from transformers' own classes, with shipped weights."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from studentsim.errors import StudentError
from studentsim.student.embedded import weight_versions

EMBEDDED_WEIGHTS_DIR = weight_versions.SHIPPED_WEIGHTS_DIR
"""The shipped weights (safetensors) with their tokenizer."""

HIDDEN_SIZE, NUM_LAYERS, NUM_HEADS, INTERMEDIATE_SIZE = 160, 4, 5, 448
"""1.85 M parameters: 7.4 MB in float32."""


def build_untrained_model(tokenizer: PreTrainedTokenizerFast, seed: int) -> LlamaForCausalLM:
    """Random weights for this tokenizer's vocabulary."""
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
    """The model, in float32 and evaluation mode, and its tokenizer: the shipped one, or what ``RunConfig.weights`` or a ``folder`` names.

    Its ``weights_fingerprint`` is told from the file as it lies there, so that a changed one is noticed.

    :raises StudentError: the weights are not there, cannot be read, or are others than those named.
    """
    folder = folder or weight_versions.find_weights(weights)
    fingerprint = weight_versions.compute_fingerprint(folder)
    weight_versions.check_fingerprint(weights, fingerprint, folder)
    transformers.utils.logging.disable_progress_bar()  # a second's bar for seven megabytes
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
    except Exception as error:  # transformers and safetensors raise many kinds here; all mean the same to a user
        raise StudentError(
            f"The embedded student's weights in {folder} cannot be read ({error}).",
            "Restore them from the repository, or make them: python -m studentsim pretrain",
        ) from error
    model.weights_fingerprint = fingerprint
    return model.eval(), tokenizer
