"""Trains the embedded grader from scratch, on a CPU, with transformers' Trainer.

    python -m studentsim train-grader

Collects the student's answers, makes rows of them, and trains a small T5. Each step's result is in ``work_folder``, so that a
command that was stopped continues from there, the training from its last checkpoint.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    PreTrainedTokenizerBase,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    T5Config,
    T5ForConditionalGeneration,
    TrainerCallback,
)
from transformers.trainer_utils import get_last_checkpoint

from studentsim.grader import dataset
from studentsim.grader.collect import Simulator, answers_fingerprint, load_or_collect
from studentsim.grader.model import EMBEDDED_MAX_INPUT_TOKENS, WEIGHTS_FOLDER
from studentsim.grader.tokenizer import build_tokenizer, encode_with_end_token
from studentsim.grader.trainer_setup import (
    COMMON_OPTIONS,
    TrainingFeatures,
    collate_features,
    remove_console_callbacks,
)
from studentsim.rng import derive_rng
from studentsim.student.batching import iter_batches

WORK_FOLDER = Path("data/teacher")

EQUAL_TOKEN_LOGIT = 8.0
"""Initial attention logit from a token to an equal one; about 0 to others."""
SELF_ATTENTION_BIAS = -8.0
"""Initial bias of a token's attention to itself."""


@dataclass(frozen=True)
class TrainingRecipe:
    """Sizes and hyperparameters; the defaults are those of the shipped weights (docs/log.md)."""

    hidden_size: int = 96
    num_layers: int = 3
    num_heads: int = 4
    feed_forward_size: int = 256
    cases_per_answer: int = 25
    """Cases made of each answer."""
    max_steps: int = 2_500
    batch_size: int = 96
    """Rows of an optimiser step."""
    learning_rate: float = 2e-3
    """Peak; linear warm-up, then cosine decay to zero. P0: 1e-3."""
    warmup_steps: int = 200
    batches_per_group: int = 16
    """Batches whose rows are sorted by length together, to save padding."""
    seed: int = 0
    checkpoint_every_steps: int = 500
    """Steps between checkpoints, and between validations."""


def train_embedded_grader(
    simulator: Simulator,
    out_folder: Path = WEIGHTS_FOLDER,
    *,
    recipe: TrainingRecipe | None = None,
    work_folder: Path = WORK_FOLDER,
    on_progress: Callable[[str], None] = print,
) -> None:
    """Train the grader and write its weights (safetensors) and tokenizer to ``out_folder``. Writes."""
    recipe = recipe or TrainingRecipe()
    started = time.monotonic()
    train_cases = dataset.build_training_cases(
        load_or_collect(work_folder, simulator, "train", on_progress), recipe.cases_per_answer, seed=recipe.seed
    )
    validation_cases = dataset.build_validation_cases(
        load_or_collect(work_folder, simulator, "validation", on_progress), seed=recipe.seed
    )
    for name, cases in (("train", train_cases), ("validation", validation_cases)):
        dataset.write_cases(cases, work_folder / f"{name}.parquet")
    on_progress(
        f"{len(train_cases):,} rows to learn from, {len(validation_cases):,} to look at, after {_format_minutes_since(started)}"
    )
    tokenizer = build_tokenizer()
    model = init_model(tokenizer, recipe)
    on_progress(f"{model.num_parameters():,} parameters, {len(tokenizer):,} tokens")
    checkpoints = work_folder / f"checkpoints-{_recipe_digest(recipe)}"
    train_model(
        model,
        tokenizer,
        encode_cases(train_cases, tokenizer),
        encode_cases(validation_cases, tokenizer),
        recipe,
        checkpoints,
        on_progress,
    )
    save_grader(model, tokenizer, out_folder)
    shutil.rmtree(checkpoints, ignore_errors=True)
    on_progress(
        f"{sum(path.stat().st_size for path in out_folder.iterdir()) / 1e6:.1f} MB in {out_folder} after {_format_minutes_since(started)}"
    )


def init_model(tokenizer: PreTrainedTokenizerBase, recipe: TrainingRecipe) -> T5ForConditionalGeneration:
    """A model with random weights; one decoder layer is enough to write a single word."""
    torch.manual_seed(recipe.seed)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=recipe.hidden_size,
        d_kv=recipe.hidden_size // recipe.num_heads,
        d_ff=recipe.feed_forward_size,
        num_layers=recipe.num_layers,
        num_decoder_layers=1,
        num_heads=recipe.num_heads,
        relative_attention_num_buckets=64,  # T5: 32; so that distances up to 16 have a bucket each
        dropout_rate=0.0,  # T5: 0.1; comparing numbers is exact, and rows are plenty
        feed_forward_proj="gated-gelu",
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    model = T5ForConditionalGeneration(config)
    _init_equal_token_attention(model, recipe)
    return model


def _init_equal_token_attention(model: T5ForConditionalGeneration, recipe: TrainingRecipe) -> None:
    """Initialise attention from each token to equal tokens elsewhere, since the task is to compare two numbers.

    In the first two layers queries equal keys, so that equal tokens attend to each other (Source: Trockman and Kolter 2023,
    "Mimetic Initialization of Self-Attention Layers"), in the first one not to themselves. A smaller grader, after 1,200 steps
    of 64 rows on values alone, reached 89 % from T5's initialisation, 97 % without attention to itself, 99 % with both
    (docs/log.md).
    """
    head_size = recipe.hidden_size // recipe.num_heads
    for number, block in enumerate(model.encoder.block[:2]):
        attention = block.layer[0].SelfAttention
        with torch.no_grad():
            attention.q.weight.normal_(std=(EQUAL_TOKEN_LOGIT / head_size / recipe.hidden_size) ** 0.5)
            attention.k.weight.copy_(attention.q.weight)
            if number == 0:
                attention.relative_attention_bias.weight[0] = SELF_ATTENTION_BIAS  # bucket 0 is distance 0


def encode_cases(cases: Sequence[dataset.GradingCase], tokenizer: PreTrainedTokenizerBase) -> list[TrainingFeatures]:
    """Token ids of each case's input and label, both ending in ``</s>``."""
    return [
        {
            "input_ids": encode_with_end_token(tokenizer, row.sentences, EMBEDDED_MAX_INPUT_TOKENS),
            "labels": encode_with_end_token(tokenizer, row.label, EMBEDDED_MAX_INPUT_TOKENS),
        }
        for row in (case.to_row() for case in cases)
    ]


def train_model(
    model: T5ForConditionalGeneration,
    tokenizer: PreTrainedTokenizerBase,
    train: Sequence[TrainingFeatures],
    validation: Sequence[TrainingFeatures],
    recipe: TrainingRecipe,
    checkpoints: Path,
    on_progress: Callable[[str], None] = print,
) -> None:
    """Train ``model`` in place, from the last checkpoint in the folder ``checkpoints`` if there is one. Writes checkpoints."""
    trainer = Seq2SeqTrainer(
        model=model,
        args=_training_arguments(recipe, checkpoints),
        train_dataset=order_training_rows(train, recipe),
        eval_dataset=validation,
        data_collator=lambda rows: collate_features(rows, tokenizer.pad_token_id),
        callbacks=[_ProgressReporter(on_progress)],
    )
    remove_console_callbacks(trainer)
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(checkpoints)) if checkpoints.is_dir() else None)


def order_training_rows(rows: Sequence[TrainingFeatures], recipe: TrainingRecipe) -> list[TrainingFeatures]:
    """The rows of all steps in training order: pass after pass, each shuffled, with batches of similar length.

    transformers' own grouping by length goes from long to short inputs again and again, and so from one kind of case to the
    next; the grader forgot as fast as it learnt (docs/log.md). Here a group's batches come in random order.
    """
    rng = derive_rng("order", recipe.seed)
    group_size = recipe.batches_per_group * recipe.batch_size
    ordered: list[TrainingFeatures] = []
    while len(ordered) < recipe.max_steps * recipe.batch_size:
        shuffled = rng.sample(rows, len(rows))
        for group in iter_batches(shuffled, group_size):
            similar_length = sorted(group, key=lambda row: len(row["input_ids"]))
            batches = list(iter_batches(similar_length, recipe.batch_size))
            ordered += [row for batch in rng.sample(batches, len(batches)) for row in batch]
    return ordered[: recipe.max_steps * recipe.batch_size]


def _training_arguments(recipe: TrainingRecipe, checkpoints: Path) -> Seq2SeqTrainingArguments:
    """The Trainer's arguments; where they differ from its defaults and are not the recipe's, with the reason."""
    return Seq2SeqTrainingArguments(
        output_dir=str(checkpoints),
        max_steps=recipe.max_steps,
        per_device_train_batch_size=recipe.batch_size,
        per_device_eval_batch_size=256,
        learning_rate=recipe.learning_rate,
        warmup_steps=recipe.warmup_steps,
        lr_scheduler_type="cosine",
        seed=recipe.seed,
        data_seed=recipe.seed,
        adam_beta2=0.98,  # Trainer: 0.999; steps are few
        train_sampling_strategy="sequential",  # see order_training_rows
        eval_strategy="steps",
        eval_steps=recipe.checkpoint_every_steps,
        save_steps=recipe.checkpoint_every_steps,
        save_total_limit=2,
        logging_steps=100,
        use_cpu=True,  # the recipe is for any computer
        **COMMON_OPTIONS,
    )


class _ProgressReporter(TrainerCallback):
    """Reports losses and the time left."""

    def __init__(self, on_progress: Callable[[str], None]) -> None:
        self.on_progress = on_progress
        self.started_at: tuple[int, float] | None = None

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.started_at = self.started_at or (state.global_step, time.monotonic())

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any) -> None:
        if not logs or not self.started_at or state.global_step == self.started_at[0]:
            return
        seconds_per_step = (time.monotonic() - self.started_at[1]) / (state.global_step - self.started_at[0])
        time_left = f"{(state.max_steps - state.global_step) * seconds_per_step / 60:.0f} min left"
        if "loss" in logs:
            self.on_progress(f"step {state.global_step:6d}  loss {float(logs['loss']):.4f}  {time_left}")
        elif "eval_loss" in logs:
            self.on_progress(f"step {state.global_step:6d}  validation loss {float(logs['eval_loss']):.4f}")


def save_grader(model: T5ForConditionalGeneration, tokenizer: PreTrainedTokenizerBase, out_folder: Path) -> None:
    """Write model and tokenizer to a temporary folder and move that to ``out_folder``, replacing an old one. Writes."""
    out_folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out_folder.parent, prefix=".new-") as folder:
        temp_folder = Path(folder) / "weights"
        model.save_pretrained(temp_folder, safe_serialization=True)
        tokenizer.save_pretrained(temp_folder)
        if out_folder.exists():
            os.replace(out_folder, Path(folder) / "old")
        os.replace(temp_folder, out_folder)


def _recipe_digest(recipe: TrainingRecipe) -> str:
    """A hash of the recipe and the answers that it is trained on; part of the checkpoints' folder name."""
    return hashlib.sha256(f"{recipe}{answers_fingerprint(recipe.seed)}".encode()).hexdigest()[:10]


def _format_minutes_since(started: float) -> str:
    return f"{(time.monotonic() - started) / 60:.1f} minutes"
