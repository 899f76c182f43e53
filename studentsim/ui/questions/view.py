"""The link to Questions, which is its whole state. Every parameter may be left out; together they narrow the view.

    /Questions?category=physics&difficulty=2&split=exam

    category    as the bank names it: probability
    skill       a skill's id: average-of-three; with it, the skill's own card is shown
    difficulty  1 (easy) to 3 (hard)
    split       study (practice) | exam | validation (held-out pairs)
    search      a text in the question or its right working, upper or lower case
    question    a question's id: its card is open, whether or not it matches the filters

An invalid value is left out, and the page says so. No streamlit here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from studentsim.curriculum.generator import SKILLS
from studentsim.datasets.curriculum_coverage import DIFFICULTY_LABELS, SPLIT_LABELS
from studentsim.types import CATEGORIES
from studentsim.ui.url_state import UrlState

_ALLOWED_VALUES = {
    "category": CATEGORIES,
    "skill": tuple(SKILLS),
    "difficulty": tuple(map(str, DIFFICULTY_LABELS)),
    "split": tuple(SPLIT_LABELS),
}


@dataclass(frozen=True)
class QuestionsView(UrlState):
    """One view of Questions; the module's docstring explains the fields. A blank field filters nothing."""

    FILTERS: ClassVar[tuple[str, ...]] = ("category", "skill", "difficulty", "split", "search")

    category: str = ""
    skill: str = ""
    difficulty: str = ""
    split: str = ""
    search: str = ""
    question: str = ""

    @classmethod
    def parse_value(cls, name: str, text: str) -> str | None:
        """A parameter's value; None if the text is invalid."""
        return super().parse_value(name, text) if text in _ALLOWED_VALUES.get(name, (text,)) else None

    def with_changes(self, **changes: Any) -> QuestionsView:
        """The view with these fields changed. A changed filter closes the open card; another category drops the skill."""
        if set(changes) & set(self.FILTERS):
            changes = {"question": ""} | changes
        if changes.get("category") and "skill" not in changes and self.skill:
            is_same_category = SKILLS[self.skill].category == changes["category"]
            changes |= {} if is_same_category else {"skill": ""}
        return super().with_changes(**changes)
