"""Tiny encoders and decoders made on the spot from their config classes, random weights; and students' answers to fine-tune them on."""

from __future__ import annotations

import shutil
from pathlib import Path

import casts
import hubs
import pytest
import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    BartConfig,
    LongT5Config,
    MBartConfig,
    MT5Config,
    SwitchTransformersConfig,
    T5Config,
)

from studentsim.config import RunConfig
from studentsim.grader.student_answer import StudentAnswer
from studentsim.grader.tokenizer import build_tokenizer
from studentsim.grader.training import TrainingRecipe, init_model, save_grader
from studentsim.runs import demo
from studentsim.runs.answers import iter_first_attempts
from studentsim.runs.executor import execute
from studentsim.runs.run_dir import RunFolder, create_run

_T5 = {"d_model": 32, "d_kv": 16, "d_ff": 48, "num_layers": 2, "num_heads": 2}
_BART = {
    "d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2,
    "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "max_position_embeddings": 192, "bos_token_id": 2, "forced_eos_token_id": 1,
}  # fmt: skip
CONFIGS = {
    "t5": lambda **ids: T5Config(**_T5, **ids),
    "mt5": lambda **ids: MT5Config(**_T5, **ids),
    "longt5": lambda **ids: LongT5Config(**_T5, **ids),
    "switch_transformers": lambda **ids: SwitchTransformersConfig(**_T5, num_experts=2, **ids),
    "bart": lambda **ids: BartConfig(**_BART, **ids),
    "mbart": lambda **ids: MBartConfig(**_BART, **ids),
}
STARTS = {"bart": 1, "mbart": 1}
"""What these decoders begin with: the end token. T5's and its kin's: padding."""


def make(folder: Path, kind: str = "t5", seed: int = 0) -> Path:
    """A model of this kind with random weights, written as the hub has it, with a byte-level tokenizer; its folder."""
    tokenizer = hubs.tokenizer(None)
    torch.manual_seed(seed)
    config = CONFIGS[kind](
        vocab_size=len(tokenizer), pad_token_id=0, eos_token_id=1, decoder_start_token_id=STARTS.get(kind, 0)
    )
    model = AutoModelForSeq2SeqLM.from_config(config)
    with torch.no_grad():  # larger than a fresh model's, so that verdicts hang on what is read
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.normal_(std=0.2)
    path = folder / f"{kind}-{seed}"
    model.save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


def make_learner(folder: Path) -> Path:
    """An untrained T5 that looks for equal tokens from the start, as the embedded marker did: it learns from hundreds of rows."""
    tokenizer = build_tokenizer()
    save_grader(
        init_model(tokenizer, TrainingRecipe(hidden_size=48, num_layers=2, feed_forward_size=64)),
        tokenizer,
        folder / "learner",
    )
    return folder / "learner"


def fake_run(data: Path, **settings: object) -> RunFolder:
    """A finished run of a student without a model: some hundred answers."""
    folder = create_run(data, casts.config(**{"exam_size": 48, "questions_per_turn": 30, **settings}))
    assert execute(folder, build_components=casts.fake) == "finished"
    return folder


def real_run(data: Path, patch: pytest.MonkeyPatch) -> str:
    """The id of a run of version 0.1's balanced student, put into a data folder: thousands of answers, right and wrong."""
    patch.setenv("STUDENTSIM_RECORDED", "1")
    source = data / "recorded"
    source.mkdir(parents=True)
    shutil.copy(Path(__file__).parent / "fixtures" / f"recorded-random{demo.JOURNAL_SUFFIX}", source)
    (run_id,) = demo.unpack_recorded_runs(data, source)
    return run_id


def answers_of(data: Path, *runs: str) -> list[StudentAnswer]:
    """The runs' first attempts."""
    return [
        StudentAnswer.from_event(event, run_id=run, student=who) for run, who, event in iter_first_attempts(data, runs)
    ]


def run_config(marker: Path | str, **settings: object) -> RunConfig:
    """A short run in which this marker decides."""
    return casts.config(turns=2, teacher={"grader": str(marker), "grade_source": "grader"}, **settings)
