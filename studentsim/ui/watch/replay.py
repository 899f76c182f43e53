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

from studentsim.store import queries
from studentsim.ui import data, sentences
from studentsim.ui.shell import WATCH
from studentsim.ui.watch import links, pulse
from studentsim.ui.watch.timeline import BEFORE, Clock, Stand, Timeline, stands
from studentsim.ui.weak import weak_categories

EVERY = 0.5
"""Seconds from one look to the next while a replay goes on."""
SPEEDS: Mapping[int, str] = {30: "30 seconds", 60: "1 minute", 120: "2 minutes", 300: "5 minutes"}
"""How long a replay may take."""


def allowed(runs: list[pulse.Snapshot]) -> bool:
    """Whether the runs can be replayed: nothing more comes of any, and each has something to show."""
    return bool(runs) and all(run.over and run.seqs["exams"] >= 0 for run in runs)


# ------------------------------------------------------------------ the clock, in the visitor's session


def clock(run_ids: tuple[str, ...], seconds: int) -> Clock:
    """This visit's clock for these runs; it stands at the beginning at first."""
    return st.session_state.setdefault(_key(run_ids), Clock(seconds))


def showing() -> str:
    """What tells this replay from an earlier one, whose hands it must not begin with; a reload keeps it, since it is in the link."""
    return st.query_params.get("showing") or "replay"


def stop(run_ids: tuple[str, ...]) -> None:
    """Let the clock stand where it is."""
    _turn(run_ids, "pause")


def forget(run_ids: tuple[str, ...]) -> None:
    """The next replay begins at the beginning."""
    st.session_state.pop(_key(run_ids), None)


def buttons(run_ids: tuple[str, ...], now: Clock) -> None:
    """Pause and go on by the keys that a live race has, and how long the whole takes."""
    share = now.at(time.monotonic())
    act = {"on_click": _turn, "args": (run_ids, "go")}
    if now.runs and share < 1:
        act["args"] = (run_ids, "pause")
        st.button("Pause", icon=":material/pause:", key="watch.replay.pause", shortcut="P", **act)
    else:
        label = "Replay again" if share >= 1 else "Go on" if share > 0 else "Start"
        st.button(label, icon=":material/play_arrow:", key="watch.replay.go", shortcut="G", **act)
    if 0 < share < 1:
        act = {"on_click": forget, "args": (run_ids,)}
        st.button("From the beginning", icon=":material/replay:", key="watch.replay.again", **act)
    speeds = {int(now.seconds): f"{int(now.seconds)} seconds", **SPEEDS}
    st.selectbox(
        "All of it in", sorted(speeds), index=sorted(speeds).index(int(now.seconds)), format_func=lambda seconds: f"in {speeds[seconds]}",
        key="watch.replay.seconds", label_visibility="collapsed", width=150, on_change=_pace, args=(run_ids,),
    )  # fmt: skip


def _key(run_ids: tuple[str, ...]) -> str:
    return f"watch.replay.{','.join(run_ids)}.{showing()}"


def _turn(run_ids: tuple[str, ...], what: str) -> None:
    if now := st.session_state.get(_key(run_ids)):
        changed = getattr(now, what)(time.monotonic())
        if what == "go" and now.at(time.monotonic()) >= 1:
            st.query_params["showing"] = links.new_showing()
        st.session_state[_key(run_ids)] = changed


def _pace(run_ids: tuple[str, ...]) -> None:
    """Another speed: the place stays, and the link says it."""
    seconds = int(st.session_state["watch.replay.seconds"])
    if now := st.session_state.get(_key(run_ids)):
        st.session_state[_key(run_ids)] = now.paced(seconds, time.monotonic())
    st.query_params["replay"] = str(seconds)


# ------------------------------------------------------------------ the runs as they were


def look(engine: data.Engine, run_ids: tuple[str, ...], share: float) -> list[pulse.Snapshot]:
    """The runs as they were after that share of the replay; from 1 on as they are."""
    runs = [pulse.look(engine, run_id) for run_id in run_ids]
    if share >= 1:
        return runs
    past = _past(engine.database, str(engine.folder), tuple((run.run_id, max(run.seqs.values())) for run in runs))
    shown = past.line.shown(share)
    return [_as_it_was(engine, run, *past.of(i, count)) for i, (run, count) in enumerate(zip(runs, shown, strict=True))]


def offered(run_ids: tuple[str, ...], *, label: str) -> None:
    """The way to a replay of these runs, from its beginning, in the presentation view."""
    forget(run_ids)
    st.page_link(WATCH, label=label, icon=":material/replay:", query_params=links.presented(run_ids, replay=True))


@dataclass(frozen=True)
class _Past:
    """What a replay of some runs goes by; ``answers`` are in the order in which they were given."""

    line: Timeline
    stands: list[list[Stand]]
    answers: list[pd.DataFrame]

    def of(self, i: int, count: int) -> tuple[Stand, pd.DataFrame]:
        """Where a run stood after so many of its moments, and its last answer, if there was one."""
        stand = self.stands[i][count - 1] if count else BEFORE
        return stand, self.answers[i].iloc[max(0, stand.answers - 1) : stand.answers]


@st.cache_resource(max_entries=4, show_spinner=False)
def _past(_database: Any, folder: str, runs: tuple[tuple[str, int], ...]) -> _Past:
    """Read once for all looks and visitors: a run that is over does not change."""
    moments = [queries.moments(_database, run_id) for run_id, _ in runs]
    answers = [queries.latest_answers(_database, run_id, 10**9).iloc[::-1] for run_id, _ in runs]
    blank = [frame.astype(object).where(frame.notna(), None) for frame in answers]
    return _Past(Timeline(moments), [stands(frame) for frame in moments], blank)


@st.cache_resource(max_entries=512, show_spinner=False)
def _kept(folder: str, run_id: str, exams: int, turns: int, begun: int) -> pulse.Kept:
    """What is made of a run's past, apart from what is made of it as it is: by its last exam and lesson then, and the one begun."""
    return pulse.Kept()


def _as_it_was(engine: data.Engine, run: pulse.Snapshot, stand: Stand, answers: pd.DataFrame) -> pulse.Snapshot:
    kept = _kept(str(engine.folder), run.run_id, stand.seqs["exams"], stand.seqs["turns"], stand.begun)
    return replace(
        run,
        **kept.once("replay.frames", "", lambda: _frames(run, stand)),
        answers=answers,
        state=replace(run.state, status="running", request=""),
        turn=max(0, stand.turn),
        doing=_doing(run, stand),
        stage=stand.stage,
        writing=None,
        seqs=stand.seqs,
        kept=kept,
    )


def _frames(run: pulse.Snapshot, stand: Stand) -> dict[str, Any]:
    """What a snapshot tells of lessons, whichever it has, up to where it stood. Exams are told just before their lesson ends."""
    found = {field.name: getattr(run, field.name) for field in fields(run) if field.name not in ("answers", "weak")}
    cut = {
        name: frame[frame.turn <= (stand.exam if name in ("exams", "cells") else stand.turn)]
        for name, frame in found.items()
        if isinstance(frame, pd.DataFrame) and "turn" in frame
    }
    cells = cut["cells"].rename(columns={"row": "category"})
    mix = {
        "practised": [row for row in run.practised if row["turn"] <= stand.begun],
        "mistakes": [row for row in run.mistakes if row["turn"] <= stand.exam],
    }
    return {**cut, **mix, "weak": weak_categories(cells.assign(wrong=cells.questions - cells.correct))}


def _doing(run: pulse.Snapshot, stand: Stand) -> str:
    """What was going on, in the words of a live run."""
    where = sentences.progress(min(stand.turn + 1, run.turns), run.turns, None)
    doing = sentences.doing(stand.stage, stand.done if stand.stage != "training" else 0, stand.items)
    return f"{where} {doing}".rstrip()
