"""Models as the hub has them, made on the spot: the real config classes, tiny, random weights, a tokenizer trained here."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    Gemma2Config,
    Gemma3TextConfig,
    GemmaConfig,
    GptOssConfig,
    JambaConfig,
    Lfm2Config,
    LlamaConfig,
    MistralConfig,
    Phi3Config,
    PhiConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen3Config,
    RecurrentGemmaConfig,
)

from studentsim.config import RunConfig
from studentsim.curriculum.generator import SKILLS, generate_questions
from studentsim.datasets.bank import Bank

GEMMA_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{{ '<start_of_turn>' + ('model' if m['role'] == 'assistant' else m['role'])"
    " + '\n' + m['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
TURNS = ("<start_of_turn>", "<end_of_turn>")
_SMALL = {"num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96, "hidden_size": 64}
CONFIGS = {
    "gemma": lambda **ids: GemmaConfig(
        **_SMALL, num_key_value_heads=1, head_dim=16, max_position_embeddings=512, **ids
    ),
    "qwen2": lambda **ids: Qwen2Config(**_SMALL, num_key_value_heads=2, max_position_embeddings=512, **ids),
    "llama": lambda **ids: LlamaConfig(**_SMALL, num_key_value_heads=2, max_position_embeddings=512, **ids),
    "phi": lambda **ids: PhiConfig(**_SMALL, max_position_embeddings=512, **ids),
    "bloom": lambda **ids: BloomConfig(hidden_size=64, n_layer=2, n_head=4, **ids),
}
WITH_TEMPLATE = ("gemma", "gemma2", "gemma3", "qwen2", "qwen3", "gpt-oss", "lfm2")
"""These get a chat template; the others are asked in plain text."""

WINDOW = 16
"""Tokens that layers with a sliding window look back."""
_GROUPED = {**_SMALL, "num_key_value_heads": 2, "max_position_embeddings": 512}
_NARROW = {**_SMALL, "num_key_value_heads": 1, "head_dim": 16, "max_position_embeddings": 512, "sliding_window": WINDOW}
_LAYERED = {"num_hidden_layers": 4, "layer_types": ["conv", "full_attention"] * 2}
_MIXED = {"layer_types": ["sliding_attention", "full_attention"]}
ARCHITECTURES: dict[str, Callable[..., PreTrainedConfig]] = {
    **CONFIGS,
    "gemma2": lambda **ids: Gemma2Config(**_NARROW, final_logit_softcapping=5.0, **ids),
    "gemma3": lambda **ids: Gemma3TextConfig(**_NARROW, **_MIXED, **ids),
    "qwen3": lambda **ids: Qwen3Config(**_GROUPED, head_dim=16, **ids),
    "phi3": lambda **ids: Phi3Config(**_GROUPED, sliding_window=WINDOW, **ids),
    "mistral": lambda **ids: MistralConfig(**_GROUPED, sliding_window=WINDOW, **ids),
    "gpt-oss": lambda **ids: GptOssConfig(**_NARROW, **_MIXED, num_local_experts=4, num_experts_per_tok=2, **ids),
    "lfm2": lambda **ids: Lfm2Config(**{**_GROUPED, **_LAYERED}, **ids),
}
"""Twelve architectures, with windows where they have any."""
RECOMPUTED: dict[str, Callable[..., PreTrainedConfig]] = {
    "jamba": lambda **ids: JambaConfig(
        **_GROUPED,
        attn_layer_offset=1,
        attn_layer_period=2,
        num_experts=2,
        mamba_d_state=8,
        use_mamba_kernels=False,
        **ids,
    ),
    "recurrent_gemma": lambda **ids: RecurrentGemmaConfig(
        **{**_SMALL, "num_hidden_layers": 3},
        lru_width=64,
        attention_window_size=WINDOW,
        num_key_value_heads=1,
        head_dim=16,
        **ids,
    ),
}
"""Architectures whose state transformers does not carry over rightly behind padding or over pieces."""


@functools.lru_cache(maxsize=1)
def _trained() -> str:
    """A small BPE tokenizer, trained on the curriculum's texts, as JSON."""
    texts = [q.problem + "\n" + q.rationale for skill in SKILLS for q in generate_questions(skill, "study", 3)]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<pad>", "<eos>", "<bos>", *TURNS]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer.to_str()


LLAMA2_TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'user' %}{{ '[INST] ' + m['content'] | trim + ' [/INST]' }}"
    "{% else %}{{ ' ' + m['content'] | trim + ' ' + eos_token }}{% endif %}{% endfor %}"
)


@functools.lru_cache(maxsize=2)
def metaspace(scheme: str = "first", template: str = LLAMA2_TEMPLATE) -> PreTrainedTokenizerFast:
    """A tokenizer as SentencePiece's models have it: words begin with ``▁``, by ``scheme`` also a text that begins without a blank."""
    texts = [q.problem + "\n" + q.rationale for skill in SKILLS for q in generate_questions(skill, "study", 3)]
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=scheme)
    trained.decoder = decoders.Metaspace(prepend_scheme=scheme)
    alphabet = sorted({c for text in texts for c in text} | set("[]/INST:()▁"))
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=["<pad>", "<eos>", "<bos>"], initial_alphabet=alphabet, show_progress=False
    )
    trained.train_from_iterator(texts, trainer)
    made = PreTrainedTokenizerFast(tokenizer_object=trained, pad_token="<pad>", eos_token="<eos>", bos_token="<bos>")
    made.chat_template = template
    return made


def tokenizer(template: str | None = GEMMA_TEMPLATE) -> PreTrainedTokenizerFast:
    made = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(_trained()),
        pad_token="<pad>", eos_token="<eos>", bos_token="<bos>",
        additional_special_tokens=list(TURNS),
    )  # fmt: skip
    made.chat_template = template
    return made


def model(kind: str, seed: int = 0, **settings: object) -> PreTrainedModel:
    """A model of this kind with random weights. Where head and embeddings are one matrix, as it is often, it repeats its last token."""
    torch.manual_seed(seed)
    config = {**ARCHITECTURES, **RECOMPUTED}[kind](
        vocab_size=len(tokenizer()), pad_token_id=0, eos_token_id=1, bos_token_id=2, **settings
    )
    made = AutoModelForCausalLM.from_config(config)
    with torch.no_grad():  # larger than a fresh model's: what is likely must not hang on rounding
        for parameter in made.parameters():
            if parameter.dim() == 2:
                parameter.normal_(std=0.12)
    return made


def tokenizer_of(kind: str) -> PreTrainedTokenizerFast:
    return tokenizer(GEMMA_TEMPLATE if kind in WITH_TEMPLATE else None)


def save(folder: Path, kind: str, seed: int = 0, **settings: object) -> Path:
    """A model of this kind, written as the hub has it; its folder."""
    path = folder / kind
    model(kind, seed, **settings).save_pretrained(path)
    tokenizer_of(kind).save_pretrained(path)
    return path


@functools.lru_cache(maxsize=1)
def bank() -> Bank:
    """A few questions of every split."""
    skills = ("average-of-three", "rectangle-perimeter", "chance-of-one-kind", "profit-percent")
    counts = {"study": 4, "validation": 1, "exam": 2}
    return Bank.from_questions(
        "curriculum", [q for split, n in counts.items() for s in skills for q in generate_questions(s, split, n)]
    )


def mathqa(folder: Path) -> Path:
    """A file of sixty small questions as MathQA has them: quicker to open than the curriculum."""
    rows = [
        {
            "Problem": f"a farmer has {n} sheep and buys {n + 7} more . how many sheep has he ?",
            "Rationale": f"{n} + {n + 7} = {2 * n + 7} . answer : c",
            "options": f"a ) {2 * n} , b ) {2 * n + 6} , c ) {2 * n + 7} , d ) {2 * n + 8} , e ) {7 * n}",
            "correct": "c",
            "category": ("general", "gain")[n % 2],
        }
        for n in range(10, 70)
    ]
    path = folder / "mathqa.json"
    path.write_text(json.dumps(rows))
    return path


def config(model: Path | str, **settings: object) -> RunConfig:
    """A short run of two lessons."""
    short = {
        "turns": 2, "questions_per_turn": 4, "exam_size": 4, "exam_every": 2, "validation": 2, "max_new_tokens": 8, "strategy": "random",
        "dpo": {"learning_rate": 5e-3, "batch_size": 2, "epochs": 2},
    }  # fmt: skip
    return RunConfig.make(model=str(model), **{**short, **settings})
