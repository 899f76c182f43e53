"""Runs with real questions of the curriculum, for Answers and Questions: the same exam again and again, real slips, real workings.

A few skills only, since making thousands of questions takes seconds; as many answers as asked for.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

from studentsim.config import RunConfig
from studentsim.curriculum.generator import generate_questions
from studentsim.types import Question

SKILLS = ("sale-price", "simple-interest", "average-of-three", "profit-percent")
"""Two categories: gain three times, general once."""

FORMULA = '=HYPERLINK("http://evil","a") *b* $1 & $2 <b>'
"""What one student wrote: a spreadsheet's formula, markdown, LaTeX and HTML at once."""


def make_answers_run(
    data_folder: Path,
    run_id: str = "study",
    *,
    lessons: int = 4,
    practice: int = 8,
    exam: int = 24,
    status: str = "finished",
    **settings: Any,
) -> Path:
    """Writes the run's folder and journal; returns the folder. Exams before any lesson and after every second one.

    The student is right more often from lesson to lesson; the third answer of all holds ``FORMULA`` and is unanswered.
    """
    config = RunConfig.make(**{"turns": max(1, lessons), "questions_per_turn": practice, "exam_size": exam, **settings})
    folder = data_folder / "runs" / run_id
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(config.model_dump_json())
    events = [_event("RunStarted", 0, run_id=run_id, config=config.model_dump(mode="json"), versions={}, parent=None)]
    asked = {phase: [q for s in SKILLS for q in generate_questions(s, phase, 12)] for phase in ("study", "exam")}
    rng = Random(7)
    for turn in range(lessons + 1):
        skill = 0.3 + 0.4 * turn / max(lessons, 1)
        if turn:
            first = (turn - 1) * practice
            chosen = [asked["study"][(first + i) % len(asked["study"])] for i in range(practice)]
            events += [_answer(turn, "study", q, rng, skill) for q in chosen]
        if turn % 2 == 0:
            sat = [asked["exam"][(i * 7) % len(asked["exam"])] for i in range(exam)]
            events += [_answer(turn, "exam", q, rng, skill) for q in sat]
        seconds = {"study": 0.4, "exam": 3.0, "total": 4.7}
        events.append(
            _event("TurnFinished", turn, correct=0, questions=practice, pairs=0, rewards=None, seconds=seconds)
        )
    if len(events) > 4:
        events[3] |= {"text": FORMULA, "letter": None, "value": None, "is_correct": False, "misconception": None}
    if status:
        told = {"status": status, "seconds": 12.5, "stage": "training", "error": "", "message": "", "remedy": ""}
        if status == "failed":
            told |= {"error": "OutOfMemory", "message": "The memory is full.", "remedy": "Resume."}
        events.append(_event("RunEnded", lessons, **told))
    with (folder / "events.jsonl").open("w") as journal:
        for seq, event in enumerate(events):
            journal.write(json.dumps({**event, "seq": seq, "timestamp": 1_700_000_000.0 + seq}) + "\n")
    return folder


def _event(kind: str, turn: int, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "turn": turn, **fields}


def _answer(turn: int, phase: str, question: Question, rng: Random, skill: float) -> dict[str, Any]:
    right = rng.random() < skill
    option = (
        question.correct_option if right else rng.choice([o for o in question.options if o.letter != question.correct])
    )
    ticked = right or rng.random() < 0.9
    return _event(
        "AnswerRecorded", turn, phase=phase, question_id=question.id, category=question.category, skill=question.skill,
        difficulty=question.difficulty, problem=question.problem,
        options=[{"letter": o.letter, "text": o.text, "misconception": o.misconception} for o in question.options],
        correct=question.correct, text=option.solution or question.rationale, letter=option.letter if ticked else None,
        value=option.text, is_correct=right, misconception=option.misconception if ticked else None, logprob=-4.25,
        milliseconds=11.0, p_correct=0.5, attempt=1, graded_by="key",
    )  # fmt: skip
