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

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from studentsim.bank.curriculum import SKILLS
from studentsim.records import CATEGORIES
from studentsim.ui.linked import Linked

SPLITS = ("study", "exam", "validation")
DIFFICULTIES = ("1", "2", "3")
_CLOSED = {"category": CATEGORIES, "skill": tuple(SKILLS), "difficulty": DIFFICULTIES, "split": SPLITS}


@dataclass(frozen=True)
class View(Linked):
    """One view of Questions; see the module for what the fields mean. Empty fields narrow nothing."""

    FILTERS: ClassVar[tuple[str, ...]] = ("category", "skill", "difficulty", "split", "search")

    category: str = ""
    skill: str = ""
    difficulty: str = ""
    split: str = ""
    search: str = ""
    question: str = ""

    @classmethod
    def meant(cls, name: str, text: str) -> str | None:
        """What a parameter's text means; None: nothing it could."""
        return super().meant(name, text) if text in _CLOSED.get(name, (text,)) else None

    def to(self, **changes: Any) -> View:
        """The view with these fields changed. Another filter closes the open card; another category drops the skill."""
        if set(changes) & set(self.FILTERS):
            changes = {"question": ""} | changes
        if changes.get("category") and "skill" not in changes and self.skill:
            same = SKILLS[self.skill].category == changes["category"]
            changes |= {} if same else {"skill": ""}
        return replace(self, **changes)
