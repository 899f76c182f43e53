"""Makes the embedded student from nothing, on a CPU or a GPU; can be stopped and goes on from its last checkpoint.

    python -m studentsim pretrain

Every batch is derived from (seed, its phase, its number), so a run that was stopped and went on reads what an uninterrupted one
reads. Loss falls on what the student writes alone: not on the question, not on the calculator's results.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from studentsim.errors import ConfigError
from studentsim.parallel import parallel_map
from studentsim.student.embedded.calculator import Calculator
from studentsim.student.embedded.model import EMBEDDED_WEIGHTS_DIR, build_untrained_model
from studentsim.student.embedded.pretraining.data import (
    Mixture,
    ProblemPool,
    all_curriculum_texts,
    sample_example,
    sample_worked_problems,
)
from studentsim.student.embedded.prompts import completion_ids, control_token_ids, prompt_ids
from studentsim.student.embedded.tokenizer import build_tokenizer, extract_words


@dataclass(frozen=True)
class TrainingPhase:
    """A stretch of pretraining: one cosine, with a fresh optimiser."""

    steps: int
    peak_learning_rate: float
    """The highest learning rate."""
    mixture: Mixture = Mixture()
    warmup_steps: int = 300
    """Steps."""


@dataclass(frozen=True)
class Recipe:
    """How the student is made. The defaults made the shipped weights."""

    phases: tuple[TrainingPhase, ...] = (
        TrainingPhase(7_000, 3e-3),
        TrainingPhase(1_200, 1.5e-3, Mixture(drill_share=0.25), warmup_steps=100),
        TrainingPhase(
            1_000, 1.5e-3, Mixture(drill_share=0.1, passage_share=0.6, judges_passages=True), warmup_steps=100
        ),
    )
    """First the curriculum; then with drills, which teach numbers that it seldom holds; then with many open books, of which it
    learns to say whether they fit (docs/log.md)."""
    batch_size: int = 64
    """Examples a step."""
    draws_per_skill: int = 3000
    """Draws of numbers for each skill."""
    loss_divisor: int = 2_000
    """What a batch's summed loss is divided by. A constant: batches hold examples of like length, and dividing by their
    own number of tokens would count short workings, which are the wrong ones, for more than long ones (docs/log.md)."""
    batches_per_group: int = 16
    """Batches made together and sorted by length, so that little is padding."""
    seed: int = 0
    checkpoint_every: int = 250
    """Steps; and at each phase's end."""

    @property
    def steps(self) -> int:
        """Steps of all phases together."""
        return sum(phase.steps for phase in self.phases)

    def locate_step(self, step: int) -> tuple[int, int]:
        """The phase of a step (from 1), from 0, and the step's number in it, from 1.

        :raises ValueError: the step lies behind the last.
        """
        for phase_index, phase in enumerate(self.phases):
            if step <= phase.steps:
                return phase_index, step
            step -= phase.steps
        raise ValueError(f"the step lies {step} behind the last, {self.steps}")


GRADIENT_PARTS = 2
"""A batch's rows are computed in so many parts at once, a core for each: a model this small keeps no two busy with one operation."""

TokenRow = tuple[list[int], list[int]]
"""Token ids, and 1 for each id that is learnt."""


LOG_FILENAME = "pretraining.log"
"""Written beside the weights: how they came about."""


def pretrain(
    output_dir: Path = EMBEDDED_WEIGHTS_DIR,
    *,
    recipe: Recipe | None = None,
    checkpoint_dir: Path | None = None,
    device: str = "cpu",
    on_message: Callable[[str], None] = print,
) -> None:
    """Make the student and write it to ``output_dir`` (safetensors, tokenizer, log). Checkpoints go to ``checkpoint_dir``; ``device`` is cpu or cuda.

    :raises ConfigError: there is no such device here.
    """
    _check_device(device)
    recipe = recipe or Recipe()
    checkpoint_dir = checkpoint_dir or Path("data/pretraining")
    checkpoint_dir.mkdir(parents=True, exist_ok=True)
    if device == "cpu":
        torch.set_num_threads(1)
    tokenizer = build_tokenizer(extract_words(all_curriculum_texts()))
    model = build_untrained_model(tokenizer, recipe.seed).train().to(device)
    state = _load_checkpoint(checkpoint_dir / "checkpoint.pt", model, recipe)
    start_step, log = state["step"], list(state["log"])

    def log_message(line: str) -> None:
        on_message(line)
        log.append(line)

    if not start_step:
        log_message(str(recipe))
        log_message(f"{model.num_parameters():,} parameters, {len(tokenizer):,} tokens, on {device}")
    elif state.get("device", device) != device:
        log_message(f"goes on after step {start_step} on {device}")
    on_message(f"starting at step {start_step} of {recipe.steps}")
    pool = ProblemPool(sample_worked_problems(recipe.draws_per_skill, recipe.seed))
    optimizer = _make_optimizer(model, state["optimizer"])
    started_at, token_count, smoothed_loss = time.monotonic(), 0, state["loss"]
    for step, rows in enumerate(iter_training_batches(tokenizer, pool, recipe, start_step), start_step + 1):
        phase_index, phase_step = recipe.locate_step(step)
        if phase_step == 1:
            optimizer = _make_optimizer(model)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(phase_step, recipe.phases[phase_index])
        loss = accumulate_gradients(model, rows, tokenizer.pad_token_id, recipe.loss_divisor)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        smoothed_loss = 0.98 * smoothed_loss + 0.02 * loss if step > 1 else loss
        token_count += sum(len(ids) for ids, _ in rows)
        elapsed_seconds = time.monotonic() - started_at
        if step % 100 == 0 or step == recipe.steps:
            remaining_seconds = (recipe.steps - step) * elapsed_seconds / (step - start_step)
            minutes = f"{(state['seconds'] + elapsed_seconds) / 60:.1f} min, {remaining_seconds / 60:.0f} min left"
            log_message(
                f"step {step:6d}  loss {float(smoothed_loss):.4f}  {token_count / elapsed_seconds:,.0f} tokens/s  {minutes}"
            )
        if step % recipe.checkpoint_every == 0 or phase_step == recipe.phases[phase_index].steps:
            _save_checkpoint(
                checkpoint_dir / "checkpoint.pt",
                {"step": step, "recipe": str(recipe), "model": model.state_dict(), "optimizer": optimizer.state_dict(),
                 "loss": float(smoothed_loss), "seconds": state["seconds"] + elapsed_seconds, "log": log, "device": device},
            )  # fmt: skip
    output_dir.mkdir(parents=True, exist_ok=True)
    model.eval().cpu().save_pretrained(output_dir, safe_serialization=True)
    tokenizer.save_pretrained(output_dir)
    (output_dir / LOG_FILENAME).write_text("\n".join(log) + "\n", encoding="utf-8")


def _check_device(device: str) -> None:
    if device != "cpu" and not (device == "cuda" and torch.cuda.is_available()):
        raise ConfigError(
            f"The student cannot be made on {device!r} here.", "Choose cpu, or cuda where there is one.", field="device"
        )


def _make_optimizer(model: LlamaForCausalLM, state: dict[str, Any] | None = None) -> torch.optim.Optimizer:
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    if state:
        optimizer.load_state_dict(state)
    return optimizer


def accumulate_gradients(
    model: LlamaForCausalLM, rows: list[TokenRow], pad_token_id: int, loss_divisor: int
) -> torch.Tensor:
    """Add the gradient of a batch's loss to the parameters'; the loss. On a CPU in parts, each with a graph and a thread of its own."""
    device = model.device.type
    part_size = -(-len(rows) // (GRADIENT_PARTS if device == "cpu" else 1))

    def backward_part(rows: list[TokenRow]) -> torch.Tensor:
        with torch.autocast(device, torch.bfloat16):
            loss = summed_loss(model, rows, pad_token_id) / loss_divisor
        loss.backward()
        return loss.detach()

    # Two addends have one sum whichever comes first, so the threads' order changes no bit.
    return sum(parallel_map(backward_part, [rows[at : at + part_size] for at in range(0, len(rows), part_size)]))


def iter_training_batches(
    tokenizer: PreTrainedTokenizerFast, pool: ProblemPool, recipe: Recipe, start_step: int
) -> Iterator[list[TokenRow]]:
    """The batches from step ``start_step`` on, to the recipe's last."""
    calculator = Calculator(tokenizer)
    first_phase, phase_step = (
        recipe.locate_step(start_step + 1) if start_step < recipe.steps else (len(recipe.phases), 1)
    )
    for phase_index in range(first_phase, len(recipe.phases)):
        steps = recipe.phases[phase_index].steps
        for group in range((phase_step - 1) // recipe.batches_per_group, math.ceil(steps / recipe.batches_per_group)):
            for batch_index, rows in enumerate(
                build_batch_group(tokenizer, calculator, pool, recipe, phase_index, group)
            ):
                if phase_step - 1 <= group * recipe.batches_per_group + batch_index < steps:
                    yield rows
        phase_step = 1


def build_batch_group(
    tokenizer: PreTrainedTokenizerFast,
    calculator: Calculator,
    pool: ProblemPool,
    recipe: Recipe,
    phase: int,
    group: int,
) -> list[list[TokenRow]]:
    """One group's batches: made together, those of like length in one batch, in an order of their own."""
    rng = Random(f"{recipe.seed}-group-{group}" if phase == 0 else f"{recipe.seed}-phase-{phase}-group-{group}")
    mixture = recipe.phases[phase].mixture
    rows = [
        _encode_example(tokenizer, calculator, pool, mixture, rng)
        for _ in range(recipe.batches_per_group * recipe.batch_size)
    ]
    rows.sort(key=lambda row: len(row[0]))
    order = list(range(recipe.batches_per_group))
    rng.shuffle(order)
    return [rows[k * recipe.batch_size : (k + 1) * recipe.batch_size] for k in order]


def _encode_example(
    tokenizer: PreTrainedTokenizerFast, calculator: Calculator, pool: ProblemPool, mixture: Mixture, rng: Random
) -> TokenRow:
    example = sample_example(pool, mixture, rng)
    control_ids = control_token_ids(tokenizer, example.level, example.leaning)
    ids: list[int] = []
    loss_mask: list[int] = []
    for k, working in enumerate(example.workings):
        earlier_attempts = tuple(zip(example.workings[:k], example.feedback_texts[:k], strict=True))
        prompt = prompt_ids(
            tokenizer, control_ids, example.problem, earlier_attempts, example.passage, example.passage_fits
        )[len(ids) :]
        completion = completion_ids(tokenizer, working)
        ids += prompt + completion
        loss_mask += [0] * len(prompt) + calculator.loss_mask(completion)
        if k == 0 and example.passage_fits is not None:
            loss_mask[len(prompt) - 2] = 1  # what it says of the passage, before the token that opens the working
    return ids, loss_mask


def summed_loss(model: LlamaForCausalLM, rows: list[TokenRow], pad_token_id: int) -> torch.Tensor:
    """Summed cross-entropy on the learnt tokens. The vocabulary's logits are computed for those alone."""
    ids = pad_sequence([torch.tensor(r) for r, _ in rows], batch_first=True, padding_value=pad_token_id)  # (B, T)
    loss_mask = pad_sequence([torch.tensor(m) for _, m in rows], batch_first=True)[:, 1:].bool()  # (B, T-1)
    ids, loss_mask = ids.to(model.device), loss_mask.to(model.device)
    # Padding stands on the right and attention looks back only, so no attention mask is needed.
    hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state  # (B, T-1, H)
    return cross_entropy(model.lm_head(hidden[loss_mask]).float(), ids[:, 1:][loss_mask], reduction="sum")


def learning_rate(step: int, phase: TrainingPhase) -> float:
    """A cosine from the phase's peak to a fiftieth of it, after a warm-up; ``step`` counts from 1."""
    warmup_factor = min(1.0, step / phase.warmup_steps)
    return phase.peak_learning_rate * warmup_factor * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / phase.steps)))


def _save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    torch.save(state, path.with_suffix(".new"))
    os.replace(path.with_suffix(".new"), path)


def _load_checkpoint(path: Path, model: LlamaForCausalLM, recipe: Recipe) -> dict[str, Any]:
    """Load the last checkpoint of this very recipe. What it tells beside the weights, all at their beginning if there is none."""
    if path.is_file():
        state = torch.load(path, weights_only=True, map_location="cpu")  # it may come from a GPU that is not here
        if state["recipe"] == str(recipe) and state["model"]["lm_head.weight"].shape == model.lm_head.weight.shape:
            model.load_state_dict(state["model"])
            return state
    return {"step": 0, "loss": 0.0, "seconds": 0.0, "log": [], "optimizer": None, "device": ""}
