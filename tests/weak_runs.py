"""Runs for Weaknesses and the report: exams of real questions of the curriculum, each answer as the test says."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from studentsim.config import RunConfig
from studentsim.curriculum.generator import generate_questions
from studentsim.events import AnswerRecorded, Event, RunEnded, RunStarted, StageStarted, TurnFinished, TurnStarted
from studentsim.exam import build_exam_result
from studentsim.store import journal
from studentsim.types import CATEGORIES, Question

GAIN, PROBABILITY, PHYSICS = "sale-price", "chance-of-one-kind", "distance-in-minutes"
"""The skills asked about, of three categories."""

PER_SKILL = 12

Letter = Callable[[int, int, Question], str | None]
"""From lesson, number within the skill, and question: the letter that is ticked."""


def questions(skills: Sequence[str] = (GAIN, PROBABILITY, PHYSICS), each: int = PER_SKILL) -> list[Question]:
    """The exam."""
    return [question for skill in skills for question in generate_questions(skill, "exam", each)]


def slip(question: Question, number: int = 0) -> str:
    """The letter of the question's slip."""
    slips = sorted((o.misconception, o.letter) for o in question.options if o.misconception)
    return slips[number][1]


def plain(turn: int, number: int, question: Question) -> str | None:
    """A student that gets better everywhere but in probability, where it keeps making the first slip."""
    if question.category == "probability":
        return slip(question) if number < 9 else question.correct
    return question.correct if number < 3 + 2 * turn else slip(question, 1)


def make_weak_run(
    data_folder: Path,
    run_id: str = "weak",
    *,
    turns: Sequence[int] = (0, 2, 4),
    letter: Letter = plain,
    asked: Sequence[Question] = (),
    status: str = "finished",
    half: int = 0,
    start: float = 1_750_000_000.0,
    **settings: Any,
) -> Path:
    """Writes the run's folder and journal; returns the folder. ``half`` begins one more exam and stops after so many answers."""
    asked = asked or questions()
    config = RunConfig.make(**{"turns": max([*turns, 1]), "questions_per_turn": 8, "exam_size": len(asked), **settings})
    events: list[Event] = [
        RunStarted(0, run_id, config.model_dump(mode="json"), {"studentsim": "0.2.0"}),
        StageStarted(0, "loading"),
    ]
    for turn in range(max([*turns, 0]) + 1):
        if turn:
            events.append(TurnStarted(turn, (), {}))
        if turn in turns:
            answers = sheet(turn, asked, letter)
            events += [StageStarted(turn, "exam", len(asked)), *answers, _result(turn, answers)]
        events.append(TurnFinished(turn, 0, 0, 0, None, {"exam": 1.0, "total": 2.0}))
    if half:
        turn = max(turns, default=-1) + 1
        events += [StageStarted(turn, "exam", len(asked)), *sheet(turn, asked, letter)[:half]]
    if status:
        problem = {
            "stage": "training",
            "error": "OutOfMemory",
            "message": "The memory is full.",
            "remedy": "Free some.",
        }
        events.append(RunEnded(max([*turns, 0]), status, 9.0, **(problem if status == "failed" else {})))
    folder = data_folder / "runs" / run_id
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(config.model_dump_json())
    lines = [
        json.dumps({**event.to_json(), "seq": seq, "timestamp": start + seq}) + "\n" for seq, event in enumerate(events)
    ]
    (folder / journal.JOURNAL_FILE_NAME).write_text("".join(lines), encoding="utf-8")
    return folder


def sheet(turn: int, asked: Sequence[Question], letter: Letter) -> list[AnswerRecorded]:
    """One exam's answers."""
    seen: dict[str | None, int] = {}
    answers = []
    for question in asked:
        number = seen[question.skill] = seen.get(question.skill, -1) + 1
        answers.append(_answer(turn, question, letter(turn, number, question)))
    return answers


def _answer(turn: int, question: Question, letter: str | None) -> AnswerRecorded:
    ticked = question.option(letter)
    right = letter == question.correct
    return AnswerRecorded(
        turn=turn, phase="exam", question_id=question.id, category=question.category, skill=question.skill,
        difficulty=question.difficulty, problem=question.problem,
        options=tuple({"letter": o.letter, "text": o.text, "misconception": o.misconception} for o in question.options),
        correct=question.correct, text=(ticked.solution if ticked else None) or "I do not know", letter=letter,
        value=ticked.text if ticked else None, is_correct=right, misconception=ticked.misconception if ticked else None,
        logprob=-3.0, milliseconds=9.0, p_correct=None,
    )  # fmt: skip


def _result(turn: int, answers: Sequence[AnswerRecorded]) -> Event:
    return build_exam_result(
        turn, answers, categories=CATEGORIES, practice_count=8, mix_rule="largest-remainder", seconds=1.0
    )
