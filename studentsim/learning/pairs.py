"""Preference pairs: what DPO learns from. Where pairs come from is a seam; here are the paper's and the held-out ones."""

from __future__ import annotations

from collections.abc import Sequence

from studentsim import luck
from studentsim.records import Answer, Mark, Option, Pair, Question


def pairs_from_mistakes(marked: Sequence[tuple[Question, Answer, Mark]]) -> list[Pair]:
    """One pair for each wrong answer (P0): chosen the right working, rejected what the student wrote itself.

    An answer that says the same as the right working, or nothing at all, teaches nothing and gives no pair.
    """
    return [
        Pair(question=question, chosen=right_answer(question), rejected=answer.text)
        for question, answer, mark in marked
        if not mark.right and answer.text.strip() and answer.text.strip() != right_answer(question).strip()
    ]


def right_answer(question: Question) -> str:
    """The right working, ending in its answer: the curriculum's end in the value, others get letter and option.

    The letter of a curriculum question follows from its value, which is what the embedded student ticks by.
    """
    if question.right.working:
        return question.right.working
    return f"{question.rationale}\n{_ticks(question.right)}".lstrip()


def _ticks(option: Option) -> str:
    return f"Answer: {option.letter}) {option.text}"


def held_out_pairs(questions: Sequence[Question]) -> list[Pair]:
    """Pairs that are looked at but never trained on: the right working against a wrong option's.

    The wrong option is drawn by the question's id, among those that carry a working where there are any.
    """
    pairs = []
    for question in questions:
        wrong = [o for o in question.options if o.letter != question.correct]
        worked = [o for o in wrong if o.working] or wrong
        option = luck.stream("held-out pair", question.id).choice(worked)
        pairs.append(Pair(question=question, chosen=right_answer(question), rejected=option.working or _ticks(option)))
    return pairs
