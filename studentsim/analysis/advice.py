"""What to practise next, each line with the evidence behind it. No streamlit here."""

from __future__ import annotations

from dataclasses import dataclass

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
"""A category whose interval lies wholly above this is left out: there is little left to win."""
MAX_ADVICE_ITEMS = 5
"""Lines in the list."""
MAX_NAMED_PER_LINE = 2
"""Kinds of question, and slips, that a line names."""


@dataclass(frozen=True)
class PracticeAdvice:
    """One line. Texts are plain, not markdown: they may hold what a bank's author wrote."""

    category: str
    title: str
    """``Practise probability``"""
    evidence: tuple[str, ...]
    """The evidence, a sentence each."""
    teacher_prompt: str
    """What goes wrong in the first of the slips, and what to ask a pupil who makes it; blank where the bank has no words for it."""
    skill: str = ""
    misconceptions: tuple[tuple[str, int], ...] = ()
    """The slips it names, each with how many answers of the last exam show it."""


def build_advice(findings: ExamFindings) -> list[PracticeAdvice]:
    """The lines in order, each resting on more than luck: categories behind the whole, kinds of question behind it elsewhere, slips
    that came back. Empty where there is none (``describe_no_advice`` says so): what luck may have put last is no reason to practise it first.
    """
    if findings.exams.empty:
        return []
    last = findings.in_last_exam(findings.categories).sort_values(["accuracy", "questions"])
    lines = [
        _category_advice(findings, row)
        for row in last.itertuples()
        if row.low < MASTERY_ACCURACY and is_category_behind(row, findings)
    ]
    advised_categories = {line.category for line in lines}
    skill_lines = [
        _skill_advice(findings, row)
        for row in skills_far_behind(findings).itertuples()
        if row.category not in advised_categories
    ][:MAX_NAMED_PER_LINE]
    relapse_lines = [
        _relapse_advice(findings, row)
        for row in findings.judged_misconceptions[findings.judged_misconceptions.verdict == "back"].itertuples()
    ][:MAX_NAMED_PER_LINE]
    return [*lines, *skill_lines, *relapse_lines][:MAX_ADVICE_ITEMS]


def skills_far_behind(findings: ExamFindings) -> pd.DataFrame:
    """The kinds of question (rows of ``ExamFindings.skills``, worst first) that went so badly in the last exam that luck would seldom
    make the worst of so many so bad (``claims.is_significantly_below_rest``).
    """
    last = findings.in_last_exam(findings.skills)
    last = last[last.row != ""].sort_values(["accuracy", "questions", "row"])
    return last[
        [_is_far_below(row, findings.in_last_exam(findings.skills), comparisons=len(last)) for row in last.itertuples()]
    ]


def describe_advice_basis(lines: list[PracticeAdvice]) -> str:
    """What the list rests on."""
    each = "This rests" if len(lines) == 1 else "Each of these rests"
    return f"{each} on more than luck. Nothing else does."


def describe_no_advice(findings: ExamFindings) -> str:
    """Why there is no line, and what to do."""
    if (findings.in_last_exam(findings.categories).low >= MASTERY_ACCURACY).all():
        return f"Nothing stands out: every category is above {formatting.round_percent(MASTERY_ACCURACY)} of 100, even by the low end of its interval."
    return (
        "Nothing is behind the rest by more than luck could make it, so this exam gives no reason to practise one thing before another. "
        "An exam of more questions can tell smaller differences."
    )


def is_category_behind(row: object, findings: ExamFindings) -> bool:
    """Whether a category of the last exam lies below the whole by more than luck makes the lowest of so many."""
    last = findings.in_last_exam(findings.categories)
    return _is_far_below(row, last, comparisons=len(last))


def _is_far_below(row: object, exam: pd.DataFrame, *, comparisons: int) -> bool:
    exam_score = int(exam.correct.sum()), int(exam.questions.sum())
    return claims.is_significantly_below_rest(
        (int(row.correct), int(row.questions)), exam_score, comparisons=comparisons
    )  # type: ignore[attr-defined]


def _category_advice(findings: ExamFindings, row: object) -> PracticeAdvice:
    name = str(row.row)  # type: ignore[attr-defined]
    slips = most_common_misconceptions(findings, category=name)
    unanswered_note = _describe_unanswered(findings, "category", name, slips)
    evidence = [
        _describe_row_score(row, findings),
        *_describe_change(findings, name),
        *_describe_lowest_skills(findings, name),
        *unanswered_note,
        *_describe_misconceptions(slips),
    ]
    return PracticeAdvice(
        name,
        f"Practise {findings.inline_category_label(name)}",
        tuple(evidence),
        _format_teacher_prompt(slips),
        misconceptions=_misconception_count_pairs(slips),
    )


def _skill_advice(findings: ExamFindings, row: object) -> PracticeAdvice:
    skill, category = str(row.row), str(row.category)  # type: ignore[attr-defined]
    slips = most_common_misconceptions(findings, skill=skill)
    evidence = (
        _describe_row_score(row, findings),
        *_describe_unanswered(findings, "skill", skill, slips),
        *_describe_misconceptions(slips),
    )
    title = f"Practise “{skill_title(skill)}” ({findings.category_label(category)})"
    return PracticeAdvice(
        category,
        title,
        evidence,
        _format_teacher_prompt(slips),
        skill=skill,
        misconceptions=_misconception_count_pairs(slips),
    )


def _relapse_advice(findings: ExamFindings, row: object) -> PracticeAdvice:
    counts = ", ".join(str(n) for n in row.series)  # type: ignore[attr-defined]
    condition = "" if is_formula_error(str(row.misconception)) else " that offer it"  # type: ignore[attr-defined]
    slip, skill = str(row.misconception), str(row.skill)  # type: ignore[attr-defined]
    evidence = (
        f"The slip “{misconception_title(slip)}” had gone and is back: {counts} of {row.last_of} questions{condition}, exam by exam.",  # type: ignore[attr-defined]
    )
    misconception_rows = most_common_misconceptions(
        findings, category=str(row.category), skill=skill, misconception=slip
    )  # type: ignore[attr-defined]
    title = f"Revise “{skill_title(skill)}”"
    return PracticeAdvice(
        str(row.category),
        title,
        evidence,
        _format_teacher_prompt(misconception_rows),
        skill=skill,
        misconceptions=_misconception_count_pairs(misconception_rows),
    )  # type: ignore[attr-defined]


def most_common_misconceptions(
    findings: ExamFindings,
    *,
    category: str = "",
    skill: str = "",
    misconception: str = "",
    limit: int | None = MAX_NAMED_PER_LINE,
) -> pd.DataFrame:
    """The slips made most in the last exam (``made`` 2 or more), the commonest first; ``limit`` None: all of them."""
    misconception_counts = findings.in_last_exam(findings.misconception_counts)
    misconception_counts = misconception_counts[misconception_counts.made > 1]
    for column, value in (("category", category), ("skill", skill), ("misconception", misconception)):
        misconception_counts = (
            misconception_counts[misconception_counts[column] == value] if value else misconception_counts
        )
    return sort_misconceptions(misconception_counts, "made").head(len(misconception_counts) if limit is None else limit)


def count_last_exam_unanswered(findings: ExamFindings, column: str, name: str) -> int:
    """On how many of the last exam's questions of a category or skill (``column``) nothing was ticked."""
    return int(findings.count_unanswered(column, name).get(findings.last_exam_turn, 0))


def _describe_unanswered(findings: ExamFindings, column: str, name: str, slips: pd.DataFrame) -> list[str]:
    """That nothing was ticked, where that is commoner than any slip."""
    unanswered = count_last_exam_unanswered(findings, column, name)
    if unanswered < 2 or unanswered <= (slips.made.max() if len(slips) else 0):
        return []
    return [
        f"On {unanswered} of its questions nothing was ticked: no option showed the result. No slip is as frequent."
    ]


def _misconception_count_pairs(slips: pd.DataFrame) -> tuple[tuple[str, int], ...]:
    return tuple((str(row.misconception), int(row.made)) for row in slips.itertuples())


def format_row_score(row: object) -> str:
    """``14 of 40 right (22 to 50 of 100)``"""
    score = formatting.format_score(int(row.correct), int(row.questions))  # type: ignore[attr-defined]
    return f"{score} right ({formatting.round_percent(row.low)} to {formatting.round_percent(row.high)} of 100)"  # type: ignore[attr-defined]


def _describe_row_score(row: object, findings: ExamFindings) -> str:
    overall = formatting.round_percent(findings.exams.iloc[-1].accuracy)
    return f"{format_row_score(row)} in the last exam, where the whole stands at {overall} of 100: behind by more than luck."


def _describe_change(findings: ExamFindings, category: str) -> list[str]:
    frame = findings.categories[findings.categories.row == category].sort_values("turn")
    if len(frame) < 2:
        return []
    first, last = frame.iloc[0], frame.iloc[-1]
    began, now = ((int(row.correct), int(row.questions)) for row in (first, last))
    counts = f"{formatting.format_score(*began)} right in the first exam, {formatting.format_score(*now)} in the last"
    change = claims.significant_change(began, now, comparisons=findings.categories.row.nunique())
    return [f"{'Up' if change > 0 else 'Down' if change else 'No clear change'}: {counts}."]


def _describe_lowest_skills(findings: ExamFindings, category: str) -> list[str]:
    skills = findings.in_last_exam(findings.skills)
    here = skills[(skills.category == category) & (skills.row != "")].sort_values(["accuracy", "questions"])
    lowest = here[here.accuracy < here.correct.sum() / max(here.questions.sum(), 1)].head(MAX_NAMED_PER_LINE)
    named = [f"“{skill_title(r.row)}”, {int(r.correct)} of {int(r.questions)}" for r in lowest.itertuples()]
    return [f"Lowest there: {'; '.join(named)}."] if named else []


def _format_teacher_prompt(slips: pd.DataFrame) -> str:
    slip = str(slips.iloc[0].misconception) if len(slips) else ""
    return (
        f"“{misconception_title(slip)}”: {misconception_explanation(slip)} To ask a pupil: {misconception_hint(slip)}"
        if misconception_hint(slip)
        else ""
    )


def _describe_misconceptions(slips: pd.DataFrame) -> list[str]:
    named = [
        f"“{misconception_title(r.misconception)}”, in {r.made} of the {misconception_scope_label(r.misconception, r.offered)}"
        for r in slips.itertuples()
    ]
    return [f"Slips: {'; '.join(named)}."] if named else []
