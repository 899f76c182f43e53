"""A model tried out in this process: loaded, asked, taught a little. Prints one JSON object.

    echo '{"model": "google/gemma-2b-it"}' | python -m studentsim.runs.trial

torch is imported by the cast alone, when it is loaded.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TypeVar

import psutil

from studentsim.config import RunConfig
from studentsim.errors import StudentsimError
from studentsim.records import Answer, Pair, Question
from studentsim.runs.models import Trial
from studentsim.runs.trouble import trial_trouble_of
from studentsim.simulation import Cast

T = TypeVar("T")

QUICK = 10.0
"""Seconds a first answer may take for a whole batch to be tried after it."""


def measure(config: RunConfig) -> Trial:
    """Load everyone the run needs, and take the time of each part.

    :raises StudentsimError: one of them cannot be had.
    """
    from studentsim.casting import load_cast  # imports torch when called

    began = time.monotonic()
    cast = load_cast(config)
    loading = time.monotonic() - began
    exam = cast.bank.exam_questions(min(config.exam, 64), config.exam_seed)
    seconds, answers = _timed(lambda: _answered(cast, exam[:1], sure=False))
    first = answers[0]
    at_once = cast.student.plan.answers_at_once if seconds < QUICK else 1
    batch = exam[: max(1, min(at_once, config.questions))]
    written, answers = _timed(lambda: _answered(cast, batch, sure=False))
    examined, _ = _timed(lambda: _answered(cast, batch, sure=True))
    chosen, _ = _timed(lambda: cast.student.confidence(batch))
    pairs = _pairs(batch, answers)[: config.learning.batch]
    learnt, _ = _timed(lambda: list(cast.learner.learn(pairs, [], turn=1, seed=0)))
    return Trial(
        said=cast.student.said,
        problem=exam[0].problem,
        text=first.text,
        letter=first.letter,
        loading=loading,
        answer=written / len(batch),
        exam=examined / len(batch),
        choice=chosen / len(batch),
        pair=learnt / len(pairs),
        memory=cast.student.peak_memory() or float(psutil.Process().memory_info().rss),
    )


def _answered(cast: Cast, questions: Sequence[Question], *, sure: bool) -> list[Answer]:
    return list(cast.student.answer(questions, luck=("trial",), sure=sure))


def _pairs(questions: Sequence[Question], answers: Sequence[Answer]) -> list[Pair]:
    """As long as a lesson's: the right working against what was written, right or wrong."""
    by_id = {q.id: q for q in questions}
    return [Pair(q := by_id[a.question_id], q.rationale or f"Answer: {q.right.text}", a.text or "?") for a in answers]


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.monotonic()
    result = work()
    return time.monotonic() - began, result


def main() -> None:
    """Try out what the settings on stdin name; print the trial, or the error, as JSON."""
    try:
        config = RunConfig.from_json(sys.stdin.read())
        with contextlib.redirect_stdout(sys.stderr):  # libraries may print; the last line is ours
            found = {"kind": "", "trial": asdict(measure(config))}
    except StudentsimError as error:
        found = {"problem": error.problem, "remedy": error.remedy, "kind": type(error).__name__}
        found["field"] = getattr(error, "field", "")
    except Exception as error:  # whatever a model may throw: told in words, not as a traceback
        trouble = trial_trouble_of(error)
        found = {"problem": trouble.message, "remedy": trouble.remedy, "kind": "StudentError", "field": ""}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
