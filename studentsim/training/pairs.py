"""Preference pairs: what DPO learns from. Where pairs come from is a seam; here are the paper's and the held-out ones."""

from __future__ import annotations

from collections.abc import Sequence

from studentsim.practice import Attempts
from studentsim.rng import derive_rng
from studentsim.settings import ChosenText
from studentsim.teacher.teacher import sample_mistaken_key_option
from studentsim.training.solution_text import correct_solution_text, option_solution_text
from studentsim.types import Answer, Pair, Question


def pairs_from_mistakes(
    practised: Sequence[Attempts],
    *,
    chosen_source: str = "working",
    chosen_text: ChosenText = "full",
    seed_key: Sequence[object] = (),
) -> list[Pair]:
    """One pair for each first attempt that the teacher called wrong (P0): rejected is what the student wrote itself.

    ``chosen_source`` says what is preferred to it: ``working``, the given right one; ``revision``, the student's own later attempt
    that the teacher called right (without one, no pair); ``revision-or-working``, that or else the given one. Where the
    teacher erred, calling a right answer wrong, the given working is that of the wrong option it takes for right: so
    its error reaches the student. Which one is decided by ``seed_key``. ``chosen_text`` says how much of a given working the chosen text
    holds (``Teaching.chosen_text``); what the student wrote stands whole.

    An answer that says the same as what is preferred, or nothing at all, teaches nothing and gives no pair; nor does one that was
    doubted on purpose.
    """
    pairs = []
    for attempts in practised:
        answer, grade = attempts.first
        if grade.assigned_correct or attempts.challenged:
            continue
        revision = _find_revision(attempts) if chosen_source != "working" else None
        chosen = (
            revision.text if revision else _build_chosen_text(attempts, chosen_source, chosen_text, seed_key)
        ).strip()
        if chosen and answer.text.strip() and answer.text.strip() != chosen:
            pairs.append(_build_pair(attempts.question, chosen, revision, answer))
    return pairs


def _build_pair(question: Question, chosen: str, revision: Answer | None, answer: Answer) -> Pair:
    return Pair(
        question=question,
        chosen=chosen,
        rejected=answer.text,
        chosen_ended=revision is None or revision.ended is not False,
        rejected_ended=answer.ended is not False,
        chosen_ids=revision.ids if revision else None,
        rejected_ids=answer.ids,
    )


def _find_revision(attempts: Attempts) -> Answer | None:
    """The student's own later attempt that the teacher called right."""
    return attempts.last[0] if len(attempts.attempts) > 1 and attempts.last[1].assigned_correct else None


def _build_chosen_text(
    attempts: Attempts, chosen_source: str, chosen_text: ChosenText, seed_key: Sequence[object]
) -> str:
    question = attempts.question
    if chosen_source == "revision":
        return ""
    if not attempts.first[1].is_correct:
        return correct_solution_text(question, chosen_text)
    return option_solution_text(sample_mistaken_key_option(question, seed_key=seed_key), chosen_text)


def build_held_out_pairs(questions: Sequence[Question], chosen_text: ChosenText = "full") -> list[Pair]:
    """Pairs that are looked at but never trained on: the right working against a wrong option's, both in the form of ``chosen_text``.

    The wrong option is drawn by the question's id, among those that carry a working where there are any.
    """
    pairs = []
    for question in questions:
        wrong = [o for o in question.options if o.letter != question.correct]
        with_working = [o for o in wrong if o.solution] or wrong
        option = derive_rng("held-out pair", question.id).choice(with_working)
        pairs.append(
            Pair(
                question,
                chosen=correct_solution_text(question, chosen_text),
                rejected=option_solution_text(option, chosen_text),
            )
        )
    return pairs
