"""A race: two to four runs with the same exam and seed, on one page."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from studentsim.errors import UnknownRun
from studentsim.labels import formatting
from studentsim.narration import run_summary
from studentsim.ui import charts, components, data, literal, repeat
from studentsim.ui.layout import HOME_PAGE, WATCH_PAGE, error_boundary
from studentsim.ui.watch import ballot, links, live, live_run, mix, plot, predictions, race_entries, replay

SINGLE_RUN_CAVEAT = (
    "Same exam, one run each: with another seed it could turn out otherwise. "
    "Compare tells several runs of each together."
)


def render_race_page(engine: data.Engine, run_ids: tuple[str, ...]) -> None:
    """The header with the buttons for all runs, and the refreshing body."""
    runs = load_existing_runs(engine, run_ids)
    if not runs:
        return
    components.render_page_title(f"Race: {', '.join(entry.name.lower() for entry in build_entries(runs))}")
    ids = tuple(run.run_id for run in runs)
    with components.link_row():
        render_run_buttons(engine, runs)
        if _is_voting_open(runs):
            ballot.render_predict_first_button(engine, runs)
        literal.link(WATCH_PAGE, "Show it to a room", ":material/slideshow:", links.presentation_params(ids), width=154)
        if replay.can_replay(runs):
            replay.render_replay_link(ids, label="Replay it for a room")
    st.fragment(_render_body, run_every=live.refresh_interval(runs))(engine, ids, race_page_state(runs))
    literal.subheader("More than chance? Repeat the race with more seeds")
    is_recorded = any(run.recorded_label for run in runs)
    repeat.render_more_seeds(
        engine, [(run.run_id, run.config) for run in runs], ids, key="watch.race.more", is_recorded=is_recorded
    )


def load_existing_runs(engine: data.Engine, run_ids: tuple[str, ...]) -> list[live_run.RunSnapshot]:
    """The runs of the link that exist; shows an error for each that is missing."""
    runs, errors = [], []
    for run_id in run_ids:
        try:
            runs.append(live_run.take_snapshot(engine, run_id))
        except UnknownRun as error:
            errors.append(error)
            data.forget_run(run_id)
    if not runs:
        components.render_page_title("There is no such simulation")
    for error in errors:
        components.render_error(error)
    if not runs:
        literal.link(HOME_PAGE, "Go to Home", ":material/home:")
    return runs


def race_page_state(runs: list[live_run.RunSnapshot]) -> tuple[object, ...]:
    """Everything that the page outside the fragment depends on."""
    return (*(run.page_state for run in runs), _is_voting_open(runs))


def _is_voting_open(runs: list[live_run.RunSnapshot]) -> bool:
    return predictions.is_voting_open(build_entries(runs), is_over=all(run.is_over for run in runs))


def render_run_buttons(engine: data.Engine, runs: list[live_run.RunSnapshot], *, with_shortcuts: bool = False) -> None:
    """Pause, resume and cancel, each for the runs to which it applies. ``with_shortcuts``: P pauses, G resumes, no cancel."""

    def render_button(
        label: str, action: str, icon: str, states: frozenset[str] | set[str], key: str | None = None
    ) -> None:
        target_ids = [run.run_id for run in runs if run.status in states and not run.state.request]
        if target_ids:
            st.button(
                label if len(runs) == 1 else f"{label} all",
                icon=icon,
                key=f"watch.all.{action}",
                shortcut=key,
                on_click=live_run.control_runs,
                args=(engine, action, target_ids),
            )

    render_button(
        "Pause", "pause", ":material/pause:", {"queued", "starting", "running"}, "P" if with_shortcuts else None
    )
    render_button(
        "Go on" if with_shortcuts else "Resume",
        "resume",
        ":material/play_arrow:",
        formatting.RESUMABLE_STATUSES,
        "G" if with_shortcuts else None,
    )
    if not with_shortcuts and any(run.status in formatting.CANCELLABLE_STATUSES for run in runs):
        with st.popover("Stop for good", icon=":material/stop:"):
            st.markdown("Cancel all that are not finished? The lessons done so far stay, but they cannot go on.")
            render_button("Cancel", "cancel", ":material/stop:", formatting.CANCELLABLE_STATUSES)


def build_entries(runs: list[live_run.RunSnapshot]) -> list[race_entries.RaceEntry]:
    """The race entry of each run, with its name and style."""
    configs = [run.config for run in runs]
    styled_runs = zip(runs, race_entries.entry_names(configs), race_entries.entry_styles(configs), strict=True)
    return [race_entries.RaceEntry(run.run_id, name, style, run.exams) for run, name, style in styled_runs]


def race_headline(runs: list[live_run.RunSnapshot]) -> str:
    """Who is ahead; before the first common exam, whether the race is on or queued."""
    return race_entries.describe_standings(build_entries(runs), [run.status for run in runs])


def pack_race_figure(runs: list[live_run.RunSnapshot], *, large: bool = False) -> bytes:
    """The accuracy curves of all runs; cached for all viewers of this race."""
    ids = ",".join(run.run_id for run in runs)

    def build() -> bytes:
        entries = build_entries(runs)
        figure = charts.race_figure(
            [(entry.name, entry.style, entry.exams) for entry in entries],
            turns=max(run.planned_turns for run in runs),
            exam_every=max(run.config.exam_every for run in runs),
            chance=runs[0].chance_accuracy,
            compared_turn=race_entries.last_common_exam_turn(entries),
            revision=ids,
        )
        return plot.pack_figure(figure, alt=race_headline(runs), large=large)

    version = (tuple(run.last_seqs["exams"] for run in runs), runs[0].chance_accuracy, race_headline(runs))
    return runs[0].cache.get_or_compute(f"picture.race.{large}.{ids}", version, build)


def exam_frame(entries: list[race_entries.RaceEntry]) -> pd.DataFrame:
    """The exams of all runs, a row each."""
    return pd.concat([entry.exams.assign(name=entry.name) for entry in entries], ignore_index=True)


def _render_body(engine: data.Engine, run_ids: tuple[str, ...], rendered_state: tuple[object, ...]) -> None:
    with error_boundary():
        runs = [live_run.take_snapshot(engine, run_id) for run_id in run_ids]
        if race_page_state(runs) != rendered_state:
            st.rerun()
        entries = build_entries(runs)
        literal.header(race_headline(runs))
        if len(runs) > 1 and (note := race_entries.describe_unfairness([run.config for run in runs])):
            st.warning(note, icon=":material/balance:")
        if any(run.is_live for run in runs):
            st.caption("You can close this page; the simulations go on.")
        else:
            live.render_next_page_links(list(run_ids))
        live.render_live_figure(
            "How many never-practised questions do they answer rightly?", pack_race_figure(runs), key="watch.race.exams"
        )
        components.render_figure_data(
            exam_frame(entries), key="watch.race.numbers", columns={"name": "who", **live.EXAM_COLUMNS}
        )
        st.caption(SINGLE_RUN_CAVEAT)
        mix.render_race_mix(runs, [entry.name for entry in entries])
        for row in range(0, len(runs), 2):
            for column, run, entry in zip(st.columns(2), runs[row : row + 2], entries[row : row + 2], strict=False):
                with column:
                    _render_run_card(run, entry)


def _render_run_card(run: live_run.RunSnapshot, entry: race_entries.RaceEntry) -> None:
    """A card of one run: progress, last exam, last answer."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            literal.link(WATCH_PAGE, entry.name, ":material/visibility:", links.run_params(run.run_id))
            components.render_status_badge(run.status)
        st.progress(run.progress, text=formatting.escape_markdown(describe_run_status(run)))
        literal.markdown(run_summary.results_headline(run.exams))
        live.render_partial_answer(run)
        if not run.answers.empty:
            components.render_answer_card(run.answers.iloc[0].to_dict(), run.categories, key=run.run_id)


def describe_run_status(run: live_run.RunSnapshot) -> str:
    """A run's progress or status in a sentence."""
    if run.status in ("starting", "running"):
        return run.progress_text
    if run.status == "finished":
        return f"All {formatting.pluralize(run.planned_turns, 'lesson')} done."
    return run.stopped_text or run.state.message
