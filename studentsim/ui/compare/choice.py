"""Which runs are compared: a multiselect whose state the link holds (``?runs=a,b``, ``&paper=1``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import streamlit as st

from studentsim.analysis.run_groups import ComparedRun
from studentsim.labels import formatting
from studentsim.ui import literal
from studentsim.ui.compare import captions, data, group_summary
from studentsim.ui.data import current_run_id, get_viewed_runs, set_viewed_runs


def render_run_choice(runs: Mapping[str, ComparedRun]) -> list[ComparedRun]:
    """The runs chosen in the field or the link, those of chosen groups among them; by default the proposed selection. Writes the
    link."""
    link_values = st.query_params.get_all("runs")
    selection = (
        data.parse_selection(link_values, runs)
        if link_values
        else data.RunSelection(tuple(data.propose_selection(runs, current_run_id())))
    )
    groups = data.runs_by_group(runs)
    offered = [name for name, group in groups.items() if len(group) > 1] + list(runs)
    offered += [name for name in selection.names if name not in offered]  # a group of which one run is left
    if "compare.runs" not in st.session_state or st.session_state.get("compare.link") != link_values:
        st.session_state["compare.runs"] = list(selection.names)
    st.session_state["compare.runs"] = [name for name in st.session_state["compare.runs"] if name in offered]
    chosen = st.multiselect(
        "Simulations to compare",
        offered,
        format_func=lambda name: group_label(groups[name]) if name in groups else run_label(runs[name]),
        key="compare.runs",
        max_selections=data.MAX_SELECTED,
        placeholder="Choose two or more, or a group",
        wrap=True,
    )
    new_link = [",".join(chosen)]
    for note in captions.describe_left_out([], selection.unknown_names, selection.excess_count):
        literal.info(note, icon=":material/info:")
    if (
        link_values != new_link
        and (link_values or chosen)
        and not (selection.unknown_names and list(selection.names) == chosen)
    ):
        st.query_params["runs"] = new_link[0]
        link_values = new_link
    st.session_state["compare.link"] = link_values
    chosen_runs = data.resolve_runs(chosen, runs)
    if chosen_runs:
        set_viewed_runs(get_viewed_runs().with_runs([run.run_id for run in chosen_runs]))
    return chosen_runs


def render_damaged_runs(descriptions: Sequence[str]) -> None:
    """What is wrong with each damaged run, which is not offered, or only as far as it can be read."""
    for description in descriptions:
        literal.warning(description, icon=formatting.status_display("damaged")[2])


def render_paper_toggle() -> bool:
    """The toggle that adds the paper's curves. Writes the link."""
    st.session_state.setdefault("compare.paper", st.query_params.get("paper") == "1")
    is_on = st.toggle(
        "Show the paper's published curves",
        key="compare.paper",
        help="Another model and other questions, so only their shapes can be looked at, not their levels.",
    )
    if is_on:
        st.query_params["paper"] = "1"
    elif "paper" in st.query_params:
        del st.query_params["paper"]
    return is_on


def run_label(run: ComparedRun) -> str:
    """A run's option: name or strategy and student, seed, start time, state, and whether it is a recorded one."""
    started_at = datetime.fromtimestamp(run.started_at)
    parts = (
        [run.config.name]
        if run.config.name
        else [formatting.capitalize_first(formatting.strategy_label(run.config)), formatting.student_title(run.config)]
    )
    parts += [f"seed {run.config.seed}", f"{started_at.day} {started_at:%b %H:%M}"]
    if run.status != "finished":
        parts.append(formatting.status_display(run.status)[0])
    return " · ".join(parts + ["recorded"] * run.is_recorded)


def group_label(runs: Sequence[ComparedRun]) -> str:
    """A group's option: title, student, seeds, start time, and how many runs are not finished."""
    first_run = min(runs, key=lambda run: run.started_at)
    started_at = datetime.fromtimestamp(first_run.started_at)
    summary = group_summary.summarize_group([run.config for run in runs])
    parts = [
        formatting.capitalize_first(summary.title),
        summary.student,
        summary.size_label,
        f"{started_at.day} {started_at:%b %H:%M}",
    ]
    if unfinished := sum(run.status != "finished" for run in runs):
        parts.append(f"{unfinished} not finished")
    return " · ".join(filter(None, parts))
