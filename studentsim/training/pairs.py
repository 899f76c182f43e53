"""Builds preference pairs for DPO: the paper's, from the student's mistakes, and held-out ones."""

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
    """One pair for each first attempt that the teacher graded wrong (P0); the student's text is the rejected one.

    ``chosen_source``: the chosen text is the correct solution (``working``), the student's own later attempt that the teacher graded
    right (``revision``; without one, no pair), or that attempt if there is one, else the solution (``revision-or-working``). Where the
    teacher graded a correct answer wrong, the solution is that of the wrong option it takes for correct, so that its error reaches the
    student; ``seed_key`` determines which. ``chosen_text``: how much of a solution is used (``TeacherSettings.chosen_text``); the
    student's texts are used whole.

    An empty answer, or one equal to the chosen text, gives no pair; nor does a correct answer that was challenged on purpose.
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
    """The student's last attempt, if it is not the first and the teacher graded it right."""
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
    """A pair for each question that is never trained on: the correct solution against a wrong option's, in the form ``chosen_text``.

    The wrong option is sampled by the question's id, from those with a solution if there are any.
    """
    pairs = []
    for question in questions:
        wrong_options = [o for o in question.options if o.letter != question.correct]
        candidates = [o for o in wrong_options if o.solution] or wrong_options
        option = derive_rng("held-out pair", question.id).choice(candidates)
        pairs.append(
            Pair(
                question,
                chosen=correct_solution_text(question, chosen_text),
                rejected=option_solution_text(option, chosen_text),
            )
        )
    return pairs
