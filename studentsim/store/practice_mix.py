"""Practice of each turn by category, beside the exam before it: its mistakes, and the mix that it planned.

Computed from rows of events alone, for the database's query, the export and the command line alike. ``ExamFinished.next_mix``
is over all of the bank's categories. A turn's mix may differ from it where the pool lacks what was planned (limited by the
run's settings, or used up: the least often asked questions come first), so both are given.
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
"""Column -> DuckDB type. A row for each turn and category:

``practised`` questions, and their ``share`` (0 to 1) of the turn's; ``exam_turn``, the turn of the last exam before this one
(0: before any practice); ``wrong`` of the ``asked`` questions of that exam in the category, and its mistakes in all
(``all_wrong``). ``planned`` is that exam's ``next_mix`` where the run's strategy follows the mistakes
(``follows_mistakes``), else null.
"""


def build_practice_mix_rows(
    run_id: str, config: Mapping[str, Any], turns: Iterable[Mapping[str, Any]], exams: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The rows (``PRACTICE_MIX_COLUMNS``), by turn and in the order of the bank's categories.

    ``turns`` hold ``turn`` and ``mix``; ``exams`` hold ``turn``, ``wrong_by_category``, ``questions_by_category`` and
    ``next_mix``. Both are events or rows of the tables; their mappings may be JSON text. ``config`` is the journal's.
    """
    follows = follows_mistakes(config)
    sorted_exams = sorted(exams, key=lambda exam: exam["turn"])
    rows = []
    for turn_row in sorted(turns, key=lambda row: row["turn"]):
        mix = _parse_mapping(turn_row["mix"])
        if not mix:
            continue  # a turn of which only the end is known, or the exam before any practice
        exam = next((exam for exam in reversed(sorted_exams) if exam["turn"] < turn_row["turn"]), None)
        rows += _build_turn_rows({"run_id": run_id, "turn": turn_row["turn"], "follows_mistakes": follows}, mix, exam)
    return rows


EXAM_MIX_COLUMNS = {
    "run_id": "VARCHAR", "turn": "INTEGER", "category": "VARCHAR", "wrong": "INTEGER", "asked": "INTEGER", "next_mix": "INTEGER",
}  # fmt: skip
"""As ``PRACTICE_MIX_COLUMNS``. A row for each exam (after ``turn``) and category: ``wrong`` answers of the questions
``asked``, and the questions of a next turn that follows the mistakes (``next_mix``)."""


def build_exam_mix_rows(run_id: str, exams: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows (``EXAM_MIX_COLUMNS``), by exam and in the bank's order; ``exams`` as for ``build_practice_mix_rows``."""
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
    """``RunConfig.follows_mistakes`` for a journal's config, of any version."""
    return RunConfig.model_construct(**config).follows_mistakes


def _build_turn_rows(
    turn_fields: Mapping[str, Any], mix: Mapping[str, int], exam: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    wrong, asked, planned = (
        _parse_mapping(exam[key]) if exam else {} for key in ("wrong_by_category", "questions_by_category", "next_mix")
    )
    total = sum(mix.values())
    # A category may be in the mix or in the exam alone.
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
    parsed = json.loads(value) if isinstance(value, str) else value
    return dict(parsed) if isinstance(parsed, Mapping) else {}
