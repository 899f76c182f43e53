"""What pages ask for: the app's one engine, its runs, and one run as it stands. The only cache wrappers of the product.

Journals are taken in when a page asks, never in the background: an unchanged one costs one look at its size.
"""

from __future__ import annotations

import atexit
import json
import os
import time
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
from studentsim.ui.cards import RunCard, Snapshot, config_of
from studentsim.ui.new import estimate as estimates
from studentsim.ui.weak import weak_categories

DATA_VARIABLE = "STUDENTSIM_DATA"
"""Environment variable that names the data folder; ``data`` in the working folder without it."""

ANSWERS = 6
"""How many of the latest answers a snapshot holds."""


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
    opened = Engine(Path(folder), database, Manager(folder))
    opened.manager.warm()
    atexit.register(opened.manager.close)
    return opened


def close_engines() -> None:
    """Close every engine of this process and forget what was cached: for tests."""
    _engine.clear()
    _frames.clear()


def notices(engine: Engine) -> list[str]:
    """What the database has to tell its user: that it was mended, say."""
    return [words.literal(notice) for notice in engine.database.notices]


# ------------------------------------------------------------------ links


def asked_for() -> str | None:
    """The run that the link names (``?run=…``), remembered for the menu; None: the link names none."""
    run_id = st.query_params.get("run")
    if run_id:
        st.session_state["shell.run"] = run_id
    return run_id or None


def watched() -> str | None:
    """The run looked at last in this visit."""
    return st.session_state.get("shell.run")


def forget(run_id: str | None) -> None:
    """The menu leads to no run that is not there."""
    if watched() == run_id:
        st.session_state.pop("shell.run", None)


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
    title = words.title(config_of(json.loads(row.config)))
    return RunCard(
        row.run_id, title, status, max(0, int(row.turn)), int(row.turns_planned), exam, float(row.started),
        recorded=words.recorded(row.started, json.loads(row.versions or "{}")) if pd.notna(row.recorded) and row.recorded else "",
        strategy=row.strategy, accuracies=tuple(row.accuracies) if isinstance(row.accuracies, list | np.ndarray) else (),
    )  # fmt: skip


def snapshot(engine: Engine, run_id: str) -> Snapshot:
    """The run as it stands now. Writes: takes in what is new in its journal.

    :raises UnknownRun: there is none of that id.
    """
    ingest.sync(engine.database, engine.runs_folder, run_id)
    state = engine.manager.state(run_id)  # before the database is asked: it can tell "deleted" from "never was"
    row = queries.run(engine.database, run_id)
    config = config_of(row.config)
    frames = _frames(engine.database, str(engine.folder), run_id, row.last_seq)
    turn = max(0, row.turn)
    left = _seconds_left(frames["turns"], turn, config.turns)
    lesson = min(turn + (1 if row.turn >= 0 else 0), config.turns)
    doing = sentences.doing(row.stage, _done(frames, row.stage, row.turn + 1), row.stage_items)
    return Snapshot(
        run_id=run_id,
        config=config,
        status=state.status,
        request=state.request,
        place=state.place,
        turn=turn,
        stage=row.stage,
        doing=f"{sentences.progress(lesson, config.turns, left)} {doing}",
        problem=state.message or "The simulation stopped.",
        remedy=state.remedy or "Resume goes on after the last complete lesson.",
        error=state.error,
        recorded=words.recorded(row.started, row.versions) if row.recorded else "",
        **{name: frames[name] for name in ("exams", "steps", "validations", "answers", "weak")},
    )


def _done(frames: dict[str, pd.DataFrame], stage: str, turn: int) -> int:
    """How much of the stage's work the journal tells of."""
    counts = frames["counts"]
    now = counts[counts.turn == turn]
    return int(now[f"{stage}_answered"].iloc[0]) if stage in ("study", "exam") and len(now) else 0


@st.cache_data(max_entries=16, show_spinner=False)
def _frames(_database: Database, folder: str, run_id: str, last_seq: int) -> dict[str, pd.DataFrame]:
    """All frames of one run; ``last_seq`` grows with every event, so no entry can be stale."""
    frames = {name: getattr(queries, name)(_database, run_id) for name in ("exams", "turns", "steps", "validations")}
    frames["counts"] = queries.answer_counts(_database, run_id)
    answers = queries.latest_answers(_database, run_id, ANSWERS)
    frames["answers"] = answers.astype(object).where(
        answers.notna(), None
    )  # pandas turns a missing text into nan, which is true
    frames["weak"] = weak_categories(queries.wrong_by_category(_database, run_id))
    return frames


def _seconds_left(turns: pd.DataFrame, turn: int, planned: int) -> float | None:
    """From this run's own lessons so far; None before the first is complete."""
    done = turns[turns.finished & (turns.turn > 0)]
    if done.empty:
        return None
    since = time.time() - float(done["at"].iloc[-1])
    mean = float(done.seconds_total.mean())
    return max(0.0, (planned - turn) * mean - min(since, mean))


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


def estimate(engine: Engine, config: RunConfig) -> tuple[float, bool]:
    """Seconds that a run will take, and whether that comes from runs on this computer."""
    speed = queries.recent_speed(engine.database, config.model)
    return estimates.seconds(config, speed), bool(speed.runs)
