"""The answers of a view to take away: files that are made when they are asked for, not before."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import streamlit as st

from studentsim.store import queries, sheets
from studentsim.ui import words
from studentsim.ui.answers.data import Sheet
from studentsim.ui.answers.sentences import PHASES
from studentsim.ui.data import Engine
from studentsim.ui.titles import skill_title, slip_title

MOST = 1_000_000
"""Rows of a file at most; ``python -m studentsim export`` writes runs of any length."""

SLOW = 20_000
"""From so many rows on it is said that the Excel file takes a while."""

HEADINGS = {
    "seq": "answer", "turn": "lesson", "phase": "asked in", "category": "category", "skill": "skill",
    "difficulty": "difficulty", "question_id": "question id", "problem": "question", "options": "options",
    "correct": "right option", "letter": "ticked", "value": "its result", "right": "right", "misconception": "slip",
    "text": "what it wrote", "logprob": "log-probability", "p_right": "P(right working)",
    "value_letter": "option that its result shows",
}  # fmt: skip
"""The Excel file's columns. CSV and Parquet have all columns, named as in the journal."""

WIDTHS = {"skill": 28, "problem": 60, "options": 16, "misconception": 34, "text": 48, "question_id": 24}


def takeaway(engine: Engine, shown: Sheet) -> None:
    """Three download buttons for what the filter lets through."""
    count = shown.shown.answers
    if not count:
        return
    run, chosen = shown.view.run, shown.view.filters()

    def pieces(limit: int = MOST) -> Any:
        return queries.answer_batches(engine.database, run, chosen, limit=limit)

    with st.expander(f"Download {words.plural(count, 'answer')}", icon=":material/download:"):
        with st.container(horizontal=True, gap="small"):
            _button("CSV", "csv", "text/csv", lambda: sheets.csv(pieces()), shown)
            _button("Excel", "xlsx", _EXCEL, lambda: _excel(pieces(min(MOST, sheets.EXCEL_ROWS))), shown)
            _button("Parquet", "parquet", "application/vnd.apache.parquet", lambda: sheets.parquet(pieces()), shown)
        slow = f" The Excel file takes about {words.duration(count / 12_000)}." if count > SLOW else ""
        cut = f" Files hold the first {MOST:,} answers; the command line exports all." if count > MOST else ""
        st.caption(
            "The filtered view, with every text in full. A file is made when you press its button. In the CSV file texts that a "
            f"spreadsheet would take for a formula begin with an apostrophe.{slow}{cut}"
        )


_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _button(label: str, ending: str, mime: str, make: Callable[[], bytes], shown: Sheet) -> None:
    st.download_button(
        label, make, file_name=f"answers-{shown.view.run}.{ending}", mime=mime, key=f"answers.take.{ending}",
        on_click="ignore", icon=":material/download:",
    )  # fmt: skip


def _excel(pieces: Any) -> bytes:
    told: dict[str, Callable[[Any], Any]] = {
        "phase": lambda phase: PHASES.get(phase, phase),
        "skill": lambda skill: skill and skill_title(skill),
        "misconception": lambda slip: slip and slip_title(slip),
        "options": lambda text: "\n".join(f"{o['letter']}) {o['text']}" for o in json.loads(text)),
    }
    return sheets.excel(pieces, sheet="answers", headings=HEADINGS, told=told, widths=WIDTHS)
