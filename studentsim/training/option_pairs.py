"""Reward accuracy on pairs of one form: a held-out question's right option against a wrong one's, both as "Answer: b) 980".

A given working and a student's own reply differ in style, so that a student may come to prefer one to the other without knowing
better. Two options are worded alike: what is preferred here is preferred for its sense. Only for students whose prompt holds the
options. Rewards are beta times the log-ratio to the reference ("Direct Preference Optimization", Rafailov et al. 2023, section 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Protocol

from studentsim.rng import derive_rng
from studentsim.settings import Learning
from studentsim.types import Pair, Question

OptionLogps = list[tuple[float, float]]
"""Of each pair the summed log-probabilities (natural) of the right option's text and the wrong one's."""


class LogpScorer(Protocol):
    """What is needed of a student; see ``dpo.TrainableStudent``."""

    def pair_ids(self, pair: Pair) -> dict[str, list[int]]:
        """A pair as token ids."""
        ...

    def pair_logps(self, rows: Sequence[dict[str, list[int]]], *, base: bool = False) -> OptionLogps:
        """Log-probabilities by the student as it stands, or as it was before any training (``base``)."""
        ...


def build_option_pairs(questions: Sequence[Question]) -> list[Pair]:
    """For each question its right option's text against a wrong one's, which its id draws; a wrong one that reads as the right one is
    never taken, and a question without another has no pair."""
    pairs = []
    for question in questions:
        wrong_options = [
            o for o in question.options if o.letter != question.correct and o.text != question.correct_option.text
        ]
        if wrong_options:
            wrong_option = derive_rng("option pair", question.id).choice(wrong_options)
            answer_texts = [
                f"Answer: {option.letter}) {option.text}" for option in (question.correct_option, wrong_option)
            ]
            pairs.append(Pair(question, chosen=answer_texts[0], rejected=answer_texts[1]))
    return pairs


class OptionPreferenceMeter:
    """The share of held-out questions whose right option gains more than a wrong one, and by how much.

    To be asked before a lesson's training and after it. The reference is the learner's own (``Learning.reference``): the base's
    figures are computed once, the last lesson's student has told its own after that lesson; a resumed run has neither and computes
    them from what it loaded, which gives the same.
    """

    def __init__(self, student: LogpScorer, learning: Learning) -> None:
        self.student = student
        self.beta = learning.beta
        self.uses_base_reference = learning.reference == "base"
        self._reference: tuple[list[str], OptionLogps] = ([], [])
        self._rows: list[dict[str, list[int]]] = []
        self._ids: list[str] = []

    def begin_turn(self, questions: Sequence[Question]) -> None:
        """A lesson's training begins: the reference's figures on these questions, where they are not known yet."""
        pairs = build_option_pairs(questions)
        ids = [pair.question.id for pair in pairs]
        if ids != self._ids:
            self._ids, self._rows = ids, [self.student.pair_ids(pair) for pair in pairs]
        if self._reference[0] != ids:
            self._reference = ids, self.student.pair_logps(self._rows, base=self.uses_base_reference) if ids else []

    def finish_turn(self) -> dict[str, float | None]:
        """The training is over: ``option_accuracies`` (0 to 1) and ``option_margins`` (mean difference of the two rewards).

        Both None where there are no such pairs.
        """
        if not self._ids:
            return {"option_accuracies": None, "option_margins": None}
        current = self.student.pair_logps(self._rows)
        reference = self._reference[1]
        margins = [
            self.beta * ((right - right_before) - (wrong - wrong_before))
            for (right, wrong), (right_before, wrong_before) in zip(current, reference, strict=True)
        ]
        if not self.uses_base_reference:
            self._reference = self._ids, current
        return {"option_accuracies": fmean(margin > 0 for margin in margins), "option_margins": fmean(margins)}
