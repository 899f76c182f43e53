"""A turn's practice: first attempts, grades, feedback, further attempts. Yields events as they happen.

    answer -> grade -> feedback -> answer again … (only what was called wrong)

A correct answer may be challenged, that is called wrong on purpose (``TeacherSettings.challenge_rate``), to see whether the student
gives way; it is not trained on.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from studentsim.config import RunConfig
from studentsim.events import AnswerRecorded, Event, StageStarted
from studentsim.rng import derive_rng
from studentsim.student.protocols import Student
from studentsim.teacher.teacher import Teacher
from studentsim.types import Answer, Feedback, Grade, Question

GRADING_BATCH_SIZE = 8
"""Answers that a trained grader judges at once: few, so that a page soon has something to show."""


@dataclass
class Attempts:
    """A question and the student's graded attempts at it in one turn."""

    question: Question
    attempts: list[tuple[Answer, Grade]] = field(default_factory=list)
    feedback: list[tuple[str, str]] = field(default_factory=list)
    """(attempt's text, feedback on it) for each attempt that got feedback."""
    challenged: bool = False
    """Whether the first attempt was correct and called wrong on purpose."""

    @property
    def first(self) -> tuple[Answer, Grade]:
        """The first attempt."""
        return self.attempts[0]

    @property
    def last(self) -> tuple[Answer, Grade]:
        """The last attempt so far."""
        return self.attempts[-1]


def run_practice(
    config: RunConfig, student: Student, teacher: Teacher, questions: Sequence[Question], turn: int
) -> Generator[Event, None, list[Attempts]]:
    """Yield the events of a turn's practice; return every question's attempts, in the order of the first answers."""
    by_id = {q.id: Attempts(q) for q in questions}
    finished: list[Attempts] = []
    yield StageStarted(turn, "study", len(questions))
    for number in range(1, config.teacher.attempts + 1):
        pending = list(by_id.values()) if number == 1 else [a for a in finished if _needs_another_attempt(a)]
        if not pending:
            break
        if number > 1:
            yield StageStarted(turn, "revision", len(pending))
        # First attempts have the same seed key whether or not others follow: runs with and without revision begin alike.
        seed_key = ("study", config.seed, turn, *(("attempt", number) if number > 1 else ()))
        earlier = {a.question.id: a.feedback for a in pending if a.feedback}
        answers = student.answer([a.question for a in pending], seed_key=seed_key, earlier=earlier)
        for answer_batch in _batched(answers, GRADING_BATCH_SIZE if teacher.prefers_batches else 1):
            batch = [by_id[answer.question_id] for answer in answer_batch]
            finished += batch if number == 1 else []
            _grade_answers(config, teacher, batch, answer_batch, turn, seed_key)
            feedback = _give_feedback(teacher, batch, seed_key) if number < config.teacher.attempts else {}
            for history in batch:
                yield answer_event(
                    turn,
                    "study" if number == 1 else "revision",
                    history.question,
                    *history.last,
                    attempt=number,
                    feedback=feedback.get(history.question.id),
                    challenged=history.challenged and number == 1,
                )
    return finished


def _needs_another_attempt(attempts: Attempts) -> bool:
    """Whether another attempt follows: the last one was called wrong; a challenged answer gets only one more."""
    return not attempts.last[1].assigned_correct and not (attempts.challenged and len(attempts.attempts) > 1)


def _grade_answers(
    config: RunConfig,
    teacher: Teacher,
    histories: Sequence[Attempts],
    answers: Sequence[Answer],
    turn: int,
    seed_key: Sequence[object],
) -> None:
    """Grade the answers, challenge some of the correct first attempts, and add each to its question's history."""
    grades = teacher.grade_practice_answers(
        [(history.question, answer) for history, answer in zip(histories, answers, strict=True)], seed_key=seed_key
    )
    for history, answer, grade in zip(histories, answers, grades, strict=True):
        is_first_and_correct = not history.attempts and grade.is_correct and grade.assigned_correct
        if is_first_and_correct and _should_challenge(config, turn, history.question):
            history.challenged, grade = True, replace(grade, assigned_override=False, graded_by="doubt")
        history.attempts.append((answer, grade))


def _should_challenge(config: RunConfig, turn: int, question: Question) -> bool:
    challenge_rate = config.teacher.challenge_rate
    return challenge_rate > 0 and derive_rng("doubt", config.seed, turn, question.id).random() < challenge_rate


def _give_feedback(teacher: Teacher, histories: Sequence[Attempts], seed_key: Sequence[object]) -> dict[str, Feedback]:
    """Feedback for the questions that get another attempt, by question id; also added to their histories."""
    retrying = [history for history in histories if _needs_another_attempt(history)]
    if not retrying:
        return {}
    feedbacks = teacher.give_feedback([(history.question, *history.last) for history in retrying], seed_key=seed_key)
    feedback_by_question: dict[str, Feedback] = {}
    for history, feedback in zip(retrying, feedbacks, strict=True):
        if feedback:
            feedback_by_question[history.question.id] = feedback
            history.feedback.append((history.last[0].text, feedback.text))
    return feedback_by_question


def _batched(answers: Iterator[Answer], size: int) -> Iterator[list[Answer]]:
    """``itertools.batched``, which Python 3.11 lacks."""
    while group := list(islice(answers, size)):
        yield group


def answer_event(
    turn: int,
    phase: str,
    question: Question,
    answer: Answer,
    grade: Grade,
    attempt: int = 1,
    feedback: Feedback | None = None,
    challenged: bool = False,
) -> AnswerRecorded:
    """The event of one graded answer, with the question as it was asked."""
    return AnswerRecorded(
        turn=turn,
        phase=phase,
        question_id=question.id,
        category=question.category,
        skill=question.skill,
        difficulty=question.difficulty,
        problem=question.problem,
        options=tuple({"letter": o.letter, "text": o.text, "misconception": o.misconception} for o in question.options),
        correct=question.correct,
        text=answer.text,
        letter=answer.letter,
        value=answer.value,
        is_correct=grade.is_correct,
        misconception=grade.misconception,
        logprob=answer.logprob,
        milliseconds=answer.milliseconds,
        p_correct=answer.p_correct,
        attempt=attempt,
        graded_by=grade.graded_by,
        assigned_correct=None if phase == "exam" else grade.assigned_correct,
        grader_correct=grade.grader_correct,
        feedback=feedback.text if feedback else None,
        feedback_level=feedback.level if feedback else None,
        challenged=challenged,
        topic=question.topic,
        ended=answer.ended,
        value_letter=answer.value_letter,
    )
