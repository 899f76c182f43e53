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

from studentsim import luck
from studentsim.teacher import dataset
from studentsim.teacher.collect import School, fingerprint, kept
from studentsim.teacher.marker import LIMIT, WEIGHTS, padded
from studentsim.teacher.tokenizer import build_tokenizer, encode

WORK = Path("data/teacher")

LIKENESS = 8.0
"""Logit, at the beginning, from a token to an equal one; to others it is about 0."""
NOT_ITSELF = -8.0
"""Bias, at the beginning, of a token's attention to itself."""


@dataclass(frozen=True)
class Recipe:
    """How the marker is made. The defaults made the shipped weights (docs/log.md)."""

    hidden: int = 96
    layers: int = 3
    heads: int = 4
    feed_forward: int = 256
    draws: int = 25
    """Cases made of each own answer."""
    steps: int = 2_500
    batch: int = 96
    """Rows a step."""
    learning_rate: float = 2e-3
    """Peak; a warm-up, then a cosine to zero. paper: 1e-3."""
    warm_up: int = 200
    """Steps."""
    group: int = 16
    """Batches made together and sorted by length, so that little is padding."""
    seed: int = 0
    checkpoint_every: int = 500
    """Steps; the validation loss is told as often."""


Example = dict[str, list[int]]
"""``input_ids``, and ``labels`` ending in ``</s>``."""


def train_teacher(
    school: School,
    out: Path = WEIGHTS,
    *,
    recipe: Recipe | None = None,
    work: Path = WORK,
    say: Callable[[str], None] = print,
) -> None:
    """Make the marker and write it to ``out`` (safetensors, tokenizer), all at once at the end."""
    recipe = recipe or Recipe()
    started = time.monotonic()
    train = dataset.training_cases(kept(work, school, "train", say), recipe.draws, seed=recipe.seed)
    validation = dataset.validation_cases(kept(work, school, "validation", say), seed=recipe.seed)
    for name, cases in (("train", train), ("validation", validation)):
        dataset.write(cases, work / f"{name}.parquet")
    say(f"{len(train):,} rows to learn from, {len(validation):,} to look at, after {_minutes(started)}")
    tokenizer = build_tokenizer()
    model = new_model(tokenizer, recipe)
    say(f"{model.num_parameters():,} parameters, {len(tokenizer):,} tokens")
    checkpoints = work / f"checkpoints-{_name(recipe)}"
    fit(model, tokenizer, examples(train, tokenizer), examples(validation, tokenizer), recipe, checkpoints, say)
    save(model, tokenizer, out)
    shutil.rmtree(checkpoints, ignore_errors=True)
    say(f"{sum(path.stat().st_size for path in out.iterdir()) / 1e6:.1f} MB in {out} after {_minutes(started)}")


def new_model(tokenizer: PreTrainedTokenizerBase, recipe: Recipe) -> T5ForConditionalGeneration:
    """Random weights. One decoder layer is enough to say a single word."""
    torch.manual_seed(recipe.seed)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=recipe.hidden,
        d_kv=recipe.hidden // recipe.heads,
        d_ff=recipe.feed_forward,
        num_layers=recipe.layers,
        num_decoder_layers=1,
        num_heads=recipe.heads,
        relative_attention_num_buckets=64,  # T5: 32; so that places up to 16 apart are told apart exactly
        dropout_rate=0.0,  # T5: 0.1; comparing numbers is exact, and rows are made without end
        feed_forward_proj="gated-gelu",
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    model = T5ForConditionalGeneration(config)
    _look_for_the_same(model, recipe)
    return model


def _look_for_the_same(model: T5ForConditionalGeneration, recipe: Recipe) -> None:
    """Begin with attention from each token to its like elsewhere: comparing two numbers is what is to be learnt.

    In the first two layers queries equal keys, so equal tokens attend to each other ("Mimetic Initialization of Self-Attention
    Layers", Trockman and Kolter 2023), and in the first not to themselves. In a trial of 1,200 steps of 64 on values alone a
    smaller marker came to 89 % from T5's own beginning, to 97 % without looking at itself, to 99 % with both (docs/log.md).
    """
    per_head = recipe.hidden // recipe.heads
    for number, block in enumerate(model.encoder.block[:2]):
        attention = block.layer[0].SelfAttention
        with torch.no_grad():
            attention.q.weight.normal_(std=(LIKENESS / per_head / recipe.hidden) ** 0.5)
            attention.k.weight.copy_(attention.q.weight)
            if number == 0:
                attention.relative_attention_bias.weight[0] = NOT_ITSELF  # bucket 0 is distance 0


def examples(cases: Sequence[dataset.Case], tokenizer: PreTrainedTokenizerBase) -> list[Example]:
    """Token ids of each case's input and label."""
    return [
        {"input_ids": encode(tokenizer, row.sentences, LIMIT), "labels": encode(tokenizer, row.label, LIMIT)}
        for row in (case.row() for case in cases)
    ]


def fit(
    model: T5ForConditionalGeneration,
    tokenizer: PreTrainedTokenizerBase,
    train: Sequence[Example],
    validation: Sequence[Example],
    recipe: Recipe,
    checkpoints: Path,
    say: Callable[[str], None] = print,
) -> None:
    """Train in place, from the last checkpoint in ``checkpoints`` if there is one."""
    trainer = Seq2SeqTrainer(
        model=model,
        args=_arguments(recipe, checkpoints),
        train_dataset=in_order(train, recipe),
        eval_dataset=validation,
        data_collator=lambda rows: collate(rows, tokenizer.pad_token_id),
        callbacks=[_Teller(say)],
    )
    for callback in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(callback)
    trainer.train(resume_from_checkpoint=get_last_checkpoint(str(checkpoints)) if checkpoints.is_dir() else None)


def in_order(rows: Sequence[Example], recipe: Recipe) -> list[Example]:
    """All rows of all steps, in the order in which they are learnt: pass after pass, each shuffled, batches of like length.

    transformers' own grouping by length goes from long to short inputs over and over, and so from one kind of case to the
    next; the marker forgot as fast as it learnt (docs/log.md). Here batches of a group come in any order.
    """
    rng = luck.stream("order", recipe.seed)
    group = recipe.group * recipe.batch
    found: list[Example] = []
    while len(found) < recipe.steps * recipe.batch:
        shuffled = rng.sample(rows, len(rows))
        for start in range(0, len(rows), group):
            alike = sorted(shuffled[start : start + group], key=lambda row: len(row["input_ids"]))
            batches = [alike[k : k + recipe.batch] for k in range(0, len(alike), recipe.batch)]
            found += [row for batch in rng.sample(batches, len(batches)) for row in batch]
    return found[: recipe.steps * recipe.batch]


def collate(rows: Sequence[Example], pad: int) -> dict[str, torch.Tensor]:
    """A batch: ``input_ids`` and ``attention_mask`` (B, T), ``labels`` (B, L), -100 where nothing is asked."""
    ids, mask = padded([row["input_ids"] for row in rows], pad)
    labels, asked = padded([row["labels"] for row in rows], pad)
    return {"input_ids": ids, "attention_mask": mask, "labels": labels.masked_fill(asked == 0, -100)}


def _arguments(recipe: Recipe, checkpoints: Path) -> Seq2SeqTrainingArguments:
    """The Trainer's settings; what differs from its defaults and is not the recipe's, with its reason."""
    return Seq2SeqTrainingArguments(
        output_dir=str(checkpoints),
        max_steps=recipe.steps,
        per_device_train_batch_size=recipe.batch,
        per_device_eval_batch_size=256,
        learning_rate=recipe.learning_rate,
        warmup_steps=recipe.warm_up,
        lr_scheduler_type="cosine",
        seed=recipe.seed,
        data_seed=recipe.seed,
        adam_beta2=0.98,  # Trainer: 0.999; steps are few
        train_sampling_strategy="sequential",  # see in_order
        prediction_loss_only=True,
        eval_strategy="steps",
        eval_steps=recipe.checkpoint_every,
        save_steps=recipe.checkpoint_every,
        save_total_limit=2,
        logging_steps=100,
        report_to=[],
        remove_unused_columns=False,
        dataloader_pin_memory=False,
        disable_tqdm=True,
        use_cpu=True,  # the recipe is for any computer
    )


class _Teller(TrainerCallback):
    """Says how the training goes, a line at a time."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.begun: tuple[int, float] | None = None

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.begun = self.begun or (state.global_step, time.monotonic())

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **kwargs: Any) -> None:
        if not logs or not self.begun or state.global_step == self.begun[0]:
            return
        each = (time.monotonic() - self.begun[1]) / (state.global_step - self.begun[0])
        left = f"{(state.max_steps - state.global_step) * each / 60:.0f} min left"
        if "loss" in logs:
            self.say(f"step {state.global_step:6d}  loss {float(logs['loss']):.4f}  {left}")
        elif "eval_loss" in logs:
            self.say(f"step {state.global_step:6d}  validation loss {float(logs['eval_loss']):.4f}")


def save(model: T5ForConditionalGeneration, tokenizer: PreTrainedTokenizerBase, out: Path) -> None:
    """Write model and tokenizer beside ``out`` and then into its place: complete, or as it was."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".new-") as folder:
        new = Path(folder) / "weights"
        model.save_pretrained(new, safe_serialization=True)
        tokenizer.save_pretrained(new)
        if out.exists():
            os.replace(out, Path(folder) / "old")
        os.replace(new, out)


def _name(recipe: Recipe) -> str:
    """Names the checkpoints of this very recipe on these very answers."""
    return hashlib.sha256(f"{recipe}{fingerprint(recipe.seed)}".encode()).hexdigest()[:10]


def _minutes(started: float) -> str:
    return f"{(time.monotonic() - started) / 60:.1f} minutes"
