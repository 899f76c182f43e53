"""Carrying out a recorded study: one run after another, in a folder of its own, so that it may be stopped or killed at any time.

    python -m studentsim record --study smollm2 --bank mathqa_dev.json --work FOLDER --hours 3.5

What was done is not done again: a finished run stays, an interrupted one goes on after its last complete lesson.
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

from studentsim import foreground
from studentsim.config import RunConfig
from studentsim.errors import RunError
from studentsim.runs import preflight, recorded
from studentsim.runs.folder import RunFolder, appear, make_data_folder, with_weights
from studentsim.runs.recorded import RecordedStudy
from studentsim.runs.states import observe
from studentsim.ui.looks import STRATEGIES


@dataclass(frozen=True)
class Recording:
    """What came of it: the journals' files once all runs are finished, and the ids of the runs that are left."""

    files: tuple[Path, ...]
    left: tuple[str, ...]


def record(
    study: RecordedStudy,
    work: Path,
    to: Path,
    *,
    seeds: Mapping[str, int] | None = None,
    hours: float | None = None,
    **settings: Any,
) -> Recording:
    """Carry out a study's runs in the data folder ``work``; once all are finished, write their journals into ``to``. Writes.

    The first seed of every way of choosing comes first, so that what is done after any time compares all of them. After ``hours``
    the run under way pauses after its present answer, and what is left is told. ``to`` then stays as it was.

    :raises ConfigError, BankError, StudentError: the settings cannot work.
    :raises RunError: a run failed, or ``work`` holds runs with other settings.
    """
    deadline = None if hours is None else time.monotonic() + 3600 * hours
    runs = _made(study, work, seeds, settings)
    left = [folder for folder in runs if observe(folder).status != "finished"]
    while left and _play(left[0], deadline) == "finished":
        left.pop(0)
    if left:
        return Recording((), tuple(folder.run_id for folder in left))
    return Recording(tuple(_written(study, runs, work / "packed", to)), ())


def _made(
    study: RecordedStudy, work: Path, seeds: Mapping[str, int] | None, settings: Mapping[str, Any]
) -> list[RunFolder]:
    """The folders of the study's runs, those made that are not there yet. What depends on the machine (the version of the model,
    its dtype) is settled by the first run, for all.

    :raises RunError: a run is there with other settings.
    """
    names = {strategy: look.name for strategy, look in STRATEGIES.items()}
    configs = sorted(study.configs(names, seeds=seeds, **settings), key=lambda config: config.seed)
    root = make_data_folder(work)
    folders, pinned = [], None
    for config in configs:
        folder = RunFolder(root / study.run_id_of(config))
        checked = with_weights(preflight.check(config if pinned is None else config.model_copy(update={"hub": pinned})))
        if not (folder.path / "config.json").is_file():
            appear(root, folder.run_id, {"config.json": checked.model_dump_json()})
        there = folder.config()
        pinned = pinned or there.hub
        if _without_pins(there) != _without_pins(checked):
            raise RunError(
                f"The folder {work} holds the run {folder.run_id} with other settings.",
                "Name another folder with --work, or the settings that it was begun with.",
            )
        folders.append(folder)
    return folders


def _without_pins(config: RunConfig) -> str:
    """The settings but for what is settled when a run is made."""
    unpinned = config.hub.model_copy(update={"revision": "", "dtype": "auto", "prompt_date": ""})
    return config.model_copy(update={"hub": unpinned}).model_dump_json()


def _play(folder: RunFolder, deadline: float | None) -> str:
    """Carry one run out, or on, until it ends or the time is up; its status.

    :raises RunError: it failed.
    """
    folder.clear_request()  # one that a killed process did not come to
    if deadline is not None and time.monotonic() >= deadline:
        return "paused"
    with asked_to_pause(folder, deadline):
        status = foreground.play(folder)
    gc.unfreeze()  # load_cast froze what was there: the last run's model must go before the next one's comes
    gc.collect()
    if status == "failed":
        state = observe(folder)
        raise RunError(f"The run {folder.run_id} failed: {state.message}", state.remedy or "Try again.")
    stand = "" if status == "finished" else f"{status}; "
    print(f"{folder.config().name}: {stand}{foreground.score_of(folder)}", flush=True)
    return status


@contextmanager
def asked_to_pause(folder: RunFolder, deadline: float | None):
    """Within it the run is asked to pause once the deadline (monotonic seconds) is over."""
    if deadline is None:
        yield
        return
    timer = threading.Timer(max(0.0, deadline - time.monotonic()), lambda: folder.request("pause"))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _written(study: RecordedStudy, runs: Sequence[RunFolder], scratch: Path, to: Path) -> list[Path]:
    """The packed journals in ``to``, in the place of this study's earlier ones; other studies' stay. Writes."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    packed = [recorded.pack(folder, scratch, study) for folder in runs]
    to.mkdir(parents=True, exist_ok=True)
    for old in to.glob(f"*{recorded.SUFFIX}"):
        if recorded.study_of(old.name.removesuffix(recorded.SUFFIX)) in (study, None):
            old.unlink()
    return [Path(shutil.copy(path, to)) for path in packed]
