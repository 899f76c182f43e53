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

from studentsim.errors import StudentError
from studentsim.rng import derive_rng
from studentsim.settings import ChosenText
from studentsim.training.pairs import build_held_out_pairs
from studentsim.types import Pair, PairScore, Question

REFERENCES_FILE = "rehearsal.json"
"""In a checkpoint, beside the adapter."""

TOTAL_PAIRS, MIN_PAIRS_PER_KEY, MAX_PAIRS_PER_KEY = 84, 2, 24
"""Kept pairs in all, shared out among the keys; at least, and at most, for one key. With two and a half times as many, what was not
practised was held no better, and to score those of the keys that a lesson leaves took as much longer."""

TEXTS_PER_STEP = 8
"""Texts in a step that rehearses, each of another kept pair: half of them right workings, half wrong ones."""

STEP_INTERVAL = 2
"""Of so many optimiser steps the first rehearses, with a weight of as many."""

SIDES = ("chosen", "rejected")

TokenizedPair = dict[str, list[int]]
"""A pair as token ids; see ``dpo.TrainableStudent.pair_ids``."""


class PairScorer(Protocol):
    """What rehearsal needs of a student; see ``dpo.TrainableStudent``."""

    def pair_ids(self, pair: Pair) -> TokenizedPair:
        """A pair as token ids, with a mask for each of its two texts."""
        ...

    def pair_scores(self, rows: Sequence[TokenizedPair]) -> list[PairScore]:
        """Log-probabilities by the student as it stands."""
        ...


@dataclass(frozen=True)
class RehearsalText:
    """One text of a kept pair, and the log-probability (natural log, summed) where it is to be held."""

    row: TokenizedPair
    side: str
    """Which of the row's texts: ``chosen`` or ``rejected``."""
    reference_logp: float


def rehearsal_key(question: Question) -> str:
    """What is practised or kept together: the question's skill, or its category where its bank has no skills."""
    return question.skill or question.category


def sample_rehearsal_pairs(
    questions: Iterable[Question], seed: int, chosen_text: ChosenText = "full"
) -> dict[str, list[Pair]]:
    """For each key some pairs, the right working against a wrong option's, drawn by the run's ``seed`` from these questions.

    ``chosen_text`` is the form of what is trained (``Teaching.chosen_text``).
    To be given a bank's study questions alone: validation's and the exam's are promised never to be trained on.
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
    """The kept pairs of a run, and how the student said them when their key was last practised (before: untrained).

    At the beginning of a lesson's training the student is as the last lesson left it. So a key needs no reference while it is
    practised, and gets one, once, in the first lesson that leaves it out. Those references are the state; a key without one is
    as the student stands.
    """

    step_interval = STEP_INTERVAL

    def __init__(self, pairs_by_key: Mapping[str, Sequence[Pair]], seed: int) -> None:
        self.pairs_by_key = {key: list(pairs) for key, pairs in sorted(pairs_by_key.items()) if pairs}
        self.seed = seed
        self.references: dict[str, list[tuple[float, float]]] = {}
        """Of the keys that the last lesson did not practise: each kept pair's log-probabilities of chosen and rejected."""
        self._tokenized_pairs: dict[str, list[TokenizedPair]] = {}

    def subset(self, max_pairs: int) -> Rehearsal:
        """One of about so many of its kept pairs, without references: to see how long it takes."""
        pairs_by_key: dict[str, Sequence[Pair]] = {}
        for key, key_pairs in self.pairs_by_key.items():
            if sum(map(len, pairs_by_key.values())) < max_pairs:
                pairs_by_key[key] = key_pairs
        return Rehearsal(pairs_by_key, self.seed)

    def begin_turn(self, student: PairScorer, practised_keys: Collection[str]) -> None:
        """A lesson's training begins: the ``practised_keys`` keys lose their references, and who has none gets one now."""
        self.skip_turn(practised_keys)
        new_keys = [key for key in self.pairs_by_key if key not in practised_keys and key not in self.references]
        rows = [(key, number, row) for key in new_keys for number, row in enumerate(self._tokenize_pairs(student, key))]
        rows.sort(key=lambda entry: (_count_tokens(entry[2]), entry[:2]))  # those of like length together
        scores = student.pair_scores([row for *_, row in rows]) if rows else []
        logps_by_pair = {entry[:2]: (s.chosen, s.rejected) for entry, s in zip(rows, scores, strict=True)}
        for key in new_keys:
            self.references[key] = [logps_by_pair[key, number] for number in range(len(self.pairs_by_key[key]))]

    def skip_turn(self, practised_keys: Collection[str]) -> None:
        """A lesson that practised these keys had nothing to train on: the student stays as it is, and so do the other keys."""
        for key in practised_keys:
            self.references.pop(key, None)

    def sample_batches(
        self, student: PairScorer, turn: int, practised_keys: Collection[str], steps: int
    ) -> list[list[RehearsalText]]:
        """What each rehearsing step of ``steps`` optimiser steps holds; nothing where all keys are practised.

        Pairs are drawn without replacement by the lesson's own luck (all anew once all were drawn), those of like length together;
        one text of each is held: as good as both, at half the work.
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
        batches = [_pick_one_text_each(sampled[at : at + size], turn_rng) for at in range(0, len(sampled), size or 1)]
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
        """Take up what ``save`` wrote.

        :raises StudentError: there is no such file, it is damaged, or tells of other pairs than this run's.
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
    """One text of each pair, as many chosen ones as rejected (one more, where their number is odd)."""
    sides = rng.sample(range(len(pairs)), len(pairs))
    return [
        RehearsalText(row, SIDES[side % 2], logps[side % 2]) for (row, logps), side in zip(pairs, sides, strict=True)
    ]


def _count_tokens(row: Mapping[str, Any]) -> int:
    """Tokens of a pair's longer text, its prompt included."""
    return len(row["prompt_ids"]) + max(len(row["chosen_ids"]), len(row["rejected_ids"]))
