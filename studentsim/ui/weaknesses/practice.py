"""What to practise next, each line with the evidence behind it. No streamlit here."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from studentsim.analysis import claims
from studentsim.ui import words
from studentsim.ui.titles import (
    commonest_first,
    is_formula_error,
    of_questions,
    skill_title,
    slip_title,
)
from studentsim.ui.weaknesses.findings import Findings, explanation, hint

MASTERED = 0.9
"""A category whose interval lies wholly above this is left out: there is little left to win."""
MOST = 5
"""Lines in the list."""
KINDS = 2
"""Kinds of question, and slips, that a line names."""


@dataclass(frozen=True)
class Advice:
    """One line. Texts are plain, not markdown: they may hold what a bank's author wrote."""

    category: str
    what: str
    """``Practise probability``"""
    why: tuple[str, ...]
    """The evidence, a sentence each."""
    ask: str
    """What goes wrong in the first of the slips, and what to ask a pupil who makes it; blank where the bank has no words for it."""
    skill: str = ""
    slips: tuple[tuple[str, int], ...] = ()
    """The slips it names, each with how many answers of the last exam show it."""


def advice(found: Findings) -> list[Advice]:
    """The lines in order, each resting on more than luck: categories behind the whole, kinds of question behind it elsewhere, slips
    that came back. Empty where there is none (``nothing`` says so): what luck may have put last is no reason to practise it first.
    """
    if found.exams.empty:
        return []
    last = found.in_last(found.categories).sort_values(["accuracy", "questions"])
    lines = [_category(found, row) for row in last.itertuples() if row.low < MASTERED and behind(row, found)]
    taken = {line.category for line in lines}
    apart = [_skill(found, row) for row in far_behind(found).itertuples() if row.category not in taken][:KINDS]
    back = [_back(found, row) for row in found.slips[found.slips.verdict == "back"].itertuples()][:KINDS]
    return [*lines, *apart, *back][:MOST]


def far_behind(found: Findings) -> pd.DataFrame:
    """The kinds of question (rows of ``Findings.skills``, worst first) that went so badly in the last exam that luck would seldom
    make the worst of so many so bad (``claims.behind``).
    """
    last = found.in_last(found.skills)
    last = last[last.row != ""].sort_values(["accuracy", "questions", "row"])
    return last[[_far_below(row, found.in_last(found.skills), of=len(last)) for row in last.itertuples()]]


def lead(lines: list[Advice]) -> str:
    """What the list rests on."""
    each = "This rests" if len(lines) == 1 else "Each of these rests"
    return f"{each} on more than luck. Nothing else does."


def nothing(found: Findings) -> str:
    """Why there is no line, and what to do."""
    if (found.in_last(found.categories).low >= MASTERED).all():
        return f"Nothing stands out: every category is above {words.hundred(MASTERED)} of 100, even by the low end of its interval."
    return (
        "Nothing is behind the rest by more than luck could make it, so this exam gives no reason to practise one thing before another. "
        "An exam of more questions can tell smaller differences."
    )


def behind(row: object, found: Findings) -> bool:
    """Whether a category of the last exam lies below the whole by more than luck makes the lowest of so many."""
    last = found.in_last(found.categories)
    return _far_below(row, last, of=len(last))


def _far_below(row: object, exam: pd.DataFrame, *, of: int) -> bool:
    whole = int(exam.correct.sum()), int(exam.questions.sum())
    return claims.behind((int(row.correct), int(row.questions)), whole, of=of)  # type: ignore[attr-defined]


def _category(found: Findings, row: object) -> Advice:
    name = str(row.row)  # type: ignore[attr-defined]
    slips = commonest(found, category=name)
    silent = _silent(found, "category", name, slips)
    why = [_standing(row, found), *_change(found, name), *_kinds(found, name), *silent, *_slips(slips)]
    return Advice(
        name,
        f"Practise {found.title(name)}",
        tuple(why),
        _ask(slips),
        slips=_counted(slips),
    )


def _skill(found: Findings, row: object) -> Advice:
    skill, category = str(row.row), str(row.category)  # type: ignore[attr-defined]
    slips = commonest(found, skill=skill)
    why = (_standing(row, found), *_silent(found, "skill", skill, slips), *_slips(slips))
    what = f"Practise “{skill_title(skill)}” ({found.label(category)})"
    return Advice(category, what, why, _ask(slips), skill=skill, slips=_counted(slips))


def _back(found: Findings, row: object) -> Advice:
    counts = ", ".join(str(n) for n in row.series)  # type: ignore[attr-defined]
    offer = "" if is_formula_error(str(row.misconception)) else " that offer it"  # type: ignore[attr-defined]
    slip, skill = str(row.misconception), str(row.skill)  # type: ignore[attr-defined]
    why = (
        f"The slip “{slip_title(slip)}” had gone and is back: {counts} of {row.last_of} questions{offer}, exam by exam.",  # type: ignore[attr-defined]
    )
    back = commonest(found, category=str(row.category), skill=skill, slip=slip)  # type: ignore[attr-defined]
    what = f"Revise “{skill_title(skill)}”"
    return Advice(str(row.category), what, why, _ask(back), skill=skill, slips=_counted(back))  # type: ignore[attr-defined]


def commonest(
    found: Findings, *, category: str = "", skill: str = "", slip: str = "", most: int | None = KINDS
) -> pd.DataFrame:
    """The slips made most in the last exam (``made`` 2 or more), the commonest first; ``most`` None: all of them."""
    here = found.in_last(found.made)
    here = here[here.made > 1]
    for column, value in (("category", category), ("skill", skill), ("misconception", slip)):
        here = here[here[column] == value] if value else here
    return commonest_first(here, "made").head(len(here) if most is None else most)


def silent_in_last(found: Findings, column: str, name: str) -> int:
    """On how many of the last exam's questions of a category or skill (``column``) nothing was ticked."""
    return int(found.silent(column, name).get(found.last, 0))


def _silent(found: Findings, column: str, name: str, slips: pd.DataFrame) -> list[str]:
    """That nothing was ticked, where that is commoner than any slip."""
    silent = silent_in_last(found, column, name)
    if silent < 2 or silent <= (slips.made.max() if len(slips) else 0):
        return []
    return [f"On {silent} of its questions nothing was ticked: no option showed the result. No slip is as frequent."]


def _counted(slips: pd.DataFrame) -> tuple[tuple[str, int], ...]:
    return tuple((str(row.misconception), int(row.made)) for row in slips.itertuples())


def told(row: object) -> str:
    """``14 of 40 right (22 to 50 of 100)``"""
    score = words.score(int(row.correct), int(row.questions))  # type: ignore[attr-defined]
    return f"{score} right ({words.hundred(row.low)} to {words.hundred(row.high)} of 100)"  # type: ignore[attr-defined]


def _standing(row: object, found: Findings) -> str:
    whole = words.hundred(found.exams.iloc[-1].accuracy)
    return f"{told(row)} in the last exam, where the whole stands at {whole} of 100: behind by more than luck."


def _change(found: Findings, category: str) -> list[str]:
    frame = found.categories[found.categories.row == category].sort_values("turn")
    if len(frame) < 2:
        return []
    first, last = frame.iloc[0], frame.iloc[-1]
    began, now = ((int(row.correct), int(row.questions)) for row in (first, last))
    counts = f"{words.score(*began)} right in the first exam, {words.score(*now)} in the last"
    change = claims.change(began, now, of=found.categories.row.nunique())
    return [f"{'Up' if change > 0 else 'Down' if change else 'No clear change'}: {counts}."]


def _kinds(found: Findings, category: str) -> list[str]:
    skills = found.in_last(found.skills)
    here = skills[(skills.category == category) & (skills.row != "")].sort_values(["accuracy", "questions"])
    low = here[here.accuracy < here.correct.sum() / max(here.questions.sum(), 1)].head(KINDS)
    named = [f"“{skill_title(r.row)}”, {int(r.correct)} of {int(r.questions)}" for r in low.itertuples()]
    return [f"Lowest there: {'; '.join(named)}."] if named else []


def _ask(slips: pd.DataFrame) -> str:
    slip = str(slips.iloc[0].misconception) if len(slips) else ""
    return f"“{slip_title(slip)}”: {explanation(slip)} To ask a pupil: {hint(slip)}" if hint(slip) else ""


def _slips(slips: pd.DataFrame) -> list[str]:
    named = [
        f"“{slip_title(r.misconception)}”, in {r.made} of the {of_questions(r.misconception, r.offered)}"
        for r in slips.itertuples()
    ]
    return [f"Slips: {'; '.join(named)}."] if named else []
