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
from studentsim.parallel import each
from studentsim.student.calculator import Calculator
from studentsim.student.corpus import Mixture, Shelf, any_example, every_text, material
from studentsim.student.model import WEIGHTS, new_model
from studentsim.student.prompts import completion_ids, opening, prompt_ids
from studentsim.student.tokenizer import build_tokenizer, words_of


@dataclass(frozen=True)
class Phase:
    """A stretch of pretraining: one cosine, with a fresh optimiser."""

    steps: int
    peak: float
    """The highest learning rate."""
    mixture: Mixture = Mixture()
    warmup: int = 300
    """Steps."""


@dataclass(frozen=True)
class Recipe:
    """How the student is made. The defaults made the shipped weights."""

    phases: tuple[Phase, ...] = (
        Phase(7_000, 3e-3),
        Phase(1_200, 1.5e-3, Mixture(drills=0.25), warmup=100),
        Phase(1_000, 1.5e-3, Mixture(drills=0.1, books=0.6, judged=True), warmup=100),
    )
    """First the curriculum; then with drills, which teach numbers that it seldom holds; then with many open books, of which it
    learns to say whether they fit (docs/log.md)."""
    batch: int = 64
    """Examples a step."""
    per_skill: int = 3000
    """Draws of numbers for each skill."""
    tokens: int = 2_000
    """What a batch's summed loss is divided by. A constant: batches hold examples of like length, and dividing by their
    own number of tokens would count short workings, which are the wrong ones, for more than long ones (docs/log.md)."""
    group: int = 16
    """Batches made together and sorted by length, so that little is padding."""
    seed: int = 0
    checkpoint_every: int = 250
    """Steps; and at each phase's end."""

    @property
    def steps(self) -> int:
        """Steps of all phases together."""
        return sum(phase.steps for phase in self.phases)

    def place(self, step: int) -> tuple[int, int]:
        """The phase of a step (from 1), from 0, and the step's number in it, from 1.

        :raises ValueError: the step lies behind the last.
        """
        for number, phase in enumerate(self.phases):
            if step <= phase.steps:
                return number, step
            step -= phase.steps
        raise ValueError(f"the step lies {step} behind the last, {self.steps}")


PARTS = 2
"""A batch's rows are computed in so many parts at once, a core for each: a model this small keeps no two busy with one operation."""

Row = tuple[list[int], list[int]]
"""Token ids, and 1 for each id that is learnt."""


LOG = "pretraining.log"
"""Written beside the weights: how they came about."""


def pretrain(
    out: Path = WEIGHTS,
    *,
    recipe: Recipe | None = None,
    work: Path | None = None,
    device: str = "cpu",
    say: Callable[[str], None] = print,
) -> None:
    """Make the student and write it to ``out`` (safetensors, tokenizer, log). Checkpoints go to ``work``; ``device`` is cpu or cuda.

    :raises ConfigError: there is no such device here.
    """
    _check_device(device)
    recipe = recipe or Recipe()
    work = work or Path("data/pretraining")
    work.mkdir(parents=True, exist_ok=True)
    if device == "cpu":
        torch.set_num_threads(1)
    tokenizer = build_tokenizer(words_of(every_text()))
    model = new_model(tokenizer, recipe.seed).train().to(device)
    state = _resume(work / "checkpoint.pt", model, recipe)
    begun, log = state["step"], list(state["log"])

    def note(line: str) -> None:
        say(line)
        log.append(line)

    if not begun:
        note(str(recipe))
        note(f"{model.num_parameters():,} parameters, {len(tokenizer):,} tokens, on {device}")
    elif state.get("device", device) != device:
        note(f"goes on after step {begun} on {device}")
    say(f"starting at step {begun} of {recipe.steps}")
    shelf = Shelf(material(recipe.per_skill, recipe.seed))
    optimizer = _optimizer(model, state["optimizer"])
    started, seen, smooth = time.monotonic(), 0, state["loss"]
    for step, rows in enumerate(batches(tokenizer, shelf, recipe, begun), begun + 1):
        number, own = recipe.place(step)
        if own == 1:
            optimizer = _optimizer(model)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(own, recipe.phases[number])
        loss = backward(model, rows, tokenizer.pad_token_id, recipe.tokens)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        smooth = 0.98 * smooth + 0.02 * loss if step > 1 else loss
        seen += sum(len(ids) for ids, _ in rows)
        spent = time.monotonic() - started
        if step % 100 == 0 or step == recipe.steps:
            left = (recipe.steps - step) * spent / (step - begun)
            minutes = f"{(state['seconds'] + spent) / 60:.1f} min, {left / 60:.0f} min left"
            note(f"step {step:6d}  loss {float(smooth):.4f}  {seen / spent:,.0f} tokens/s  {minutes}")
        if step % recipe.checkpoint_every == 0 or own == recipe.phases[number].steps:
            _save(
                work / "checkpoint.pt",
                {"step": step, "recipe": str(recipe), "model": model.state_dict(), "optimizer": optimizer.state_dict(),
                 "loss": float(smooth), "seconds": state["seconds"] + spent, "log": log, "device": device},
            )  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    model.eval().cpu().save_pretrained(out, safe_serialization=True)
    tokenizer.save_pretrained(out)
    (out / LOG).write_text("\n".join(log) + "\n", encoding="utf-8")


def _check_device(device: str) -> None:
    if device != "cpu" and not (device == "cuda" and torch.cuda.is_available()):
        raise ConfigError(
            f"The student cannot be made on {device!r} here.", "Choose cpu, or cuda where there is one.", field="device"
        )


def _optimizer(model: LlamaForCausalLM, state: dict[str, Any] | None = None) -> torch.optim.Optimizer:
    optimizer = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    if state:
        optimizer.load_state_dict(state)
    return optimizer


def backward(model: LlamaForCausalLM, rows: list[Row], pad: int, tokens: int) -> torch.Tensor:
    """Add the gradient of a batch's loss to the parameters'; the loss. On a CPU in parts, each with a graph and a thread of its own."""
    device = model.device.type
    cut = -(-len(rows) // (PARTS if device == "cpu" else 1))

    def part(rows: list[Row]) -> torch.Tensor:
        with torch.autocast(device, torch.bfloat16):
            loss = loss_on(model, rows, pad) / tokens
        loss.backward()
        return loss.detach()

    # Two addends have one sum whichever comes first, so the threads' order changes no bit.
    return sum(each(part, [rows[at : at + cut] for at in range(0, len(rows), cut)]))


def batches(tokenizer: PreTrainedTokenizerFast, shelf: Shelf, recipe: Recipe, begun: int) -> Iterator[list[Row]]:
    """The batches from step ``begun`` on, to the recipe's last."""
    calculator = Calculator(tokenizer)
    first, own = recipe.place(begun + 1) if begun < recipe.steps else (len(recipe.phases), 1)
    for number in range(first, len(recipe.phases)):
        steps = recipe.phases[number].steps
        for group in range((own - 1) // recipe.group, math.ceil(steps / recipe.group)):
            for place, rows in enumerate(group_of(tokenizer, calculator, shelf, recipe, number, group)):
                if own - 1 <= group * recipe.group + place < steps:
                    yield rows
        own = 1


def group_of(
    tokenizer: PreTrainedTokenizerFast, calculator: Calculator, shelf: Shelf, recipe: Recipe, phase: int, group: int
) -> list[list[Row]]:
    """One group's batches: made together, those of like length in one batch, in an order of their own."""
    rng = Random(f"{recipe.seed}-group-{group}" if phase == 0 else f"{recipe.seed}-phase-{phase}-group-{group}")
    mixture = recipe.phases[phase].mixture
    rows = [_row(tokenizer, calculator, shelf, mixture, rng) for _ in range(recipe.group * recipe.batch)]
    rows.sort(key=lambda row: len(row[0]))
    order = list(range(recipe.group))
    rng.shuffle(order)
    return [rows[k * recipe.batch : (k + 1) * recipe.batch] for k in order]


def _row(
    tokenizer: PreTrainedTokenizerFast, calculator: Calculator, shelf: Shelf, mixture: Mixture, rng: Random
) -> Row:
    made = any_example(shelf, mixture, rng)
    begins = opening(tokenizer, made.level, made.leaning)
    ids: list[int] = []
    learnt: list[int] = []
    for k, working in enumerate(made.workings):
        before = tuple(zip(made.workings[:k], made.said[:k], strict=True))
        prompt = prompt_ids(tokenizer, begins, made.problem, before, made.passage, made.fits)[len(ids) :]
        written = completion_ids(tokenizer, working)
        ids += prompt + written
        learnt += [0] * len(prompt) + calculator.mask(written)
        if k == 0 and made.fits is not None:
            learnt[len(prompt) - 2] = 1  # what it says of the passage, before the token that opens the working
    return ids, learnt


def loss_on(model: LlamaForCausalLM, rows: list[Row], pad: int) -> torch.Tensor:
    """Summed cross-entropy on the learnt tokens. The vocabulary's logits are computed for those alone."""
    ids = pad_sequence([torch.tensor(r) for r, _ in rows], batch_first=True, padding_value=pad)  # (B, T)
    learnt = pad_sequence([torch.tensor(m) for _, m in rows], batch_first=True)[:, 1:].bool()  # (B, T-1)
    ids, learnt = ids.to(model.device), learnt.to(model.device)
    # Padding stands on the right and attention looks back only, so no attention mask is needed.
    hidden = model.model(input_ids=ids[:, :-1], use_cache=False).last_hidden_state  # (B, T-1, H)
    return cross_entropy(model.lm_head(hidden[learnt]).float(), ids[:, 1:][learnt], reduction="sum")


def learning_rate(step: int, phase: Phase) -> float:
    """A cosine from the phase's peak to a fiftieth of it, after a warm-up; ``step`` counts from 1."""
    warm = min(1.0, step / phase.warmup)
    return phase.peak * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / phase.steps)))


def _save(path: Path, state: dict[str, Any]) -> None:
    torch.save(state, path.with_suffix(".new"))
    os.replace(path.with_suffix(".new"), path)


def _resume(path: Path, model: LlamaForCausalLM, recipe: Recipe) -> dict[str, Any]:
    """Load the last checkpoint of this very recipe. What it tells beside the weights, all at their beginning if there is none."""
    if path.is_file():
        state = torch.load(path, weights_only=True, map_location="cpu")  # it may come from a GPU that is not here
        if state["recipe"] == str(recipe) and state["model"]["lm_head.weight"].shape == model.lm_head.weight.shape:
            model.load_state_dict(state["model"])
            return state
    return {"step": 0, "loss": 0.0, "seconds": 0.0, "log": [], "optimizer": None, "device": ""}
