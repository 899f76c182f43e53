"""The technical notes on a watched run's training and the source paper's table, each in an expander."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from studentsim.analysis import paper_table, rewards
from studentsim.store import queries
from studentsim.ui import components, data, literal
from studentsim.ui.watch.live_run import RunSnapshot


def render_technical_view(engine: data.Engine, run: RunSnapshot) -> None:
    """Both expanders."""
    with st.expander("Technical view", key=f"watch.technical.{run.run_id}"):
        _render_training_notes(run)
    label = "The source paper's table, lesson by lesson"
    components.render_folded(label, f"watch.paper.{run.run_id}", _render_paper_table, engine, run)


def _render_training_notes(run: RunSnapshot) -> None:
    """Notes on the training pairs, and on means without an interval."""
    dpo = run.config.dpo
    literal.caption(rewards.describe_reference(dpo))
    literal.caption(rewards.describe_last_step(run.steps))
    if not run.validations.empty:
        literal.caption(
            f"{rewards.describe_training('logps', run.steps, run.validations, dpo)} {rewards.MEANS_ONLY_NOTE}",
            term="log-probability",
        )
    literal.caption(rewards.describe_rehearsal(run.steps), term="rehearsal")
    literal.caption(rewards.describe_option_preference(run.validations), term="preference-accuracy")


def _render_paper_table(engine: data.Engine, run: RunSnapshot) -> None:
    version = tuple(run.last_seqs.values())

    def build() -> pd.DataFrame:
        epochs = queries.fetch_epochs(engine.database, run.run_id)
        return paper_table.paper_table_frame(run.lessons, run.exams, run.mistakes, run.steps, run.validations, epochs)

    frame = run.cache.get_or_compute("paper table", version, build)
    labelled_frame = frame.rename(columns=paper_table.COLUMN_TITLES)
    column_config = {paper_table.COLUMN_TITLES["turn"]: st.column_config.NumberColumn(pinned=True)}
    key = f"watch.paper.table.{run.run_id}"
    st.dataframe(labelled_frame.round(4), width="stretch", hide_index=True, key=key, column_config=column_config)
    components.render_csv_download(labelled_frame, f"{run.run_id}-figures", key=f"watch.paper.{run.run_id}")
    literal.caption(paper_table.paper_table_note(run.config, run.mistakes))
