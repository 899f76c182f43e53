"""Which runs are compared: a box that knows them by name, kept in the link (``?runs=a,b``, ``&paper=1``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import streamlit as st

from studentsim.ui import data as shared
from studentsim.ui import words
from studentsim.ui.compare import captions, data, started
from studentsim.ui.compare.groups import Run


def choose(runs: Mapping[str, Run]) -> list[Run]:
    """The chosen runs, those of chosen groups among them, by the box or the link. Without either, a fair set is proposed. Writes
    the link."""
    raw = st.query_params.get_all("runs")
    asked = data.asked_for(raw, runs) if raw else data.Choice(tuple(data.proposal(runs, shared.watched())))
    groups = data.started_together(runs)
    offered = [name for name, of in groups.items() if len(of) > 1] + list(runs)
    offered += [name for name in asked.names if name not in offered]  # a group of which one run is left
    if "compare.runs" not in st.session_state or st.session_state.get("compare.link") != raw:
        st.session_state["compare.runs"] = list(asked.names)
    st.session_state["compare.runs"] = [name for name in st.session_state["compare.runs"] if name in offered]
    chosen = st.multiselect(
        "Simulations to compare",
        offered,
        format_func=lambda name: group_label(groups[name]) if name in groups else label(runs[name]),
        key="compare.runs",
        max_selections=data.MOST,
        placeholder="Choose two or more, or a group",
        wrap=True,
    )
    link = [",".join(chosen)]
    for note in captions.left_out([], asked.unknown, asked.too_many):
        st.info(words.literal(note), icon=":material/info:")
    if raw != link and (raw or chosen) and not (asked.unknown and list(asked.names) == chosen):
        st.query_params["runs"] = link[0]
        raw = link
    st.session_state["compare.link"] = raw
    found = data.runs_of(chosen, runs)
    if found:
        shared.look_at(shared.subject().together([run.run_id for run in found]))
    return found


def paper_wanted() -> bool:
    """The switch that lays the paper's curves over ours. Writes the link."""
    st.session_state.setdefault("compare.paper", st.query_params.get("paper") == "1")
    wanted = st.toggle(
        "Show the paper's published curves",
        key="compare.paper",
        help="Another model and other questions, so only their shapes can be looked at, not their levels.",
    )
    if wanted:
        st.query_params["paper"] = "1"
    elif "paper" in st.query_params:
        del st.query_params["paper"]
    return wanted


def label(run: Run) -> str:
    """One run in the box: what it is, when it was made, and whether it came with the product."""
    made = datetime.fromtimestamp(run.started)
    parts = [run.config.name] if run.config.name else [words.capital(words.way(run.config)), words.student(run.config)]
    parts += [f"seed {run.config.seed}", f"{made.day} {made:%b %H:%M}"]
    if run.status != "finished":
        parts.append(words.status(run.status)[0])
    return " · ".join(parts + ["recorded"] * run.recorded)


def group_label(runs: Sequence[Run]) -> str:
    """A group in the box: what it is, how many runs with which seeds, and when it was started."""
    first = min(runs, key=lambda run: run.started)
    made = datetime.fromtimestamp(first.started)
    told = started.told_of([run.config for run in runs])
    parts = [words.capital(told.title), told.student, told.size, f"{made.day} {made:%b %H:%M}"]
    if unfinished := sum(run.status != "finished" for run in runs):
        parts.append(f"{unfinished} not finished")
    return " · ".join(filter(None, parts))
