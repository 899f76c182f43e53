"""Counts of a view (answers, wrong ones, misconceptions) and the options of each filter.

All from one frame, ``queries.fetch_answer_counts``, so that changing a filter needs no new query. No streamlit.
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
"""The tally's mark -> the link's answer kind; in a link, ``wrong`` means both kinds that are not right."""


@dataclass(frozen=True)
class AnswerCounts:
    """``answers`` in all, ``wrong`` of them (``unanswered`` among these), and ``misconceptions`` of wrong ones, most frequent first."""

    answers: int
    wrong: int
    unanswered: int
    misconceptions: Mapping[str, int]


def filter_tally(tally: pd.DataFrame, view: AnswersView, *, ignored_filters: tuple[str, ...] = ()) -> pd.DataFrame:
    """The tally's rows that pass the view's filters, except ``ignored_filters``."""
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
    """The counts of a view, without ``ignored_filters``."""
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
    """The options of one filter under the other ones, with the number of answers each leaves, sorted for display.

    The current value is among them, even where it leaves none. Filters that a change would reset are not applied.
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
