"""Rehearsal: keeps the log-probabilities of skills that a turn does not practise where they were, so that only practised skills change.

LoRA finds one direction, "be right rather than slip", whatever is practised. So some pairs of other skills go through the model beside
the turn's pairs, and a penalty keeps their log-probabilities where they were when that skill was last practised. After "Catastrophic
forgetting, rehearsal and pseudorehearsal" (Robins 1995) and "Experience Replay for Continual Learning" (Rolnick et al. 2019).
This file has the pairs and their references; ``rehearsal_loss.py`` has the penalty. No torch here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from studentsim.errors import StudentError
from studentsim.rng import derive_rng
from studentsim.settings import ChosenText
from studentsim.training.pairs import build_held_out_pairs
from studentsim.training.protocols import PairScorer, TokenizedPair
from studentsim.types import Pair, Question

REFERENCES_FILE = "rehearsal.json"
"""Its name in a checkpoint, beside the adapter."""

TOTAL_PAIRS, MIN_PAIRS_PER_KEY, MAX_PAIRS_PER_KEY = 84, 2, 24
"""Rehearsal pairs in all, divided among the keys; the least and the most for one key. Two and a half times as many kept unpractised
skills no better, and took as much longer to score."""

TEXTS_PER_STEP = 8
"""Texts of a rehearsing step, each of another pair: half of them correct solutions, half wrong ones."""

STEP_INTERVAL = 2
"""The first of so many optimiser steps rehearses, with its loss multiplied by as many."""

SIDES = ("chosen", "rejected")


@dataclass(frozen=True)
class RehearsalText:
    """One text of a rehearsal pair, and its reference: the summed natural log-probability that it should keep."""

    row: TokenizedPair
    side: str
    """Which of the row's texts: ``chosen`` or ``rejected``."""
    reference_logp: float


def rehearsal_key(question: Question) -> str:
    """The key by which questions are practised or rehearsed together: the skill, or the category in datasets without skills."""
    return question.skill or question.category


def sample_rehearsal_pairs(
    questions: Iterable[Question], seed: int, chosen_text: ChosenText = "full"
) -> dict[str, list[Pair]]:
    """Rehearsal pairs by key, the correct solution against a wrong option's, sampled from these questions by the run's ``seed``.

    ``questions``: study questions only, since validation and exam questions are never trained on. ``chosen_text``: as of the trained
    pairs (``TeacherSettings.chosen_text``).
    """
    groups: dict[str, list[Question]] = {}
    for question in questions:
        groups.setdefault(rehearsal_key(question), []).append(question)
    pairs_per_key = max(MIN_PAIRS_PER_KEY, min(MAX_PAIRS_PER_KEY, TOTAL_PAIRS // max(1, len(groups))))
    return {
        key: build_held_out_pairs(
            derive_rng("kept", seed, key).sample(group, min(pairs_per_key, len(group))), chosen_text
        )
        for key, group in sorted(groups.items())
    }


class Rehearsal:
    """A run's rehearsal pairs and, as references, their log-probabilities when their key was last practised (or untrained).

    A key's references are computed once, before training in the first turn that does not practise it: the student is then as the turn
    before left it. Practising the key deletes them. These references are the state that a checkpoint saves.
    """

    step_interval = STEP_INTERVAL

    def __init__(self, pairs_by_key: Mapping[str, Sequence[Pair]], seed: int) -> None:
        self.pairs_by_key = {key: list(pairs) for key, pairs in sorted(pairs_by_key.items()) if pairs}
        self.seed = seed
        self.references: dict[str, list[tuple[float, float]]] = {}
        """Log-probabilities of chosen and rejected of each pair, for the keys that the last turn did not practise."""
        self._tokenized_pairs: dict[str, list[TokenizedPair]] = {}

    def subset(self, max_pairs: int) -> Rehearsal:
        """A rehearsal of about ``max_pairs`` of its pairs, without references, for measuring its duration."""
        pairs_by_key: dict[str, Sequence[Pair]] = {}
        for key, key_pairs in self.pairs_by_key.items():
            if sum(map(len, pairs_by_key.values())) < max_pairs:
                pairs_by_key[key] = key_pairs
        return Rehearsal(pairs_by_key, self.seed)

    def begin_turn(self, student: PairScorer, practised_keys: Collection[str]) -> None:
        """Before a turn's training: delete the references of ``practised_keys`` and compute the missing ones of the other keys."""
        self.skip_turn(practised_keys)
        new_keys = [key for key in self.pairs_by_key if key not in practised_keys and key not in self.references]
        rows = [(key, number, row) for key in new_keys for number, row in enumerate(self._tokenize_pairs(student, key))]
        rows.sort(key=lambda entry: (_count_tokens(entry[2]), entry[:2]))  # similar lengths together
        scores = student.pair_scores([row for *_, row in rows]) if rows else []
        logps_by_pair = {entry[:2]: s.logps for entry, s in zip(rows, scores, strict=True)}
        for key in new_keys:
            self.references[key] = [logps_by_pair[key, number] for number in range(len(self.pairs_by_key[key]))]

    def skip_turn(self, practised_keys: Collection[str]) -> None:
        """For a turn that practised these keys but had nothing to train on: delete their references."""
        for key in practised_keys:
            self.references.pop(key, None)

    def sample_batches(
        self, student: PairScorer, turn: int, practised_keys: Collection[str], steps: int
    ) -> list[list[RehearsalText]]:
        """The texts of each rehearsing step among ``steps`` optimiser steps; empty where all keys are practised.

        Pairs are sampled without replacement (again from all once all were used) by the turn's own random stream; those of similar
        length go together. One text of each is rehearsed: as effective as both, with half the work.
        """
        pool = [
            (row, logps)
            for key in self.pairs_by_key
            if key not in practised_keys
            for row, logps in zip(self._tokenize_pairs(student, key), self.references[key], strict=True)
        ]
        turn_rng = derive_rng("rehearsal", self.seed, turn)
        size, count = min(TEXTS_PER_STEP, len(pool)), -(-steps // STEP_INTERVAL)
        sampled: list[tuple[TokenizedPair, tuple[float, float]]] = []
        while size and len(sampled) < size * count:
            sampled += turn_rng.sample(pool, len(pool))
        sampled = sorted(sampled[: size * count], key=lambda pair: _count_tokens(pair[0]))
        starts = range(0, len(sampled), size or 1)
        batches = [_pick_one_text_each(sampled[start : start + size], turn_rng) for start in starts]
        return turn_rng.sample(batches, len(batches))

    def save(self, folder: Path) -> None:
        """Write the references, every float exactly, into a checkpoint's folder."""
        stored = {
            key: [
                [pair.question.id, *logps]
                for pair, logps in zip(self.pairs_by_key[key], self.references[key], strict=True)
            ]
            for key in sorted(self.references)
        }
        (folder / REFERENCES_FILE).write_text(json.dumps({"references": stored}, indent=0), encoding="utf-8")

    def load(self, folder: Path) -> None:
        """Load what ``save`` wrote.

        :raises StudentError: when the file is missing or damaged, or has other pairs than this run.
        """
        remedy = "Resume from an earlier lesson, or begin a new run."
        try:
            stored = json.loads((folder / REFERENCES_FILE).read_text(encoding="utf-8"))["references"]
            references = {key: [(id, float(c), float(r)) for id, c, r in rows] for key, rows in stored.items()}
        except FileNotFoundError as error:
            raise StudentError(
                f"The checkpoint {folder.name} lacks {REFERENCES_FILE}: where rehearsal is to hold what is not practised is not known.",
                f"{remedy} A run without rehearsal (rehearsal 0) needs none.",
            ) from error
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StudentError(
                f"{REFERENCES_FILE} in the checkpoint {folder.name} cannot be read ({error}).", remedy
            ) from error
        for key, rows in references.items():
            if [pair.question.id for pair in self.pairs_by_key.get(key, [])] != [id for id, *_ in rows]:
                raise StudentError(
                    f"{REFERENCES_FILE} in the checkpoint {folder.name} tells of other questions of {key!r} than this run keeps.",
                    remedy,
                )
        self.references = {key: [(c, r) for _, c, r in rows] for key, rows in references.items()}

    def _tokenize_pairs(self, student: PairScorer, key: str) -> list[TokenizedPair]:
        if key not in self._tokenized_pairs:
            self._tokenized_pairs[key] = [student.pair_ids(pair) for pair in self.pairs_by_key[key]]
        return self._tokenized_pairs[key]


def _pick_one_text_each(pairs: Sequence[tuple[TokenizedPair, tuple[float, float]]], rng: Random) -> list[RehearsalText]:
    """One text of each pair, half of them chosen, half rejected (one more chosen, where the number is odd)."""
    sides = rng.sample(range(len(pairs)), len(pairs))
    return [
        RehearsalText(row, SIDES[side % 2], logps[side % 2]) for (row, logps), side in zip(pairs, sides, strict=True)
    ]


def _count_tokens(row: Mapping[str, Any]) -> int:
    """Tokens of a pair's longer text, its prompt included."""
    return len(row["prompt_ids"]) + max(len(row["chosen_ids"]), len(row["rejected_ids"]))
