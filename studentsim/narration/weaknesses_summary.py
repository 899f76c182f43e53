"""Sentences of the Weaknesses page, claiming only what the exams bear. Plain text, no markdown. No streamlit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from studentsim.analysis import claims
from studentsim.analysis.advice import (
    count_last_exam_unanswered,
    format_row_score,
    is_category_behind,
    most_common_misconceptions,
)
from studentsim.analysis.findings import ExamFindings
from studentsim.analysis.item_analysis import MIN_SHEETS, correlation_margin
from studentsim.analysis.misconception_status import CLEARLY_DEFINITION, MISCONCEPTION_VERDICTS
from studentsim.analysis.weakness_selection import WeaknessesSelection
from studentsim.labels import formatting
from studentsim.labels.titles import (
    is_formula_error,
    misconception_scope_label,
    misconception_title,
    skill_title,
    sort_misconceptions,
)
from studentsim.narration.run_summary import exam_time_label, results_headline

NO_EXAM = "There is no exam result yet: the first exam comes before any lesson, and this page is made from exams."
MAX_CATEGORIES_NAMED = 3
MAX_MISCONCEPTIONS_NAMED = 2
MAX_KINDS_NAMED = 6


def describe_run(findings: ExamFindings) -> str:
    """The page's first sentence: the last exam's score, the weakest category, and its most frequent misconception."""
    if findings.exams.empty:
        return NO_EXAM
    return f"{results_headline(findings.exams)} {_describe_weakest(findings)}".strip()


def _describe_weakest(findings: ExamFindings) -> str:
    last = findings.in_last_exam(findings.categories).sort_values("accuracy")
    if len(last) < 2:
        return ""
    weak, tied = _categories_behind(findings)
    if not weak:
        row = _lowest_row(last)
        if row is None:
            return "No category is behind by more than chance."
        lowest = f"{findings.inline_category_label(row.row)}, {format_row_score(row, what='')}"
        text = f"No category is behind by more than chance; the lowest is {lowest}"
        causes_text = _describe_causes(find_wrong_answer_causes(findings, str(row.row)))
        return f"{text}; {causes_text}." if causes_text else f"{text}."
    names = [
        f"{findings.inline_category_label(row.row)}, {format_row_score(row, what='')}"
        for row in (weak[0], *tied[: MAX_CATEGORIES_NAMED - 1])
    ]
    where = f"It is weakest in {'; in '.join(names)}"
    if tied:
        return f"{where}: {'these two' if len(names) == 2 else 'these'} can't be told apart."
    causes_text = _describe_causes(find_wrong_answer_causes(findings, str(weak[0].row)))
    return f"{where}; {causes_text}." if causes_text else f"{where}."


def _categories_behind(findings: ExamFindings) -> tuple[list[Any], list[Any]]:
    """The last exam's rows of categories significantly behind, weakest first; and those not significantly above the weakest."""
    last = findings.in_last_exam(findings.categories).sort_values("accuracy")
    weak = [row for row in last.itertuples() if is_category_behind(row, findings)] if len(last) > 1 else []
    return weak, [
        row
        for row in weak[1:]
        if not claims.significant_change(
            claims.right_of_total(weak[0]), claims.right_of_total(row), comparisons=len(weak) - 1
        )
    ]


def _lowest_row(last: pd.DataFrame) -> Any | None:
    """The row with the lowest accuracy; None where several tie, or all answers are right."""
    rows = last.sort_values("accuracy")
    tie = len(rows) > 1 and rows.accuracy.iloc[0] == rows.accuracy.iloc[1]
    return None if tie or rows.accuracy.iloc[0] == 1 else rows.iloc[0]


def weakest_category(findings: ExamFindings) -> str:
    """The category that ``describe_run`` names as the weakest or lowest; blank where it names none, or several."""
    last = findings.in_last_exam(findings.categories).sort_values("accuracy")
    weak, tied = _categories_behind(findings)
    if tied or len(last) < 2:
        return ""
    row = weak[0] if weak else _lowest_row(last)
    return "" if row is None else str(row.row)


@dataclass(frozen=True)
class WrongAnswerCauses:
    """What is behind a category's wrong answers in the last exam.

    ``top_misconceptions`` are the most frequent (several: a tie), each made ``top_misconception_count`` times; in
    ``unanswered_count`` answers no option was chosen.
    """

    wrong_count: int
    top_misconceptions: tuple[str, ...]
    top_misconception_count: int
    unanswered_count: int

    @property
    def is_mostly_unanswered(self) -> bool:
        """Whether no single misconception is as frequent as a result that no option shows."""
        return self.unanswered_count > max(self.top_misconception_count, 1)


def find_wrong_answer_causes(findings: ExamFindings, category: str) -> WrongAnswerCauses:
    """What is behind a category's wrong answers; misconceptions count from the second time on."""
    row = findings.in_last_exam(findings.categories).set_index("row").loc[category]
    misconception_rows = most_common_misconceptions(findings, category=category, limit=None)
    top_rows = misconception_rows[misconception_rows.made == misconception_rows.made.max()]
    return WrongAnswerCauses(
        wrong_count=int(row.questions - row.correct),
        top_misconceptions=tuple(map(str, top_rows.misconception)),
        top_misconception_count=int(top_rows.made.iloc[0]) if len(top_rows) else 0,
        unanswered_count=count_last_exam_unanswered(findings, "category", category),
    )


def _describe_causes(causes: WrongAnswerCauses) -> str:
    """The most frequent misconceptions, after unanswered questions where those are more; blank where neither is frequent."""
    wrong = formatting.pluralize(causes.wrong_count, "wrong answer")
    titles = [f"“{misconception_title(slip)}”" for slip in causes.top_misconceptions[:MAX_MISCONCEPTIONS_NAMED]]
    more = len(causes.top_misconceptions) - len(titles)
    named = formatting.join_with_and([*titles, *([f"{more} other{'s' if more > 1 else ''}"] if more else [])])
    slips = f"slip is {named}" if len(causes.top_misconceptions) == 1 else f"slips are {named}"
    each = f"{'each ' if len(causes.top_misconceptions) > 1 else ''}{causes.top_misconception_count}"
    if causes.is_mostly_unanswered:
        text = f"there it most often gives a result that no option shows, {causes.unanswered_count} of {wrong}"
        return f"{text}; the most frequent {slips}, {each}" if named else text
    return f"there its commonest {slips}, {each} of {wrong}" if named else ""


def describe_selection(findings: ExamFindings, selection: WeaknessesSelection) -> str:
    """The first sentence of an opened category or skill: its score in the last exam and in the first."""
    frame = findings.skills if selection.skill else findings.categories
    name = selection.skill or selection.category
    rows = frame[frame.row == name].sort_values("turn")
    last, first = rows.iloc[-1], rows.iloc[0]
    title = f"“{skill_title(name)}”" if selection.skill else formatting.capitalize_first(findings.category_label(name))
    text = f"{title}: {format_row_score(last)} {exam_time_label(int(last.turn))}"
    if len(rows) < 2:
        return f"{text}."
    first_score = formatting.format_score(*claims.right_of_total(first))
    change = claims.significant_change(
        claims.right_of_total(first), claims.right_of_total(last), comparisons=frame.row.nunique()
    )
    return f"{text}; it began at {first_score}{'' if change else ', which is no clear change yet'}."


def describe_misconceptions(findings: ExamFindings, frame: pd.DataFrame) -> str:
    """How many misconceptions have which verdict: first the significant ones, then the counts of the undecided.

    ``frame`` is rows of ``ExamFindings.judged_misconceptions``.
    """
    if frame.empty:
        return "No wrong answer of these exams shows a slip that the questions' author named."
    counts = frame.verdict.value_counts()
    if len(findings.exam_turns) < 2:
        return f"{formatting.pluralize(len(frame), 'slip')} seen in the first exam. What becomes of them, later exams will show."
    parts = [
        f"{counts[name]} {singular if counts[name] == 1 else plural}"
        for name, singular, plural in _VERDICT_PHRASES
        if counts.get(name)
    ]
    undecided = formatting.join_with_and(
        [f"{counts[name]} {phrase}" for name, phrase in _UNDECIDED_PHRASES.items() if counts.get(name)]
    )
    if parts:
        text = f"Of {formatting.pluralize(len(frame), 'slip')} ever seen here, {formatting.join_with_and(parts)}."
        rest = len(frame) - sum(int(counts.get(name, 0)) for name, *_ in _VERDICT_PHRASES)
        text += f" On the other{'s' if rest > 1 else ''} the answers don't decide: {undecided}." if rest else ""
    elif len(frame) == 1:
        text = f"This slip has neither clearly gone nor clearly stayed: {describe_trend(frame.iloc[0], findings.exam_turns)}"
    else:
        text = f"None of these {len(frame)} slips has clearly gone or clearly stayed, since each rests on few questions: {undecided}."
    return " ".join(filter(None, [text, _describe_all_misconceptions(findings, frame)]))


def _describe_all_misconceptions(findings: ExamFindings, frame: pd.DataFrame) -> str:
    """How often all misconceptions were made in the first and the last exam; blank if ``frame`` is a part of them, or has fewer than 2."""
    if len(frame) < len(findings.judged_misconceptions) or len(frame) < 2:
        return ""
    exam_sizes = [int(findings.exams.questions.iloc[exam]) for exam in (0, -1)]
    misconception_totals = [int(frame.first_made.sum()), int(frame.last_made.sum())]
    change = claims.significant_change(
        (misconception_totals[0], exam_sizes[0]), (misconception_totals[1], exam_sizes[1])
    )
    change_text = {
        1: "more by more than chance",
        -1: "fewer by more than chance",
        0: "a difference that chance could make",
    }[change]
    first_text = f"in {misconception_totals[0]} of {formatting.pluralize(exam_sizes[0], 'answer')} of the first exam"
    last_text = f"in {misconception_totals[1]} of {exam_sizes[1]} of the last"
    return f"All slips together: {first_text}, {last_text}, {change_text}."


_UNDECIDED_PHRASES = {"fewer": "fewer now", "more": "more now", "same": "as often as at first"}
_VERDICT_PHRASES = (
    ("unlearnt", "was unlearnt", "were unlearnt"),
    ("less", "is made less often", "are made less often"),
    ("replaced", *2 * ("gave way to other mistakes on the same questions",)),
    ("remains", "is clearly still there", "are clearly still there"),
    ("grown", "is made more often now", "are made more often now"),
    ("back", "came back", "came back"),
)


def describe_wrong_answers(findings: ExamFindings) -> str:
    """The last exam's wrong answers by cause: known misconceptions, other options, no option chosen."""
    last = findings.in_last_exam(findings.misconception_counts)
    misconception_count = int(last.made.sum()) if len(last) else 0
    exam = findings.exams.iloc[-1]
    wrong = int(exam.questions - exam.correct)
    if not wrong:
        return "The last exam has no wrong answer."
    unanswered_count = int(exam.unanswered)
    other_count = wrong - misconception_count - unanswered_count
    wrong_text = f"Of the last exam's {formatting.pluralize(wrong, 'wrong answer')}, {misconception_count}"
    if kinds_text := _list_formula_errors(last):
        return (
            f"{wrong_text} can be sorted by what went wrong: {kinds_text}. Of {other_count} it cannot be known, and on "
            f"{unanswered_count} nothing was ticked. What went wrong is known where a slip leads to the option, or where the question's "
            "annotated formula and the sums of the working tell it."
        )
    if misconception_count == wrong > 1:
        return f"All of the last exam's {wrong} wrong answers show a known slip (a misconception)."
    return (
        f"{wrong_text} show a known slip (a misconception), {other_count} another wrong option, and on {unanswered_count} nothing was "
        "ticked."
    )


def _list_formula_errors(last: pd.DataFrame) -> str:
    """The last exam's misconceptions with their counts, most frequent first; blank where none is a formula error."""
    if not len(last) or not last[last.misconception.map(is_formula_error)].made.sum():
        return ""
    sums = last[last.made > 0].groupby("misconception", as_index=False).made.sum()
    shown = sort_misconceptions(sums, "made").head(MAX_KINDS_NAMED)
    named = [f"“{misconception_title(row.misconception)}” {row.made}" for row in shown.itertuples()]
    return ", ".join(
        [*named, *([f"other slips {sums.made.sum() - shown.made.sum()}"] if len(sums) > len(shown) else [])]
    )


def describe_trend(row: object, turns: list[int]) -> str:
    """One misconception's counts: ``5 of 6 in the first exam, 1 of 6 in the last.``"""
    if len(turns) < 2:
        return f"{row.last_made} of {misconception_scope_label(row.misconception, row.last_of)}."  # type: ignore[attr-defined]
    return f"{row.first_made} of {row.first_of} in the first exam, {row.last_made} of {row.last_of} in the last."  # type: ignore[attr-defined]


def describe_item_analysis(sheet_count: int, own_sheet_count: int) -> str:
    """How many answer sheets the item figures rest on (``own_sheet_count`` of this run), and how precise they are."""
    if not sheet_count:
        return "There is no answer sheet yet."
    sources = f"{formatting.pluralize(own_sheet_count, 'exam')} of this run" + (
        f" and {sheet_count - own_sheet_count} of other runs with the same exam"
        if sheet_count > own_sheet_count
        else ""
    )
    if sheet_count < MIN_SHEETS:
        return (
            f"From {formatting.pluralize(sheet_count, 'answer sheet')}: {sources}. Discrimination needs at least {MIN_SHEETS}; "
            "more runs with the same exam give them."
        )
    return (
        f"From {formatting.pluralize(sheet_count, 'answer sheet')}: {sources}. Discrimination is then known to about "
        f"{correlation_margin(sheet_count):.1f} either way at best: sheets of one student, exam after exam, are alike."
    )


def describe_question_history(letters: list[str], turns: list[int], correct: str) -> str:
    """A question's outcome, exam by exam: ``first exam: wrong (b) · after lesson 2: right``."""
    parts = []
    for turn, letter in zip(turns, letters, strict=True):
        outcome = "right" if letter == correct else f"wrong ({letter})" if letter else "nothing ticked"
        parts.append(f"{f'after lesson {turn}' if turn else 'first exam'}: {outcome}")
    return " · ".join(parts)


def describe_item(row: pd.Series) -> str:
    """One question's facility with its 95 % interval, and its discrimination where there are enough sheets."""
    if not row.sheets:
        return "No answer sheet holds this question."
    bounds = f"{row.facility:.2f}, {row.ci_low:.2f} to {row.ci_high:.2f}"
    correct_text = f"Right on {row.correct} of {formatting.pluralize(int(row.sheets), 'sheet')} (facility {bounds})"
    if pd.isna(row.discrimination):
        return f"{correct_text}."
    return f"{correct_text}; discrimination {row.discrimination:.2f}."


def list_verdict_rules() -> list[tuple[str, str]]:
    """Each verdict's name with its rule, and the definition of "clearly"."""
    return [
        *((verdict.name, verdict.rule) for verdict in MISCONCEPTION_VERDICTS.values()),
        ("clearly", CLEARLY_DEFINITION),
    ]
