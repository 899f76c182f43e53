"""What Answers shows is its link. Every parameter may be left out; all of them together narrow the view.

    /Answers?run=20260701-101500-ab12&lesson=20&phase=exam&category=probability&mark=wrong

    run       the simulation's id; without it, the one looked at last, or the newest
    lesson    a whole number: answers of that lesson, and of the exam after it (0: before any lesson)
    phase     exam | study (practice)
    category  as the bank names it: probability
    skill     a skill's id: average-of-three
    slip      a misconception's id; "unknown": wrong, and no slip is known behind it
    mark      right | wrong (all that are not right, unanswered ones too) | unanswered
    search    a text in the question or in the student's working, upper or lower case
    question  a question's id: its answers alone
    answer    the seq of one answer: its card is open, whether or not the filter lets it through
    show      table | cards; without it, cards on a phone and a table elsewhere
    page      which page of the cards, from 1

A value that cannot be meant (a lesson that is no number, an unknown mark) is left out, and the page says so. No streamlit here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from studentsim.store.queries import MARKS, Filter

LONGEST = 200
"""Characters of a value that can be meant; longer ones are left out."""

PHASES = ("exam", "study")
SHOWS = ("table", "cards")
_CLOSED = {"phase": PHASES, "mark": MARKS, "show": SHOWS}
_WHOLE = {"lesson": 0, "answer": 0, "page": 1}
"""Parameters that are whole numbers, with the least each may be."""

FILTERS = ("lesson", "phase", "category", "skill", "slip", "mark", "search", "question")
"""The parameters that narrow the view."""

WITHIN = {"category": ("skill", "slip", "question"), "skill": ("slip", "question")}
"""What a filter's change makes meaningless, and so takes away."""


@dataclass(frozen=True)
class View:
    """One view of Answers; see the module for what the fields mean. Empty fields narrow nothing."""

    run: str = ""
    lesson: int | None = None
    phase: str = ""
    category: str = ""
    skill: str = ""
    slip: str = ""
    mark: str = ""
    search: str = ""
    question: str = ""
    answer: int | None = None
    show: str = ""
    page: int | None = None

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> tuple[View, list[str]]:
        """The view that a link names, and the names of the parameters that could not be meant."""
        values: dict[str, Any] = {}
        wrong: list[str] = []
        for name in (field.name for field in fields(cls)):
            text = str(parameters.get(name) or "").strip()
            if not text:
                continue
            value = _value(name, text)
            if value is None:
                wrong.append(name)
            else:
                values[name] = value
        return cls(**values), wrong

    def params(self) -> dict[str, str]:
        """The link's parameters, without the empty ones."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: str(value) for name, value in told.items() if value not in ("", None)}

    def to(self, **changes: Any) -> View:
        """The view with these fields changed. Another filter closes the open card and drops what it makes meaningless."""
        if set(changes) & {*FILTERS, "run"}:
            changes = {"answer": None, "page": None} | changes
        for name, inner in WITHIN.items():
            if name in changes and changes[name] != getattr(self, name):
                changes = dict.fromkeys(inner, "") | changes
        return replace(self, **changes)

    def filters(self) -> Filter:
        """What the database is asked for."""
        return Filter(
            phase=self.phase, turn=self.lesson, category=self.category, skill=self.skill, slip=self.slip, mark=self.mark,
            search=self.search, question_id=self.question,
        )  # fmt: skip

    @property
    def narrowed(self) -> tuple[str, ...]:
        """The filters in force."""
        return tuple(name for name in FILTERS if getattr(self, name) not in ("", None))

    @property
    def whole(self) -> View:
        """The run's answers, all of them."""
        return View(run=self.run, show=self.show)


def _value(name: str, text: str) -> str | int | None:
    """What a parameter's text means; None: nothing it could."""
    if name == "run":
        return text  # whether it exists is found out elsewhere, and said in one sentence
    if len(text) > LONGEST or "\0" in text:
        return None
    if name in _WHOLE:
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
        return number if number >= _WHOLE[name] else None
    return text if text in _CLOSED.get(name, (text,)) else None
