"""One lesson's practice: first attempts, the teacher's words, further attempts. Yields events as they come.

    answer -> mark -> feedback -> answer again … (only what was called wrong)

A right answer may be called wrong on purpose (``Teaching.doubts``) to see whether the student gives way; nothing is
learnt from that.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from studentsim import luck as lucks
from studentsim.config import RunConfig
from studentsim.records import Answer, Answered, Event, Feedback, Mark, Question, StageStarted
from studentsim.student.base import Student
from studentsim.teacher.teacher import Teacher

TOGETHER = 8
"""Answers that a trained marker judges at once: few enough that a page has something to show soon."""


@dataclass
class Attempts:
    """A question and all that the student wrote on it in one lesson; each attempt with its mark."""

    question: Question
    made: list[tuple[Answer, Mark]] = field(default_factory=list)
    said: list[tuple[str, str]] = field(default_factory=list)
    """Attempts that the teacher had words about, and the words."""
    doubted: bool = False

    @property
    def first(self) -> tuple[Answer, Mark]:
        """The first attempt."""
        return self.made[0]

    @property
    def last(self) -> tuple[Answer, Mark]:
        """The last one."""
        return self.made[-1]


def practise(
    config: RunConfig, student: Student, teacher: Teacher, questions: Sequence[Question], turn: int
) -> Generator[Event, None, list[Attempts]]:
    """Events of one lesson's practice; returns every question's attempts, in the order of the first answers."""
    by_id = {q.id: Attempts(q) for q in questions}
    in_order: list[Attempts] = []
    yield StageStarted(turn, "study", len(questions))
    for number in range(1, config.teaching.attempts + 1):
        again = list(by_id.values()) if number == 1 else [a for a in in_order if _goes_on(a)]
        if not again:
            break
        if number > 1:
            yield StageStarted(turn, "revision", len(again))
        # Luck of first attempts does not depend on whether others follow: runs with and without revision begin alike.
        luck = ("study", config.seed, turn, *(("attempt", number) if number > 1 else ()))
        earlier = {a.question.id: a.said for a in again if a.said}
        answers = student.answer([a.question for a in again], luck=luck, earlier=earlier)
        for group in _groups(answers, TOGETHER if teacher.slow else 1):
            met = [by_id[answer.question_id] for answer in group]
            in_order += met if number == 1 else []
            _mark(config, teacher, met, group, turn, luck)
            words = _words(teacher, met, luck) if number < config.teaching.attempts else {}
            for own in met:
                yield told(
                    turn, "study" if number == 1 else "revision", own.question, *own.last,
                    attempt=number, words=words.get(own.question.id), doubted=own.doubted and number == 1,
                )  # fmt: skip
    return in_order


def _goes_on(attempts: Attempts) -> bool:
    """Whether another attempt is asked for: what was called wrong, and of a doubted answer one alone."""
    return not attempts.last[1].said and not (attempts.doubted and len(attempts.made) > 1)


def _mark(
    config: RunConfig,
    teacher: Teacher,
    met: Sequence[Attempts],
    answers: Sequence[Answer],
    turn: int,
    luck: Sequence[object],
) -> None:
    """Add each answer to its question's attempts, marked."""
    marks = teacher.marks([(own.question, answer) for own, answer in zip(met, answers, strict=True)], luck=luck)
    for own, answer, mark in zip(met, answers, marks, strict=True):
        if not own.made and mark.right and mark.said and _doubts(config, turn, own.question):
            own.doubted, mark = True, replace(mark, said_right=False, by="doubt")
        own.made.append((answer, mark))


def _doubts(config: RunConfig, turn: int, question: Question) -> bool:
    share = config.teaching.doubts
    return share > 0 and lucks.stream("doubt", config.seed, turn, question.id).random() < share


def _words(teacher: Teacher, met: Sequence[Attempts], luck: Sequence[object]) -> dict[str, Feedback]:
    """The teacher's words to those who are to try again, by question; kept with their attempts."""
    hearing = [own for own in met if _goes_on(own)]
    said = teacher.feedback([(own.question, *own.last) for own in hearing], luck=luck) if hearing else []
    found = {own.question.id: words for own, words in zip(hearing, said, strict=True) if words}
    for own in hearing:
        if own.question.id in found:
            own.said.append((own.last[0].text, found[own.question.id].text))
    return found


def _groups(answers: Iterator[Answer], size: int) -> Iterator[list[Answer]]:
    while group := list(islice(answers, size)):
        yield group


def told(
    turn: int,
    phase: str,
    question: Question,
    answer: Answer,
    mark: Mark,
    attempt: int = 1,
    words: Feedback | None = None,
    doubted: bool = False,
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
        right=mark.right,
        misconception=mark.misconception,
        logprob=answer.logprob,
        milliseconds=answer.milliseconds,
        p_right=answer.p_right,
        attempt=attempt,
        marked_by=mark.by,
        said_right=None if phase == "exam" else mark.said,
        marker_right=mark.marker,
        feedback=words.text if words else None,
        feedback_level=words.level if words else None,
        doubted=doubted,
        topic=question.topic,
        ended=answer.ended,
        value_letter=answer.value_letter,
    )
