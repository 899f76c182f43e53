"""One lesson's practice: first attempts, the teacher's words, further attempts. Yields events as they come.

    answer -> mark -> feedback -> answer again … (only what was called wrong)

A right answer may be called wrong on purpose (``Teaching.doubts``) to see whether the student gives way; nothing is
learnt from that.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from studentsim.config import RunConfig
from studentsim.events import Answered, Event, StageStarted
from studentsim.rng import derive_rng
from studentsim.student.protocols import Student
from studentsim.teacher.teacher import Teacher
from studentsim.types import Answer, Feedback, Grade, Question

GRADING_BATCH_SIZE = 8
"""Answers that a trained marker judges at once: few enough that a page has something to show soon."""


@dataclass
class Attempts:
    """A question and all that the student wrote on it in one lesson; each attempt with its mark."""

    question: Question
    attempts: list[tuple[Answer, Grade]] = field(default_factory=list)
    feedback: list[tuple[str, str]] = field(default_factory=list)
    """Attempts that the teacher had words about, and the words."""
    challenged: bool = False

    @property
    def first(self) -> tuple[Answer, Grade]:
        """The first attempt."""
        return self.attempts[0]

    @property
    def last(self) -> tuple[Answer, Grade]:
        """The last one."""
        return self.attempts[-1]


def run_practice(
    config: RunConfig, student: Student, teacher: Teacher, questions: Sequence[Question], turn: int
) -> Generator[Event, None, list[Attempts]]:
    """Events of one lesson's practice; returns every question's attempts, in the order of the first answers."""
    by_id = {q.id: Attempts(q) for q in questions}
    finished: list[Attempts] = []
    yield StageStarted(turn, "study", len(questions))
    for number in range(1, config.teaching.attempts + 1):
        pending = list(by_id.values()) if number == 1 else [a for a in finished if _needs_another_attempt(a)]
        if not pending:
            break
        if number > 1:
            yield StageStarted(turn, "revision", len(pending))
        # Luck of first attempts does not depend on whether others follow: runs with and without revision begin alike.
        seed_key = ("study", config.seed, turn, *(("attempt", number) if number > 1 else ()))
        earlier = {a.question.id: a.feedback for a in pending if a.feedback}
        answers = student.answer([a.question for a in pending], seed_key=seed_key, earlier=earlier)
        for answer_batch in _batched(answers, GRADING_BATCH_SIZE if teacher.prefers_batches else 1):
            batch = [by_id[answer.question_id] for answer in answer_batch]
            finished += batch if number == 1 else []
            _grade_answers(config, teacher, batch, answer_batch, turn, seed_key)
            feedback = _give_feedback(teacher, batch, seed_key) if number < config.teaching.attempts else {}
            for history in batch:
                yield answer_event(
                    turn, "study" if number == 1 else "revision", history.question, *history.last,
                    attempt=number, feedback=feedback.get(history.question.id), challenged=history.challenged and number == 1,
                )  # fmt: skip
    return finished


def _needs_another_attempt(attempts: Attempts) -> bool:
    """Whether another attempt is asked for: what was called wrong, and of a doubted answer one alone."""
    return not attempts.last[1].assigned_correct and not (attempts.challenged and len(attempts.attempts) > 1)


def _grade_answers(
    config: RunConfig,
    teacher: Teacher,
    histories: Sequence[Attempts],
    answers: Sequence[Answer],
    turn: int,
    seed_key: Sequence[object],
) -> None:
    """Add each answer to its question's attempts, marked."""
    grades = teacher.grade_practice_answers(
        [(history.question, answer) for history, answer in zip(histories, answers, strict=True)], seed_key=seed_key
    )
    for own, answer, grade in zip(histories, answers, grades, strict=True):
        if (
            not own.attempts
            and grade.is_correct
            and grade.assigned_correct
            and _should_challenge(config, turn, own.question)
        ):
            own.challenged, grade = True, replace(grade, assigned_override=False, graded_by="doubt")
        own.attempts.append((answer, grade))


def _should_challenge(config: RunConfig, turn: int, question: Question) -> bool:
    challenge_rate = config.teaching.doubts
    return challenge_rate > 0 and derive_rng("doubt", config.seed, turn, question.id).random() < challenge_rate


def _give_feedback(teacher: Teacher, histories: Sequence[Attempts], seed_key: Sequence[object]) -> dict[str, Feedback]:
    """The teacher's words to those who are to try again, by question; kept with their attempts."""
    retrying = [history for history in histories if _needs_another_attempt(history)]
    feedback_texts = (
        teacher.give_feedback([(own.question, *own.last) for own in retrying], seed_key=seed_key) if retrying else []
    )
    feedback_by_question = {
        own.question.id: words for own, words in zip(retrying, feedback_texts, strict=True) if words
    }
    for own in retrying:
        if own.question.id in feedback_by_question:
            own.feedback.append((own.last[0].text, feedback_by_question[own.question.id].text))
    return feedback_by_question


def _batched(answers: Iterator[Answer], size: int) -> Iterator[list[Answer]]:
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
) -> Answered:
    """The event that tells of one marked answer, with the question as it was asked."""
    return Answered(
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
        right=grade.is_correct,
        misconception=grade.misconception,
        logprob=answer.logprob,
        milliseconds=answer.milliseconds,
        p_right=answer.p_correct,
        attempt=attempt,
        marked_by=grade.graded_by,
        said_right=None if phase == "exam" else grade.assigned_correct,
        marker_right=grade.grader_correct,
        feedback=feedback.text if feedback else None,
        feedback_level=feedback.level if feedback else None,
        doubted=challenged,
        topic=question.topic,
        ended=answer.ended,
        value_letter=answer.value_letter,
    )
