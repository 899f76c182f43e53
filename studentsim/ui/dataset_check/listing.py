"""The list of all issues, filtered by kind, and as CSV."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from studentsim.ui import components, literal
from studentsim.ui.dataset_check.sentences import ISSUE_TITLES, Report

MAX_LISTED_ROWS = 2000
"""Rows listed on the page at most; the CSV has all."""
ISSUE_COLUMNS = ("row", "part", "what", "why", "question")


def render_issue_list(report: Report, title: str) -> None:
    """The list, a row per issue: a row of the dataset may have several."""
    counts = {kind: count for kind, count in report["by_kind"].items() if count}
    if not counts:
        return
    literal.subheader("Which rows are they?")
    kind = st.selectbox(
        "Show", ["", *counts], key="check.kind", width=420,
        format_func=lambda k: f"{ISSUE_TITLES[k]} ({counts[k]:,})" if k else f"all of them ({sum(counts.values()):,})",
    )  # fmt: skip
    frame = issue_frame(report, kind)
    st.dataframe(
        frame.head(MAX_LISTED_ROWS), width="stretch", hide_index=True, key="check.doubts",
        column_config={
            "row": st.column_config.NumberColumn("row", width=70, format="%d"),
            "what": st.column_config.TextColumn("what is doubtful", width="medium"),
            "why": st.column_config.TextColumn("why", width="large"),
            "question": st.column_config.TextColumn("how the question begins", width="large"),
        },
    )  # fmt: skip
    if len(frame) > MAX_LISTED_ROWS:
        st.caption(f"The first {MAX_LISTED_ROWS:,} are listed; the CSV has all {len(frame):,}.")
    else:
        st.caption(
            "Rows count from 1 in their file, lines that name columns left out."
            + (" A row may be listed twice." if not kind else "")
        )
    components.render_csv_download(frame, f"doubtful-{_file_stem(title)}", key="check.doubts")


def issue_frame(report: Report, kind: str = "") -> pd.DataFrame:
    """``row, what, why, question`` of each issue of one kind or all; also ``part`` where a dataset has several."""
    rows = [
        (issue["row"], issue["part"], ISSUE_TITLES[issue["kind"]], issue["why"], issue["problem"])
        for issue in report["doubts"]
        if not kind or issue["kind"] == kind
    ]
    frame = pd.DataFrame(rows, columns=list(ISSUE_COLUMNS))
    return frame if (frame.part != "").any() else frame.drop(columns="part")


def _file_stem(title: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in title.lower())[:60].strip("-") or "questions"
