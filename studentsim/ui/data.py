"""The app's database and run manager, the viewed runs and the list of runs. Data of one page alone is in that page's folder.

Journals are ingested when a page asks, never in the background; an unchanged one costs one ``stat``.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import streamlit as st

from studentsim.analysis import estimate
from studentsim.config import RunConfig, parse_stored_config
from studentsim.errors import ConfigError, RunError, StudentsimError, UnknownRun, first_line
from studentsim.labels import formatting
from studentsim.narration import run_summary
from studentsim.runs import demo
from studentsim.runs.manager import RunManager
from studentsim.runs.run_dir import RunFolder
from studentsim.runs.status import RunState, damaged_state
from studentsim.store import ingest, queries
from studentsim.store.database import Database
from studentsim.ui.cards import RunCard
from studentsim.ui.subject import ViewedRuns

MAX_LISTED_RUNS = 30
"""Runs listed on a page whose link names none."""

MAX_CACHED_QUERIES = 128
"""Results of ``cached_query`` kept, the least recently used dropped."""
DATA_DIR_ENV_VAR = "STUDENTSIM_DATA"
"""Environment variable with the data folder; default ``data`` in the working directory."""
WARM_WORKER_ENV_VAR = "STUDENTSIM_SPARE"
"""Environment variable: 0 keeps no warm worker, which saves a gigabyte of memory and delays a run's start by some seconds."""
VERIFICATION_DELAY_SECONDS = 20.0
"""Seconds after the opening until the database's rows are compared with what the journals gave: the first pages come first."""

T = TypeVar("T")


@dataclass(frozen=True)
class Engine:
    """One data folder's database and run manager, shared by all visitors."""

    data_dir: Path
    database: Database
    manager: RunManager

    @property
    def runs_dir(self) -> Path:
        """The folder of the run folders."""
        return self.data_dir / "runs"

    def close(self) -> None:
        """Close database and run manager. Runs go on; only the warm worker ends."""
        self.manager.close()
        self.database.close()


def get_engine() -> Engine:
    """The app's engine for the configured data folder.

    :raises StoreError, DataFolderError: when the database cannot be opened.
    """
    return _cached_engine(str(Path(os.environ.get(DATA_DIR_ENV_VAR) or "data").absolute()))


@st.cache_resource(show_spinner="Opening the data folder …", on_release=Engine.close)
def _cached_engine(data_dir: str) -> Engine:
    database = Database.open(data_dir)
    database.start_verification(VERIFICATION_DELAY_SECONDS)
    demo.unpack_recorded_runs(Path(data_dir))
    manager = RunManager(data_dir, keep_warm_worker=os.environ.get(WARM_WORKER_ENV_VAR) != "0")
    manager.ensure_warm_worker()
    atexit.register(manager.close)
    return Engine(Path(data_dir), database, manager)


def close_engines() -> None:
    """Close every engine of this process; for tests."""
    _cached_engine.clear()


def cached_query(engine: Engine, version: object, query: Callable[..., T], *args: Any, **options: Any) -> T:
    """``query(engine.database, *args, **options)``, a copy for each caller, cached until ``version`` changes.

    ``version`` is the last seq of each run that is read, which grows with every event, or what else names its state.
    """
    name = f"{query.__module__}.{query.__qualname__}"
    return _cached_query(name, str(engine.data_dir), version, args, options, query, engine.database)


@st.cache_data(max_entries=MAX_CACHED_QUERIES, show_spinner=False)
def _cached_query(
    name: str,
    folder: str,
    version: object,
    args: tuple[Any, ...],
    options: dict[str, Any],
    _query: Callable[..., Any],
    _database: Database,
) -> Any:
    return _query(_database, *args, **options)


@st.cache_resource(show_spinner=False)
def freeze_loaded_objects() -> None:
    """Once per process, after its first page: exclude everything loaded by then from garbage collection.

    Streamlit collects garbage after every script run, which with pandas and plotly loaded costs each rerun of each viewer about
    50 ms of processor time; frozen, it costs 2.
    """
    gc.collect()
    gc.freeze()


def database_notices(engine: Engine) -> list[str]:
    """The database's notices as markdown, such as that it was repaired."""
    notices = [formatting.escape_markdown(notice) for notice in engine.database.own_notices]
    if count := len(engine.database.damaged_runs):
        subject = "A simulation is" if count == 1 else f"{count} simulations are"
        notices.append(f"{subject} damaged: in the list on Home stands what is wrong and what can be done.")
    return notices


def queue_notice(engine: Engine, *, starting: int = 1) -> str:
    """How running and queued runs delay ``starting`` new ones; blank where there are none. Reads the status of all runs."""
    states = engine.manager.get_states().values()
    waiting = sum(state.status == "queued" for state in states)
    running = sum(state.is_live for state in states)
    return run_summary.describe_queue_ahead(
        running, waiting, slots=engine.manager.max_concurrent_runs, starting=starting
    )


# ------------------------------------------------------------------ links


_VIEWED_RUNS_KEY = "shell.subject"


def requested_run_id() -> str | None:
    """The run that the link names (``?run=…``), else None. Writes the session: it becomes the viewed run."""
    run_id = st.query_params.get("run")
    if run_id:
        set_viewed_runs(get_viewed_runs().with_run(run_id))
    return run_id or None


def get_viewed_runs() -> ViewedRuns:
    """The viewed runs of this session."""
    return st.session_state.get(_VIEWED_RUNS_KEY, ViewedRuns())


def set_viewed_runs(viewed: ViewedRuns) -> None:
    """Make these the viewed runs of this session."""
    st.session_state[_VIEWED_RUNS_KEY] = viewed


def set_viewed_runs_from_link() -> None:
    """Make the runs that the link names the viewed ones."""
    link = {name: ",".join(st.query_params.get_all(name)) for name in st.query_params}
    set_viewed_runs(get_viewed_runs().apply_link(link))


def current_run_id() -> str | None:
    """The last viewed run of this session."""
    return get_viewed_runs().run or None


def forget_run(run_id: str | None) -> None:
    """Drop a run that does not exist from the viewed ones, so that the menu does not link to it."""
    if run_id:
        set_viewed_runs(get_viewed_runs().without_run(run_id))


# ------------------------------------------------------------------ runs


def read_states(engine: Engine) -> dict[str, RunState]:
    """The states of all runs by id, after their journals were ingested: a run is damaged too if its journal could not be, to its end."""
    return {run_id: _with_damage(engine, state) for run_id, state in engine.manager.get_states().items()}


def read_run(engine: Engine, run_id: str, *, sync_all: bool = False) -> tuple[RunState, queries.RunRow]:
    """A run's state and what was ingested of it. Writes: reads new events of its journal, or if ``sync_all`` of all journals.

    :raises UnknownRun: there is no run of that id.
    :raises RunError: it is damaged, so that nothing of it can be shown.
    """
    state = engine.manager.get_state(run_id)  # before the query: it distinguishes a deleted run from an unknown one
    ingest.sync_journals(engine.database, engine.runs_dir, None if sync_all else run_id)
    state = _with_damage(engine, state)
    try:
        return state, queries.fetch_run(engine.database, run_id)
    except UnknownRun:
        if state.status == "damaged":
            raise RunError(state.message, state.remedy) from None
        raise


def _with_damage(engine: Engine, state: RunState) -> RunState:
    error = engine.database.damaged_runs.get(state.run_id)
    if error is None or state.is_live or state.status == "damaged":
        return state
    return replace(damaged_state(RunFolder(engine.runs_dir / state.run_id), error), epoch=state.epoch)


def list_recent_runs(engine: Engine, *, limit: int) -> list[RunCard]:
    """The newest ``limit`` runs; one that cannot be shown is a card that says why. Writes: ingests new journal lines."""
    ingest.sync_journals(engine.database, engine.runs_dir)
    states = read_states(engine)
    rows = {row.run_id: row for row in queries.fetch_runs(engine.database).head(limit).itertuples()}
    cards = [
        _build_run_card_or_problem(engine, rows.get(run_id), state)
        for run_id, state in states.items()
        if run_id in rows or state.status == "damaged"
    ]
    return sorted(cards, key=lambda card: -card.started_at)[:limit]


def _build_run_card_or_problem(engine: Engine, row: Any | None, state: RunState) -> RunCard:
    """A run's card; of a run of which nothing can be shown, one that says why."""
    try:
        if row is not None:
            return _build_run_card(row, state)
    except ConfigError as error:
        state = damaged_state(RunFolder(engine.runs_dir / state.run_id), error)
    except Exception as error:  # whatever its settings hold must not hide the other runs
        state = damaged_state(
            RunFolder(engine.runs_dir / state.run_id), RunError(f"It cannot be shown ({first_line(error)}).")
        )
    try:
        changed_at = (engine.runs_dir / state.run_id).stat().st_mtime
    except OSError:
        changed_at = time.time()
    return RunCard(state.run_id, state.run_id, state.status, 0, 0, "", changed_at, problem=_describe_problem(state))


def _describe_problem(state: RunState) -> str:
    """What is wrong with a run, or why it waits; blank for neither."""
    return f"{state.message} {state.remedy}".strip() if state.status in ("damaged", "queued") else ""


def _build_run_card(row: Any, state: RunState) -> RunCard:
    config = parse_stored_config(json.loads(row.config))
    exam_label, last_exam, recorded_label = "no exam yet", None, ""
    if pd.notna(row.last_turn):
        last_exam = int(row.last_correct), int(row.last_questions), int(row.last_turn)
        interval = formatting.format_interval(row.last_ci_low, row.last_ci_high, int(row.last_questions))
        exam_label = run_summary.format_exam_result(*last_exam, interval)
    if pd.notna(row.recorded) and row.recorded:
        recorded_label = formatting.recorded_label(row.started, json.loads(row.versions or "{}"))
    return RunCard(
        run_id=row.run_id,
        title=formatting.run_title(config),
        status=state.status,
        turn=max(0, int(row.turn)),
        turns=int(row.turns_planned),
        exam_label=exam_label,
        started_at=float(row.started),
        recorded_label=recorded_label,
        strategy=row.strategy,
        exam_accuracies=tuple(row.accuracies) if isinstance(row.accuracies, list | np.ndarray) else (),
        student_version=formatting.student_version_label(config),
        seed=int(row.seed),
        name=config.name,
        group_id=_text_or_empty(row.group_id),
        plan=_text_or_empty(row.plan),
        student_label=formatting.student_title(config),
        strategy_label=formatting.strategy_label(config),
        tags=tuple(json.loads(row.tags)),
        note=row.note,
        config=config,
        last_exam=last_exam,
        problem=_describe_problem(state),
    )


def _text_or_empty(value: Any) -> str:
    """A text of a frame; blank where it is missing."""
    return value if isinstance(value, str) else ""


# ------------------------------------------------------------------ starting and controlling


def parse_usable_config(settings: str | dict[str, Any]) -> RunConfig | None:
    """A stored run's settings (JSON text or a mapping), for lists that leave out what they cannot show; None: they cannot be used."""
    try:
        return parse_stored_config(json.loads(settings) if isinstance(settings, str) else settings)
    except ConfigError:
        return None


def start_run(engine: Engine, config: RunConfig, token: str) -> str:
    """Start a run and return its id; the same ``token`` returns the same run. Writes.

    :raises ConfigError: when the settings cannot work; ``field`` names the one at fault.
    """
    return engine.manager.start(config, token)


def control_run(engine: Engine, action: str, run_id: str) -> None:
    """Pause, resume or cancel a run. Writes. For a button's callback: an error is kept in the session for the page to show."""
    try:
        getattr(engine.manager, action)(run_id)
    except StudentsimError as error:
        st.session_state["shell.error"] = error


def estimate_duration(engine: Engine, config: RunConfig) -> estimate.DurationEstimate:
    """How long a run will take, from the recent runs on this computer if there are any. Writes: ingests new journal lines."""
    ingest.sync_journals(engine.database, engine.runs_dir)
    past_runs = [
        (past_config, seconds)
        for settings, seconds in queries.fetch_recent_durations(engine.database, config.model)
        if (past_config := parse_usable_config(settings)) is not None
    ]
    if not past_runs:  # the page is rendered at every click: no needless queries
        return estimate.estimate_from_history(estimate.estimate_seconds(config, queries.RunTimings()), [], 0)
    keys = {_speed_key(settings) for settings in (config, *(past_config for past_config, _ in past_runs))}
    timings_by_key = {
        key: queries.fetch_recent_timings(engine.database, config.model, strategy=key[0], exams=key[1]) for key in keys
    }
    ratios = [
        seconds / estimate.estimate_seconds(past_config, timings_by_key[_speed_key(past_config)])
        for past_config, seconds in past_runs
    ]
    timings = timings_by_key[_speed_key(config)]
    return estimate.estimate_from_history(estimate.estimate_seconds(config, timings), ratios, timings.runs)


def _speed_key(config: RunConfig) -> tuple[str, str]:
    """The settings that decide most of a question's seconds: the strategy, and whether exams are generated or scored."""
    return config.strategy, estimate.exam_mode(config)
