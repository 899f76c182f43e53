"""A race, or a run, that is over, shown again as it went: as its snapshots were at a moment of its timeline.

A snapshot of the past holds the rows of its frames up to the last lesson that was complete then, so whatever is drawn of a run that
goes on is drawn of one that is replayed. The journal is not touched.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import pandas as pd
import streamlit as st

from studentsim.store import queries
from studentsim.ui import data, sentences
from studentsim.ui.shell import WATCH
from studentsim.ui.watch import links, pulse
from studentsim.ui.watch.timeline import Clock, Timeline
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
        "All of it in", sorted(speeds), index=sorted(speeds).index(int(now.seconds)), format_func=speeds.__getitem__,
        key="watch.replay.seconds", label_visibility="collapsed", width=150, on_change=_pace, args=(run_ids,),
    )  # fmt: skip


def _key(run_ids: tuple[str, ...]) -> str:
    return f"watch.replay.{','.join(run_ids)}"


def _turn(run_ids: tuple[str, ...], what: str) -> None:
    if now := st.session_state.get(_key(run_ids)):
        st.session_state[_key(run_ids)] = getattr(now, what)(time.monotonic())


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
    moments, line = _timeline(engine.database, str(engine.folder), tuple((r.run_id, _last(r)) for r in runs))
    told = zip(runs, moments, line.shown(share), strict=True)
    return [_past(engine, run, frame.iloc[:shown], frame) for run, frame, shown in told]


def offered(run_ids: tuple[str, ...], *, label: str) -> None:
    """The way to a replay of these runs, from its beginning, in the presentation view."""
    forget(run_ids)
    st.page_link(WATCH, label=label, icon=":material/replay:", query_params=links.presented(run_ids, replay=True))


def _last(run: pulse.Snapshot) -> int:
    return max(run.seqs.values())


@st.cache_resource(max_entries=8, show_spinner=False)
def _timeline(_db: Any, folder: str, stand: tuple[tuple[str, int], ...]) -> tuple[list[pd.DataFrame], Timeline]:
    """The runs' moments; a run that is over does not change."""
    frames = [queries.moments(_db, run_id) for run_id, _ in stand]
    return frames, Timeline(frames)


@st.cache_resource(max_entries=256, show_spinner=False)
def _kept(folder: str, run_id: str, exams: int, turns: int) -> pulse.Kept:
    """What is made of a run's past, apart from what is made of it as it is: by where it stood."""
    return pulse.Kept()


def _past(engine: data.Engine, run: pulse.Snapshot, gone: pd.DataFrame, whole: pd.DataFrame) -> pulse.Snapshot:
    """The run as it was when the first ``gone`` of its moments had come, of the ``whole``."""
    exams, over = gone[gone.stage == queries.EXAM_RESULT], gone[gone.stage == queries.LESSON_OVER]
    turn = int(over.turn.max()) if len(over) else -1
    told = int(exams.turn.max()) if len(exams) else -1
    seqs = {
        name: int(found.max()) if len(found := gone.seq[gone.stage.isin(stages)]) else -1
        for name, stages in _STAGES.items()
    }
    frames = {name: frame[frame.turn <= (told if name in _OF_EXAMS else turn)] for name, frame in _frames(run).items()}
    cells = frames["cells"].rename(columns={"row": "category"})
    answered = gone.seq[~gone.stage.isin(_NO_ANSWER)]
    last = int(answered.max()) if len(answered) else -1
    answers = queries.latest_answers(engine.database, run.run_id, 1, after=last - 1, until=last)
    return replace(
        run,
        **{**frames, "answers": answers.astype(object).where(answers.notna(), None)},
        weak=weak_categories(cells.assign(wrong=cells.questions - cells.correct)),
        state=replace(run.state, status="running", request=""),
        turn=max(0, turn),
        doing=_doing(run, turn, gone, whole),
        stage=str(gone.stage.iloc[-1]) if len(gone) else "",
        writing=None,
        seqs=seqs,
        kept=_kept(str(engine.folder), run.run_id, seqs["exams"], seqs["turns"]),
    )


_STAGES = {
    "exams": [queries.EXAM_RESULT], "turns": [queries.LESSON_OVER], "steps": ["training"], "validations": ["validation"],
}  # fmt: skip
"""For each of a snapshot's ``seqs`` the stages of the moments that it counts."""
_NO_ANSWER = [stage for stages in _STAGES.values() for stage in stages]
_OF_EXAMS = ("exams", "cells")
"""Frames whose rows are exams: these are told a moment before their lesson is over."""


def _frames(run: pulse.Snapshot) -> dict[str, pd.DataFrame]:
    """The frames of a snapshot that tell of lessons, whichever it has."""
    found = {field.name: getattr(run, field.name) for field in fields(run) if field.name != "answers"}
    return {name: frame for name, frame in found.items() if isinstance(frame, pd.DataFrame) and "turn" in frame}


def _doing(run: pulse.Snapshot, turn: int, gone: pd.DataFrame, whole: pd.DataFrame) -> str:
    """What was going on, in the words of a live run."""
    lesson = min(turn + 1, run.turns) if len(gone) else 0
    where = sentences.progress(lesson if turn >= 0 else 0, run.turns, None)
    if gone.empty or (stage := gone.stage.iloc[-1]) in (queries.EXAM_RESULT, queries.LESSON_OVER):
        return where
    last = gone.turn.iloc[-1]
    done, items = (int(((frame.turn == last) & (frame.stage == stage)).sum()) for frame in (gone, whole))
    return f"{where} {sentences.doing(stage, done if stage != 'training' else 0, items)}"
