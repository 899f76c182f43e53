"""Students' first attempts, in exams and practice, from the journals of their runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from studentsim.config import RunConfig
from studentsim.runs.history import read_past_events
from studentsim.runs.run_dir import open_run
from studentsim.store.journal import effective_events


def iter_first_attempts(data: Path, run_ids: Sequence[str]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """For each first attempt of these runs: the run's id, its student, and the journal's ``AnswerRecorded`` event.

    A model's scored exams (``model_loading.exam_mode``) are skipped: there the likeliest option was chosen, and no answer written.
    The student is the embedded one's profile or the model's name. A run that is named twice counts once.

    :raises UnknownRun: there is no such run in the data folder.
    :raises RunError, JournalError: a run's settings or its journal cannot be read.
    """
    for run_id in dict.fromkeys(run_ids):
        folder = open_run(data, run_id)
        config = folder.read_config()
        student, phases = _student_name(config), _written_phases(config)
        for event in effective_events(read_past_events(folder)):
            if event["type"] == "AnswerRecorded" and event["phase"] in phases and event.get("attempt", 1) == 1:
                yield run_id, student, event


def _written_phases(config: RunConfig) -> tuple[str, ...]:
    scored = config.model != "embedded" and config.model_loading.exam_mode == "scored"
    return ("study",) if scored else ("exam", "study")


def _student_name(config: RunConfig) -> str:
    return config.student if config.model == "embedded" else config.model
