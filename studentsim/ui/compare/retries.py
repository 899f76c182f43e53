"""Further attempts of the compared runs, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from studentsim.analysis import accuracy_bounds, tries
from studentsim.analysis.run_groups import RunGroup
from studentsim.labels import formatting, teacher_settings
from studentsim.narration import teaching_summary
from studentsim.store.database import Database
from studentsim.ui import components, literal
from studentsim.ui.data import Engine, cached_query

COLUMN_LABELS = {
    "run": "simulation", "said": "what was said", "tried": "tried again", "mended": "mended", "share_text": "of 100 (95 %)",
    "doubted": "falsely called wrong", "flipped": "given up",
}  # fmt: skip


def render_second_tries(engine: Engine, groups: Sequence[RunGroup]) -> None:
    """A row for each run and kind of feedback; nothing where no run has further attempts."""
    runs = [
        run for group in groups for run in group.runs if teacher_settings.teaching_settings(run.config).attempts > 1
    ]
    if not runs:
        return
    literal.subheader("Do second tries help?", term="second-try")
    cache_key = tuple((run.run_id, run.label, run.last_seq) for run in runs)
    rows = cached_query(engine, "", _load_rows, cache_key)
    if rows.empty:
        literal.markdown(teaching_summary.NO_RETRIES_NOTE)
        return
    components.render_table(rows, COLUMN_LABELS, "second-tries", key="compare.tries")
    st.caption(
        "By the answer key, over all lessons. Each student tried again what it had itself got wrong, so the questions are not the same: "
        "a better student has the harder ones left. After the full working a right second try may just repeat it."
    )


def _load_rows(database: Database, runs: tuple[tuple[str, str, int], ...]) -> pd.DataFrame:
    """``runs``: id, label and last seq of each."""
    rows = [second_tries_frame(tries.query_retry_results(database, [id]), label) for id, label, _ in runs]
    return pd.concat(rows, ignore_index=True).fillna("")


def second_tries_frame(run_tries: tries.RetryResults, label: str) -> pd.DataFrame:
    """One run's rows, one for each kind of feedback, with the columns of ``COLUMN_LABELS``; few attempts have no share."""
    by_feedback = tries.retry_rates_by_feedback(run_tries.revisions)
    frame = pd.DataFrame({
        "run": label, "said": by_feedback.said, "tried": by_feedback.tried, "mended": by_feedback.mended,
        "share_text": [_format_share(row) for row in by_feedback.itertuples()],
    })  # fmt: skip
    if not run_tries.challenged or frame.empty:
        return frame
    blanks = [""] * (len(frame) - 1)  # challenges are counted for the run, not for a kind of feedback
    return frame.assign(doubted=[str(run_tries.challenged), *blanks], flipped=[str(run_tries.gave_way), *blanks])


def _format_share(row: Any) -> str:
    """``76 (65 to 84)``; the interval alone for few attempts."""
    interval_text = formatting.format_bounds(row.ci_low, row.ci_high)
    return (
        f"{formatting.round_percent(row.share)} ({interval_text})"
        if row.tried >= accuracy_bounds.MIN_RELIABLE_ANSWERS
        else f"too few: {interval_text}"
    )
