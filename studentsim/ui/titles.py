"""What categories, skills and slips are called, and the one order in which slips are told. No streamlit here."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from studentsim.analysis.formula_errors import FORMULA_ERRORS, PREFIX, FormulaError
from studentsim.bank.curriculum import SKILLS, SLIPS
from studentsim.bank.skill import Slip
from studentsim.records import CATEGORIES
from studentsim.store.queries import NO_SLIP
from studentsim.ui.glossary import SHORT, are_mathqas
from studentsim.ui.words import plural


def skill_title(skill: str) -> str:
    """A skill in a teacher's words; one of another bank by its id, none (blank) said so."""
    return SKILLS[skill].title if skill in SKILLS else skill or "questions of no named skill"


def slip_of(slip: str | None) -> Slip | FormulaError | None:
    """What is known of a slip: a misconception of the curriculum, or a kind of error that a question's formula tells."""
    return SLIPS.get(slip or "") or FORMULA_ERRORS.get(slip or "")


def is_formula_error(slip: str) -> bool:
    """Whether a slip was found by a question's formula: no option invites it, so any question may show it."""
    return slip.startswith(PREFIX)


def of_questions(slip: str, questions: int) -> str:
    """The questions in which a slip could be made: ``6 questions that invite it``; what a formula tells may be made in any."""
    return plural(questions, "question") if is_formula_error(slip) else f"{questions} questions that invite it"


def slip_title(slip: str) -> str:
    """A slip in a teacher's words; one of another bank by its id."""
    if slip == NO_SLIP:
        return "no known slip"
    known = slip_of(slip)
    return known.title if known else slip


def category_label(category: str, among: Iterable[str] = ()) -> str:
    """A category as a heading or a label says it: by what it holds, where its own name does not tell. ``among``: all of the bank's
    categories, by which those of MathQA and the curriculum are known; another bank's are told as they are.
    """
    return SHORT[category] if category in SHORT and are_mathqas(among) else category


def own_label(category: str) -> str:
    """``category_label`` for a category of the built-in curriculum."""
    return category_label(category, CATEGORIES)


def category_title(category: str, among: Iterable[str] = ()) -> str:
    """The same within a sentence: in quotes where it is a list, or no subject."""
    label = category_label(category, among)
    return f"“{label}”" if label != category or category == "other" else category


def commonest_first(frame: pd.DataFrame, count: str, slip: str = "misconception") -> pd.DataFrame:
    """The rows of a table of slips in the order in which slips stand everywhere: the column ``count`` falling, then by title."""
    titles = frame[slip].map(slip_title)
    return frame.assign(_title=titles).sort_values([count, "_title"], ascending=[False, True]).drop(columns="_title")
