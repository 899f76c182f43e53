"""The end of Compare: the same with more seeds, and all that is compared to take away."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studentsim.ui import download, repeat
from studentsim.ui.compare.groups import Run
from studentsim.ui.data import Engine

WHY = (
    "Another seed is another draw of luck: other practice questions, in another order. The new runs join those of the same way above, "
    "which is then drawn as their mean, with an interval that holds for other runs as well."
)


def further(engine: Engine, chosen: Sequence[Run], names: Sequence[str]) -> None:
    """Both, for the ``chosen`` runs; ``names`` are those of the runs and groups that were chosen. Writes on a click."""
    st.subheader("More than luck? Repeat with more seeds", anchor=False)
    st.markdown(WHY)
    runs = [(run.run_id, run.config) for run in chosen]
    repeat.more(engine, runs, names, key="compare", recorded=any(run.recorded for run in chosen))
    st.subheader("Take it away", anchor=False)
    download.offer(engine, [run.run_id for run in chosen], key="compare")
