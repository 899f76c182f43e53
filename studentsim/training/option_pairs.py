"""Reward accuracy on pairs in one style: a held-out question's correct option against a wrong one, both as "Answer: b) 980".

A solution and a student's own reply differ in style, so that a student may come to prefer one of them without knowing better. Two
options are worded alike, so that only their content decides. For students whose prompt contains the options.
Rewards are beta times the log-ratio to the reference ("Direct Preference Optimization", Rafailov et al. 2023, section 4).
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from studentsim.rng import derive_rng
from studentsim.settings import DPOSettings
from studentsim.training.protocols import PairLogps, PairScorer, TokenizedPair
from studentsim.types import Pair, Question


def build_option_pairs(questions: Sequence[Question]) -> list[Pair]:
    """For each question its correct option against a wrong one, sampled by the question's id.

    Wrong options with the correct one's text are never sampled; a question without any other gets no pair.
    """
    pairs = []
    for question in questions:
        wrong_options = [
            o for o in question.options if o.letter != question.correct and o.text != question.correct_option.text
        ]
        if wrong_options:
            wrong_option = derive_rng("option pair", question.id).choice(wrong_options)
            chosen, rejected = (f"Answer: {o.letter}) {o.text}" for o in (question.correct_option, wrong_option))
            pairs.append(Pair(question, chosen=chosen, rejected=rejected))
    return pairs


class OptionPreferenceMeter:
    """Measures how often, and by how much, the correct option's reward exceeds a wrong one's, before and after a turn's training.

    The reference is the trainer's (``DPOSettings.reference``). The base model's log-probabilities are computed once, the last turn's at its
    end; a resumed run computes them again from the loaded adapter, with the same result.
    """

    def __init__(self, student: PairScorer, dpo: DPOSettings) -> None:
        self.student = student
        self.beta = dpo.beta
        self.uses_base_reference = dpo.reference == "base"
        self._reference: tuple[list[str], PairLogps] = ([], [])
        self._rows: list[TokenizedPair] = []
        self._ids: list[str] = []

    def begin_turn(self, questions: Sequence[Question]) -> None:
        """Before a turn's training: compute the reference's log-probabilities for these questions, unless they are cached."""
        pairs = build_option_pairs(questions)
        ids = [pair.question.id for pair in pairs]
        if ids != self._ids:
            self._ids, self._rows = ids, [self.student.pair_ids(pair) for pair in pairs]
        if self._reference[0] != ids:
            self._reference = ids, self.student.pair_logps(self._rows, base=self.uses_base_reference) if ids else []

    def finish_turn(self) -> dict[str, float | None]:
        """After training: ``option_accuracies`` (0 to 1) and ``option_margins`` (mean difference of the rewards); None without pairs."""
        if not self._ids:
            return {"option_accuracies": None, "option_margins": None}
        current = self.student.pair_logps(self._rows)
        reference = self._reference[1]
        margins = [
            self.beta * ((correct - ref_correct) - (wrong - ref_wrong))
            for (correct, wrong), (ref_correct, ref_wrong) in zip(current, reference, strict=True)
        ]
        if not self.uses_base_reference:
            self._reference = self._ids, current
        return {"option_accuracies": fmean(margin > 0 for margin in margins), "option_margins": fmean(margins)}
