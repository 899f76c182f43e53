"""Counting a view: how many answers there are, how many of them wrong, by which slip; and what each filter could be set to.

All from one frame, ``queries.answer_tally``: changing a filter asks the database for no new count. No streamlit here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from studentsim.labels.titles import misconception_title, skill_title, sort_misconceptions
from studentsim.store.queries import UNKNOWN_MISCONCEPTION
from studentsim.types import CATEGORIES
from studentsim.ui.answers.view import DEPENDENT_FILTERS, AnswersView

_COLUMN_BY_FILTER = {
    "lesson": "turn",
    "phase": "phase",
    "category": "category",
    "skill": "skill",
    "slip": "misconception",
}

_KIND_BY_MARK = {"right": "right", "wrong": "ticked", "unanswered": "unanswered"}
"""A mark of the tally as the link calls it, where ``wrong`` means all that are not right."""


@dataclass(frozen=True)
class AnswerCounts:
    """``answers`` in all, ``wrong`` of them (``unanswered`` among these), and ``misconceptions`` behind wrong ones, commonest first."""

    answers: int
    wrong: int
    unanswered: int
    misconceptions: Mapping[str, int]


def filter_tally(tally: pd.DataFrame, view: AnswersView, *, ignored_filters: tuple[str, ...] = ()) -> pd.DataFrame:
    """The tally's rows that the view lets through; filters named in ``ignored_filters`` are not applied."""
    mask = pd.Series(True, index=tally.index)
    for name, column in _COLUMN_BY_FILTER.items():
        value = getattr(view, name)
        if value in ("", None) or name in ignored_filters:
            continue
        mask &= (
            _has_no_misconception(tally)
            if value == UNKNOWN_MISCONCEPTION and name == "slip"
            else tally[column] == value
        )
    if view.answer_kinds and "mark" not in ignored_filters:
        mask &= tally.mark.map(_KIND_BY_MARK).isin(view.answer_kinds)
    if view.value and "value" not in ignored_filters:
        mask &= tally.value_differs
    return tally[mask]


def count_answers(tally: pd.DataFrame, view: AnswersView, *, ignored_filters: tuple[str, ...] = ()) -> AnswerCounts:
    """The figures of a view."""
    rows = filter_tally(tally, view, ignored_filters=ignored_filters)
    wrong = rows[rows.mark != "right"]
    misconceptions = sort_misconceptions(wrong.groupby("misconception", as_index=False).answers.sum(), "answers")
    return AnswerCounts(
        answers=int(rows.answers.sum()),
        wrong=int(wrong.answers.sum()),
        unanswered=int(rows[rows.mark == "unanswered"].answers.sum()),
        misconceptions={str(row.misconception): int(row.answers) for row in misconceptions.itertuples()},
    )


def filter_options(tally: pd.DataFrame, view: AnswersView, filter_name: str) -> dict[str | int, int]:
    """What a filter could be set to under the other ones, and how many answers each value leaves; in a reader's order.

    The value in force is among them, even where it leaves nothing. Filters that a change would drop do not count.
    """
    rows = filter_tally(tally, view, ignored_filters=(filter_name, *DEPENDENT_FILTERS.get(filter_name, ())))
    if filter_name == "slip":
        rows = rows[rows.mark != "right"]
    counts = {
        _to_plain_key(key): int(n) for key, n in rows.groupby(_COLUMN_BY_FILTER[filter_name]).answers.sum().items()
    }
    if filter_name == "slip" and (unknown := int(rows[_has_no_misconception(rows)].answers.sum())):
        counts[UNKNOWN_MISCONCEPTION] = unknown
    current = getattr(view, filter_name)
    if current not in ("", None):
        counts.setdefault(current, 0)
    return dict(sorted(counts.items(), key=lambda item: _option_sort_key(filter_name, item)))


def _has_no_misconception(rows: pd.DataFrame) -> pd.Series:
    return rows.misconception.isna() & (rows.mark != "right")


def _to_plain_key(key: object) -> str | int:
    return int(key) if isinstance(key, int | float) or hasattr(key, "item") else str(key)  # type: ignore[arg-type]


def _option_sort_key(filter_name: str, item: tuple[str | int, int]) -> tuple[object, ...]:
    value, count = item
    if filter_name == "category":
        return (CATEGORIES.index(str(value)) if value in CATEGORIES else len(CATEGORIES), str(value))
    if filter_name == "slip":
        return (value == UNKNOWN_MISCONCEPTION, -count, misconception_title(str(value)))
    return (skill_title(str(value)),) if filter_name == "skill" else (value,)
