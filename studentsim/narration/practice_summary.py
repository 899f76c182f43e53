"""Sentences on practice answers: letters that disagree with values, and errors found where only practice is written out."""

from __future__ import annotations

import pandas as pd

from studentsim.analysis.findings import ExamFindings
from studentsim.labels import formatting
from studentsim.labels.titles import is_formula_error, misconception_title, sort_misconceptions

MAX_ERROR_KINDS_NAMED = 4
"""Kinds of errors named in a sentence."""


def describe_disagreements(findings: ExamFindings) -> str:
    """In how many answers, in the last exam and in practice, letter and value disagree, and which counts; blank where none do."""
    frame = findings.disagreements
    if frame.empty or not frame.disagree.any():
        return ""
    exam, practice = (
        frame[(frame.phase == "exam") & (frame.turn == findings.last_exam_turn)],
        frame[frame.phase == "study"],
    )
    parts = [
        f"in {int(rows.disagree.sum())} of {where.format(formatting.pluralize(int(rows.answers.sum()), 'answer'))}"
        for rows, where in ((exam, "the last exam's {}"), (practice, "{} in practice so far"))
        if rows.disagree.any()
    ]
    if not parts:
        return ""
    counted = pd.concat([exam, practice])
    value_correct, letter_correct = int(counted.value_right.sum()), int(counted.letter_right.sum())
    exceptions = (
        f" In {value_correct} of these the value is the right option's, and yet the answer counts as wrong."
        if value_correct
        else ""
    )
    exceptions += (
        f" In {letter_correct} the letter is the right option's, and the answer counts as right."
        if letter_correct
        else ""
    )
    return (
        f"{formatting.capitalize_first(' and '.join(parts))} letter and value disagree: the value written beside the letter is "
        f"another option's. The letter counts.{exceptions}"
    )


def describe_practice_errors(findings: ExamFindings) -> str:
    """Which formula errors practice shows; blank where exams show some too (those are described there), or practice none."""
    frame = findings.practice_misconceptions
    if frame.empty or findings.misconception_counts.misconception.map(is_formula_error).any():
        return ""
    formula_errors = frame[frame.misconception.map(is_formula_error).astype(bool)]
    formula_error_count, wrong = int(formula_errors.wrong.sum()), int(frame.wrong.sum())
    if not formula_error_count:
        return ""
    shown = sort_misconceptions(formula_errors.groupby("misconception", as_index=False).wrong.sum(), "wrong").head(
        MAX_ERROR_KINDS_NAMED
    )
    named = ", ".join(f"“{misconception_title(row.misconception)}” {row.wrong}" for row in shown.itertuples())
    return (
        f"Of {formatting.pluralize(wrong, 'wrong answer')} in practice so far {formula_error_count} can be sorted by what went wrong: "
        f"{named}. Of the others it cannot be known: the question's annotated formula and the sums of the working tell it, where there "
        "are any."
    )
