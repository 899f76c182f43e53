"""The report's section on second tries and the teacher's errors, as HTML; blank for runs without them."""

from __future__ import annotations

import pandas as pd

from studentsim.ui import words
from studentsim.ui.report.text import escape, paragraph, table
from studentsim.ui.teaching import sentences, tries
from studentsim.ui.teaching.tries import Tries
from studentsim.ui.titles import slip_title

SLIPS = 8
"""Slips in the report's table, those most often tried again."""


def section(found: Tries, marks: pd.DataFrame) -> str:
    """What second tries mended, whether it lasts, who gave way, and how often the teacher erred, in short."""
    parts = _erred(marks)
    if found.any:
        said = [
            sentences.mended(found),
            sentences.words_said(tries.by_said(found.revisions)),
            sentences.repeated(found.revisions),
            sentences.gave_way(found),
        ]
        said += [sentences.beside(found), sentences.lasting(found.lasting) if found.tried else ""]
        parts = [
            *(paragraph(text) for text in said if text),
            *([_note()] if len(found.lasting) else []),
            *_slips(found),
            *parts,
        ]
    return f"<section>\n<h2>Second tries, and the teacher</h2>\n{''.join(parts)}\n</section>" if parts else ""


def _erred(marks: pd.DataFrame) -> list[str]:
    """Told where the teacher erred, or a trained marker judged."""
    if not len(marks) or not marks[["false_right", "false_wrong", "marker_answers"]].sum().sum():
        return []
    return [paragraph(text) for text in (sentences.errors(marks), sentences.marker(marks)) if text]


def _note() -> str:
    return f'<p class="note">{escape(sentences.CAVEAT)}</p>'


def _slips(found: Tries) -> list[str]:
    frame = tries.rates(found.revisions, "misconception")
    if frame.empty:
        return []
    rows: list[list[object]] = [
        [slip_title(r.misconception) if r.misconception else "no known slip", f"{r.mended} of {r.tried}",
         f"{words.hundred(r.low)} to {words.hundred(r.high)}"]
        for r in frame.head(SLIPS).itertuples()
    ]  # fmt: skip
    head = ["slip behind the first answer", "mended", "95 % interval, of 100"]
    shown = min(SLIPS, len(frame))
    caption = f"The {shown} most often tried again, of {len(frame)}" if shown < len(frame) else "By slip"
    return [table(head, rows, caption=caption, numbers=frozenset({1, 2}))]
