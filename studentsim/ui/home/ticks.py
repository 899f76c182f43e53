"""Boxes to tick in the list of runs, and what can be done with all that are ticked: compare them, take them away."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studentsim.ui import data, download, words
from studentsim.ui.cards import RunCard
from studentsim.ui.compare.data import MOST
from studentsim.ui.shell import COMPARE

_TICK = "home.tick."


def box(name: str, title: str) -> None:
    """A box for a run or a group."""
    st.checkbox(
        words.literal(f"Tick {title}"), key=f"{_TICK}{name}", label_visibility="collapsed", persist_state="session"
    )


def ticked(runs: Sequence[RunCard]) -> list[str]:
    """The names of the runs and groups that are ticked, of those that there are."""
    names = dict.fromkeys(name for run in runs for name in (run.group, run.run_id) if name)
    return [name for name in names if st.session_state.get(f"{_TICK}{name}")]


def bar(engine: data.Engine, runs: Sequence[RunCard], *, key: str) -> None:
    """What to do with those ticked; before any is, what ticking is for."""
    names = ticked(runs)
    if not names:
        st.caption("Tick simulations to compare them, or to take them away together.")
        return
    meant = [run.run_id for run in runs if run.run_id in names or run.group in names]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            COMPARE,
            label=f"Compare the {len(names)} ticked" if len(names) > 1 else "Compare what is ticked",
            icon=":material/compare_arrows:",
            query_params={"runs": ",".join(names[:MOST])},
        )
        if st.button("Download", icon=":material/folder_zip:", key=f"{key}.download"):
            take_away(engine, meant)
        st.button(
            "Untick all", icon=":material/check_box_outline_blank:", key=f"{key}.none", on_click=_untick, args=(names,)
        )
    if len(names) > MOST:
        st.caption(f"Compare takes {MOST} at once, groups counted as one: the first {MOST} of them.")


def _untick(names: Sequence[str]) -> None:
    for name in names:
        st.session_state[f"{_TICK}{name}"] = False


@st.dialog("Download everything", icon=":material/folder_zip:", on_dismiss="rerun")
def take_away(engine: data.Engine, run_ids: Sequence[str]) -> None:
    """The whole runs as one file."""
    download.offer(engine, run_ids, key="home", watched=True)
