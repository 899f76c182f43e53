"""The list of runs on Home: each with its state, a sparkline of its exams and a menu; a group of runs is one row."""

from __future__ import annotations

import time
from collections.abc import Sequence

import streamlit as st

from studentsim.config import RunConfig
from studentsim.labels import formatting
from studentsim.narration import run_summary
from studentsim.ui import charts, components, data, literal
from studentsim.ui.cards import RunCard
from studentsim.ui.home import delete_dialog, filters, groups, notes_dialogs, run_selection
from studentsim.ui.layout import COMPARE_PAGE, NEW_SIMULATION_PAGE, WATCH_PAGE
from studentsim.ui.svg_component import render_sketch

MAX_RUNS, INITIAL_ROWS, FILTERED_ROWS = 1000, 5, 30
"""Runs listed at most; rows shown outside the expander, without and with an active filter."""
RERUN_OPTION, REPEAT_OPTION, EDIT_OPTION, DOWNLOAD_OPTION, DELETE_OPTION = (
    "Run again with changes",
    "Repeat with more seeds",
    "Name, tags and note",
    "Download everything",
    "Delete",
)
MAX_NOTE_CHARS = 160
"""Characters of a note shown in its row."""


def render_recent_runs(engine: data.Engine, runs: Sequence[RunCard], all_runs: Sequence[RunCard]) -> None:
    """The ``runs`` made here, newest first, older ones in an expander. The selection bar covers ``all_runs``."""
    literal.header("Recent simulations")
    if not runs:
        st.info(
            f"You have not run a simulation yet. *Watch a student learn* starts one. {_describe_estimate(engine)}",
            icon=":material/info:",
        )
        return
    active_filters = filters.render_filters(runs, always_show=len(runs) > INITIAL_ROWS)
    matching_runs = filters.filter_runs(runs, active_filters)
    run_selection.render_selection_bar(engine, all_runs, key="home.ticked")
    entries = groups.group_run_cards(matching_runs)
    if active_filters and not matching_runs:
        st.info(f"No simulation is so. {filters.describe_filters(active_filters)}", icon=":material/info:")
        st.button("Show all of them", key="home.all", on_click=filters.clear_filters)
        return
    row_count = FILTERED_ROWS if active_filters else INITIAL_ROWS
    _render_entries(engine, entries[:row_count])
    if older := entries[row_count:]:
        count = sum(len(entry) for entry in older)
        label = formatting.pluralize(count, "earlier simulation")
        components.render_folded(label, "home.older", _render_entries, engine, older)


def _describe_estimate(engine: data.Engine) -> str:
    """How long a run with the default settings takes: the same estimate as on New simulation."""
    run_estimate = data.estimate_duration(engine, RunConfig())
    return run_summary.describe_estimated_duration(
        run_estimate.low_seconds, run_estimate.high_seconds, run_estimate.run_count
    )


def _render_entries(engine: data.Engine, entries: Sequence[Sequence[RunCard]]) -> None:
    for runs in entries:
        if len(runs) == 1:
            render_run_row(engine, runs[0])
        else:
            groups.render_group_row(engine, runs, render_run=render_run_row)


def render_run_row(engine: data.Engine, run: RunCard, column_widths: Sequence[int] = (3, 1)) -> None:
    """One run: title, state, last exam, sparkline of its exams, and its menu."""
    with st.container(border=True):
        info_column, status_column = st.columns(column_widths, vertical_alignment="center")
        with info_column.container(gap="xsmall"):
            with components.row("small"):
                run_selection.render_checkbox(run.run_id, run.title)
                label = run.name or formatting.capitalize_first(run.strategy_label) or run.title
                literal.link(WATCH_PAGE, label, params={"run": run.run_id})
                components.render_status_badge(run.status)
                for tag in run.tags:
                    st.badge(formatting.escape_markdown(tag), icon=":material/label:", color="gray")
            literal.caption(_run_caption(run))
            components.render_run_problem(run)
            if run.note:
                st.caption(
                    f":material/sticky_note_2: {formatting.escape_markdown(formatting.shorten_label(run.note, MAX_NOTE_CHARS))}"
                )
        with status_column.container(horizontal=True, vertical_alignment="center", horizontal_alignment="right"):
            if len(run.exam_accuracies) > 1:
                _render_sparkline(run)
            _render_menu(engine, run)


def _run_caption(run: RunCard) -> str:
    if run.config is None:
        return formatting.format_time_ago(time.time() - run.started_at)
    progress_text = "" if run.status == "finished" else f"lesson {run.turn} of {run.turns}"
    age_text = run.recorded_label or formatting.format_time_ago(time.time() - run.started_at)
    student_text = (
        f"{run.student_label}: {run.strategy_label}" if run.name and not run.recorded_label else run.student_label
    )
    return " · ".join(
        filter(None, [student_text, f"seed {run.seed}", run.exam_label, progress_text, age_text, run.student_version])
    )


def _render_sparkline(run: RunCard) -> None:
    scores_text = ", ".join(str(formatting.round_percent(a)) for a in run.exam_accuracies)
    with st.container(width=120):
        sketch = charts.exams_sparkline(run.exam_accuracies, run.strategy)
        render_sketch(sketch, key=f"home.spark.{run.run_id}", alt=f"Right answers of 100, exam by exam: {scores_text}")


def _render_menu(engine: data.Engine, run: RunCard) -> None:
    options = [RERUN_OPTION, REPEAT_OPTION, EDIT_OPTION, DOWNLOAD_OPTION, DELETE_OPTION]
    if run.config is None:
        options = [DOWNLOAD_OPTION, DELETE_OPTION]
    chosen = st.menu_button("More", options, key=f"home.more.{run.run_id}", type="tertiary")
    if chosen == RERUN_OPTION:
        st.switch_page(NEW_SIMULATION_PAGE, query_params={"like": run.run_id})
    if chosen == REPEAT_OPTION:
        st.switch_page(COMPARE_PAGE, query_params={"runs": run.run_id})
    if chosen == EDIT_OPTION:
        notes_dialogs.render_notes_dialog(engine, run)
    if chosen == DOWNLOAD_OPTION:
        run_selection.render_download_dialog(engine, [run.run_id])
    if chosen == DELETE_OPTION:
        delete_dialog.render_delete_dialog(engine, [run])
