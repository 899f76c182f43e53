"""Pretrains the embedded student from random weights, on a CPU or a GPU; resumes from the last checkpoint.

    python -m studentsim pretrain

Every batch is derived from (seed, phase, number), so a resumed run has the batches of an uninterrupted one. The loss is on what the
student writes only: not on the question, not on the calculator's results.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
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
from studentsim.student.batching import iter_batches
from studentsim.student.embedded.calculator import Calculator
from studentsim.student.embedded.model import build_untrained_model
from studentsim.student.embedded.pretraining.data import (
    Mixture,
    ProblemPool,
    all_curriculum_texts,
    sample_example,
    sample_worked_problems,
)
from studentsim.student.embedded.prompts import completion_ids, control_token_ids, prompt_ids
from studentsim.student.embedded.tokenizer import build_tokenizer, extract_words
from studentsim.student.embedded.weight_versions import SHIPPED_WEIGHTS_DIR


@dataclass(frozen=True)
class TrainingPhase:
    """A phase of pretraining: one cosine schedule with a new optimiser."""

    steps: int
    peak_learning_rate: float
    mixture: Mixture = Mixture()
    warmup_steps: int = 300


@dataclass(frozen=True)
class Recipe:
    """The settings of pretraining. The shipped weights were made with the defaults."""

    phases: tuple[TrainingPhase, ...] = (
        TrainingPhase(7_000, 3e-3),
        TrainingPhase(1_200, 1.5e-3, Mixture(drill_share=0.25), warmup_steps=100),
        TrainingPhase(
            1_000, 1.5e-3, Mixture(drill_share=0.1, passage_share=0.6, judges_passages=True), warmup_steps=100
        ),
    )
    """First the curriculum; then also drills, for numbers that are rare in it; then many passages, with a verdict on each
    (docs/log.md)."""
    batch_size: int = 64
    """Examples in each step."""
    draws_per_skill: int = 3000
    """Worked problems for each skill."""
    loss_divisor: int = 2_000
    """Divides a batch's summed loss. A constant, since batches hold examples of similar length: dividing by each batch's number of
    tokens would weight short solutions, which tend to be wrong, more than long ones (docs/log.md)."""
    batches_per_group: int = 16
    """Batches whose examples are made and sorted by length together, to reduce padding."""
    seed: int = 0
    checkpoint_every: int = 250
    """Steps between checkpoints; there is one at each phase's end too."""

    @property
    def steps(self) -> int:
        """The number of steps of all phases."""
        return sum(phase.steps for phase in self.phases)

    def locate_step(self, step: int) -> tuple[int, int]:
        """A step's phase (from 0) and its number in that phase (from 1); ``step`` counts from 1.

        :raises ValueError: when there are fewer steps.
        """
        for phase_index, phase in enumerate(self.phases):
            if step <= phase.steps:
                return phase_index, step
            step -= phase.steps
        raise ValueError(f"the step lies {step} behind the last, {self.steps}")


GRADIENT_PARTS = 2
"""Parts of a batch computed at once, a core for each: a single operation of a model this small does not keep two cores busy."""

TokenRow = tuple[list[int], list[int]]
"""Token ids and their loss mask: 1 where the id is a target."""


LOG_FILENAME = "pretraining.log"
"""Written into the weights' folder."""


def pretrain(
    output_dir: Path = SHIPPED_WEIGHTS_DIR,
    *,
    recipe: Recipe | None = None,
    checkpoint_dir: Path | None = None,
    device: str = "cpu",
    on_message: Callable[[str], None] = print,
) -> None:
    """Pretrain a student and write it to ``output_dir`` (safetensors, tokenizer, log).

    ``checkpoint_dir``: for checkpoints, data/pretraining by default. ``device``: ``cpu`` or ``cuda``.

    :raises ConfigError: when there is no such device.
    """
    _prepare_device(device)
    recipe = recipe or Recipe()
    checkpoint_path = (checkpoint_dir or Path("data/pretraining")) / "checkpoint.pt"
    checkpoint_path.parent.mkdir(parents=True, exist_ok=True)
    tokenizer = build_tokenizer(extract_words(all_curriculum_texts()))
    model = build_untrained_model(tokenizer, recipe.seed).train().to(device)
    state = _load_checkpoint(checkpoint_path, model, recipe)
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
        phase = recipe.phases[phase_index]
        if phase_step == 1:
            optimizer = _make_optimizer(model)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(phase_step, phase)
        loss = _train_step(model, optimizer, rows, tokenizer.pad_token_id, recipe.loss_divisor)
        smoothed_loss = 0.98 * smoothed_loss + 0.02 * loss if step > 1 else loss
        token_count += sum(len(ids) for ids, _ in rows)
        elapsed_seconds = time.monotonic() - started_at
        if step % 100 == 0 or step == recipe.steps:
            remaining_seconds = (recipe.steps - step) * elapsed_seconds / (step - start_step)
            minutes = f"{(state['seconds'] + elapsed_seconds) / 60:.1f} min, {remaining_seconds / 60:.0f} min left"
            speed = f"{token_count / elapsed_seconds:,.0f} tokens/s"
            log_message(f"step {step:6d}  loss {float(smoothed_loss):.4f}  {speed}  {minutes}")
        if step % recipe.checkpoint_every == 0 or phase_step == phase.steps:
            _save_checkpoint(
                checkpoint_path,
                {"step": step, "recipe": str(recipe), "model": model.state_dict(), "optimizer": optimizer.state_dict(),
                 "loss": float(smoothed_loss), "seconds": state["seconds"] + elapsed_seconds, "log": log, "device": device},
            )  # fmt: skip
    _save_model(output_dir, model, tokenizer, log)


def _save_model(
    output_dir: Path, model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, log: Sequence[str]
) -> None:
    output_dir.mkdir(parents=True, exist_ok=True)
    model.eval().cpu().save_pretrained(output_dir, safe_serialization=True)
    tokenizer.save_pretrained(output_dir)
    (output_dir / LOG_FILENAME).write_text("\n".join(log) + "\n", encoding="utf-8")


def _prepare_device(device: str) -> None:
    if device != "cpu" and not (device == "cuda" and torch.cuda.is_available()):
        raise ConfigError(
            f"The student cannot be made on {device!r} here.", "Choose cpu, or cuda where there is one.", field="device"
        )
    if device == "cpu":
        torch.set_num_threads(1)  # ``accumulate_gradients`` has a thread for each core


def _make_optimizer(model: LlamaForCausalLM, state: dict[str, Any] | None = None) -> torch.optim.Optimizer:
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    if state:
        optimizer.load_state_dict(state)
    return optimizer


def _train_step(
    model: LlamaForCausalLM,
    optimizer: torch.optim.Optimizer,
    rows: list[TokenRow],
    pad_token_id: int,
    loss_divisor: int,
) -> torch.Tensor:
    """Update the weights by one batch; return its loss."""
    loss = accumulate_gradients(model, rows, pad_token_id, loss_divisor)
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    return loss


def accumulate_gradients(
    model: LlamaForCausalLM, rows: list[TokenRow], pad_token_id: int, loss_divisor: int
) -> torch.Tensor:
    """Add the gradients of a batch's loss to the parameters' and return the loss. On a CPU in parts, each in its own thread."""
    device = model.device.type
    part_size = -(-len(rows) // (GRADIENT_PARTS if device == "cpu" else 1))

    def backward_part(rows: list[TokenRow]) -> torch.Tensor:
        with torch.autocast(device, torch.bfloat16):
            loss = summed_loss(model, rows, pad_token_id) / loss_divisor
        loss.backward()
        return loss.detach()

    # With two parts the order of the threads changes no bit: addition commutes.
    return sum(parallel_map(backward_part, iter_batches(rows, part_size)))


def iter_training_batches(
    tokenizer: PreTrainedTokenizerFast, pool: ProblemPool, recipe: Recipe, start_step: int
) -> Iterator[list[TokenRow]]:
    """The batches after step ``start_step``, to the recipe's last."""
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
    """One group's batches: examples made together, sorted by length, the batches shuffled."""
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
    for k, attempt in enumerate(example.attempts):
        earlier_attempts = tuple(zip(example.attempts[:k], example.feedback_texts[:k], strict=True))
        prompt = prompt_ids(
            tokenizer, control_ids, example.problem, earlier_attempts, example.passage, example.passage_fits
        )[len(ids) :]
        completion = completion_ids(tokenizer, attempt)
        ids += prompt + completion
        loss_mask += [0] * len(prompt) + calculator.loss_mask(completion)
        if k == 0 and example.passage_fits is not None:
            loss_mask[len(prompt) - 2] = 1  # the verdict on the passage, before the token that begins the solution
    return ids, loss_mask


def summed_loss(model: LlamaForCausalLM, rows: list[TokenRow], pad_token_id: int) -> torch.Tensor:
    """Cross-entropy summed over the target tokens; logits are computed for these only."""
    ids = pad_sequence([torch.tensor(r) for r, _ in rows], batch_first=True, padding_value=pad_token_id)  # (B, T)
    loss_mask = pad_sequence([torch.tensor(m) for _, m in rows], batch_first=True)[:, 1:].bool()  # (B, T-1)
    ids, loss_mask = ids.to(model.device), loss_mask.to(model.device)
    # Rows are padded on the right and attention is causal, so no attention mask is needed.
    hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state  # (B, T-1, H)
    return cross_entropy(model.lm_head(hidden[loss_mask]).float(), ids[:, 1:][loss_mask], reduction="sum")


def learning_rate(step: int, phase: TrainingPhase) -> float:
    """Cosine decay from the phase's peak to a fiftieth of it, with a linear warm-up; ``step`` counts from 1."""
    warmup_factor = min(1.0, step / phase.warmup_steps)
    return phase.peak_learning_rate * warmup_factor * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / phase.steps)))


def _save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    torch.save(state, path.with_suffix(".new"))
    os.replace(path.with_suffix(".new"), path)


def _load_checkpoint(path: Path, model: LlamaForCausalLM, recipe: Recipe) -> dict[str, Any]:
    """Load the last checkpoint of this recipe into ``model`` and return its state, or the initial state if there is none."""
    if path.is_file():
        state = torch.load(path, weights_only=True, map_location="cpu")  # it may have been saved on a GPU
        if state["recipe"] == str(recipe) and state["model"]["lm_head.weight"].shape == model.lm_head.weight.shape:
            model.load_state_dict(state["model"])
            return state
    return {"step": 0, "loss": 0.0, "seconds": 0.0, "log": [], "optimizer": None, "device": ""}
