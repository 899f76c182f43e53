"""Preference pairs: what DPO learns from. Where pairs come from is a seam; here are the paper's and the held-out ones."""

from __future__ import annotations

from collections.abc import Sequence

from studentsim import luck
from studentsim.config import ChosenText
from studentsim.practice import Attempts
from studentsim.records import Answer, Pair, Question
from studentsim.solution_text import option_text, right_answer
from studentsim.teacher.teacher import believed


def pairs_from_mistakes(
    practised: Sequence[Attempts],
    *,
    chosen: str = "working",
    text: ChosenText = "full",
    luck: Sequence[object] = (),
) -> list[Pair]:
    """One pair for each first attempt that the teacher called wrong (P0): rejected is what the student wrote itself.

    ``chosen`` says what is preferred to it: ``working``, the given right one; ``revision``, the student's own later attempt
    that the teacher called right (without one, no pair); ``revision-or-working``, that or else the given one. Where the
    teacher erred, calling a right answer wrong, the given working is that of the wrong option it takes for right: so
    its error reaches the student. Which one is decided by ``luck``. ``text`` says how much of a given working the chosen text
    holds (``Teaching.chosen_text``); what the student wrote stands whole.

    An answer that says the same as what is preferred, or nothing at all, teaches nothing and gives no pair; nor does one that was
    doubted on purpose.
    """
    pairs = []
    for attempts in practised:
        answer, mark = attempts.first
        if mark.said or attempts.doubted:
            continue
        revised = _revised(attempts) if chosen != "working" else None
        preferred = (revised.text if revised else _preferred(attempts, chosen, text, luck)).strip()
        if preferred and answer.text.strip() and answer.text.strip() != preferred:
            pairs.append(_pair(attempts.question, preferred, revised, answer))
    return pairs


def _pair(question: Question, preferred: str, revised: Answer | None, answer: Answer) -> Pair:
    return Pair(
        question=question,
        chosen=preferred,
        rejected=answer.text,
        chosen_ended=revised is None or revised.ended is not False,
        rejected_ended=answer.ended is not False,
        chosen_ids=revised.ids if revised else None,
        rejected_ids=answer.ids,
    )


def _revised(attempts: Attempts) -> Answer | None:
    """The student's own later attempt that the teacher called right."""
    return attempts.last[0] if len(attempts.made) > 1 and attempts.last[1].said else None


def _preferred(attempts: Attempts, chosen: str, text: ChosenText, luck: Sequence[object]) -> str:
    question = attempts.question
    if chosen == "revision":
        return ""
    if not attempts.first[1].right:
        return right_answer(question, text)
    return option_text(believed(question, luck=luck), text)


def held_out_pairs(questions: Sequence[Question], text: ChosenText = "full") -> list[Pair]:
    """Pairs that are looked at but never trained on: the right working against a wrong option's, both in the form of ``text``.

    The wrong option is drawn by the question's id, among those that carry a working where there are any.
    """
    pairs = []
    for question in questions:
        wrong = [o for o in question.options if o.letter != question.correct]
        worked = [o for o in wrong if o.working] or wrong
        option = luck.stream("held-out pair", question.id).choice(worked)
        pairs.append(Pair(question, chosen=right_answer(question, text), rejected=option_text(option, text)))
    return pairs
