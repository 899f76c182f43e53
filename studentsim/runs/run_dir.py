"""A run's folder: where its files lie, how it is made, found and removed. See docs/architecture.md for the files.

    <data>/runs/20261121-031500-k3f9/config.json      the RunConfig
                                     events.jsonl     the journal
                                     checkpoints/     the student after each turn
                                     leases/0001.json who works on it; see lease.py
                                     control.json     a request to pause or cancel
                                     queue.json       it waits for a free place
                                     cell.json        its place in the group it was started with; see groups.py
                                     notes.json       what the user says about it; see notes.py
                                     writing.json     the answer that is being written now; see live_text.py
                                     worker.log       what the worker said

A folder appears whole or not at all: it is filled under another name and renamed, which fails if the name is taken.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from studentsim.config import RunConfig
from studentsim.errors import DataFolderError, RunError, UnknownRun
from studentsim.events import Cell
from studentsim.store import tables
from studentsim.student.embedded.weight_versions import pin_weights

RUN_ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
CONTROL_REQUESTS = ("pause", "cancel")
CELL_FILE = tables.CELL_FILE_NAME
"""In a run's folder: its place in a group."""
_ID_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # none that are easily taken for another
_NAME_TAKEN_ERRNOS = (errno.EEXIST, errno.ENOTEMPTY)


@dataclass(frozen=True)
class RunFolder:
    """The files of one run. Making this object touches nothing."""

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
        """The folder of what the student had learnt after each turn."""
        return self.path / "checkpoints"

    @property
    def log_path(self) -> Path:
        """What the present (or last) worker wrote; earlier ones lie beside it with their lease's number."""
        return self.path / "worker.log"

    @property
    def cell(self) -> Cell | None:
        """The run's place in the group it was started with; None: it was started alone."""
        return tables.parse_group_cell(tables.read_group_cell(self.path))

    @property
    def queue_path(self) -> Path:
        """Exists while the run waits for a free place; holds since when (unix seconds)."""
        return self.path / "queue.json"

    def read_config(self) -> RunConfig:
        """The run's settings.

        :raises RunError: they cannot be read.
        """
        try:
            return RunConfig.from_json((self.path / "config.json").read_bytes())
        except OSError as error:
            raise RunError(
                f"The settings of run {self.run_id} cannot be read ({error}).", "Delete this run."
            ) from error

    def write_request(self, request: str) -> None:
        """Ask the run's worker to ``pause`` or ``cancel``. Writes."""
        if request not in CONTROL_REQUESTS:
            raise RunError(f"A run cannot be asked to {request!r}.", f"Ask for {' or '.join(CONTROL_REQUESTS)}.")
        write_atomically(self.path / "control.json", json.dumps({"request": request, "at": time.monotonic()}))

    def read_request(self) -> tuple[str, float] | None:
        """What was asked and how many seconds ago, or None."""
        try:
            request = json.loads((self.path / "control.json").read_text())
            return request["request"], max(0.0, time.monotonic() - request["at"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def clear_request(self) -> None:
        """Forget what was asked. Writes."""
        (self.path / "control.json").unlink(missing_ok=True)


def runs_folder(data: Path) -> Path:
    """Where the runs of a data folder lie."""
    return Path(data) / "runs"


def ensure_data_folder(data: Path) -> Path:
    """Make the data folder if it is missing, and see that it can be written. Returns the folder of its runs.

    :raises DataFolderError: it cannot be made or written.
    """
    runs = runs_folder(data)
    try:
        runs.mkdir(parents=True, exist_ok=True)
        probe_path = runs / f".probe-{secrets.token_hex(4)}"
        probe_path.touch()
        probe_path.unlink()
    except OSError as error:
        raise data_folder_error(data, error) from error
    return runs


def data_folder_error(data: Path, error: OSError, *, folder_label: str = "data folder") -> DataFolderError:
    """What to tell about a data folder, or one within it, that failed us."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataFolderError(f"The disk of the {folder_label} {data} is full.", "Free some space and try again.")
    return DataFolderError(
        f"The {folder_label} {data} cannot be written ({error.strerror or error}).",
        "Choose another with --data or STUDENTSIM_DATA, or change its permissions.",
    )


def new_run_id(now: float | None = None) -> str:
    """An id that sorts by time and that no other run has: ``20261121-031500-k3f9``."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    return f"{stamp}-{''.join(secrets.choice(_ID_ALPHABET) for _ in range(4))}"


def check_run_id(text: object) -> str:
    """An id from a link or a command line, if it could be one at all.

    :raises UnknownRun: it could not.
    """
    if not isinstance(text, str) or not RUN_ID_PATTERN.fullmatch(text):
        raise UnknownRun(f"There is no run {str(text)[:40]!r}.", "Choose one from the list of runs.")
    return text


def open_run(data: Path, run_id: object) -> RunFolder:
    """The folder of a run that exists.

    :raises UnknownRun: it never was, or was deleted.
    """
    run_id = check_run_id(run_id)
    folder = RunFolder(runs_folder(data) / run_id)
    if (folder.path / "config.json").is_file():
        return folder
    if (runs_folder(data) / ".deleted" / run_id).exists():
        raise UnknownRun(f"The run {run_id} was deleted.", "Choose another from the list of runs.")
    raise UnknownRun(f"There is no run {run_id!r}.", "Choose one from the list of runs.")


def list_runs(data: Path) -> list[RunFolder]:
    """The runs there are, oldest first."""
    try:
        names = sorted(os.listdir(runs_folder(data)))
    except OSError:
        return []
    folders = [RunFolder(runs_folder(data) / name) for name in names if RUN_ID_PATTERN.fullmatch(name)]
    return [folder for folder in folders if (folder.path / "config.json").is_file()]


def create_run(
    data: Path, config: RunConfig, idempotency_key: str = "", *, queue_entry: str = "", cell: Cell | None = None
) -> RunFolder:
    """Make a run, whole and exclusively; with a token, once for all calls with that token. Writes.

    With a ``queue_entry`` it waits for a place from the beginning (see waiting.py); ``cell`` is its place in a group. Which weights the
    embedded student has is written into the settings.

    :raises DataFolderError: the folder cannot be written.
    :raises StudentError: the embedded student's weights are missing.
    :raises UnknownRun: the token's run was deleted meanwhile.
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
    """The settings with the fingerprint of the shipped weights, where the student is the embedded one and none are named.

    :raises StudentError: the weights are missing.
    """
    if config.model != "embedded" or config.weights:
        return config
    return config.model_copy(update={"weights": pin_weights()})


def delete_run(folder: RunFolder) -> None:
    """Remove a run and all that it wrote; its id stays known as deleted. Writes. The caller sees that nobody works on it.

    :raises RunError: it cannot be removed.
    """
    runs = folder.path.parent
    try:
        (runs / ".deleted").mkdir(exist_ok=True)
        (runs / ".deleted" / folder.run_id).touch()
        trash = runs / f".gone-{folder.run_id}-{secrets.token_hex(4)}"
        os.rename(folder.path, trash)  # at one stroke: nobody meets half a run
        shutil.rmtree(trash, ignore_errors=True)
    except OSError as error:
        raise RunError(f"The run {folder.run_id} cannot be deleted ({error.strerror}).", "Try again.") from error


def write_atomically(path: Path, text: str) -> None:
    """Readers find the old text or the new, never a part. Writes."""
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        temporary.write_text(text)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def fsync_folder(path: Path) -> None:
    """Make names in a folder survive a loss of power. Writes."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def get_or_create_id(data: Path, idempotency_key: str) -> str:
    """The id that belongs to a start token: whoever comes first decides it, all others get the same. A new one without. Writes."""
    if not idempotency_key:
        return new_run_id()
    keys_folder = runs_folder(data) / ".tokens"
    keys_folder.mkdir(exist_ok=True)
    name = hashlib.sha256(idempotency_key.encode()).hexdigest()[:32]
    create_folder_atomically(keys_folder, name, {"run_id": new_run_id()})
    return check_run_id((keys_folder / name / "run_id").read_text())


def create_folder_atomically(parent: Path, name: str, files: dict[str, str]) -> bool:
    """Make the folder ``name`` with these files at one stroke; False if there is one already. Writes."""
    temporary = parent / f".new-{secrets.token_hex(6)}"
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
    fsync_folder(parent)
    return True
