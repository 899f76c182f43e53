"""What categories, skills and slips are called, and the one order in which slips are told. No streamlit here."""

from __future__ import annotations

import pandas as pd

from studentsim.bank.curriculum import SKILLS, SLIPS
from studentsim.store.queries import NO_SLIP


def skill_title(skill: str) -> str:
    """A skill in a teacher's words; one of another bank by its id, none (blank) said so."""
    return SKILLS[skill].title if skill in SKILLS else skill or "questions of no named skill"


def slip_title(slip: str) -> str:
    """A slip in a teacher's words; one of another bank by its id."""
    if slip == NO_SLIP:
        return "no known slip"
    return SLIPS[slip].title if slip in SLIPS else slip


def category_title(category: str) -> str:
    """A category within a sentence: in quotes where its name is no subject."""
    return f"“{category}”" if category == "other" else category


def commonest_first(frame: pd.DataFrame, count: str, slip: str = "misconception") -> pd.DataFrame:
    """The rows of a table of slips in the order in which slips stand everywhere: the column ``count`` falling, then by title."""
    titles = frame[slip].map(slip_title)
    return frame.assign(_title=titles).sort_values([count, "_title"], ascending=[False, True]).drop(columns="_title")
