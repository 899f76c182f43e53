"""What Questions shows is its link. Every parameter may be left out; all of them together narrow the view.

    /Questions?category=physics&difficulty=2&split=exam

    category    as the bank names it: probability
    skill       a skill's id: average-of-three; with it, the skill's own card is shown
    difficulty  1 (easy) to 3 (hard)
    split       study (practice) | exam | validation (held-out pairs)
    search      a text in the question or its right working, upper or lower case
    question    a question's id: its card is open, whether or not the filter lets it through

A value that cannot be meant is left out, and the page says so. No streamlit here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from studentsim.bank.curriculum import SKILLS
from studentsim.records import CATEGORIES

LONGEST = 200
"""Characters of a value that can be meant; longer ones are left out."""

SPLITS = ("study", "exam", "validation")
DIFFICULTIES = ("1", "2", "3")
_CLOSED = {"category": CATEGORIES, "skill": tuple(SKILLS), "difficulty": DIFFICULTIES, "split": SPLITS}

FILTERS = ("category", "skill", "difficulty", "split", "search")
"""The parameters that narrow the view."""


@dataclass(frozen=True)
class View:
    """One view of Questions; see the module for what the fields mean. Empty fields narrow nothing."""

    category: str = ""
    skill: str = ""
    difficulty: str = ""
    split: str = ""
    search: str = ""
    question: str = ""

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> tuple[View, list[str]]:
        """The view that a link names, and the names of the parameters that could not be meant."""
        values, wrong = {}, []
        for name in (field.name for field in fields(cls)):
            text = str(parameters.get(name) or "").strip()
            if not text:
                continue
            if len(text) > LONGEST or "\0" in text or text not in _CLOSED.get(name, (text,)):
                wrong.append(name)
            else:
                values[name] = text
        return cls(**values), wrong

    def params(self) -> dict[str, str]:
        """The link's parameters, without the empty ones."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name))}

    def to(self, **changes: Any) -> View:
        """The view with these fields changed. Another filter closes the open card; another category drops the skill."""
        if set(changes) & set(FILTERS):
            changes = {"question": ""} | changes
        if changes.get("category") and "skill" not in changes and self.skill:
            same = SKILLS[self.skill].category == changes["category"]
            changes |= {} if same else {"skill": ""}
        return replace(self, **changes)

    @property
    def narrowed(self) -> tuple[str, ...]:
        """The filters in force."""
        return tuple(name for name in FILTERS if getattr(self, name))
