"""The dialog that confirms deleting a simulation or a whole group."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studentsim.labels import formatting
from studentsim.ui import components, data
from studentsim.ui.cards import RunCard


@st.dialog("Delete this simulation?", icon=":material/delete:")
def render_delete_dialog(engine: data.Engine, runs: Sequence[RunCard]) -> None:
    """Ask, then delete ``runs``; refused while a worker is at one of them. Writes."""
    st.text(runs[0].title if len(runs) == 1 else f"{len(runs)} simulations that were started together")
    if active_runs := [run for run in runs if run.status in formatting.STATUSES_WITH_WORKER]:
        active_text = (
            "It is" if len(runs) == 1 else f"{len(active_runs)} of them {'is' if len(active_runs) == 1 else 'are'}"
        )
        stop_hint = "open it, then *Stop for good*" if len(runs) == 1 else "*Stop what is not finished*"
        st.markdown(f"{active_text} at work. Stop it first: {stop_hint}.")
        return
    possessive = "Its" if len(runs) == 1 else "Their"
    pronoun = "it" if len(runs) == 1 else "they"
    st.markdown(
        f"{possessive} answers, exams and everything {pronoun} learnt are removed from this computer. Nothing brings them back."
    )
    components.render_confirmation(
        "Delete for good" if len(runs) == 1 else f"Delete all {len(runs)} for good",
        "Keep it" if len(runs) == 1 else "Keep them", ":material/delete:", "home.delete", "home.keep",
        _delete_runs, engine, [run.run_id for run in runs],
    )  # fmt: skip


def _delete_runs(engine: data.Engine, run_ids: Sequence[str]) -> None:
    for run_id in run_ids:
        data.control_run(engine, "delete", run_id)
        data.forget_run(run_id)
