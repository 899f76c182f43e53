"""The technical view of a watched run's learning, and the source paper's table of figures, each in a fold."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from studentsim.store import queries
from studentsim.ui import components, data, glossary, paper_table, rewards, words
from studentsim.ui.watch.pulse import Snapshot


def section(engine: data.Engine, run: Snapshot) -> None:
    """Both folds, kept up to date with the rest of the page."""
    with st.expander("Technical view", key=f"watch.technical.{run.run_id}"):
        _said(run)
    fold = st.expander("The source paper's table, lesson by lesson", key=f"watch.paper.{run.run_id}", on_change="rerun")
    if fold.open:  # made only then
        with fold:
            _paper_table(engine, run)


def _said(run: Snapshot) -> None:
    """What is true of training pairs alone, or cannot be told how sure it is."""
    learning = run.config.learning
    for told in (rewards.compared_with(learning), rewards.last_step(run.steps)):
        if told:
            st.caption(words.literal(told))
    if not run.validations.empty:
        st.caption(
            words.literal(f"{rewards.sentence('logps', run.steps, run.validations, learning)} {rewards.ONLY_MEANS}"),
            help=glossary.help("log-probability"),
        )
    if held := rewards.held(run.steps):
        st.caption(held, help=glossary.help("rehearsal"))
    if told := rewards.options(run.validations):
        st.caption(words.literal(told), help=glossary.help("preference-accuracy"))


def _paper_table(engine: data.Engine, run: Snapshot) -> None:
    version = tuple(run.seqs.values())

    def made() -> pd.DataFrame:
        epochs = queries.epochs(engine.database, run.run_id)
        return paper_table.table(run.lessons, run.exams, run.mistakes, run.steps, run.validations, epochs)

    frame = run.once("paper table", version, made)
    shown = frame.rename(columns=paper_table.HEADS)
    pinned = {paper_table.HEADS["turn"]: st.column_config.NumberColumn(pinned=True)}
    key = f"watch.paper.table.{run.run_id}"
    st.dataframe(shown.round(4), width="stretch", hide_index=True, key=key, column_config=pinned)
    components.csv(shown, f"{run.run_id}-figures", key=f"watch.paper.{run.run_id}")
    st.caption(words.literal(paper_table.note(run.config, run.mistakes)))
