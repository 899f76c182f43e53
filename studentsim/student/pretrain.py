"""Makes the embedded student from nothing, on a CPU; can be stopped and goes on from its last checkpoint.

    python -m studentsim pretrain

Every batch is derived from (seed, its number), so a run that was stopped and went on reads what an uninterrupted one
reads. Loss falls on what the student writes alone: not on the question, not on the calculator's results.
"""

from __future__ import annotations

import math
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.modeling_outputs import BaseModelOutputWithPast

from studentsim.student.calculator import Calculator
from studentsim.student.corpus import Shelf, any_example, every_text, material
from studentsim.student.model import WEIGHTS, new_model
from studentsim.student.prompts import completion_ids, opening, prompt_ids
from studentsim.student.tokenizer import build_tokenizer, words_of


@dataclass(frozen=True)
class Recipe:
    """How the student is made. The defaults made the shipped weights."""

    steps: int = 8_000
    """Of one cosine, after a warm-up."""
    peak: float = 3e-3
    """Its highest learning rate."""
    warmup: int = 300
    """Steps."""
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
    """Steps."""
    compiled: bool = True
    """Whether to compile the model's body where a C++ compiler is at hand: a third faster."""


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
    """Make the student and write it to ``out`` (safetensors, tokenizer, log). Checkpoints go to ``work``."""
    recipe = recipe or Recipe()
    work = work or Path("data/pretraining")
    work.mkdir(parents=True, exist_ok=True)
    tokenizer = build_tokenizer(words_of(every_text()))
    model = new_model(tokenizer, recipe.seed).train().to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.peak, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    body = torch.compile(model.model, dynamic=True) if recipe.compiled and shutil.which("g++") else model.model
    state = _resume(work / "checkpoint.pt", model, optimizer, recipe)
    begun, log = state["step"], list(state["log"])

    def note(line: str) -> None:
        say(line)
        log.append(line)

    if not begun:
        note(f"{asdict(recipe)}")
        note(
            f"{model.num_parameters():,} parameters, {len(tokenizer):,} tokens, on {device}, {torch.get_num_threads()} threads"
        )
    say(f"starting at step {begun} of {recipe.steps}")
    shelf = Shelf(material(recipe.per_skill, recipe.seed))
    started, seen, smooth = time.monotonic(), 0, state["loss"]
    for step, rows in enumerate(batches(tokenizer, shelf, recipe, begun), begun + 1):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, recipe)
        with torch.autocast(device, torch.bfloat16):
            loss = loss_on(model, body, rows, tokenizer.pad_token_id) / recipe.tokens
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        smooth = 0.98 * smooth + 0.02 * loss.detach() if step > 1 else loss.detach()
        seen += sum(len(ids) for ids, _ in rows)
        if step % 100 == 0 or step == recipe.steps:
            spent = time.monotonic() - started
            left = (recipe.steps - step) * spent / (step - begun)
            note(
                f"step {step:6d}  loss {float(smooth):.4f}  {seen / spent:,.0f} tokens/s  "
                f"{(state['seconds'] + spent) / 60:.1f} min, {left / 60:.0f} min left"
            )
        if step % recipe.checkpoint_every == 0 or step == recipe.steps:
            seconds = state["seconds"] + time.monotonic() - started
            _save(
                work / "checkpoint.pt",
                {"step": step, "recipe": asdict(recipe), "model": model.state_dict(), "optimizer": optimizer.state_dict(),
                 "loss": float(smooth), "seconds": seconds, "log": log},
            )  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    model.eval().cpu().save_pretrained(out, safe_serialization=True)
    tokenizer.save_pretrained(out)
    (out / LOG).write_text("\n".join(log) + "\n", encoding="utf-8")


def batches(tokenizer: PreTrainedTokenizerFast, shelf: Shelf, recipe: Recipe, begun: int) -> Iterator[list[Row]]:
    """The batches from step ``begun`` on, to the recipe's last."""
    calculator = Calculator(tokenizer)
    for group in range(begun // recipe.group, math.ceil(recipe.steps / recipe.group)):
        for place, rows in enumerate(group_of(tokenizer, calculator, shelf, recipe, group)):
            if begun <= group * recipe.group + place < recipe.steps:
                yield rows


def group_of(
    tokenizer: PreTrainedTokenizerFast, calculator: Calculator, shelf: Shelf, recipe: Recipe, group: int
) -> list[list[Row]]:
    """One group's batches: made together, those of like length in one batch, in an order of their own."""
    rng = Random(f"{recipe.seed}-group-{group}")
    rows = [_row(tokenizer, calculator, shelf, rng) for _ in range(recipe.group * recipe.batch)]
    rows.sort(key=lambda row: len(row[0]))
    order = list(range(recipe.group))
    rng.shuffle(order)
    return [rows[k * recipe.batch : (k + 1) * recipe.batch] for k in order]


def _row(tokenizer: PreTrainedTokenizerFast, calculator: Calculator, shelf: Shelf, rng: Random) -> Row:
    made = any_example(shelf, rng)
    begins = opening(tokenizer, made.level, made.leaning)
    ids: list[int] = []
    learnt: list[int] = []
    for k, working in enumerate(made.workings):
        before = tuple(zip(made.workings[:k], made.said[:k], strict=True))
        prompt = prompt_ids(tokenizer, begins, made.problem, before, made.passage)[len(ids) :]
        written = completion_ids(tokenizer, working)
        ids += prompt + written
        learnt += [0] * len(prompt) + calculator.mask(written)
    return ids, learnt


def loss_on(
    model: LlamaForCausalLM, body: Callable[..., BaseModelOutputWithPast], rows: list[Row], pad: int
) -> torch.Tensor:
    """Summed cross-entropy on the learnt tokens. The vocabulary's logits are computed for those alone."""
    ids = pad_sequence([torch.tensor(r) for r, _ in rows], batch_first=True, padding_value=pad)  # (B, T)
    learnt = pad_sequence([torch.tensor(m) for _, m in rows], batch_first=True)[:, 1:].bool()  # (B, T-1)
    ids, learnt = ids.to(model.device), learnt.to(model.device)
    # Padding stands on the right and attention looks back only, so no attention mask is needed.
    hidden = body(input_ids=ids[:, :-1], use_cache=False).last_hidden_state  # (B, T-1, H)
    return cross_entropy(model.lm_head(hidden[learnt]).float(), ids[:, 1:][learnt], reduction="sum")


def learning_rate(step: int, recipe: Recipe) -> float:
    """A cosine from the peak to a fiftieth of it, after a warm-up."""
    warm = min(1.0, step / recipe.warmup)
    return recipe.peak * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / recipe.steps)))


def _save(path: Path, state: dict[str, Any]) -> None:
    torch.save(state, path.with_suffix(".new"))
    os.replace(path.with_suffix(".new"), path)


def _resume(path: Path, model: LlamaForCausalLM, optimizer: torch.optim.Optimizer, recipe: Recipe) -> dict[str, Any]:
    """Load the last checkpoint of this very recipe. What it tells beside the weights, all at their beginning if there is none."""
    if path.is_file():
        state = torch.load(path, weights_only=True)
        if state["recipe"] == asdict(recipe) and state["model"]["lm_head.weight"].shape == model.lm_head.weight.shape:
            model.load_state_dict(state["model"])
            optimizer.load_state_dict(state["optimizer"])
            return state
    return {"step": 0, "loss": 0.0, "seconds": 0.0, "log": []}
