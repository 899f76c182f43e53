"""The learning loop (P0, "Protocol"), readable on one screen. Yields events; knows no file, no database, no screen.

    exam
    for each turn:  choose questions -> answer -> mark -> pairs -> DPO -> (every k turns) exam

What carries over from turn to turn is in ``Progress`` and in the student's adapter; both can be had from a journal and
a checkpoint, and every random stream is derived, so a resumed run equals an uninterrupted one.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from studentsim import luck
from studentsim.bank.bank import Bank
from studentsim.config import RunConfig
from studentsim.exam import exam_result
from studentsim.learning.pairs import held_out_pairs, pairs_from_mistakes
from studentsim.records import (
    Answer,
    Answered,
    Event,
    Mark,
    Question,
    StageStarted,
    TrainingStep,
    TurnFinished,
    TurnStarted,
)  # fmt: skip
from studentsim.selection import Situation, mix_of, select
from studentsim.student.base import Learner, Student
from studentsim.teacher.key import Teacher


@dataclass(frozen=True)
class Progress:
    """Where a run stands: the last complete turn (-1: none), how often each question was asked, the last exam's mistakes."""

    turn: int = -1
    asked: Mapping[str, int] = field(default_factory=dict)
    wrong: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[Mapping[str, Any]]) -> Progress:
        """The progress that a journal's standing events tell of."""
        turn, asked, wrong = -1, {}, {}
        for event in events:
            if event["type"] == "TurnFinished":
                turn = event["turn"]
            elif event["type"] == "TurnStarted":
                for id in event["question_ids"]:
                    asked[id] = asked.get(id, 0) + 1
            elif event["type"] == "ExamFinished":
                wrong = event["wrong_by_category"]
        return cls(turn, asked, wrong)


@dataclass(frozen=True)
class Cast:
    """Everyone a run needs: the bank, the student, the teacher, and who trains the student."""

    bank: Bank
    student: Student
    teacher: Teacher
    learner: Learner


def simulate(config: RunConfig, cast: Cast, progress: Progress | None = None) -> Iterator[Event]:
    """The events of a run, from after ``progress`` to its last turn. Each turn ends with its TurnFinished."""
    progress = progress or Progress()
    bank = cast.bank
    exam = bank.exam_questions(config.exam, config.exam_seed)
    pool = bank.pool(config.categories, config.skills, config.difficulties)
    held_out = held_out_pairs(bank.validation_questions(config.validation, config.exam_seed))
    asked, wrong = dict(progress.asked), dict(progress.wrong)
    for turn in range(progress.turn + 1, config.turns + 1):
        clock = Clock()
        marked: list[tuple[Question, Answer, Mark]] = []
        pairs, rewards = [], None
        if turn > 0:
            questions = choose(config, cast, pool, turn, asked=asked, wrong=wrong)
            asked.update({q.id: asked.get(q.id, 0) + 1 for q in questions})
            yield TurnStarted(turn, tuple(q.id for q in questions), mix_of(questions, bank.categories))

            yield StageStarted(turn, "study", len(questions))
            for question, answer, mark in ask(cast, questions, luck=("study", config.seed, turn)):
                marked.append((question, answer, mark))
                yield answered(turn, "study", question, answer, mark)
            clock.lap("study")

            if config.strategy != "none":
                pairs = pairs_from_mistakes(marked)
                yield StageStarted(turn, "training", len(pairs))
                for event in cast.learner.learn(
                    pairs, held_out, turn=turn, seed=luck.number("dpo", config.seed, turn) % 2**31
                ):
                    rewards = event.metrics if isinstance(event, TrainingStep) else rewards
                    yield event
                clock.lap("training")

        if turn in config.exam_turns():
            yield StageStarted(turn, "exam", len(exam))
            answers = []
            for question, answer, mark in ask(cast, exam, luck=("exam", config.exam_seed), sure=True):
                answers.append(answered(turn, "exam", question, answer, mark))
                yield answers[-1]
            seconds = clock.lap("exam")
            result = exam_result(
                turn,
                answers,
                categories=bank.categories,
                practice=config.questions,
                rule=config.mix_rule,
                seconds=seconds,
            )
            wrong = result.wrong_by_category
            yield result

        yield TurnFinished(
            turn, sum(m.right for *_, m in marked), len(marked), len(pairs), rewards, clock.seconds()
        )  # fmt: skip


def choose(
    config: RunConfig,
    cast: Cast,
    pool: Sequence[Question],
    turn: int,
    *,
    asked: Mapping[str, int],
    wrong: Mapping[str, int],
) -> list[Question]:
    """The turn's practice questions, by the run's strategy."""
    situation = Situation(
        pool=tuple(pool),
        count=config.questions,
        rng=luck.stream("questions", config.seed, turn),
        fixed_rng=luck.stream("questions", config.seed, "fixed"),
        categories=cast.bank.categories,
        wrong=wrong,
        asked=asked,
        confidence=cast.student.confidence,
        threshold=config.threshold,
        rule=config.mix_rule,
        mix=config.mix,
    )
    return select(config.strategy, situation)


def ask(
    cast: Cast, questions: Sequence[Question], *, luck: Sequence[object], sure: bool = False
) -> Iterator[tuple[Question, Answer, Mark]]:
    """The student's answers as they are done, each with the teacher's mark."""
    by_id = {q.id: q for q in questions}
    for answer in cast.student.answer(questions, luck=luck, sure=sure):
        question = by_id[answer.question_id]
        yield question, answer, cast.teacher.mark(question, answer)


def answered(turn: int, phase: str, question: Question, answer: Answer, mark: Mark) -> Answered:
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
        attempt=answer.attempt,
        marked_by=mark.by,
    )


class Clock:
    """Seconds spent on each part of a turn."""

    def __init__(self) -> None:
        self.begun = self.last = time.monotonic()
        self.laps: dict[str, float] = {}

    def lap(self, part: str) -> float:
        """The seconds since the last lap belong to ``part``; returns them."""
        now = time.monotonic()
        self.laps[part], self.last = now - self.last, now
        return self.laps[part]

    def seconds(self) -> dict[str, float]:
        """All laps, and ``total`` since the clock was made."""
        return {**self.laps, "total": time.monotonic() - self.begun}
