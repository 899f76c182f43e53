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

import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast
from transformers.modeling_outputs import BaseModelOutputWithPast

from studentsim.student.calculator import Calculator
from studentsim.student.corpus import Material, every_text, example, material
from studentsim.student.model import WEIGHTS, new_model
from studentsim.student.profiles import PROFILES
from studentsim.student.prompts import completion_ids, prompt_ids
from studentsim.student.tokenizer import build_tokenizer, words_of


@dataclass(frozen=True)
class Recipe:
    """How the student is made. The defaults made the shipped weights."""

    phases: tuple[tuple[int, float], ...] = ((6_000, 2e-3), (1_600, 1e-3), (700, 7e-4), (350, 5e-4))
    """Steps and peak learning rate of each cosine; the first begins with 300 steps of warm-up."""
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

    @property
    def steps(self) -> int:
        """Steps of all phases together."""
        return sum(steps for steps, _ in self.phases)


Row = tuple[list[int], list[int]]
"""Token ids, and 1 for each id that is learnt."""


def pretrain(
    out: Path = WEIGHTS, *, recipe: Recipe | None = None, work: Path | None = None, say: Callable[[str], None] = print
) -> None:
    """Make the student and write it to ``out`` (safetensors, tokenizer). Checkpoints go to ``work``."""
    recipe = recipe or Recipe()
    work = work or Path("data/pretraining")
    work.mkdir(parents=True, exist_ok=True)
    tokenizer = build_tokenizer(words_of(every_text()), PROFILES)
    model = new_model(tokenizer, recipe.seed).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.phases[0][1], betas=(0.9, 0.98), weight_decay=0.01)
    body = torch.compile(model.model, dynamic=True) if recipe.compiled and shutil.which("g++") else model.model
    begun = _resume(work / "checkpoint.pt", model, optimizer, recipe)
    say(f"{model.num_parameters():,} parameters, {len(tokenizer):,} tokens; starting at step {begun} of {recipe.steps}")
    started, seen, smooth = time.monotonic(), 0, 0.0
    for step, rows in enumerate(batches(tokenizer, material(recipe.per_skill, recipe.seed), recipe, begun), begun + 1):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, recipe)
        with torch.autocast("cpu", torch.bfloat16):
            loss = loss_on(model, body, rows, tokenizer.pad_token_id) / recipe.tokens
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        smooth = loss.item() if not smooth else 0.98 * smooth + 0.02 * loss.item()
        seen += sum(len(ids) for ids, _ in rows)
        if step % 100 == 0:
            spent = time.monotonic() - started
            left = (recipe.steps - step) * spent / (step - begun)
            say(f"step {step:6d}  loss {smooth:.4f}  {seen / spent:,.0f} tokens/s  {left / 60:.0f} min left")
        if step % recipe.checkpoint_every == 0 or step == recipe.steps:
            _save(work / "checkpoint.pt", model, optimizer, recipe, step)
    out.mkdir(parents=True, exist_ok=True)
    model.eval().save_pretrained(out, safe_serialization=True)
    tokenizer.save_pretrained(out)


def batches(
    tokenizer: PreTrainedTokenizerFast, stuff: list[Material], recipe: Recipe, begun: int
) -> Iterator[list[Row]]:
    """The batches from step ``begun`` on, to the recipe's last."""
    calculator = Calculator(tokenizer)
    for group in range(begun // recipe.group, math.ceil(recipe.steps / recipe.group)):
        rng = Random(f"{recipe.seed}-group-{group}")
        rows = [_row(tokenizer, calculator, rng.choice(stuff), rng) for _ in range(recipe.group * recipe.batch)]
        rows.sort(key=lambda row: len(row[0]))
        order = list(range(recipe.group))
        rng.shuffle(order)
        for place, k in enumerate(order):
            step = group * recipe.group + place
            if begun <= step < recipe.steps:
                yield rows[k * recipe.batch : (k + 1) * recipe.batch]


def _row(tokenizer: PreTrainedTokenizerFast, calculator: Calculator, stuff: Material, rng: Random) -> Row:
    made = example(stuff, rng)
    ids: list[int] = []
    learnt: list[int] = []
    for k, working in enumerate(made.workings):
        before = tuple(zip(made.workings[:k], made.said[:k], strict=True))
        prompt = prompt_ids(tokenizer, made.profile, made.problem, before)[len(ids) :]
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
    # Padding stands on the right and attention looks back only, so no attention mask is needed.
    hidden = body(input_ids=ids[:, :-1], use_cache=False).last_hidden_state  # (B, T-1, H)
    return cross_entropy(model.lm_head(hidden[learnt]).float(), ids[:, 1:][learnt], reduction="sum")


def learning_rate(step: int, recipe: Recipe) -> float:
    """A cosine for each phase, from its peak to a fiftieth of it; the first after a warm-up over 300 steps."""
    warm, begun = min(1.0, step / 300), 0
    for steps, peak in recipe.phases:
        if step <= begun + steps:
            return peak * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - begun) / steps)))
        begun += steps
    raise ValueError(f"step {step} lies behind the last, {begun}")


def _save(path: Path, model: LlamaForCausalLM, optimizer: torch.optim.Optimizer, recipe: Recipe, step: int) -> None:
    state = {"step": step, "recipe": asdict(recipe), "model": model.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(state, path.with_suffix(".new"))
    os.replace(path.with_suffix(".new"), path)


def _resume(path: Path, model: LlamaForCausalLM, optimizer: torch.optim.Optimizer, recipe: Recipe) -> int:
    """Load the last checkpoint of this very recipe; the step reached, 0 if there is none."""
    if not path.is_file():
        return 0
    state = torch.load(path, weights_only=True)
    if state["recipe"] != asdict(recipe) or state["model"]["lm_head.weight"].shape != model.lm_head.weight.shape:
        return 0
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return state["step"]
