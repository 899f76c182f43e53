"""The learning loop (P0, "Protocol"). Yields events; uses no file, database or page.

    exam
    for each turn:  select questions -> answer -> grade -> (feedback -> revise) -> pairs -> DPO -> (every k turns) exam

What carries over between turns is ``LoopState``, which the journal restores, and the student's and trainer's state, which a
checkpoint restores. Every random stream is derived from a key (rng.py). So a resumed run equals an uninterrupted one.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studentsim.config import RunConfig
from studentsim.datasets.bank import Bank
from studentsim.events import (
    AnswerRecorded,
    Event,
    PreferenceMetrics,
    StageStarted,
    TrainingStep,
    TurnFinished,
    TurnStarted,
)
from studentsim.exam import build_exam_result
from studentsim.practice import Attempts, answer_event, run_practice
from studentsim.rng import derive_rng, derive_seed
from studentsim.selection.context import SelectionContext
from studentsim.selection.quotas import count_by_category
from studentsim.selection.registry import select_questions
from studentsim.selection.scores import ScoreRecorder
from studentsim.student.protocols import Student, Trainer
from studentsim.teacher.teacher import Teacher
from studentsim.training.pairs import build_held_out_pairs, pairs_from_mistakes
from studentsim.training.rehearsal import rehearsal_key
from studentsim.types import Pair, Question


@dataclass(frozen=True)
class LoopState:
    """A run's progress: its last complete turn (-1: none), how often each question was practised, the last exam's mistakes."""

    last_turn: int = -1
    times_asked: Mapping[str, int] = field(default_factory=dict)
    wrong_by_category: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_events(cls, events: Iterable[Mapping[str, Any]]) -> LoopState:
        """The state after a journal's effective events (without those that a resume has voided)."""
        turn, times_asked, wrong_by_category = -1, {}, {}
        for event in events:
            if event["type"] == "TurnFinished":
                turn = event["turn"]
            elif event["type"] == "TurnStarted":
                for id in event["question_ids"]:
                    times_asked[id] = times_asked.get(id, 0) + 1
            elif event["type"] == "ExamFinished":
                wrong_by_category = event["wrong_by_category"]
        return cls(turn, times_asked, wrong_by_category)


@dataclass(frozen=True)
class Components:
    """A run's bank, student, teacher and trainer; see factory.py."""

    bank: Bank
    student: Student
    teacher: Teacher
    trainer: Trainer

    def save(self, folder: Path) -> None:
        """Write the student's and trainer's state into an existing empty folder."""
        self.student.save(folder)
        if self.trainer is not self.student:
            self.trainer.save(folder)

    def load(self, folder: Path) -> None:
        """Load what ``save`` wrote.

        :raises StudentError: the folder is incomplete or damaged.
        """
        self.student.load(folder)
        if self.trainer is not self.student:
            self.trainer.load(folder)


def simulate(config: RunConfig, components: Components, state: LoopState | None = None) -> Iterator[Event]:
    """Yield the events of a run, from after ``state`` to its last turn. Each turn ends with its TurnFinished."""
    state = state or LoopState()
    bank = components.bank
    exam = bank.sample_exam_questions(config.exam_size, config.exam_seed)
    pool = bank.filter_study_questions(config.categories, config.skills, config.difficulties)
    held_out = build_held_out_pairs(
        bank.sample_validation_questions(config.validation, config.exam_seed), config.teacher.chosen_text
    )
    times_asked, wrong_by_category = dict(state.times_asked), dict(state.wrong_by_category)
    for turn in range(state.last_turn + 1, config.turns + 1):
        timer = TurnTimer()
        practised: list[Attempts] = []
        pairs, rewards = [], None
        if turn > 0:
            questions, score_recorder = choose_questions(
                config, components, pool, turn, times_asked=times_asked, wrong_by_category=wrong_by_category
            )
            times_asked.update({q.id: times_asked.get(q.id, 0) + 1 for q in questions})
            mix = count_by_category(questions, bank.categories)
            yield TurnStarted(turn, tuple(q.id for q in questions), mix, score_recorder.scores, score_recorder.measure)

            practised = yield from run_practice(config, components.student, components.teacher, questions, turn)
            timer.lap("study")

            if config.trains:
                pairs, rewards = yield from train_on_mistakes(config, components.trainer, practised, held_out, turn)
                timer.lap("training")

        if turn in config.exam_turns():
            yield StageStarted(turn, "exam", len(exam))
            answers = []
            for event in run_exam(components, exam, seed_key=("exam", config.exam_seed), turn=turn):
                answers.append(event)
                yield event
            result = build_exam_result(
                turn,
                answers,
                categories=bank.categories,
                practice_count=config.questions_per_turn,
                mix_rule=config.mix_rule,
                seconds=timer.lap("exam"),
            )
            wrong_by_category = result.wrong_by_category
            yield result

        correct = sum(a.first[1].is_correct for a in practised)
        yield TurnFinished(turn, correct, len(practised), len(pairs), rewards, timer.all_seconds())


def choose_questions(
    config: RunConfig,
    components: Components,
    pool: Sequence[Question],
    turn: int,
    *,
    times_asked: Mapping[str, int],
    wrong_by_category: Mapping[str, int],
) -> tuple[list[Question], ScoreRecorder]:
    """The turn's practice questions by the run's strategy, and the scores that it asked for."""
    score_recorder = ScoreRecorder()
    context = SelectionContext(
        pool=tuple(pool),
        count=config.questions_per_turn,
        rng=derive_rng("questions", config.seed, turn),
        fixed_rng=derive_rng("questions", config.seed, "fixed"),
        categories=components.bank.categories,
        wrong_by_category=wrong_by_category,
        times_asked=times_asked,
        confidence=score_recorder.wrap("confidence", components.student.confidence),
        p_correct=score_recorder.wrap("p_correct", components.student.p_correct),
        threshold=config.threshold,
        mix_rule=config.mix_rule,
        requested_mix=config.mix,
        turn=turn,
    )
    return select_questions(config.strategy, context), score_recorder


def train_on_mistakes(
    config: RunConfig, trainer: Trainer, practised: Sequence[Attempts], held_out: Sequence[Pair], turn: int
) -> Generator[Event, None, tuple[list[Pair], PreferenceMetrics | None]]:
    """Yield the events of a turn's training; return its pairs and the last step's metrics (None if there were no pairs)."""
    teacher = config.teacher
    pairs = pairs_from_mistakes(
        practised,
        chosen_source=teacher.chosen_source,
        chosen_text=teacher.chosen_text,
        seed_key=("study", config.seed, turn),
    )
    yield StageStarted(turn, "training", len(pairs))
    rewards = None
    seed = derive_seed("dpo", config.seed, turn) % 2**31
    practised_keys = frozenset(rehearsal_key(a.question) for a in practised)
    for event in trainer.train(pairs, held_out, turn=turn, seed=seed, practised=practised_keys):
        rewards = event.metrics if isinstance(event, TrainingStep) else rewards
        yield event
    return pairs, rewards


def run_exam(
    components: Components, questions: Sequence[Question], *, seed_key: Sequence[object], turn: int
) -> Iterator[AnswerRecorded]:
    """Yield an exam's answers as they are finished, graded by the answer key; an exam gives no feedback."""
    by_id = {q.id: q for q in questions}
    for answer in components.student.answer(questions, seed_key=seed_key, with_p_correct=True):
        question = by_id[answer.question_id]
        yield answer_event(turn, "exam", question, answer, components.teacher.grade_exam_answer(question, answer))


class TurnTimer:
    """Wall-clock seconds of each part of a turn."""

    def __init__(self) -> None:
        self.started_at = self.last_lap_at = time.monotonic()
        self.seconds_by_part: dict[str, float] = {}

    def lap(self, part: str) -> float:
        """Count the seconds since the last lap to ``part``, and return them."""
        now = time.monotonic()
        self.seconds_by_part[part], self.last_lap_at = now - self.last_lap_at, now
        return self.seconds_by_part[part]

    def all_seconds(self) -> dict[str, float]:
        """The seconds of all laps, and ``total`` since the timer was made."""
        return {**self.seconds_by_part, "total": time.monotonic() - self.started_at}
