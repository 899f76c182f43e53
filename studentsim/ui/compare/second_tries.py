"""Second tries of the compared runs, side by side, where any of them has some."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from studentsim.store.database import Database
from studentsim.ui import components, glossary, words
from studentsim.ui.compare.groups import Group
from studentsim.ui.data import Engine
from studentsim.ui.teaching import names, sentences, tries

COLUMNS = {
    "run": "simulation", "said": "what was said", "tried": "tried again", "mended": "mended", "told": "of 100 (95 %)",
    "doubted": "falsely called wrong", "flipped": "given up",
}  # fmt: skip


def section(engine: Engine, groups: Sequence[Group]) -> None:
    """A row a run and what was said there; nothing where no run has further tries."""
    runs = [run for group in groups for run in group.runs if names.of(run.config).attempts > 1]
    if not runs:
        return
    st.subheader("Do second tries help?", anchor=False, help=glossary.help("second-try"))
    key = tuple((run.run_id, run.label, run.last_seq) for run in runs)
    rows = _rows(engine.database, str(engine.folder), key)
    if rows.empty:
        st.markdown(words.literal(sentences.NOBODY))
        return
    table = rows[[c for c in COLUMNS if c in rows]].rename(columns=COLUMNS)
    st.dataframe(table, width="stretch", hide_index=True, key="compare.tries")
    components.csv(table, "second-tries", key="compare.tries")
    st.caption(
        "By the answer key, over all lessons. Each student tried again what it had itself got wrong, so the questions are not the same: "
        "a better student has the harder ones left. After the full working a right second try may just repeat it."
    )


@st.cache_data(max_entries=16, show_spinner=False)
def _rows(_database: Database, folder: str, runs: tuple[tuple[str, str, int], ...]) -> pd.DataFrame:
    """Each run's last seq grows with every event, so no entry can be stale."""
    rows = [rows_of(tries.gather(_database, [id]), label) for id, label, _ in runs]
    return pd.concat(rows, ignore_index=True).fillna("")


def rows_of(found: tries.Tries, label: str) -> pd.DataFrame:
    """One run's rows, one for each content of the teacher's words: ``COLUMNS``; few counts have no share."""
    said = tries.by_said(found.revisions)
    frame = pd.DataFrame({
        "run": label, "said": said.said, "tried": said.tried, "mended": said.mended,
        "told": [_of_hundred(row) for row in said.itertuples()],
    })  # fmt: skip
    if not found.doubted or frame.empty:
        return frame
    rest = [""] * (len(frame) - 1)  # doubts are the run's, not those of one kind of words
    return frame.assign(doubted=[str(found.doubted), *rest], flipped=[str(found.flipped), *rest])


def _of_hundred(row: object) -> str:
    """``76 (65 to 84)``; of few the interval alone."""
    bounds = f"{words.hundred(row.low)} to {words.hundred(row.high)}"  # type: ignore[attr-defined]
    return f"{words.hundred(row.share)} ({bounds})" if row.tried >= tries.FEW else f"too few: {bounds}"  # type: ignore[attr-defined]
