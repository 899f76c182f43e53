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

from studentsim.analysis import estimate
from studentsim.config import RunConfig, parse_stored_config
from studentsim.errors import StudentsimError
from studentsim.labels import formatting
from studentsim.narration import run_summary
from studentsim.runs import demo
from studentsim.runs.manager import RunManager
from studentsim.store import ingest, queries
from studentsim.store.database import Database
from studentsim.ui.cards import RunCard
from studentsim.ui.subject import ViewedRuns

MAX_LISTED_RUNS = 30
"""Runs offered where a link names none."""

DATA_DIR_ENV_VAR = "STUDENTSIM_DATA"
"""Environment variable that names the data folder; ``data`` in the working folder without it."""
WARM_WORKER_ENV_VAR = "STUDENTSIM_SPARE"
"""Environment variable: 0 keeps no worker waiting, which spares a gigabyte and lets a run begin some seconds later."""


@dataclass(frozen=True)
class Engine:
    """One data folder's database and run manager; the app has one for each folder, shared by all visitors."""

    data_dir: Path
    database: Database
    manager: RunManager

    @property
    def runs_dir(self) -> Path:
        """Where the runs' folders lie."""
        return self.data_dir / "runs"

    def close(self) -> None:
        """Give the data folder back. Runs go on; only the spare worker ends."""
        self.manager.close()
        self.database.close()


def get_engine() -> Engine:
    """The app's engine for the data folder in force.

    :raises StoreError, DataFolderError: the database cannot be opened.
    """
    return _cached_engine(str(Path(os.environ.get(DATA_DIR_ENV_VAR) or "data").absolute()))


@st.cache_resource(show_spinner="Opening the data folder …", on_release=Engine.close)
def _cached_engine(data_dir: str) -> Engine:
    database = Database.open(data_dir)
    demo.unpack_recorded_runs(Path(data_dir))
    opened = Engine(
        Path(data_dir), database, RunManager(data_dir, keep_warm_worker=os.environ.get(WARM_WORKER_ENV_VAR) != "0")
    )
    opened.manager.ensure_warm_worker()
    atexit.register(opened.manager.close)
    return opened


def close_engines() -> None:
    """Close every engine of this process and forget what was cached: for tests."""
    _cached_engine.clear()


@st.cache_resource(show_spinner=False)
def freeze_loaded_objects() -> None:
    """Once a process, after its first page: leave what is loaded by then out of the garbage hunts.

    Streamlit hunts through everything after every run of a script, which with pandas and plotly loaded costs each click and
    each refresh of each viewer about 50 ms of processor time; so it costs 2.
    """
    gc.collect()
    gc.freeze()


def database_notices(engine: Engine) -> list[str]:
    """What the database has to tell its user: that it was mended, say."""
    return [formatting.escape_markdown(notice) for notice in engine.database.notices]


def queue_notice(engine: Engine, *, starting: int = 1) -> str:
    """What the simulations that are at work or wait mean for new ones; blank where there are none. Looks at all runs there are."""
    states = engine.manager.get_states().values()
    waiting = sum(state.status == "queued" for state in states)
    at_work = sum(state.is_live for state in states)
    return run_summary.describe_queue_ahead(
        at_work, waiting, slots=engine.manager.max_concurrent_runs, starting=starting
    )


# ------------------------------------------------------------------ links


_VIEWED_RUNS_KEY = "shell.subject"


def requested_run_id() -> str | None:
    """The run that the link names (``?run=…``), remembered for the menu; None: the link names none."""
    run_id = st.query_params.get("run")
    if run_id:
        set_viewed_runs(get_viewed_runs().with_run(run_id))
    return run_id or None


def get_viewed_runs() -> ViewedRuns:
    """What is looked at in this visit."""
    return st.session_state.get(_VIEWED_RUNS_KEY, ViewedRuns())


def set_viewed_runs(viewed: ViewedRuns) -> None:
    """From now on this is what is looked at."""
    st.session_state[_VIEWED_RUNS_KEY] = viewed


def set_viewed_runs_from_link() -> None:
    """What the link names is what is looked at."""
    link = {name: ",".join(st.query_params.get_all(name)) for name in st.query_params}
    set_viewed_runs(get_viewed_runs().apply_link(link))


def current_run_id() -> str | None:
    """The run looked at last in this visit."""
    return get_viewed_runs().run or None


def forget_run(run_id: str | None) -> None:
    """The menu leads to no run that is not there."""
    if run_id:
        set_viewed_runs(get_viewed_runs().without_run(run_id))


# ------------------------------------------------------------------ runs


def list_recent_runs(engine: Engine, *, limit: int) -> list[RunCard]:
    """The newest runs. Writes: takes in what is new in their journals."""
    ingest.sync_journals(engine.database, engine.runs_dir)
    states = engine.manager.get_states()
    frame = queries.fetch_runs(engine.database).head(limit)
    return [_build_run_card(row, states[row.run_id].status) for row in frame.itertuples() if row.run_id in states]


def _build_run_card(row: Any, status: str) -> RunCard:
    exam = "no exam yet"
    if pd.notna(row.last_turn):
        interval = formatting.format_interval(row.last_low, row.last_high, int(row.last_questions))
        exam = run_summary.format_exam_result(
            int(row.last_correct), int(row.last_questions), int(row.last_turn), interval
        )
    config = parse_stored_config(json.loads(row.config))
    return RunCard(
        row.run_id, formatting.run_title(config), status, max(0, int(row.turn)), int(row.turns_planned), exam, float(row.started),
        recorded_label=formatting.recorded_label(row.started, json.loads(row.versions or "{}")) if pd.notna(row.recorded) and row.recorded else "",
        strategy=row.strategy, exam_accuracies=tuple(row.accuracies) if isinstance(row.accuracies, list | np.ndarray) else (),
        student_version=formatting.student_version_label(config), seed=int(row.seed), name=config.name, group_id=_text_or_empty(row.group_id),
        plan=_text_or_empty(row.plan), student_label=formatting.student_title(config), strategy_label=formatting.strategy_label(config),
        tags=tuple(json.loads(row.tags)), note=row.note, config=config,
        last_exam=(int(row.last_correct), int(row.last_questions), int(row.last_turn)) if pd.notna(row.last_turn) else None,
    )  # fmt: skip


def _text_or_empty(value: Any) -> str:
    """A text that may be missing in a frame."""
    return value if isinstance(value, str) else ""


# ------------------------------------------------------------------ acting


def start_run(engine: Engine, config: RunConfig, token: str) -> str:
    """Starts a run and returns its id; the same token again, the same run. Writes.

    :raises ConfigError: the settings cannot work; ``field`` names the one at fault.
    """
    return engine.manager.start(config, token)


def control_run(engine: Engine, action: str, run_id: str) -> None:
    """Pause, resume or cancel a run. Writes. For a button's callback, so errors wait in the session for the page to show."""
    try:
        getattr(engine.manager, action)(run_id)
    except StudentsimError as error:
        st.session_state["shell.error"] = error


def estimate_duration(engine: Engine, config: RunConfig) -> estimate.DurationEstimate:
    """How long a run will take, judged by the recent runs on this computer if there are any. Writes: takes in what is new in
    the journals.
    """
    ingest.sync_journals(engine.database, engine.runs_dir)
    times = [
        (parse_stored_config(settings), took)
        for settings, took in queries.fetch_recent_durations(engine.database, config.model)
    ]
    if not times:  # the page is drawn at every click, so nothing is asked in vain
        return estimate.estimate_from_history(estimate.estimate_seconds(config, queries.RunTimings()), [], 0)
    kinds = {_speed_key(settings) for settings in (config, *(ran for ran, _ in times))}
    speeds = {
        kind: queries.fetch_recent_timings(engine.database, config.model, strategy=kind[0], exams=kind[1])
        for kind in kinds
    }
    ratios = [took / estimate.estimate_seconds(ran, speeds[_speed_key(ran)]) for ran, took in times]
    speed = speeds[_speed_key(config)]
    return estimate.estimate_from_history(estimate.estimate_seconds(config, speed), ratios, speed.runs)


def _speed_key(config: RunConfig) -> tuple[str, str]:
    """Settings on which the seconds of a question hang most: how it is chosen, and whether exams are written."""
    return config.strategy, estimate.exam_mode(config)
