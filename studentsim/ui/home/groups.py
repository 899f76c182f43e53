"""Runs that were started together, as one row of the list: their states, their mean score, and each run in an expander."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from studentsim.analysis.intervals import mean_interval
from studentsim.labels import formatting
from studentsim.ui import components, data, literal
from studentsim.ui.cards import RunCard
from studentsim.ui.compare.group_summary import GroupSummary, summarize_group
from studentsim.ui.home import delete_dialog, notes_dialogs, run_selection
from studentsim.ui.layout import COMPARE_PAGE, WATCH_PAGE
from studentsim.ui.watch import links

CSS_PATH = Path(__file__).with_suffix(".css")
"""Loaded only here: a browser evaluates its ``:has`` selectors again at each change of the page."""
NESTED_COLUMN_WIDTHS = (5, 3)
"""Relative widths of a row's two columns inside the expander."""
MAX_TITLE_CHARS = 160
"""Characters shown of a group's title, which may wrap (groups.css); the tooltip has all of it."""
EDIT_OPTION, TAG_OPTION, DOWNLOAD_OPTION, STOP_OPTION, DELETE_OPTION = (
    "Name and note",
    "Tag all of them",
    "Download everything",
    "Stop what is not finished",
    "Delete all of them",
)


def group_run_cards(runs: Sequence[RunCard]) -> list[list[RunCard]]:
    """The rows of the list, in the order of their newest run: single runs, and groups of two or more in the order of their seeds."""
    cards_by_group: dict[str, list[RunCard]] = {}
    for run in runs:
        cards_by_group.setdefault(run.group_id or run.run_id, []).append(run)
    return [sorted(cards, key=lambda run: (run.seed, run.run_id)) for cards in cards_by_group.values()]


def render_group_row(
    engine: data.Engine, runs: Sequence[RunCard], *, render_run: Callable[[data.Engine, RunCard, Sequence[int]], None]
) -> None:
    """One group; ``render_run`` draws one run in columns of these relative widths."""
    name = runs[0].group_id
    summary = summarize_group([run.config for run in runs if run.config is not None])
    st.html(CSS_PATH)
    with st.container(border=True):
        info_column, menu_column = st.columns([5, 1], vertical_alignment="center")
        with info_column.container(gap="xsmall"):
            with components.row("small", key=f"home.group.head.{name}"):
                title = formatting.capitalize_first(summary.title)
                short_title = formatting.shorten_label(title, MAX_TITLE_CHARS)
                run_selection.render_checkbox(name, title)
                page, query = _group_link(runs, summary)
                full_title = formatting.escape_markdown(title) if len(title) > formatting.MAX_LABEL_CHARS else None
                literal.link(page, short_title, ":material/stacks:", query, help=full_title)
                st.badge(describe_statuses(runs), icon=":material/repeat:", color="gray")
            literal.caption(_group_caption(runs, summary))
        with menu_column.container(horizontal=True, horizontal_alignment="right"):
            _render_menu(engine, runs)

        def render_runs() -> None:
            for run in runs:
                render_run(engine, run, NESTED_COLUMN_WIDTHS)

        components.render_folded(f"The {len(runs)} runs", f"home.group.{name}", render_runs)


def _group_link(runs: Sequence[RunCard], summary: GroupSummary) -> tuple[str, dict[str, str]]:
    """Page and query parameters: Watch for a race with one seed, Compare for any other group."""
    if summary.variant_count == len(runs) <= links.MAX_RACE_RUNS:
        return WATCH_PAGE, links.race_params([run.run_id for run in runs])
    return COMPARE_PAGE, {"runs": runs[0].group_id}


def describe_statuses(runs: Sequence[RunCard]) -> str:
    """How many runs are in each state: ``all 5 finished``, ``2 finished, 1 learning, 2 waiting for their turn``."""
    status_counts = Counter(run.status for run in runs)
    description = ", ".join(formatting.format_status_count(count, status) for status, count in status_counts.items())
    return f"all {description}" if len(status_counts) == 1 else description


def describe_mean_score(runs: Sequence[RunCard]) -> str:
    """Mean score and interval (over seeds and questions) of the runs that sat the latest exam; blank for fewer than two runs."""
    last_results = [run.last_exam for run in runs if run.last_exam is not None]
    turn = max((turn for *_, turn in last_results), default=0)
    final_scores = [(correct, questions) for correct, questions, exam_turn in last_results if exam_turn == turn]
    if len(final_scores) < 2 or not turn:
        return ""
    accuracies = [correct / questions for correct, questions in final_scores]
    questions_per_run = min(questions for _, questions in final_scores)
    low, high = mean_interval(accuracies, questions_per_run)
    mean_text = formatting.round_percent(sum(accuracies) / len(accuracies))
    interval_text = formatting.format_interval(low, high)
    turns_text = formatting.pluralize(turn, "lesson")
    return f"on average {mean_text} of 100 {interval_text} right after {turns_text}, in {len(final_scores)} runs"


def _group_caption(runs: Sequence[RunCard], summary: GroupSummary) -> str:
    age_text = formatting.format_time_ago(time.time() - max(run.started_at for run in runs))
    mean_text = describe_mean_score(runs) if summary.variant_count == 1 else ""
    return " · ".join(filter(None, [summary.student, summary.size_label, mean_text, age_text]))


def _render_menu(engine: data.Engine, runs: Sequence[RunCard]) -> None:
    cancellable_ids = [run.run_id for run in runs if run.status in formatting.CANCELLABLE_STATUSES]
    options = [EDIT_OPTION, TAG_OPTION, DOWNLOAD_OPTION, *([STOP_OPTION] if cancellable_ids else []), DELETE_OPTION]
    chosen = st.menu_button("More", options, key=f"home.more.{runs[0].group_id}", type="tertiary")
    if chosen == EDIT_OPTION:
        notes_dialogs.render_group_notes_dialog(engine, runs)
    if chosen == TAG_OPTION:
        notes_dialogs.render_group_tags_dialog(engine, runs)
    if chosen == DOWNLOAD_OPTION:
        run_selection.render_download_dialog(engine, [run.run_id for run in runs])
    if chosen == STOP_OPTION:
        _render_stop_dialog(engine, cancellable_ids, len(runs))
    if chosen == DELETE_OPTION:
        delete_dialog.render_delete_dialog(engine, runs)


@st.dialog("Stop what is not finished?", icon=":material/stop:")
def _render_stop_dialog(engine: data.Engine, run_ids: Sequence[str], total: int) -> None:
    st.markdown(
        f"{formatting.pluralize(len(run_ids), 'simulation')} of {total} {'is' if len(run_ids) == 1 else 'are'} cancelled. "
        "The lessons done so far stay, but they cannot go on."
    )
    components.render_confirmation(
        "Stop for good", "Let them go on", ":material/stop:", "home.stop", "home.go_on", _cancel_runs, engine, run_ids
    )


def _cancel_runs(engine: data.Engine, run_ids: Sequence[str]) -> None:
    for run_id in reversed(run_ids):  # queued runs first, so that none of them starts meanwhile
        data.control_run(engine, "cancel", run_id)
