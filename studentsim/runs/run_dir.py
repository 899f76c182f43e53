"""A run's folder: the paths of its files, and how it is created, found and removed (docs/architecture.md).

    <data>/runs/20261121-031500-k3f9/config.json      the RunConfig
                                     events.jsonl     the journal
                                     checkpoints/     the student after each turn
                                     leases/0001.json the worker's lease; see lease.py
                                     control.json     a request to pause or cancel
                                     queue.json       exists while it is queued
                                     cell.json        its cell in a group of runs; see groups.py
                                     notes.json       the user's name, tags and note; see notes.py
                                     writing.json     the answer being written; see live_text.py
                                     worker.log       the worker's output

A folder appears complete or not at all: it is filled under another name and renamed, which fails if the name is taken.
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import os
import re
import secrets
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from studentsim.config import RunConfig
from studentsim.errors import DataFolderError, RunError, StudentsimError, UnknownRun
from studentsim.events import Cell
from studentsim.files import (
    fsync_path,
    is_disk_full,
    read_json_object,
    read_small_file,
    remove_file,
    remove_folder_atomically,
    storage_error,
    write_atomically,
)
from studentsim.store import journal, tables
from studentsim.student.embedded.weight_versions import pin_weights

RUN_ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
_MADE_ID_PATTERN = re.compile(r"\d{8}-\d{6}-[a-z0-9]{4}")
"""Ids as ``new_run_id`` makes them: what has such a name was a run, whatever is left of it."""
CONTROL_REQUESTS = ("pause", "cancel")
NEW_FOLDER_PREFIX, PROBE_PREFIX = ".new-", ".probe-"
"""Prefixes of folders that are not complete yet, and of files that are written to see whether that is possible."""
CELL_FILE = tables.CELL_FILE_NAME
"""The file of a run's cell in its group."""
_ID_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # no characters that are easily confused
_NAME_TAKEN_ERRNOS = (errno.EEXIST, errno.ENOTEMPTY)


@dataclass(frozen=True)
class RunFolder:
    """The paths of one run's files; creating the object touches no file."""

    path: Path

    @property
    def run_id(self) -> str:
        """The run's id: the folder's name."""
        return self.path.name

    @property
    def journal_path(self) -> Path:
        """The append-only file of events."""
        return self.path / "events.jsonl"

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def log_path(self) -> Path:
        """The log of the present or last worker; earlier logs have their lease's number in their name."""
        return self.path / "worker.log"

    @property
    def cell(self) -> Cell | None:
        """The run's cell in the group it was started with; None: it was started alone."""
        return tables.parse_group_cell(tables.read_group_cell(self.path))

    @property
    def queue_path(self) -> Path:
        """Exists while the run is queued; holds since when (Unix seconds)."""
        return self.path / "queue.json"

    def read_config(self) -> RunConfig:
        """The run's settings, from config.json, or from the journal's first event where that file is missing or damaged.

        :raises RunError: neither holds settings that this version can use.
        """
        try:
            return RunConfig.from_json(read_small_file(self.path / "config.json"))
        except (OSError, StudentsimError) as error:
            if (config := self._read_journal_config()) is not None:
                return config
            problem = error.problem if isinstance(error, StudentsimError) else f"{error.strerror or error}."
            raise RunError(
                f"The settings of run {self.run_id} cannot be read: {problem}",
                "If a newer version of this program made it, use that one; otherwise delete this run.",
            ) from error

    def _read_journal_config(self) -> RunConfig | None:
        """The settings in the journal's first event; None where there are none that this version can use."""
        try:
            chunk = journal.read_new_events(self.journal_path, journal.JournalEnd(), max_bytes=_FIRST_EVENT_BYTES)
            settings = chunk.events[0].get("config") if chunk.events else None
            return RunConfig.from_json(json.dumps(settings)) if isinstance(settings, dict) else None
        except StudentsimError:
            return None

    def write_request(self, request: str) -> None:
        """Ask the run's worker to ``pause`` or ``cancel``. Writes.

        :raises RunError: ``request`` is something else.
        """
        if request not in CONTROL_REQUESTS:
            raise RunError(f"A run cannot be asked to {request!r}.", f"Ask for {' or '.join(CONTROL_REQUESTS)}.")
        write_atomically(self.path / "control.json", json.dumps({"request": request, "at": time.monotonic()}))

    def read_request(self) -> tuple[str, float] | None:
        """The pending request and its age in seconds; None: there is none, or the file holds something else."""
        request = read_json_object(self.path / "control.json")
        asked_at = finite_number(request.get("at"))
        if request.get("request") not in CONTROL_REQUESTS or asked_at is None:
            return None
        return request["request"], max(0.0, time.monotonic() - asked_at)

    def clear_request(self) -> None:
        """Remove the pending request. Writes."""
        remove_file(self.path / "control.json")


_FIRST_EVENT_BYTES = 2**16
"""Bytes of the journal that are read to find its first event, more where that is longer."""


def finite_number(value: object) -> float | None:
    """A number of a file as a float; None for anything else, such as infinity or a number of a thousand digits."""
    try:
        return float(value) if type(value) in (int, float) and math.isfinite(value) else None  # type: ignore[arg-type]
    except OverflowError:
        return None


def runs_folder(data: Path) -> Path:
    """The folder of a data folder's runs."""
    return Path(data) / "runs"


def ensure_data_folder(data: Path) -> Path:
    """Create the data folder if it is missing and check that it can be written; returns the folder of its runs. Writes.

    :raises DataFolderError: it cannot be created or written.
    """
    runs = runs_folder(data)
    try:
        runs.mkdir(parents=True, exist_ok=True)
        probe_path = runs / f"{PROBE_PREFIX}{secrets.token_hex(4)}"
        probe_path.touch()
        probe_path.unlink()
    except OSError as error:
        raise data_folder_error(data, error) from error
    return runs


def data_folder_error(data: Path, error: OSError, *, folder_label: str = "data folder") -> DataFolderError:
    """The error for an ``OSError`` of a data folder, or of a folder in it (``folder_label``)."""
    return storage_error(error, data, label=folder_label)


def new_run_id(now: float | None = None) -> str:
    """A unique id that sorts by time (UTC): ``20261121-031500-k3f9``."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    return f"{stamp}-{''.join(secrets.choice(_ID_ALPHABET) for _ in range(4))}"


def check_run_id(text: object) -> str:
    """Return ``text``, of a link or a command line, if it has the form of a run's id.

    :raises UnknownRun: it has not.
    """
    if not isinstance(text, str) or not RUN_ID_PATTERN.fullmatch(text):
        raise UnknownRun(f"There is no run {str(text)[:40]!r}.", "Choose one from the list of runs.")
    return text


def open_run(data: Path, run_id: object) -> RunFolder:
    """The folder of an existing run.

    :raises UnknownRun: there is no run of that id, or it was deleted.
    """
    run_id = check_run_id(run_id)
    folder = RunFolder(runs_folder(data) / run_id)
    if _is_run(folder.path):
        return folder
    if _exists(runs_folder(data) / ".deleted" / run_id):
        raise UnknownRun(f"The run {run_id} was deleted.", "Choose another from the list of runs.")
    raise UnknownRun(f"There is no run {run_id!r}.", "Choose one from the list of runs.")


def list_runs(data: Path) -> list[RunFolder]:
    """The folders of all runs, oldest first, damaged ones too (``status.read_run_state`` says which are); empty without a data folder.

    :raises DataFolderError: the data folder cannot be read.
    """
    try:
        names = sorted(os.listdir(runs_folder(data)))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise storage_error(error, runs_folder(data)) from error
    folders = [RunFolder(runs_folder(data) / name) for name in names if RUN_ID_PATTERN.fullmatch(name)]
    return [folder for folder in folders if _is_run(folder.path)]


def _is_run(path: Path) -> bool:
    """Whether a path is a run's: it holds settings or a journal, may not be looked into, or has a name that only runs have."""
    if any(_exists(path / name) for name in ("config.json", journal.JOURNAL_FILE_NAME)):
        return True
    return _MADE_ID_PATTERN.fullmatch(path.name) is not None and _exists(path)


def _exists(path: Path) -> bool:
    """Whether there is something of that name, or may be: it cannot be seen where a folder above it may not be looked into."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def create_run(
    data: Path, config: RunConfig, idempotency_key: str = "", *, queue_entry: str = "", cell: Cell | None = None
) -> RunFolder:
    """Create a run's folder atomically; calls with the same ``idempotency_key`` all get the same run. Writes.

    With a ``queue_entry`` the run is queued from the start (queue.py); ``cell`` is its cell in a group. The settings get the
    version of the embedded student's weights.

    :raises DataFolderError: the folder cannot be written.
    :raises StudentError: the embedded student's weights are missing.
    :raises UnknownRun: the run of ``idempotency_key`` was deleted meanwhile.
    """
    runs = ensure_data_folder(data)
    files = {"config.json": pin_embedded_weights(config).model_dump_json()}
    if queue_entry:
        files["queue.json"] = queue_entry
    if cell is not None:
        files[CELL_FILE] = json.dumps(asdict(cell))
    try:
        while True:
            run_id = get_or_create_id(data, idempotency_key)
            if (runs / ".deleted" / run_id).exists():
                raise UnknownRun(f"The run {run_id} was deleted.", "Start a new one.")
            if create_folder_atomically(runs, run_id, files) or idempotency_key:
                return RunFolder(runs / run_id)
    except OSError as error:
        raise data_folder_error(data, error) from error


def pin_embedded_weights(config: RunConfig) -> RunConfig:
    """The settings with the shipped weights' fingerprint, if the student is the embedded one and no weights are named.

    :raises StudentError: the weights are missing.
    """
    if config.model != "embedded" or config.weights:
        return config
    return config.model_copy(update={"weights": pin_weights()})


def delete_run(folder: RunFolder) -> None:
    """Remove a run's folder and remember its id as deleted. Writes. The caller ensures that no worker is alive.

    :raises RunError: the folder cannot be removed.
    """
    try:
        _note_deletion(folder)
        remove_folder_atomically(folder.path)
        _note_deletion(folder)  # again: on a full disk there is room for it only now
    except OSError as error:
        raise RunError(
            f"The run {folder.run_id} cannot be deleted ({error.strerror}).",
            f"Change the permissions of {folder.path.parent}, or remove {folder.path} by hand.",
        ) from error


def _note_deletion(folder: RunFolder) -> None:
    """Remember a run's id as deleted, unless the disk is full: deleting must still make room. Writes."""
    notes_folder = folder.path.parent / ".deleted"
    try:
        notes_folder.mkdir(exist_ok=True)
        (notes_folder / folder.run_id).touch()
    except OSError as error:
        if not is_disk_full(error):
            raise


def get_or_create_id(data: Path, idempotency_key: str) -> str:
    """The run id of an ``idempotency_key``, decided by the first call; a new id if it is blank. Writes."""
    if not idempotency_key:
        return new_run_id()
    keys_folder = runs_folder(data) / ".tokens"
    keys_folder.mkdir(exist_ok=True)
    name = hashlib.sha256(idempotency_key.encode()).hexdigest()[:32]
    create_folder_atomically(keys_folder, name, {"run_id": new_run_id()})
    return check_run_id((keys_folder / name / "run_id").read_text())


def create_folder_atomically(parent: Path, name: str, files: dict[str, str]) -> bool:
    """Create the folder ``name`` with these files (name: text) atomically; False if it exists already. Writes."""
    temporary = parent / f"{NEW_FOLDER_PREFIX}{secrets.token_hex(6)}"
    temporary.mkdir()
    try:
        for file, text in files.items():
            with open(temporary / file, "w", encoding="utf-8") as handle:
                handle.write(text)
                handle.flush()
                os.fsync(handle.fileno())
        os.rename(temporary, parent / name)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if error.errno in _NAME_TAKEN_ERRNOS:
            return False
        raise
    fsync_path(parent)
    return True
