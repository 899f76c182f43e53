"""A race, or a run, that is over, shown again as it went: as its snapshots were at a moment of its timeline.

A snapshot of the past holds the rows of its frames up to the last lesson that was complete then, so whatever is drawn of a run that
goes on is drawn of one that is replayed. The journal is not touched.
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
from studentsim.ui import data
from studentsim.ui.layout import WATCH_PAGE
from studentsim.ui.watch import links, live_run
from studentsim.ui.watch.timeline import INITIAL_STATE, ReplayClock, ReplayState, ReplayTimeline, compute_replay_states

REPLAY_REFRESH_SECONDS = 0.5
"""Seconds from one look to the next while a replay goes on."""
REPLAY_DURATION_LABELS: Mapping[int, str] = {30: "30 seconds", 60: "1 minute", 120: "2 minutes", 300: "5 minutes"}
"""How long a replay may take."""


def can_replay(runs: list[live_run.RunSnapshot]) -> bool:
    """Whether the runs can be replayed: nothing more comes of any, and each has something to show."""
    return bool(runs) and all(run.is_over and run.last_seqs["exams"] >= 0 for run in runs)


# ------------------------------------------------------------------ the clock, in the visitor's session


def get_clock(run_ids: tuple[str, ...], seconds: int) -> ReplayClock:
    """This visit's clock for these runs; it stands at the beginning at first."""
    return st.session_state.setdefault(_clock_key(run_ids), ReplayClock(seconds))


def get_showing_id() -> str:
    """What tells this replay from an earlier one, whose hands it must not begin with; a reload keeps it, since it is in the link."""
    return st.query_params.get("showing") or "replay"


def pause_clock(run_ids: tuple[str, ...]) -> None:
    """Let the clock stand where it is."""
    _update_clock(run_ids, "pause")


def reset_clock(run_ids: tuple[str, ...]) -> None:
    """The next replay begins at the beginning."""
    st.session_state.pop(_clock_key(run_ids), None)


def render_replay_controls(run_ids: tuple[str, ...], clock: ReplayClock) -> None:
    """Pause and go on by the keys that a live race has, and how long the whole takes."""
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
        "All of it in", sorted(duration_labels), index=sorted(duration_labels).index(int(clock.seconds)), format_func=lambda seconds: f"in {duration_labels[seconds]}",
        key="watch.replay.seconds", label_visibility="collapsed", width=150, on_change=_change_replay_duration, args=(run_ids,),
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
    """Another speed: the place stays, and the link says it."""
    seconds = int(st.session_state["watch.replay.seconds"])
    if clock := st.session_state.get(_clock_key(run_ids)):
        st.session_state[_clock_key(run_ids)] = clock.with_duration(seconds, time.monotonic())
    st.query_params["replay"] = str(seconds)


# ------------------------------------------------------------------ the runs as they were


def take_past_snapshots(engine: data.Engine, run_ids: tuple[str, ...], share: float) -> list[live_run.RunSnapshot]:
    """The runs as they were after that share of the replay; from 1 on as they are."""
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
    """The way to a replay of these runs, from its beginning, in the presentation view."""
    reset_clock(run_ids)
    st.page_link(
        WATCH_PAGE, label=label, icon=":material/replay:", query_params=links.presentation_params(run_ids, replay=True)
    )


@dataclass(frozen=True)
class _ReplayData:
    """What a replay of some runs goes by; ``answers`` are in the order in which they were given."""

    timeline: ReplayTimeline
    states: list[list[ReplayState]]
    answers: list[pd.DataFrame]

    def state_at(self, run_index: int, moment_count: int) -> tuple[ReplayState, pd.DataFrame]:
        """Where a run stood after so many of its moments, and its last answer, if there was one."""
        state = self.states[run_index][moment_count - 1] if moment_count else INITIAL_STATE
        return state, self.answers[run_index].iloc[max(0, state.answer_count - 1) : state.answer_count]


@st.cache_resource(max_entries=4, show_spinner=False)
def _load_replay_data(_database: Any, folder: str, runs: tuple[tuple[str, int], ...]) -> _ReplayData:
    """Read once for all looks and visitors: a run that is over does not change."""
    moments = [queries.fetch_event_times(_database, run_id) for run_id, _ in runs]
    answers = [queries.fetch_latest_answers(_database, run_id, 10**9).iloc[::-1] for run_id, _ in runs]
    answers_with_none = [frame.astype(object).where(frame.notna(), None) for frame in answers]
    return _ReplayData(ReplayTimeline(moments), [compute_replay_states(frame) for frame in moments], answers_with_none)


@st.cache_resource(max_entries=512, show_spinner=False)
def _past_run_cache(
    folder: str, run_id: str, last_exam_seq: int, last_turn_seq: int, current_turn: int
) -> live_run.RunCache:
    """What is made of a run's past, apart from what is made of it as it is: by its last exam and lesson then, and the one begun."""
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
    """What a snapshot tells of lessons, whichever it has, up to where it stood. Exams are told just before their lesson ends."""
    snapshot_fields = {
        field.name: getattr(run, field.name) for field in fields(run) if field.name not in ("answers", "weak")
    }
    cut_frames = {
        name: frame[frame.turn <= (replay_state.last_exam_turn if name in ("exams", "cells") else replay_state.turn)]
        for name, frame in snapshot_fields.items()
        if isinstance(frame, pd.DataFrame) and "turn" in frame
    }
    cells = cut_frames["cells"].rename(columns={"row": "category"})
    mix = {
        "practised": [row for row in run.practised if row["turn"] <= replay_state.current_turn],
        "mistakes": [row for row in run.mistakes if row["turn"] <= replay_state.last_exam_turn],
    }
    return {**cut_frames, **mix, "weak": last_exam_category_frame(cells.assign(wrong=cells.questions - cells.correct))}


def _describe_progress(run: live_run.RunSnapshot, replay_state: ReplayState) -> str:
    """What was going on, in the words of a live run."""
    turn_text = run_summary.describe_progress(min(replay_state.turn + 1, run.turns), run.turns, None)
    activity = run_summary.describe_stage(
        replay_state.stage,
        replay_state.stage_items_done if replay_state.stage != "training" else 0,
        replay_state.stage_items,
    )
    return f"{turn_text} {activity}".rstrip()
