"""Replays of finished runs and races: snapshots of the past, at a moment of the timeline.

A past snapshot has the rows of its frames up to the last turn that was complete then, so that a replayed run is rendered like a
live one. The journal is only read.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import pandas as pd
import streamlit as st

from studentsim.analysis.last_exam import last_exam_category_frame
from studentsim.narration import run_summary
from studentsim.store import queries
from studentsim.ui import data, literal
from studentsim.ui.layout import WATCH_PAGE
from studentsim.ui.watch import links, live_run
from studentsim.ui.watch.timeline import INITIAL_STATE, ReplayClock, ReplayState, ReplayTimeline, compute_replay_states

REPLAY_REFRESH_SECONDS = 0.5
"""Seconds between refreshes while a replay goes on."""
REPLAY_DURATION_LABELS: Mapping[int, str] = {30: "30 seconds", 60: "1 minute", 120: "2 minutes", 300: "5 minutes"}
"""Durations of a replay, in seconds, and their labels."""


def can_replay(runs: list[live_run.RunSnapshot]) -> bool:
    """Whether the runs can be replayed: all have ended for good, and each has sat an exam."""
    return bool(runs) and all(run.is_over and run.last_seqs["exams"] >= 0 for run in runs)


# ------------------------------------------------------------------ the clock, in the session


def get_clock(run_ids: tuple[str, ...], seconds: int) -> ReplayClock:
    """This session's clock for these runs; initially at the beginning, paused."""
    return st.session_state.setdefault(_clock_key(run_ids), ReplayClock(seconds))


def get_showing_id() -> str:
    """The id of this replay, which has its own votes; it is in the link, so a reload keeps it."""
    return st.query_params.get("showing") or "replay"


def pause_clock(run_ids: tuple[str, ...]) -> None:
    """Pause the clock at its position."""
    _update_clock(run_ids, "pause")


def reset_clock(run_ids: tuple[str, ...]) -> None:
    """Remove the clock, so that the next replay begins at the beginning."""
    st.session_state.pop(_clock_key(run_ids), None)


def render_replay_controls(run_ids: tuple[str, ...], clock: ReplayClock) -> None:
    """Pause and resume, with the shortcuts of a live race (P, G), and the duration of the replay."""
    share = clock.share_at(time.monotonic())
    button_options = {"on_click": _update_clock, "args": (run_ids, "resume")}
    if clock.is_running and share < 1:
        button_options["args"] = (run_ids, "pause")
        st.button("Pause", icon=":material/pause:", key="watch.replay.pause", shortcut="P", **button_options)
    else:
        label = "Replay again" if share >= 1 else "Go on" if share > 0 else "Start"
        st.button(label, icon=":material/play_arrow:", key="watch.replay.go", shortcut="G", **button_options)
    if 0 < share < 1:
        button_options = {"on_click": reset_clock, "args": (run_ids,)}
        st.button("From the beginning", icon=":material/replay:", key="watch.replay.again", **button_options)
    duration_labels = {int(clock.seconds): f"{int(clock.seconds)} seconds", **REPLAY_DURATION_LABELS}
    st.selectbox(
        "All of it in", sorted(duration_labels), index=sorted(duration_labels).index(int(clock.seconds)),
        format_func=lambda seconds: f"in {duration_labels[seconds]}", key="watch.replay.seconds", label_visibility="collapsed", width=150,
        on_change=_change_replay_duration, args=(run_ids,),
    )  # fmt: skip


def _clock_key(run_ids: tuple[str, ...]) -> str:
    return f"watch.replay.{','.join(run_ids)}.{get_showing_id()}"


def _update_clock(run_ids: tuple[str, ...], action: str) -> None:
    if clock := st.session_state.get(_clock_key(run_ids)):
        updated_clock = getattr(clock, action)(time.monotonic())
        if action == "resume" and clock.share_at(time.monotonic()) >= 1:
            st.query_params["showing"] = links.make_showing_id()
        st.session_state[_clock_key(run_ids)] = updated_clock


def _change_replay_duration(run_ids: tuple[str, ...]) -> None:
    """Change the duration; the position stays, and the link is updated."""
    seconds = int(st.session_state["watch.replay.seconds"])
    if clock := st.session_state.get(_clock_key(run_ids)):
        st.session_state[_clock_key(run_ids)] = clock.with_duration(seconds, time.monotonic())
    st.query_params["replay"] = str(seconds)


# ------------------------------------------------------------------ snapshots of the past


def take_past_snapshots(engine: data.Engine, run_ids: tuple[str, ...], share: float) -> list[live_run.RunSnapshot]:
    """The runs as they were after that share of the replay (0 to 1); at 1 as they are."""
    runs = [live_run.take_snapshot(engine, run_id) for run_id in run_ids]
    if share >= 1:
        return runs
    replay_data = _load_replay_data(
        engine.database, str(engine.data_dir), tuple((run.run_id, max(run.last_seqs.values())) for run in runs)
    )
    moment_counts = replay_data.timeline.count_moments(share)
    return [
        _build_past_snapshot(engine, run, *replay_data.state_at(i, count))
        for i, (run, count) in enumerate(zip(runs, moment_counts, strict=True))
    ]


def render_replay_link(run_ids: tuple[str, ...], *, label: str) -> None:
    """A link to a replay of these runs in the presentation view, from the beginning."""
    reset_clock(run_ids)
    literal.link(WATCH_PAGE, label, ":material/replay:", links.presentation_params(run_ids, replay=True))


@dataclass(frozen=True)
class _ReplayData:
    """The data of a replay: the timeline, and for each run its states and its answers in chronological order."""

    timeline: ReplayTimeline
    states: list[list[ReplayState]]
    answers: list[pd.DataFrame]

    def state_at(self, run_index: int, moment_count: int) -> tuple[ReplayState, pd.DataFrame]:
        """A run's state after ``moment_count`` of its moments, and its last answer (one row, or none)."""
        state = self.states[run_index][moment_count - 1] if moment_count else INITIAL_STATE
        return state, self.answers[run_index].iloc[max(0, state.answer_count - 1) : state.answer_count]


@st.cache_resource(max_entries=4, show_spinner=False)
def _load_replay_data(_database: Any, folder: str, runs: tuple[tuple[str, int], ...]) -> _ReplayData:
    """Loaded once for all sessions: a finished run does not change."""
    moments = [queries.fetch_event_times(_database, run_id) for run_id, _ in runs]
    answers = [queries.fetch_latest_answers(_database, run_id, 10**9).iloc[::-1] for run_id, _ in runs]
    answers = [frame.astype(object).where(frame.notna(), None) for frame in answers]
    return _ReplayData(ReplayTimeline(moments), [compute_replay_states(frame) for frame in moments], answers)


@st.cache_resource(max_entries=512, show_spinner=False)
def _past_run_cache(
    folder: str, run_id: str, last_exam_seq: int, last_turn_seq: int, current_turn: int
) -> live_run.RunCache:
    """The cache of a past snapshot, by the last events and the turn on which its frames depend."""
    return live_run.RunCache()


def _build_past_snapshot(
    engine: data.Engine, run: live_run.RunSnapshot, replay_state: ReplayState, answers: pd.DataFrame
) -> live_run.RunSnapshot:
    cache = _past_run_cache(
        str(engine.data_dir),
        run.run_id,
        replay_state.last_seqs["exams"],
        replay_state.last_seqs["turns"],
        replay_state.current_turn,
    )
    return replace(
        run,
        **cache.get_or_compute("replay.frames", "", lambda: _cut_frames(run, replay_state)),
        answers=answers,
        state=replace(run.state, status="running", request=""),
        turn=max(0, replay_state.turn),
        progress_text=_describe_progress(run, replay_state),
        stage=replay_state.stage,
        partial_answer=None,
        last_seqs=replay_state.last_seqs,
        cache=cache,
    )


def _cut_frames(run: live_run.RunSnapshot, replay_state: ReplayState) -> dict[str, Any]:
    """The snapshot's frames with a ``turn`` column, and its mix rows, cut at ``replay_state``. An exam precedes the end of its turn."""
    snapshot_fields = {
        field.name: getattr(run, field.name)
        for field in fields(run)
        if field.name not in ("answers", "last_exam_by_category")
    }
    cut_frames = {
        name: frame[
            frame.turn <= (replay_state.last_exam_turn if name in ("exams", "exams_by_category") else replay_state.turn)
        ]
        for name, frame in snapshot_fields.items()
        if isinstance(frame, pd.DataFrame) and "turn" in frame
    }
    exams_by_category = cut_frames["exams_by_category"].rename(columns={"row": "category"})
    mix = {
        "practised": [row for row in run.practised if row["turn"] <= replay_state.current_turn],
        "mistakes": [row for row in run.mistakes if row["turn"] <= replay_state.last_exam_turn],
    }
    return {
        **cut_frames,
        **mix,
        "last_exam_by_category": last_exam_category_frame(
            exams_by_category.assign(wrong=exams_by_category.questions - exams_by_category.correct)
        ),
    }


def _describe_progress(run: live_run.RunSnapshot, replay_state: ReplayState) -> str:
    """The progress text, as for a live run."""
    turn_text = run_summary.describe_progress(min(replay_state.turn + 1, run.planned_turns), run.planned_turns, None)
    activity = run_summary.describe_stage(
        replay_state.stage,
        replay_state.stage_items_done if replay_state.stage != "training" else 0,
        replay_state.stage_items,
    )
    return f"{turn_text} {activity}".rstrip()
