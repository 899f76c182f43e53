"""What pages ask for: the app's one engine and its runs. What one page alone needs lies in that page's folder.

Journals are taken in when a page asks, never in the background: an unchanged one costs one look at its size.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import StudentsimError
from studentsim.runs import recorded
from studentsim.runs.manager import Manager
from studentsim.store import ingest, queries
from studentsim.store.database import Database
from studentsim.ui import sentences, words
from studentsim.ui.cards import RunCard, config_of
from studentsim.ui.new import estimate as estimates
from studentsim.ui.subject import Subject

OFFERED = 30
"""Runs offered where a link names none."""

DATA_VARIABLE = "STUDENTSIM_DATA"
"""Environment variable that names the data folder; ``data`` in the working folder without it."""
SPARE_VARIABLE = "STUDENTSIM_SPARE"
"""Environment variable: 0 keeps no worker waiting, which spares a gigabyte and lets a run begin some seconds later."""


@dataclass(frozen=True)
class Engine:
    """One data folder's database and run manager; the app has one for each folder, shared by all visitors."""

    folder: Path
    database: Database
    manager: Manager

    @property
    def runs_folder(self) -> Path:
        """Where the runs' folders lie."""
        return self.folder / "runs"

    def close(self) -> None:
        """Give the data folder back. Runs go on; only the spare worker ends."""
        self.manager.close()
        self.database.close()


def engine() -> Engine:
    """The app's engine for the data folder in force.

    :raises StoreError, DataFolderError: the database cannot be opened.
    """
    return _engine(str(Path(os.environ.get(DATA_VARIABLE) or "data").absolute()))


@st.cache_resource(show_spinner="Opening the data folder …", on_release=Engine.close)
def _engine(folder: str) -> Engine:
    database = Database.open(folder)
    recorded.unpack(Path(folder))
    opened = Engine(Path(folder), database, Manager(folder, spare=os.environ.get(SPARE_VARIABLE) != "0"))
    opened.manager.warm()
    atexit.register(opened.manager.close)
    return opened


def close_engines() -> None:
    """Close every engine of this process and forget what was cached: for tests."""
    _engine.clear()


@st.cache_resource(show_spinner=False)
def settle() -> None:
    """Once a process, after its first page: leave what is loaded by then out of the garbage hunts.

    Streamlit hunts through everything after every run of a script, which with pandas and plotly loaded costs each click and
    each refresh of each viewer about 50 ms of processor time; so it costs 2.
    """
    gc.collect()
    gc.freeze()


def notices(engine: Engine) -> list[str]:
    """What the database has to tell its user: that it was mended, say."""
    return [words.literal(notice) for notice in engine.database.notices]


def others_first(engine: Engine, *, starting: int = 1) -> str:
    """What the simulations that are at work or wait mean for new ones; blank where there are none. Looks at all runs there are."""
    states = engine.manager.states().values()
    waiting = sum(state.status == "queued" for state in states)
    at_work = sum(state.live for state in states)
    return sentences.others_first(at_work, waiting, places=engine.manager.limit, starting=starting)


# ------------------------------------------------------------------ links


_SUBJECT = "shell.subject"


def asked_for() -> str | None:
    """The run that the link names (``?run=…``), remembered for the menu; None: the link names none."""
    run_id = st.query_params.get("run")
    if run_id:
        look_at(subject().alone(run_id))
    return run_id or None


def subject() -> Subject:
    """What is looked at in this visit."""
    return st.session_state.get(_SUBJECT, Subject())


def look_at(what: Subject) -> None:
    """From now on this is what is looked at."""
    st.session_state[_SUBJECT] = what


def follow_link() -> None:
    """What the link names is what is looked at."""
    link = {name: ",".join(st.query_params.get_all(name)) for name in st.query_params}
    look_at(subject().follow(link))


def watched() -> str | None:
    """The run looked at last in this visit."""
    return subject().run or None


def forget(run_id: str | None) -> None:
    """The menu leads to no run that is not there."""
    if run_id:
        look_at(subject().without(run_id))


# ------------------------------------------------------------------ runs


def recent(engine: Engine, *, limit: int) -> list[RunCard]:
    """The newest runs. Writes: takes in what is new in their journals."""
    ingest.sync(engine.database, engine.runs_folder)
    states = engine.manager.states()
    frame = queries.runs(engine.database).head(limit)
    return [_card(row, states[row.run_id].status) for row in frame.itertuples() if row.run_id in states]


def _card(row: Any, status: str) -> RunCard:
    exam = "no exam yet"
    if pd.notna(row.last_turn):
        interval = words.interval(row.last_low, row.last_high, int(row.last_questions))
        exam = sentences.result(int(row.last_correct), int(row.last_questions), int(row.last_turn), interval)
    config = config_of(json.loads(row.config))
    return RunCard(
        row.run_id, words.title(config), status, max(0, int(row.turn)), int(row.turns_planned), exam, float(row.started),
        recorded=words.recorded(row.started, json.loads(row.versions or "{}")) if pd.notna(row.recorded) and row.recorded else "",
        strategy=row.strategy, accuracies=tuple(row.accuracies) if isinstance(row.accuracies, list | np.ndarray) else (),
        student_version=words.student_version(config), seed=int(row.seed), name=config.name, group=_text(row.group_id),
        plan=_text(row.plan), student=words.student(config), way=words.way(config),
        tags=tuple(json.loads(row.tags)), note=row.note, config=config,
        last=(int(row.last_correct), int(row.last_questions), int(row.last_turn)) if pd.notna(row.last_turn) else None,
    )  # fmt: skip


def _text(value: Any) -> str:
    """A text that may be missing in a frame."""
    return value if isinstance(value, str) else ""


# ------------------------------------------------------------------ acting


def start(engine: Engine, config: RunConfig, token: str) -> str:
    """Starts a run and returns its id; the same token again, the same run. Writes.

    :raises ConfigError: the settings cannot work; ``field`` names the one at fault.
    """
    return engine.manager.start(config, token)


def act(engine: Engine, what: str, run_id: str) -> None:
    """Pause, resume or cancel a run. Writes. For a button's callback, so errors wait in the session for the page to show."""
    try:
        getattr(engine.manager, what)(run_id)
    except StudentsimError as error:
        st.session_state["shell.error"] = error


def estimate(engine: Engine, config: RunConfig) -> estimates.Estimate:
    """How long a run will take, judged by the recent runs on this computer if there are any. Writes: takes in what is new in
    the journals.
    """
    ingest.sync(engine.database, engine.runs_folder)
    times = [(config_of(settings), took) for settings, took in queries.recent_times(engine.database, config.model)]
    if not times:  # the page is drawn at every click, so nothing is asked in vain
        return estimates.estimated(estimates.seconds(config, queries.Speed()), [], 0)
    kinds = {_kind(settings) for settings in (config, *(ran for ran, _ in times))}
    speeds = {
        kind: queries.recent_speed(engine.database, config.model, strategy=kind[0], exams=kind[1]) for kind in kinds
    }
    out = [took / estimates.seconds(ran, speeds[_kind(ran)]) for ran, took in times]
    speed = speeds[_kind(config)]
    return estimates.estimated(estimates.seconds(config, speed), out, speed.runs)


def _kind(config: RunConfig) -> tuple[str, str]:
    """Settings on which the seconds of a question hang most: how it is chosen, and whether exams are written."""
    return config.strategy, estimates.exams(config)
