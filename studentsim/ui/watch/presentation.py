"""The presentation view: one figure that fills the screen, large type, a card for each run, and keyboard shortcuts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from studentsim.labels import formatting
from studentsim.narration import run_summary
from studentsim.ui import components, data
from studentsim.ui.layout import WATCH_PAGE, error_boundary
from studentsim.ui.watch import ballot, links, live, live_run, mix, packed_figures, plot, predictions, race, replay
from studentsim.ui.watch.large_text import render_large_text
from studentsim.ui.watch.timeline import ReplayClock

STILL_RUNNING_NOTE = "It still goes on: it can be replayed once it is over."


def render_run_presentation(engine: data.Engine, run_id: str, replay_seconds: int | None = None) -> None:
    """One run for a room; with ``replay_seconds`` a replay of that duration."""
    _render_presentation(engine, (run_id,), links.run_params(run_id), replay_seconds)


def render_race_presentation(engine: data.Engine, run_ids: tuple[str, ...], replay_seconds: int | None = None) -> None:
    """A race for a room; with ``replay_seconds`` a replay of that duration."""
    _render_presentation(engine, run_ids, links.race_params(run_ids), replay_seconds)


def _render_presentation(
    engine: data.Engine, run_ids: tuple[str, ...], exit_params: dict[str, str], replay_seconds: int | None
) -> None:
    runs = race.load_existing_runs(engine, run_ids)
    if not runs:
        return
    ids = tuple(run.run_id for run in runs)
    is_replay = replay_seconds is not None and replay.can_replay(runs)
    clock = replay.get_clock(ids, replay_seconds) if is_replay else None
    showing = replay.get_showing_id() if is_replay else ""
    refresh_seconds = (
        (replay.REPLAY_REFRESH_SECONDS if clock.is_running else None) if clock else live.refresh_interval(runs)
    )
    st.fragment(_render_body, run_every=refresh_seconds)(engine, ids, race.race_page_state(runs), clock, showing)
    with components.row("medium"):
        if clock:
            replay.render_replay_controls(ids, clock)
        else:
            race.render_run_buttons(engine, runs, with_shortcuts=True)
            if replay.can_replay(runs):
                _render_replay_button(ids)
            elif replay_seconds is not None:
                st.caption(STILL_RUNNING_NOTE, width="content")
        if st.button("Leave this view", icon=":material/close_fullscreen:", key="watch.leave", shortcut="Esc"):
            replay.reset_clock(ids)
            st.switch_page(WATCH_PAGE, query_params=exit_params)
        st.caption(formatting.DISCLAIMER, width="content")


def _render_replay_button(ids: tuple[str, ...]) -> None:
    if st.button("Replay", icon=":material/replay:", key="watch.replay", shortcut="G"):
        replay.reset_clock(ids)
        st.switch_page(WATCH_PAGE, query_params=links.presentation_params(ids, replay=True))


def _render_body(
    engine: data.Engine,
    run_ids: tuple[str, ...],
    rendered_state: tuple[object, ...],
    clock: ReplayClock | None,
    showing: str,
) -> None:
    with error_boundary():
        if clock:
            runs = _replayed_snapshots(engine, run_ids, clock)
        else:
            runs = [live_run.take_snapshot(engine, run_id) for run_id in run_ids]
            if race.race_page_state(runs) != rendered_state:
                st.rerun()
        if len(runs) == 1:
            (only,) = runs
            render_large_text(
                {"sentence": run_summary.results_headline(only.exams, only.last_exam_by_category)},
                key="watch.stage.sentence",
            )
            _render_figure_and_cards(
                packed_figures.pack_exam_figure(only, large=True), [_build_run_card(only, only.title)]
            )
        else:
            _render_race(engine, runs, showing)


def _replayed_snapshots(
    engine: data.Engine, run_ids: tuple[str, ...], clock: ReplayClock
) -> list[live_run.RunSnapshot]:
    """The runs at the clock's position. At its end the page reruns, with other buttons and no more refreshes."""
    share = clock.share_at(time.monotonic())
    if clock.is_running and share >= 1:
        replay.pause_clock(run_ids)
        st.rerun()
    return replay.take_past_snapshots(engine, run_ids, share)


def _render_race(engine: data.Engine, runs: list[live_run.RunSnapshot], showing: str) -> None:
    entries = race.build_entries(runs)
    is_over = all(run.is_over for run in runs)
    is_voting = predictions.is_voting_open(entries, is_over=is_over)
    tally = predictions.load_tally(engine.data_dir, [run.run_id for run in runs], showing)
    has_begun = any(len(entry.exams) for entry in entries)
    render_large_text(
        {
            "sentence": ballot.prediction_question(runs) if is_voting and not has_begun else race.race_headline(runs),
            "note": ballot.describe_voting(runs)
            if is_voting
            else predictions.describe_predictions(tally, entries, is_over=is_over),
        },
        key="watch.stage.sentence",
    )
    cards = (
        []
        if is_voting and not has_begun
        else [_build_run_card(run, entry.name) for run, entry in zip(runs, entries, strict=True)]
    )
    _render_figure_and_cards(
        race.pack_race_figure(runs, large=True),
        cards,
        render_between=lambda: (
            is_voting and ballot.render_vote_buttons(engine, entries, tally, showing=showing, large=not has_begun)
        ),
    )


def _render_figure_and_cards(
    packed_figure: bytes, cards: list[dict[str, Any]], render_between: Callable[[], object] | None = None
) -> None:
    plot.render_packed_figure(packed_figure, key="watch.stage.picture")
    if render_between:
        render_between()
    if cards:
        render_large_text({"cards": cards}, key="watch.stage.cards")


def _build_run_card(run: live_run.RunSnapshot, name: str) -> dict[str, Any]:
    """A run's card: progress, mix, and the answer that is being generated, or else the last one."""
    card: dict[str, Any] = {"name": name, "position": _describe_run_position(run), "mix": mix.build_mix_card(run)}
    if run.partial_answer:
        return card | {"writing": run.partial_answer.to_card_data()}
    if run.answers.empty:
        return card
    row = run.answers.iloc[0].to_dict()
    grade_label = "✓ right" if row["is_correct"] else "✗ wrong" if row["letter"] else "✗ no answer"
    return card | {
        "problem": _join_lines(row["problem"]),
        "reply": _join_lines(row["text"]),
        "right": bool(row["is_correct"]),
        "mark": grade_label,
        "verdict": run_summary.describe_answer(row),
        "where": run_summary.answer_context_label(row, run.categories),
    }


def _join_lines(text: str) -> str:
    """The beginning of a text on one line, its lines separated by semicolons."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    joined = "".join(line + (" " if line[-1] in ".:;,?!" else "; ") for line in lines).rstrip(" ")
    return formatting.truncate_text(joined.removesuffix(";") if lines and lines[-1][-1] != ";" else joined)


def _describe_run_position(run: live_run.RunSnapshot) -> str:
    """A run's progress or status in a few words."""
    if run.status in ("starting", "running"):
        return run.progress_text
    status_label = formatting.status_display(run.status)[0].capitalize()
    if run.status == "queued" and run.state.queue_position:
        return f"{status_label}, number {run.state.queue_position} in the queue."
    return f"{status_label}, lesson {run.turn} of {run.planned_turns}."
