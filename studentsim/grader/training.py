"""Makes the embedded marker from nothing, on a CPU, with transformers' Trainer; can be stopped and goes on from its checkpoint.

    python -m studentsim train-teacher

First the student's own answers are collected, then rows are made of them, then a small T5 learns to judge. What is done lies
in ``work``, so a command that was stopped begins where it was.
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

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import torch
from transformers import (
    PreTrainedTokenizerBase,
    Seq2SeqTrainer,
    Seq2SeqTrainingArguments,
    T5Config,
    T5ForConditionalGeneration,
    TrainerCallback,
)
from transformers.trainer_callback import PrinterCallback, ProgressCallback
from transformers.trainer_utils import get_last_checkpoint

from studentsim.grader import dataset
from studentsim.grader.collect import Simulator, answers_fingerprint, load_or_collect
from studentsim.grader.model import EMBEDDED_MAX_INPUT_TOKENS, WEIGHTS_FOLDER, pad_batch
from studentsim.grader.tokenizer import build_tokenizer, encode_with_end_token
from studentsim.rng import derive_rng

WORK_FOLDER = Path("data/teacher")

EQUAL_TOKEN_LOGIT = 8.0
"""Logit, at the beginning, from a token to an equal one; to others it is about 0."""
SELF_ATTENTION_BIAS = -8.0
"""Bias, at the beginning, of a token's attention to itself."""


@dataclass(frozen=True)
class TrainingRecipe:
    """How the marker is made. The defaults made the shipped weights (docs/log.md)."""

    hidden_size: int = 96
    num_layers: int = 3
    num_heads: int = 4
    feed_forward_size: int = 256
    cases_per_answer: int = 25
    """Cases made of each own answer."""
    max_steps: int = 2_500
    batch_size: int = 96
    """Rows a step."""
    learning_rate: float = 2e-3
    """Peak; a warm-up, then a cosine to zero. paper: 1e-3."""
    warmup_steps: int = 200
    """Steps."""
    batches_per_group: int = 16
    """Batches made together and sorted by length, so that little is padding."""
    seed: int = 0
    checkpoint_every_steps: int = 500
    """Steps; the validation loss is told as often."""


EncodedExample = dict[str, list[int]]
"""``input_ids``, and ``labels`` ending in ``</s>``."""


def train_embedded_grader(
    simulator: Simulator,
    out_folder: Path = WEIGHTS_FOLDER,
    *,
    recipe: TrainingRecipe | None = None,
    work_folder: Path = WORK_FOLDER,
    on_progress: Callable[[str], None] = print,
) -> None:
    """Make the marker and write it to ``out_folder`` (safetensors, tokenizer), all at once at the end."""
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
    """Random weights. One decoder layer is enough to say a single word."""
    torch.manual_seed(recipe.seed)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=recipe.hidden_size,
        d_kv=recipe.hidden_size // recipe.num_heads,
        d_ff=recipe.feed_forward_size,
        num_layers=recipe.num_layers,
        num_decoder_layers=1,
        num_heads=recipe.num_heads,
        relative_attention_num_buckets=64,  # T5: 32; so that places up to 16 apart are told apart exactly
        dropout_rate=0.0,  # T5: 0.1; comparing numbers is exact, and rows are made without end
        feed_forward_proj="gated-gelu",
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    model = T5ForConditionalGeneration(config)
    _init_equal_token_attention(model, recipe)
    return model


def _init_equal_token_attention(model: T5ForConditionalGeneration, recipe: TrainingRecipe) -> None:
    """Begin with attention from each token to its like elsewhere: comparing two numbers is what is to be learnt.

    In the first two layers queries equal keys, so equal tokens attend to each other ("Mimetic Initialization of Self-Attention
    Layers", Trockman and Kolter 2023), and in the first not to themselves. In a trial of 1,200 steps of 64 on values alone a
    smaller marker came to 89 % from T5's own beginning, to 97 % without looking at itself, to 99 % with both (docs/log.md).
    """
    head_size = recipe.hidden_size // recipe.num_heads
    for number, block in enumerate(model.encoder.block[:2]):
        attention = block.layer[0].SelfAttention
        with torch.no_grad():
            attention.q.weight.normal_(std=(EQUAL_TOKEN_LOGIT / head_size / recipe.hidden_size) ** 0.5)
            attention.k.weight.copy_(attention.q.weight)
            if number == 0:
                attention.relative_attention_bias.weight[0] = SELF_ATTENTION_BIAS  # bucket 0 is distance 0


def encode_cases(cases: Sequence[dataset.GradingCase], tokenizer: PreTrainedTokenizerBase) -> list[EncodedExample]:
    """Token ids of each case's input and label."""
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
    train: Sequence[EncodedExample],
    validation: Sequence[EncodedExample],
    recipe: TrainingRecipe,
    checkpoints: Path,
    on_progress: Callable[[str], None] = print,
) -> None:
    """Train in place, from the last checkpoint in ``checkpoints`` if there is one."""
    trainer = Seq2SeqTrainer(
        model=model,
        args=_training_arguments(recipe, checkpoints),
        train_dataset=order_training_rows(train, recipe),
        eval_dataset=validation,
        data_collator=lambda rows: collate_examples(rows, tokenizer.pad_token_id),
        callbacks=[_ProgressReporter(on_progress)],
    )
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(checkpoints)) if checkpoints.is_dir() else None)


def order_training_rows(rows: Sequence[EncodedExample], recipe: TrainingRecipe) -> list[EncodedExample]:
    """All rows of all steps, in the order in which they are learnt: pass after pass, each shuffled, batches of like length.

    transformers' own grouping by length goes from long to short inputs over and over, and so from one kind of case to the
    next; the marker forgot as fast as it learnt (docs/log.md). Here batches of a group come in any order.
    """
    rng = derive_rng("order", recipe.seed)
    group_size = recipe.batches_per_group * recipe.batch_size
    ordered: list[EncodedExample] = []
    while len(ordered) < recipe.max_steps * recipe.batch_size:
        shuffled = rng.sample(rows, len(rows))
        for start in range(0, len(rows), group_size):
            similar_length = sorted(shuffled[start : start + group_size], key=lambda row: len(row["input_ids"]))
            batches = [
                similar_length[k : k + recipe.batch_size] for k in range(0, len(similar_length), recipe.batch_size)
            ]
            ordered += [row for batch in rng.sample(batches, len(batches)) for row in batch]
    return ordered[: recipe.max_steps * recipe.batch_size]


def collate_examples(rows: Sequence[EncodedExample], pad_token_id: int) -> dict[str, torch.Tensor]:
    """A batch: ``input_ids`` and ``attention_mask`` (B, T), ``labels`` (B, L), -100 where nothing is asked."""
    ids, mask = pad_batch([row["input_ids"] for row in rows], pad_token_id)
    labels, label_mask = pad_batch([row["labels"] for row in rows], pad_token_id)
    return {"input_ids": ids, "attention_mask": mask, "labels": labels.masked_fill(label_mask == 0, -100)}


def _training_arguments(recipe: TrainingRecipe, checkpoints: Path) -> Seq2SeqTrainingArguments:
    """The Trainer's settings; what differs from its defaults and is not the recipe's, with its reason."""
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
        train_sampling_strategy="sequential",  # see in_order
        prediction_loss_only=True,
        eval_strategy="steps",
        eval_steps=recipe.checkpoint_every_steps,
        save_steps=recipe.checkpoint_every_steps,
        save_total_limit=2,
        logging_steps=100,
        report_to=[],
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        disable_tqdm=True,
        use_cpu=True,  # the recipe is for any computer
    )


class _ProgressReporter(TrainerCallback):
    """Says how the training goes, a line at a time."""

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
    """Write model and tokenizer beside ``out_folder`` and then into its place: complete, or as it was."""
    out_folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out_folder.parent, prefix=".new-") as folder:
        temp_folder = Path(folder) / "weights"
        model.save_pretrained(temp_folder, safe_serialization=True)
        tokenizer.save_pretrained(temp_folder)
        if out_folder.exists():
            os.replace(out_folder, Path(folder) / "old")
        os.replace(temp_folder, out_folder)


def _recipe_digest(recipe: TrainingRecipe) -> str:
    """Names the checkpoints of this very recipe on these very answers."""
    return hashlib.sha256(f"{recipe}{answers_fingerprint(recipe.seed)}".encode()).hexdigest()[:10]


def _format_minutes_since(started: float) -> str:
    return f"{(time.monotonic() - started) / 60:.1f} minutes"
