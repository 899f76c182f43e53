"""What is tried in ``small_model_search.py``: the settings, their levels, and which combinations go on from round to round. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

CHOSEN = ("full", "short", "option")
FACTORS: Mapping[str, tuple[Any, ...]] = {
    "rate": (5e-5, 2e-4, 1e-3),
    "rank": (8, 32),
    "passes": (1, 2),
    "chosen": CHOSEN,
    "sft": (0.0, 0.5, 1.0),
    "reference": ("last-turn", "base"),
    "bank": ("mathqa", "curriculum"),
}
"""Levels: AdamW's learning rate; LoRA's rank (its alpha is twice that); passes over a lesson's pairs; what a chosen text holds (the whole
rationale, its last step, the option alone: ``teacher.chosen_text``); weight of the likelihood of the chosen text beside DPO's loss;
whom DPO's log-ratios compare with; the questions."""


@dataclass(frozen=True)
class Cell:
    """One combination of levels."""

    rate: float
    rank: int
    passes: int
    chosen: str
    sft: float
    reference: str
    bank: str

    @property
    def name(self) -> str:
        """Tells the levels, and may stand in a run's id: ``mathqa-5e-05-r8-1x-full-sft0-last-turn``."""
        return (
            f"{self.bank}-{self.rate:.0e}-r{self.rank}-{self.passes}x-{self.chosen}-sft{10 * self.sft:02.0f}"
            f"-{self.reference}"
        )

    def settings(self) -> dict[str, Any]:
        """The settings of a run (parts ``learning`` and ``teaching``) that the cell stands for, but for the bank."""
        return {
            "dpo": {
                "learning_rate": self.rate, "lora_rank": self.rank, "lora_alpha": 2 * self.rank, "epochs": self.passes,
                "sft_weight": self.sft, "reference": self.reference,
            },
            "teacher": {} if self.chosen == "full" else {"chosen_text": self.chosen},
        }  # fmt: skip

    def levels(self) -> dict[str, Any]:
        """Factor and level."""
        return asdict(self)


KNOWN = tuple(Cell(2e-4, 8, 2, "full", 0.5, "last-turn", bank) for bank in FACTORS["bank"])
"""What was seen to learn in a trial before the search (on the curriculum), and the same on MathQA: tried in any case."""


def first_cells(count: int, seed: int = 0) -> tuple[Cell, ...]:
    """The first round's cells: ``KNOWN``, then combinations by chance in which each level of a factor comes equally often (a Latin
    hypercube: McKay, Beckman and Conover 1979), so that a level's mean is one over all levels of the others.

    :param count: how many, of which at least ``KNOWN`` come.
    """
    rng = Random(seed)
    found = list(KNOWN)
    while len(found) < count:
        columns = {}
        for factor, levels in FACTORS.items():
            column = [levels[n % len(levels)] for n in range(count)]
            rng.shuffle(column)
            columns[factor] = column
        for values in zip(*columns.values(), strict=True):
            cell = Cell(**dict(zip(columns, values, strict=True)))
            if cell not in found and len(found) < count:
                found.append(cell)
    return tuple(found[:count])


def goes_on(results: Sequence[Mapping[str, Any]], keep: int) -> tuple[Cell, ...]:
    """The cells that a round leaves for the next: of each bank the best, ``keep`` in all (successive halving: Jamieson and
    Talwalkar 2016). Best is who gained most in the exam, then whose right texts became likelier.

    :param results: of one round; each with ``cell`` (its levels), ``gain`` and ``heldout_logp``.
    """
    banks = [bank for bank in FACTORS["bank"] if any(r["cell"]["bank"] == bank for r in results)]
    found: list[Cell] = []
    for number, bank in enumerate(banks):
        own = [r for r in results if r["cell"]["bank"] == bank]
        share = keep // len(banks) + (number < keep % len(banks))
        own.sort(key=lambda r: (r["gain"], r["heldout_logp"] if r["heldout_logp"] is not None else -1e9), reverse=True)
        found += [Cell(**r["cell"]) for r in own[:share]]
    return tuple(found)


def cell_named(name: str) -> Cell:
    """The cell of that name.

    :raises ValueError: there is none.
    """
    import itertools

    for values in itertools.product(*FACTORS.values()):
        cell = Cell(**dict(zip(FACTORS, values, strict=True)))
        if cell.name == name:
            return cell
    raise ValueError(f"There is no cell {name!r}; --report lists those that were tried.")
