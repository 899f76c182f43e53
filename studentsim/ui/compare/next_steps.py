"""The end of Compare: repeat the runs with more seeds, and download them."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studentsim.analysis.run_groups import ComparedRun
from studentsim.ui import download, literal, repeat
from studentsim.ui.data import Engine

REPEAT_EXPLANATION = (
    "Another seed makes other random choices: other practice questions, in another order. The new runs join those of the same way above, "
    "which then appears as their mean, with an interval that holds for other runs as well."
)


def render_next_steps(engine: Engine, chosen_runs: Sequence[ComparedRun], chosen_names: Sequence[str]) -> None:
    """Both parts for ``chosen_runs``; ``chosen_names`` are the ids of the chosen runs and groups. Writes on a click."""
    literal.subheader("More than chance? Repeat with more seeds")
    st.markdown(REPEAT_EXPLANATION)
    runs = [(run.run_id, run.config) for run in chosen_runs]
    repeat.render_more_seeds(
        engine, runs, chosen_names, key="compare", is_recorded=any(run.is_recorded for run in chosen_runs)
    )
    literal.subheader("Take it away")
    download.render_archive_download(engine, [run.run_id for run in chosen_runs], key="compare")
