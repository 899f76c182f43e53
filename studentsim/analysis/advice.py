"""Advice on what to practise next, each line with its evidence. No streamlit here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from studentsim.analysis import claims
from studentsim.analysis.findings import ExamFindings, misconception_explanation, misconception_hint
from studentsim.labels import formatting
from studentsim.labels.titles import (
    is_formula_error,
    misconception_scope_label,
    misconception_title,
    skill_title,
    sort_misconceptions,
)

MASTERY_ACCURACY = 0.9
"""A category whose interval lies wholly above this accuracy (0 to 1) is left out: there is little left to gain."""
MAX_ADVICE_ITEMS = 5
"""Most lines of the list."""
MAX_NAMED_PER_LINE = 2
"""Most skills, and misconceptions, that a line names."""


@dataclass(frozen=True)
class PracticeAdvice:
    """One line of advice. Its texts are plain, not markdown: they may hold what a bank's author wrote."""

    category: str
    title: str
    """``Practise probability``"""
    evidence: tuple[str, ...]
    """The evidence, a sentence each."""
    teacher_prompt: str
    """What goes wrong in the first misconception, and what to ask a pupil who has it; blank where the bank has no text."""
    skill: str = ""
    misconceptions: tuple[tuple[str, int], ...] = ()
    """The misconceptions it names, each with its number of answers in the last exam."""


def build_advice(findings: ExamFindings) -> list[PracticeAdvice]:
    """The lines in order, each significant: categories below the whole, skills below it elsewhere, misconceptions that came back.

    Empty where nothing is significant (``describe_no_advice`` says so).
    """
    if findings.exams.empty:
        return []
    last = findings.in_last_exam(findings.categories).sort_values(["accuracy", "questions"])
    category_lines = [
        _category_advice(findings, row)
        for row in last.itertuples()
        if row.ci_low < MASTERY_ACCURACY and is_category_behind(row, findings)
    ]
    advised_categories = {line.category for line in category_lines}
    skill_lines = [
        _skill_advice(findings, row)
        for row in skills_far_behind(findings).itertuples()
        if row.category not in advised_categories
    ][:MAX_NAMED_PER_LINE]
    judged = findings.judged_misconceptions
    relapses = list(judged[judged.verdict == "back"].itertuples())[:MAX_NAMED_PER_LINE]
    relapse_lines = [_relapse_advice(findings, row) for row in relapses]
    return [*category_lines, *skill_lines, *relapse_lines][:MAX_ADVICE_ITEMS]


def skills_far_behind(findings: ExamFindings) -> pd.DataFrame:
    """The rows of ``ExamFindings.skills``, worst first, that lie significantly below the rest of the last exam.

    The test is ``claims.is_significantly_below_rest``, corrected for the number of skills.
    """
    exam = findings.in_last_exam(findings.skills)
    skills = exam[exam.row != ""].sort_values(["accuracy", "questions", "row"])
    return skills[[_is_far_below(row, exam, comparisons=len(skills)) for row in skills.itertuples()]]


def describe_advice_basis(lines: list[PracticeAdvice]) -> str:
    """A sentence on what the list rests on."""
    beginning = "This rests" if len(lines) == 1 else "Each of these rests"
    return f"{beginning} on more than chance. Nothing else does."


def describe_no_advice(findings: ExamFindings) -> str:
    """Why there is no advice, and what to do."""
    if (findings.in_last_exam(findings.categories).ci_low >= MASTERY_ACCURACY).all():
        mastery = f"{formatting.round_percent(MASTERY_ACCURACY)} of 100"
        return f"Nothing stands out: every category is above {mastery}, even by the low end of its interval."
    return (
        "Nothing is behind the rest by more than chance could make it, so this exam gives no reason to practise one thing before another. "
        "An exam of more questions can tell smaller differences."
    )


def is_category_behind(row: Any, findings: ExamFindings) -> bool:
    """Whether a category of the last exam lies significantly below the rest, corrected for the number of categories."""
    last = findings.in_last_exam(findings.categories)
    return _is_far_below(row, last, comparisons=len(last))


def _is_far_below(row: Any, exam: pd.DataFrame, *, comparisons: int) -> bool:
    exam_score = int(exam.correct.sum()), int(exam.questions.sum())
    return claims.is_significantly_below_rest(claims.right_of_total(row), exam_score, comparisons=comparisons)


def _category_advice(findings: ExamFindings, row: Any) -> PracticeAdvice:
    name = str(row.row)
    misconceptions = most_common_misconceptions(findings, category=name)
    evidence = [
        _describe_row_score(row, findings),
        *_describe_change(findings, name),
        *_describe_lowest_skills(findings, name),
        *_describe_unanswered(findings, "category", name, misconceptions),
        *_describe_misconceptions(misconceptions),
    ]
    return _build_line(name, f"Practise {findings.inline_category_label(name)}", evidence, misconceptions)


def _skill_advice(findings: ExamFindings, row: Any) -> PracticeAdvice:
    skill, category = str(row.row), str(row.category)
    misconceptions = most_common_misconceptions(findings, skill=skill)
    evidence = [
        _describe_row_score(row, findings),
        *_describe_unanswered(findings, "skill", skill, misconceptions),
        *_describe_misconceptions(misconceptions),
    ]
    title = f"Practise “{skill_title(skill)}” ({findings.category_label(category)})"
    return _build_line(category, title, evidence, misconceptions, skill)


def _relapse_advice(findings: ExamFindings, row: Any) -> PracticeAdvice:
    counts = ", ".join(str(n) for n in row.series)
    condition = "" if is_formula_error(str(row.misconception)) else " that offer it"
    misconception, skill, category = str(row.misconception), str(row.skill), str(row.category)
    occurrences = f"{counts} of {row.last_of} questions{condition}, exam by exam"
    evidence = [f"The slip “{misconception_title(misconception)}” had gone and is back: {occurrences}."]
    rows = most_common_misconceptions(findings, category=category, skill=skill, misconception=misconception)
    return _build_line(category, f"Revise “{skill_title(skill)}”", evidence, rows, skill)


def _build_line(
    category: str, title: str, evidence: list[str], misconceptions: pd.DataFrame, skill: str = ""
) -> PracticeAdvice:
    counts = tuple((str(row.misconception), int(row.made)) for row in misconceptions.itertuples())
    return PracticeAdvice(category, title, tuple(evidence), _format_teacher_prompt(misconceptions), skill, counts)


def most_common_misconceptions(
    findings: ExamFindings,
    *,
    category: str = "",
    skill: str = "",
    misconception: str = "",
    limit: int | None = MAX_NAMED_PER_LINE,
) -> pd.DataFrame:
    """The rows of ``ExamFindings.misconception_counts`` with ``made`` of 2 or more in the last exam, the most frequent first.

    ``limit`` None: all of them.
    """
    counts = findings.in_last_exam(findings.misconception_counts)
    counts = counts[counts.made > 1]
    for column, value in (("category", category), ("skill", skill), ("misconception", misconception)):
        counts = counts[counts[column] == value] if value else counts
    return sort_misconceptions(counts, "made").head(len(counts) if limit is None else limit)


def count_last_exam_unanswered(findings: ExamFindings, column: str, name: str) -> int:
    """How many of the last exam's questions of a category or skill (``column``) were left unanswered."""
    return int(findings.count_unanswered(column, name).get(findings.last_exam_turn, 0))


def _describe_unanswered(findings: ExamFindings, column: str, name: str, misconceptions: pd.DataFrame) -> list[str]:
    """A sentence on unanswered questions where these are more frequent than any misconception."""
    unanswered = count_last_exam_unanswered(findings, column, name)
    if unanswered < 2 or unanswered <= (misconceptions.made.max() if len(misconceptions) else 0):
        return []
    return [
        f"On {unanswered} of its questions nothing was ticked: no option showed the result. No slip is as frequent."
    ]


def format_row_score(row: Any, what: str = " right") -> str:
    """``14 of 40 right (22 to 50 of 100)``; ``what`` follows the score."""
    score = formatting.format_score(*claims.right_of_total(row))
    return f"{score}{what} ({formatting.format_bounds(row.ci_low, row.ci_high)} of 100)"


def _describe_row_score(row: Any, findings: ExamFindings) -> str:
    overall = formatting.round_percent(findings.exams.iloc[-1].accuracy)
    return f"{format_row_score(row)} in the last exam, where the whole stands at {overall} of 100: behind by more than chance."


def _describe_change(findings: ExamFindings, category: str) -> list[str]:
    frame = findings.categories[findings.categories.row == category].sort_values("turn")
    if len(frame) < 2:
        return []
    first, last = frame.iloc[0], frame.iloc[-1]
    before, after = claims.right_of_total(first), claims.right_of_total(last)
    counts = (
        f"{formatting.format_score(*before)} right in the first exam, {formatting.format_score(*after)} in the last"
    )
    change = claims.significant_change(before, after, comparisons=findings.categories.row.nunique())
    return [f"{'Up' if change > 0 else 'Down' if change else 'No clear change'}: {counts}."]


def _describe_lowest_skills(findings: ExamFindings, category: str) -> list[str]:
    skills = findings.in_last_exam(findings.skills)
    skills = skills[(skills.category == category) & (skills.row != "")].sort_values(["accuracy", "questions"])
    lowest = skills[skills.accuracy < skills.correct.sum() / max(skills.questions.sum(), 1)].head(MAX_NAMED_PER_LINE)
    names = [f"“{skill_title(r.row)}”, {int(r.correct)} of {int(r.questions)}" for r in lowest.itertuples()]
    return [f"Lowest there: {'; '.join(names)}."] if names else []


def _format_teacher_prompt(misconceptions: pd.DataFrame) -> str:
    first = str(misconceptions.iloc[0].misconception) if len(misconceptions) else ""
    hint = misconception_hint(first)
    return f"“{misconception_title(first)}”: {misconception_explanation(first)} To ask a pupil: {hint}" if hint else ""


def _describe_misconceptions(misconceptions: pd.DataFrame) -> list[str]:
    names = [
        f"“{misconception_title(r.misconception)}”, in {r.made} of the {misconception_scope_label(r.misconception, r.offered)}"
        for r in misconceptions.itertuples()
    ]
    return [f"Slips: {'; '.join(names)}."] if names else []
