"""The learning loop (P0, "Protocol"), readable on one screen. Yields events; knows no file, no database, no screen.

    exam
    for each turn:  choose questions -> answer -> mark -> (feedback -> revise) -> pairs -> DPO -> (every k turns) exam

What carries over from turn to turn is in ``Progress`` and in the student's adapter; both can be had from a journal and
a checkpoint, and every random stream is derived, so a resumed run equals an uninterrupted one.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studentsim import luck
from studentsim.bank.bank import Bank
from studentsim.config import RunConfig
from studentsim.exam import exam_result
from studentsim.learning.pairs import held_out_pairs, pairs_from_mistakes
from studentsim.learning.rehearsal import key_of
from studentsim.practice import Attempts, practise, told
from studentsim.records import Answered, Event, Question, StageStarted, TrainingStep, TurnFinished, TurnStarted
from studentsim.selection import Lookups, Situation, mix_of, select
from studentsim.student.base import Learner, Student
from studentsim.teacher.teacher import Teacher


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

    def save(self, folder: Path) -> None:
        """Write all that carries over from turn to turn, but ``Progress``, into an existing empty folder."""
        self.student.save(folder)
        if self.learner is not self.student:
            self.learner.save(folder)

    def load(self, folder: Path) -> None:
        """Take up what ``save`` wrote.

        :raises StudentError: the folder is incomplete or damaged.
        """
        self.student.load(folder)
        if self.learner is not self.student:
            self.learner.load(folder)


def simulate(config: RunConfig, cast: Cast, progress: Progress | None = None) -> Iterator[Event]:
    """The events of a run, from after ``progress`` to its last turn. Each turn ends with its TurnFinished."""
    progress = progress or Progress()
    bank = cast.bank
    exam = bank.exam_questions(config.exam, config.exam_seed)
    pool = bank.pool(config.categories, config.skills, config.difficulties)
    held_out = held_out_pairs(
        bank.validation_questions(config.validation, config.exam_seed), config.teaching.chosen_text
    )
    asked, wrong = dict(progress.asked), dict(progress.wrong)
    for turn in range(progress.turn + 1, config.turns + 1):
        clock = Clock()
        practised: list[Attempts] = []
        pairs, rewards = [], None
        if turn > 0:
            questions, looked = choose(config, cast, pool, turn, asked=asked, wrong=wrong)
            asked.update({q.id: asked.get(q.id, 0) + 1 for q in questions})
            mix = mix_of(questions, bank.categories)
            yield TurnStarted(turn, tuple(q.id for q in questions), mix, looked.figures, looked.measure)

            practised = yield from practise(config, cast.student, cast.teacher, questions, turn)
            clock.lap("study")

            if config.strategy != "none":
                luck_of_study = ("study", config.seed, turn)
                teaching = config.teaching
                pairs = pairs_from_mistakes(
                    practised, chosen=teaching.pairs, text=teaching.chosen_text, luck=luck_of_study
                )
                yield StageStarted(turn, "training", len(pairs))
                luck_of_training = luck.number("dpo", config.seed, turn) % 2**31
                keys = frozenset(key_of(q) for q in questions)
                for event in cast.learner.learn(pairs, held_out, turn=turn, seed=luck_of_training, practised=keys):
                    rewards = event.metrics if isinstance(event, TrainingStep) else rewards
                    yield event
                clock.lap("training")

        if turn in config.exam_turns():
            yield StageStarted(turn, "exam", len(exam))
            answers = []
            for event in sit(cast, exam, luck=("exam", config.exam_seed), turn=turn):
                answers.append(event)
                yield event
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
            turn, sum(a.first[1].right for a in practised), len(practised), len(pairs), rewards, clock.seconds()
        )  # fmt: skip


def choose(
    config: RunConfig,
    cast: Cast,
    pool: Sequence[Question],
    turn: int,
    *,
    asked: Mapping[str, int],
    wrong: Mapping[str, int],
) -> tuple[list[Question], Lookups]:
    """The turn's practice questions, by the run's strategy, and what it looked at to choose them."""
    looked = Lookups()
    situation = Situation(
        pool=tuple(pool),
        count=config.questions,
        rng=luck.stream("questions", config.seed, turn),
        fixed_rng=luck.stream("questions", config.seed, "fixed"),
        categories=cast.bank.categories,
        wrong=wrong,
        asked=asked,
        confidence=looked.recording("confidence", cast.student.confidence),
        p_correct=looked.recording("p_correct", cast.student.p_correct),
        threshold=config.threshold,
        rule=config.mix_rule,
        mix=config.mix,
        turn=turn,
    )
    return select(config.strategy, situation), looked


def sit(cast: Cast, questions: Sequence[Question], *, luck: Sequence[object], turn: int) -> Iterator[Answered]:
    """An exam's answers as they are done, marked by the key; there is no feedback in an exam."""
    by_id = {q.id: q for q in questions}
    for answer in cast.student.answer(questions, luck=luck, sure=True):
        question = by_id[answer.question_id]
        yield told(turn, "exam", question, answer, cast.teacher.exam_mark(question, answer))


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
