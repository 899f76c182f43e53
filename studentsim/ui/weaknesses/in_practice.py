"""What practice tells beside exams: letters that disagree with values, and what went wrong where only practice is written out."""

from __future__ import annotations

import pandas as pd

from studentsim.ui import words
from studentsim.ui.titles import commonest_first, is_formula_error, slip_title
from studentsim.ui.weaknesses.findings import Findings

NAMED = 4
"""Kinds of errors named in a sentence."""


def disagreements(found: Findings) -> str:
    """In how many answers letter and value disagree, in the last exam and in practice, and which of them counts; blank where none do."""
    frame = found.disagreements
    if frame.empty or not frame.disagree.any():
        return ""
    exam, practice = frame[(frame.phase == "exam") & (frame.turn == found.last)], frame[frame.phase == "study"]
    parts = [
        f"in {int(rows.disagree.sum())} of {where.format(words.plural(int(rows.answers.sum()), 'answer'))}"
        for rows, where in ((exam, "the last exam's {}"), (practice, "{} in practice so far"))
        if rows.disagree.any()
    ]
    if not parts:
        return ""
    seen = pd.concat([exam, practice])
    right, kept = int(seen.value_right.sum()), int(seen.letter_right.sum())
    also = f" In {right} of these the value is the right option's, and yet the answer counts as wrong." if right else ""
    also += f" In {kept} the letter is the right option's, and the answer counts as right." if kept else ""
    return (
        f"{words.capital(' and '.join(parts))} letter and value disagree: the value written beside the letter is another option's. "
        f"The letter counts.{also}"
    )


def kinds(found: Findings) -> str:
    """What went wrong in practice, as far as formulas tell; blank where they tell of exams too, or of nothing."""
    frame = found.practice
    if frame.empty or found.made.misconception.map(is_formula_error).any():
        return ""
    sorted_out = frame[frame.misconception.map(is_formula_error).astype(bool)]
    made, wrong = int(sorted_out.wrong.sum()), int(frame.wrong.sum())
    if not made:
        return ""
    shown = commonest_first(sorted_out.groupby("misconception", as_index=False).wrong.sum(), "wrong").head(NAMED)
    named = ", ".join(f"“{slip_title(row.misconception)}” {row.wrong}" for row in shown.itertuples())
    return (
        f"Of {words.plural(wrong, 'wrong answer')} in practice so far {made} can be sorted by what went wrong: {named}. Of the others it "
        "cannot be known: the question's annotated formula and the sums of the working tell it, where there are any."
    )
