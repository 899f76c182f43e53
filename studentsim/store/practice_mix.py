"""What was practised in each lesson by category, beside the exam before it: its mistakes, and the mix it asked for.

Told from rows of events alone, for the database's query, the export and the command line alike. ``ExamFinished.next_mix`` is computed
over all of the bank's categories. A lesson may hold another mix than this where its pool lacks what was planned (limited by the
run's settings, or used up: questions that were asked least often come first); so both are told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from studentsim.config import RunConfig

PRACTICE_MIX_COLUMNS = {
    "run_id": "VARCHAR", "turn": "INTEGER", "category": "VARCHAR", "practised": "INTEGER", "share": "DOUBLE",
    "follows_mistakes": "BOOLEAN", "planned": "INTEGER", "exam_turn": "INTEGER", "wrong": "INTEGER", "asked": "INTEGER",
    "all_wrong": "INTEGER",
}  # fmt: skip
"""Column -> DuckDB's name of its type. A row for each lesson (``turn``) and category:

``practised`` questions, and their ``share`` (0 to 1) of the lesson's; ``exam_turn``, the lesson after which the last exam before this
one was sat (0: before any); of its questions in the category ``wrong`` and ``asked``, and its mistakes in all (``all_wrong``).
``planned`` is that exam's ``next_mix`` where the run's way of choosing follows the mistakes (``follows_mistakes``); else null, since then
the exam led to nothing.
"""


def build_practice_mix_rows(
    run_id: str, config: Mapping[str, Any], turns: Iterable[Mapping[str, Any]], exams: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The rows, by lesson and in the order of the bank's categories.

    ``turns`` hold ``turn`` and ``mix``; ``exams`` ``turn``, ``wrong_by_category``, ``questions_by_category`` and ``next_mix``: events
    or rows of the tables, mappings or their JSON text. ``config`` is the run's, as its journal has it.
    """
    follows = follows_mistakes(config)
    sorted_exams = sorted(exams, key=lambda exam: exam["turn"])
    rows = []
    for turn_row in sorted(turns, key=lambda lesson: lesson["turn"]):
        mix = _parse_mapping(turn_row["mix"])
        if not mix:
            continue  # a turn of which only the end is known, or the exam before any lesson
        exam = next((exam for exam in reversed(sorted_exams) if exam["turn"] < turn_row["turn"]), None)
        rows += _build_turn_rows({"run_id": run_id, "turn": turn_row["turn"], "follows_mistakes": follows}, mix, exam)
    return rows


EXAM_MIX_COLUMNS = {
    "run_id": "VARCHAR", "turn": "INTEGER", "category": "VARCHAR", "wrong": "INTEGER", "asked": "INTEGER", "next_mix": "INTEGER",
}  # fmt: skip
"""As ``PRACTICE_MIX_COLUMNS``. A row for each exam (after lesson ``turn``) and category: answers ``wrong`` of those ``asked``, and how many questions
of the next lesson would follow the mistakes."""


def build_exam_mix_rows(run_id: str, exams: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows, by exam and in the order of the bank's categories; ``exams`` as for ``build_practice_mix_rows``."""
    rows = []
    for exam in sorted(exams, key=lambda exam: exam["turn"]):
        wrong, asked, planned = (
            _parse_mapping(exam[key]) for key in ("wrong_by_category", "questions_by_category", "next_mix")
        )
        rows += [
            {
                "run_id": run_id,
                "turn": exam["turn"],
                "category": category.replace("\0", "\ufffd"),
                "wrong": wrong.get(category, 0),
                "asked": count,
                "next_mix": planned.get(category, 0),
            }
            for category, count in asked.items()
        ]
    return rows


def follows_mistakes(config: Mapping[str, Any]) -> bool:
    """As ``RunConfig.follows_mistakes``, for a config as a journal has it, of whatever version."""
    return RunConfig.model_construct(**config).follows_mistakes


def _build_turn_rows(
    turn_fields: Mapping[str, Any], mix: Mapping[str, int], exam: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    wrong, asked, planned = (
        _parse_mapping(exam[key]) if exam else {} for key in ("wrong_by_category", "questions_by_category", "next_mix")
    )
    total = sum(mix.values())
    # A category may stand in one of them alone: an exam's may be foreign to what was practised.
    return [
        {
            **turn_fields,
            "category": category.replace("\0", "\ufffd"),
            "practised": mix.get(category, 0),
            "share": mix.get(category, 0) / total if total else None,
            "planned": planned.get(category, 0) if exam and turn_fields["follows_mistakes"] else None,
            "exam_turn": exam["turn"] if exam else None,
            "wrong": wrong.get(category, 0) if exam else None,
            "asked": asked.get(category, 0) if exam else None,
            "all_wrong": sum(wrong.values()) if exam else None,
        }
        for category in dict.fromkeys((*mix, *asked))
    ]


def _parse_mapping(value: Any) -> dict[str, Any]:
    found = json.loads(value) if isinstance(value, str) else value
    return dict(found) if isinstance(found, Mapping) else {}
