"""Downloads of a view's answers; each file is built when its button is pressed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import streamlit as st

from studentsim.labels import formatting
from studentsim.labels.titles import misconception_title, skill_title
from studentsim.store import queries, table_writers
from studentsim.ui.answers.data import AnswersPageData
from studentsim.ui.answers.sentences import PHASE_LABELS
from studentsim.ui.data import Engine

MAX_DOWNLOAD_ROWS = 1_000_000
"""Rows per file at most; ``python -m studentsim export`` writes runs of any length."""

SLOW_EXCEL_ROWS = 20_000
"""With more rows than this, the page says how long the Excel file takes."""

EXCEL_HEADINGS = {
    "seq": "answer", "turn": "lesson", "phase": "asked in", "category": "category", "skill": "skill",
    "difficulty": "difficulty", "question_id": "question id", "problem": "question", "options": "options",
    "correct": "right option", "letter": "ticked", "value": "its result", "is_correct": "right", "misconception": "slip",
    "text": "what it wrote", "logprob": "log-probability", "p_correct": "P(right working)",
    "value_letter": "option that its result shows",
}  # fmt: skip
"""The Excel file's columns and headings. CSV and Parquet have all columns, named as in the journal."""

EXCEL_COLUMN_WIDTHS = {"skill": 28, "problem": 60, "options": 16, "misconception": 34, "text": 48, "question_id": 24}


def render_downloads(engine: Engine, page_data: AnswersPageData) -> None:
    """Three download buttons for the filtered answers."""
    count = page_data.shown_counts.answers
    if not count:
        return
    run_id, answer_filter = page_data.view.run, page_data.view.to_filter()

    def query_batches(limit: int = MAX_DOWNLOAD_ROWS) -> Any:
        return queries.iter_answer_batches(engine.database, run_id, answer_filter, limit=limit)

    with st.expander(f"Download {formatting.pluralize(count, 'answer')}", icon=":material/download:"):
        with st.container(horizontal=True, gap="small"):
            _render_download_button(
                "CSV", "csv", "text/csv", lambda: table_writers.to_csv_bytes(query_batches()), page_data
            )
            _render_download_button(
                "Excel",
                "xlsx",
                _EXCEL_MIME_TYPE,
                lambda: _build_excel(query_batches(min(MAX_DOWNLOAD_ROWS, table_writers.EXCEL_MAX_ROWS))),
                page_data,
            )
            _render_download_button(
                "Parquet",
                "parquet",
                "application/vnd.apache.parquet",
                lambda: table_writers.to_parquet_bytes(query_batches()),
                page_data,
            )
        slow_note = (
            f" The Excel file takes about {formatting.format_duration(count / 12_000)}."
            if count > SLOW_EXCEL_ROWS
            else ""
        )
        limit_note = (
            f" Files hold the first {MAX_DOWNLOAD_ROWS:,} answers; the command line exports all."
            if count > MAX_DOWNLOAD_ROWS
            else ""
        )
        st.caption(
            "The filtered view, with every text in full. A file is made when you press its button. In the CSV file texts that a "
            f"spreadsheet would take for a formula begin with an apostrophe.{slow_note}{limit_note}"
        )


_EXCEL_MIME_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _render_download_button(
    label: str, extension: str, mime: str, build_file: Callable[[], bytes], page_data: AnswersPageData
) -> None:
    st.download_button(
        label, build_file, file_name=f"answers-{page_data.view.run}.{extension}", mime=mime, key=f"answers.take.{extension}",
        on_click="ignore", icon=":material/download:",
    )  # fmt: skip


def _build_excel(batches: Any) -> bytes:
    formatters: dict[str, Callable[[Any], Any]] = {
        "phase": lambda phase: PHASE_LABELS.get(phase, phase),
        "skill": lambda skill: skill and skill_title(skill),
        "misconception": lambda slip: slip and misconception_title(slip),
        "options": lambda text: "\n".join(f"{o['letter']}) {o['text']}" for o in json.loads(text)),
    }
    return table_writers.to_excel_bytes(
        batches, sheet_name="answers", headings=EXCEL_HEADINGS, formatters=formatters, widths=EXCEL_COLUMN_WIDTHS
    )
