"""Models for ``gpu.py``, made on the spot from transformers' config classes: random weights in bfloat16, a small tokenizer trained here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, GemmaConfig, LlamaConfig, PreTrainedConfig, PreTrainedTokenizerFast

from studentsim.curriculum import generator
from studentsim.settings import ModelLoadingSettings
from studentsim.types import Question

TURNS = ("<start_of_turn>", "<end_of_turn>")
TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{{ '<start_of_turn>' + ('model' if m['role'] == 'assistant' else 'user')"
    " + '\n' + m['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
_IDS = {"max_position_embeddings": 8192, "pad_token_id": 0, "eos_token_id": 1, "bos_token_id": 2}


def _gemma(**shape: Any) -> PreTrainedConfig:
    return GemmaConfig(**shape, **_IDS)


def _llama(**shape: Any) -> PreTrainedConfig:
    return LlamaConfig(**shape, tie_word_embeddings=True, **_IDS)


SHAPES: Mapping[str, tuple[Any, dict[str, int], ModelLoadingSettings]] = {
    "Gemma 2B, NF4": (
        _gemma,
        {
            "vocab_size": 256_000, "hidden_size": 2048, "num_hidden_layers": 18, "num_attention_heads": 8,
            "num_key_value_heads": 1, "head_dim": 256, "intermediate_size": 16_384,
        },
        ModelLoadingSettings(quantisation="nf4", exam_mode="written"),
    ),
    "SmolLM2 135M, bfloat16": (
        _llama,
        {
            "vocab_size": 49_152, "hidden_size": 576, "num_hidden_layers": 30, "num_attention_heads": 9,
            "num_key_value_heads": 3, "intermediate_size": 1536,
        },
        ModelLoadingSettings(dtype="bfloat16"),
    ),
}  # fmt: skip
"""For each student: its config class, its shape (as the model's own config.json has it) and how it is held."""
TINY = {
    "vocab_size": 2_000, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 1,
    "head_dim": 64, "intermediate_size": 256,
}  # fmt: skip


def write_model(folder: Path, name: str, *, tiny: bool, seed: int = 0) -> None:
    """The model of ``SHAPES`` with that name (``tiny``: of its kind, but small), as the hub has models. Writes."""
    make, shape, _ = SHAPES[name]
    _tokenizer().save_pretrained(folder)
    torch.manual_seed(seed)
    config = make(**(TINY if tiny else shape))
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
            AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    finally:
        torch.set_default_dtype(before)


def _tokenizer() -> PreTrainedTokenizerFast:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1_500, special_tokens=["<pad>", "<eos>", "<bos>", *TURNS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
    )  # fmt: skip
    bpe.train_from_iterator((q.problem + "\n" + q.rationale for q in questions(200)), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, pad_token="<pad>", eos_token="<eos>", bos_token="<bos>",
        additional_special_tokens=list(TURNS), chat_template=TEMPLATE,
    )  # fmt: skip


def questions(count: int) -> list[Question]:
    """Study questions of the built-in curriculum, from all skills."""
    skills = list(generator.SKILLS)
    each = -(-count // len(skills))
    return [q for skill in skills for q in generator.generate_questions(skill, "study", each)][:count]
