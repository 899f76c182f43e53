"""Rehearsal: what a lesson does not practise is held where it was, so that what is practised is what is learnt.

LoRA finds one direction, "be right rather than slip", whatever is practised. So beside the lesson's pairs some of other skills go
through the model, and their log-probabilities are held where they were when that skill was last practised. After "Catastrophic
forgetting, rehearsal and pseudorehearsal" (Robins 1995) and "Experience Replay for Continual Learning" (Rolnick et al. 2019).
Here is what is kept, and how it was; ``holding.py`` holds it during training. No torch here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Protocol

from studentsim import luck
from studentsim.config import ChosenText
from studentsim.errors import StudentError
from studentsim.learning.pairs import held_out_pairs
from studentsim.records import Pair, PairScore, Question

FILE = "rehearsal.json"
"""In a checkpoint, beside the adapter."""

KEPT, FEWEST, MOST = 84, 2, 24
"""Kept pairs in all, shared out among the keys; at least, and at most, for one key. With two and a half times as many, what was not
practised was held no better, and to score those of the keys that a lesson leaves took as much longer."""

REHEARSED = 8
"""Texts in a step that rehearses, each of another kept pair: half of them right workings, half wrong ones."""

EVERY = 2
"""Of so many optimiser steps the first rehearses, with a weight of as many."""

SIDES = ("chosen", "rejected")

Row = dict[str, list[int]]
"""A pair as token ids; see ``dpo.Trainable.pair_ids``."""


class Scoring(Protocol):
    """What rehearsal needs of a student; see ``dpo.Trainable``."""

    def pair_ids(self, pair: Pair) -> Row:
        """A pair as token ids, with a mask for each of its two texts."""
        ...

    def pair_scores(self, rows: Sequence[Row]) -> list[PairScore]:
        """Log-probabilities by the student as it stands."""
        ...


@dataclass(frozen=True)
class Held:
    """One text of a kept pair, and the log-probability (natural log, summed) where it is to be held."""

    row: Row
    side: str
    """Which of the row's texts: ``chosen`` or ``rejected``."""
    logp: float


def key_of(question: Question) -> str:
    """What is practised or kept together: the question's skill, or its category where its bank has no skills."""
    return question.skill or question.category


def kept_pairs(study: Iterable[Question], seed: int, text: ChosenText = "full") -> dict[str, list[Pair]]:
    """For each key some pairs, the right working against a wrong option's, drawn by the run's ``seed`` from these questions.

    ``text`` is the form of what is trained (``Teaching.chosen_text``).
    To be given a bank's study questions alone: validation's and the exam's are promised never to be trained on.
    """
    groups: dict[str, list[Question]] = {}
    for question in study:
        groups.setdefault(key_of(question), []).append(question)
    each = max(FEWEST, min(MOST, KEPT // max(1, len(groups))))
    return {
        key: held_out_pairs(luck.stream("kept", seed, key).sample(group, min(each, len(group))), text)
        for key, group in sorted(groups.items())
    }


class Rehearsal:
    """The kept pairs of a run, and how the student said them when their key was last practised (before: untrained).

    At the beginning of a lesson's training the student is as the last lesson left it. So a key needs no reference while it is
    practised, and gets one, once, in the first lesson that leaves it out. Those references are the state; a key without one is
    as the student stands.
    """

    every = EVERY

    def __init__(self, kept: Mapping[str, Sequence[Pair]], seed: int) -> None:
        self.kept = {key: list(pairs) for key, pairs in sorted(kept.items()) if pairs}
        self.seed = seed
        self.references: dict[str, list[tuple[float, float]]] = {}
        """Of the keys that the last lesson did not practise: each kept pair's log-probabilities of chosen and rejected."""
        self._rows: dict[str, list[Row]] = {}

    def part(self, pairs: int) -> Rehearsal:
        """One of about so many of its kept pairs, without references: to see how long it takes."""
        kept: dict[str, Sequence[Pair]] = {}
        for key, own in self.kept.items():
            if sum(map(len, kept.values())) < pairs:
                kept[key] = own
        return Rehearsal(kept, self.seed)

    def begin(self, student: Scoring, practised: Collection[str]) -> None:
        """A lesson's training begins: the ``practised`` keys lose their references, and who has none gets one now."""
        self.skip(practised)
        new = [key for key in self.kept if key not in practised and key not in self.references]
        rows = [(key, number, row) for key in new for number, row in enumerate(self._rows_of(student, key))]
        rows.sort(key=lambda entry: (_length(entry[2]), entry[:2]))  # those of like length together
        scores = student.pair_scores([row for *_, row in rows]) if rows else []
        told = {entry[:2]: (s.chosen, s.rejected) for entry, s in zip(rows, scores, strict=True)}
        for key in new:
            self.references[key] = [told[key, number] for number in range(len(self.kept[key]))]

    def skip(self, practised: Collection[str]) -> None:
        """A lesson that practised these keys had nothing to train on: the student stays as it is, and so do the other keys."""
        for key in practised:
            self.references.pop(key, None)

    def draw(self, student: Scoring, turn: int, practised: Collection[str], steps: int) -> list[list[Held]]:
        """What each rehearsing step of ``steps`` optimiser steps holds; nothing where all keys are practised.

        Pairs are drawn without replacement by the lesson's own luck (all anew once all were drawn), those of like length together;
        one text of each is held: as good as both, at half the work.
        """
        pool = [
            (row, logps)
            for key in self.kept
            if key not in practised
            for row, logps in zip(self._rows_of(student, key), self.references[key], strict=True)
        ]
        rng = luck.stream("rehearsal", self.seed, turn)
        size, count = min(REHEARSED, len(pool)), -(-steps // EVERY)
        drawn: list[tuple[Row, tuple[float, float]]] = []
        while size and len(drawn) < size * count:
            drawn += rng.sample(pool, len(pool))
        drawn = sorted(drawn[: size * count], key=lambda pair: _length(pair[0]))
        batches = [_one_of_each(drawn[at : at + size], rng) for at in range(0, len(drawn), size or 1)]
        return rng.sample(batches, len(batches))

    def save(self, folder: Path) -> None:
        """Write the references, every float exactly, into a checkpoint's folder."""
        told = {
            key: [[pair.question.id, *logps] for pair, logps in zip(self.kept[key], self.references[key], strict=True)]
            for key in sorted(self.references)
        }
        (folder / FILE).write_text(json.dumps({"references": told}, indent=0), encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Take up what ``save`` wrote.

        :raises StudentError: there is no such file, it is damaged, or tells of other pairs than this run's.
        """
        remedy = "Resume from an earlier lesson, or begin a new run."
        try:
            told = json.loads((folder / FILE).read_text(encoding="utf-8"))["references"]
            found = {key: [(id, float(c), float(r)) for id, c, r in rows] for key, rows in told.items()}
        except FileNotFoundError as error:
            raise StudentError(
                f"The checkpoint {folder.name} lacks {FILE}: where rehearsal is to hold what is not practised is not known.",
                f"{remedy} A run without rehearsal (rehearsal 0) needs none.",
            ) from error
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StudentError(f"{FILE} in the checkpoint {folder.name} cannot be read ({error}).", remedy) from error
        for key, rows in found.items():
            if [pair.question.id for pair in self.kept.get(key, [])] != [id for id, *_ in rows]:
                raise StudentError(
                    f"{FILE} in the checkpoint {folder.name} tells of other questions of {key!r} than this run keeps.",
                    remedy,
                )
        self.references = {key: [(c, r) for _, c, r in rows] for key, rows in found.items()}

    def _rows_of(self, student: Scoring, key: str) -> list[Row]:
        if key not in self._rows:
            self._rows[key] = [student.pair_ids(pair) for pair in self.kept[key]]
        return self._rows[key]


def _one_of_each(pairs: Sequence[tuple[Row, tuple[float, float]]], rng: Random) -> list[Held]:
    """One text of each pair, as many chosen ones as rejected (one more, where their number is odd)."""
    sides = rng.sample(range(len(pairs)), len(pairs))
    return [Held(row, SIDES[side % 2], logps[side % 2]) for (row, logps), side in zip(pairs, sides, strict=True)]


def _length(row: Mapping[str, Any]) -> int:
    """Tokens of a pair's longer text, its prompt included."""
    return len(row["prompt_ids"]) + max(len(row["chosen_ids"]), len(row["rejected_ids"]))
