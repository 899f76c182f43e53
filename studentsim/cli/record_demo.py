"""Recording of a demo study: one run after another, in its own data folder, so that it may be stopped or killed at any time.

    python -m studentsim record-demo --study smollm2 --bank mathqa_dev.json --work FOLDER --hours 3.5

Finished runs are kept, and an interrupted one continues after its last complete turn.
"""

from __future__ import annotations

import gc
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studentsim.cli import runner
from studentsim.config import RunConfig
from studentsim.errors import RunError
from studentsim.labels.strategy_styles import STRATEGY_STYLES
from studentsim.runs import demo, preflight
from studentsim.runs.demo import RecordedStudy
from studentsim.runs.run_dir import RunFolder, create_folder_atomically, ensure_data_folder, pin_embedded_weights
from studentsim.runs.status import read_run_state


@dataclass(frozen=True)
class RecordingResult:
    """The packed journals once all runs are finished (else none), and the ids of the remaining runs."""

    files: tuple[Path, ...]
    remaining_run_ids: tuple[str, ...]


def record_study(
    study: RecordedStudy,
    work_folder: Path,
    output_folder: Path,
    *,
    seeds_by_strategy: Mapping[str, int] | None = None,
    max_hours: float | None = None,
    **settings: Any,
) -> RecordingResult:
    """Executes a study's runs in the data folder ``work_folder``, then writes their packed journals into ``output_folder``. Writes.

    The first seed of every strategy is run first, so that what is finished at any time compares all strategies. After
    ``max_hours`` the running one pauses after its current answer, and ``output_folder`` stays unchanged.

    :raises ConfigError, BankError, StudentError: the settings cannot work.
    :raises RunError: a run failed, or ``work_folder`` holds runs with other settings.
    """
    deadline = None if max_hours is None else time.monotonic() + 3600 * max_hours
    runs = _ensure_run_folders(study, work_folder, seeds_by_strategy, settings)
    remaining = [folder for folder in runs if read_run_state(folder).status != "finished"]
    while remaining and _run_until_deadline(remaining[0], deadline) == "finished":
        remaining.pop(0)
    if remaining:
        return RecordingResult((), tuple(folder.run_id for folder in remaining))
    return RecordingResult(tuple(_write_packed_journals(study, runs, work_folder / "packed", output_folder)), ())


def _ensure_run_folders(
    study: RecordedStudy, work_folder: Path, seeds_by_strategy: Mapping[str, int] | None, settings: Mapping[str, Any]
) -> list[RunFolder]:
    """The folders of the study's runs; missing ones are created. Writes.

    What depends on the machine (the model's revision and dtype) is pinned by the first run, for all.

    :raises RunError: a run exists with other settings.
    """
    strategy_names = {strategy: style.name for strategy, style in STRATEGY_STYLES.items()}
    configs = sorted(
        study.build_configs(strategy_names, seeds_by_strategy=seeds_by_strategy, **settings),
        key=lambda config: config.seed,
    )
    root = ensure_data_folder(work_folder)
    folders, pinned = [], None
    for config in configs:
        folder = RunFolder(root / study.run_id_for(config))
        checked = pin_embedded_weights(
            preflight.check_run_config(
                config if pinned is None else config.model_copy(update={"model_loading": pinned})
            )
        )
        if not (folder.path / "config.json").is_file():
            create_folder_atomically(root, folder.run_id, {"config.json": checked.model_dump_json()})
        existing = folder.read_config()
        pinned = pinned or existing.model_loading
        if _unpinned_settings(existing) != _unpinned_settings(checked):
            raise RunError(
                f"The folder {work_folder} holds the run {folder.run_id} with other settings.",
                "Name another folder with --work, or the settings that it was begun with.",
            )
        folders.append(folder)
    return folders


def _unpinned_settings(config: RunConfig) -> str:
    """The config as JSON without what is pinned when a run is created."""
    unpinned = config.model_loading.model_copy(update={"revision": "", "dtype": "auto", "prompt_date": ""})
    return config.model_copy(update={"model_loading": unpinned}).model_dump_json()


def _run_until_deadline(folder: RunFolder, deadline: float | None) -> str:
    """Executes or resumes a run until it ends or the deadline (monotonic seconds) has passed; returns its status. Writes.

    :raises RunError: it failed.
    """
    folder.clear_request()  # left by a killed process
    if deadline is not None and time.monotonic() >= deadline:
        return "paused"
    with pause_at_deadline(folder, deadline):
        status = runner.run_with_progress_bar(folder)
    gc.unfreeze()  # build_components froze all objects: the last run's model must be freed before the next is loaded
    gc.collect()
    if status == "failed":
        state = read_run_state(folder)
        raise RunError(f"The run {folder.run_id} failed: {state.message}", state.remedy or "Try again.")
    status_prefix = "" if status == "finished" else f"{status}; "
    print(f"{folder.read_config().name}: {status_prefix}{runner.describe_score(folder)}", flush=True)
    return status


@contextmanager
def pause_at_deadline(folder: RunFolder, deadline: float | None):
    """Within the context the run is requested to pause once the deadline (monotonic seconds) has passed. Writes."""
    if deadline is None:
        yield
        return
    timer = threading.Timer(max(0.0, deadline - time.monotonic()), lambda: folder.write_request("pause"))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _write_packed_journals(
    study: RecordedStudy, runs: Sequence[RunFolder], scratch: Path, output_folder: Path
) -> list[Path]:
    """Packs the runs' journals into ``output_folder``, replacing this study's earlier ones; returns the files. Writes."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    packed = [demo.pack_run(folder, scratch, study) for folder in runs]
    output_folder.mkdir(parents=True, exist_ok=True)
    for old in output_folder.glob(f"*{demo.JOURNAL_SUFFIX}"):
        if demo.find_study_of_run(old.name.removesuffix(demo.JOURNAL_SUFFIX)) in (study, None):
            old.unlink()
    return [Path(shutil.copy(path, output_folder)) for path in packed]
