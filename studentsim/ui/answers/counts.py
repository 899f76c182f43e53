"""Counting a view: how many answers there are, how many of them wrong, by which slip; and what each filter could be set to.

All from one frame, ``queries.answer_tally``: changing a filter asks the database for no new count. No streamlit here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from studentsim.records import CATEGORIES
from studentsim.store.queries import NO_SLIP
from studentsim.ui.answers.view import WITHIN, View
from studentsim.ui.titles import commonest_first, skill_title, slip_title

_COLUMN = {"lesson": "turn", "phase": "phase", "category": "category", "skill": "skill", "slip": "misconception"}

_KIND = {"right": "right", "wrong": "ticked", "unanswered": "unanswered"}
"""A mark of the tally as the link calls it, where ``wrong`` means all that are not right."""


@dataclass(frozen=True)
class Count:
    """``answers`` in all, ``wrong`` of them (``unanswered`` among these), and ``slips`` behind wrong ones, commonest first."""

    answers: int
    wrong: int
    unanswered: int
    slips: Mapping[str, int]


def within(tally: pd.DataFrame, view: View, *, without: tuple[str, ...] = ()) -> pd.DataFrame:
    """The tally's rows that the view lets through; filters named in ``without`` are not applied."""
    keep = pd.Series(True, index=tally.index)
    for name, column in _COLUMN.items():
        value = getattr(view, name)
        if value in ("", None) or name in without:
            continue
        keep &= _without_slip(tally) if value == NO_SLIP and name == "slip" else tally[column] == value
    if view.kinds and "mark" not in without:
        keep &= tally.mark.map(_KIND).isin(view.kinds)
    if view.value and "value" not in without:
        keep &= tally.value_differs
    return tally[keep]


def counted(tally: pd.DataFrame, view: View, *, without: tuple[str, ...] = ()) -> Count:
    """The figures of a view."""
    rows = within(tally, view, without=without)
    wrong = rows[rows.mark != "right"]
    slips = commonest_first(wrong.groupby("misconception", as_index=False).answers.sum(), "answers")
    return Count(
        answers=int(rows.answers.sum()),
        wrong=int(wrong.answers.sum()),
        unanswered=int(rows[rows.mark == "unanswered"].answers.sum()),
        slips={str(row.misconception): int(row.answers) for row in slips.itertuples()},
    )


def options(tally: pd.DataFrame, view: View, name: str) -> dict[str | int, int]:
    """What a filter could be set to under the other ones, and how many answers each value leaves; in a reader's order.

    The value in force is among them, even where it leaves nothing. Filters that a change would drop do not count.
    """
    rows = within(tally, view, without=(name, *WITHIN.get(name, ())))
    if name == "slip":
        rows = rows[rows.mark != "right"]
    counts = {_plain(key): int(n) for key, n in rows.groupby(_COLUMN[name]).answers.sum().items()}
    if name == "slip" and (unknown := int(rows[_without_slip(rows)].answers.sum())):
        counts[NO_SLIP] = unknown
    current = getattr(view, name)
    if current not in ("", None):
        counts.setdefault(current, 0)
    return dict(sorted(counts.items(), key=lambda item: _order(name, item)))


def _without_slip(rows: pd.DataFrame) -> pd.Series:
    return rows.misconception.isna() & (rows.mark != "right")


def _plain(key: object) -> str | int:
    return int(key) if isinstance(key, int | float) or hasattr(key, "item") else str(key)  # type: ignore[arg-type]


def _order(name: str, item: tuple[str | int, int]) -> tuple[object, ...]:
    value, count = item
    if name == "category":
        return (CATEGORIES.index(str(value)) if value in CATEGORIES else len(CATEGORIES), str(value))
    if name == "slip":
        return (value == NO_SLIP, -count, slip_title(str(value)))
    return (skill_title(str(value)),) if name == "skill" else (value,)
