"""Checkboxes in the list of runs, and the bar that compares or downloads the ticked ones."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studentsim.labels import formatting
from studentsim.ui import data, download, literal
from studentsim.ui.cards import RunCard
from studentsim.ui.compare.data import MAX_SELECTED
from studentsim.ui.layout import COMPARE_PAGE

_CHECKBOX_KEY_PREFIX = "home.tick."


def render_checkbox(name: str, title: str) -> None:
    """The checkbox of a run or group; ``name`` is its id."""
    st.checkbox(
        formatting.escape_markdown(f"Tick {title}"),
        key=f"{_CHECKBOX_KEY_PREFIX}{name}",
        label_visibility="collapsed",
        persist_state="session",
    )


def selected_names(runs: Sequence[RunCard]) -> list[str]:
    """Ids of the ticked groups and runs among ``runs``."""
    names = dict.fromkeys(name for run in runs for name in (run.group_id, run.run_id) if name)
    return [name for name in names if st.session_state.get(f"{_CHECKBOX_KEY_PREFIX}{name}")]


def render_selection_bar(engine: data.Engine, runs: Sequence[RunCard], *, key: str) -> None:
    """Buttons for the ticked runs; with none ticked, what ticking is for."""
    names = selected_names(runs)
    if not names:
        st.caption("Tick simulations to compare them, or to take them away together.")
        return
    selected_run_ids = [run.run_id for run in runs if run.run_id in names or run.group_id in names]
    with st.container(horizontal=True, vertical_alignment="center"):
        literal.link(
            COMPARE_PAGE,
            f"Compare the {len(names)} ticked" if len(names) > 1 else "Compare what is ticked",
            ":material/compare_arrows:",
            {"runs": ",".join(names[:MAX_SELECTED])},
        )
        if st.button("Download", icon=":material/folder_zip:", key=f"{key}.download"):
            render_download_dialog(engine, selected_run_ids)
        st.button(
            "Untick all",
            icon=":material/check_box_outline_blank:",
            key=f"{key}.none",
            on_click=_clear_selection,
            args=(names,),
        )
    if len(names) > MAX_SELECTED:
        st.caption(f"Compare takes {MAX_SELECTED} at once, groups counted as one: the first {MAX_SELECTED} of them.")


def _clear_selection(names: Sequence[str]) -> None:
    for name in names:
        st.session_state[f"{_CHECKBOX_KEY_PREFIX}{name}"] = False


@st.dialog("Download everything", icon=":material/folder_zip:", on_dismiss="rerun")
def render_download_dialog(engine: data.Engine, run_ids: Sequence[str]) -> None:
    """The journals and reports of these runs as one archive."""
    download.render_archive_download(engine, run_ids, key="home", show_progress=True)
