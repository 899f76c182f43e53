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
from studentsim.records import Cell
from studentsim.store import tables
from studentsim.student.embedded_weights import pinned

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
REQUESTS = ("pause", "cancel")
CELL = tables.CELL
"""In a run's folder: its place in a group."""
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that are easily taken for another
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)


@dataclass(frozen=True)
class RunFolder:
    """The files of one run. Making this object touches nothing."""

    path: Path

    @property
    def run_id(self) -> str:
        """The run's id: the folder's name."""
        return self.path.name

    @property
    def journal(self) -> Path:
        """The append-only file of events."""
        return self.path / "events.jsonl"

    @property
    def checkpoints(self) -> Path:
        """The folder of what the student had learnt after each turn."""
        return self.path / "checkpoints"

    @property
    def log(self) -> Path:
        """What the present (or last) worker wrote; earlier ones lie beside it with their lease's number."""
        return self.path / "worker.log"

    @property
    def cell(self) -> Cell | None:
        """The run's place in the group it was started with; None: it was started alone."""
        return tables.cell_of(tables.read_cell(self.path))

    @property
    def queue(self) -> Path:
        """Exists while the run waits for a free place; holds since when (unix seconds)."""
        return self.path / "queue.json"

    def config(self) -> RunConfig:
        """The run's settings.

        :raises RunError: they cannot be read.
        """
        try:
            return RunConfig.from_json((self.path / "config.json").read_bytes())
        except OSError as error:
            raise RunError(
                f"The settings of run {self.run_id} cannot be read ({error}).", "Delete this run."
            ) from error

    def request(self, what: str) -> None:
        """Ask the run's worker to ``pause`` or ``cancel``. Writes."""
        if what not in REQUESTS:
            raise RunError(f"A run cannot be asked to {what!r}.", f"Ask for {' or '.join(REQUESTS)}.")
        write_atomically(self.path / "control.json", json.dumps({"request": what, "at": time.monotonic()}))

    def requested(self) -> tuple[str, float] | None:
        """What was asked and how many seconds ago, or None."""
        try:
            asked = json.loads((self.path / "control.json").read_text())
            return asked["request"], max(0.0, time.monotonic() - asked["at"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def clear_request(self) -> None:
        """Forget what was asked. Writes."""
        (self.path / "control.json").unlink(missing_ok=True)


def runs_folder(data: Path) -> Path:
    """Where the runs of a data folder lie."""
    return Path(data) / "runs"


def make_data_folder(data: Path) -> Path:
    """Make the data folder if it is missing, and see that it can be written. Returns the folder of its runs.

    :raises DataFolderError: it cannot be made or written.
    """
    runs = runs_folder(data)
    try:
        runs.mkdir(parents=True, exist_ok=True)
        probe = runs / f".probe-{secrets.token_hex(4)}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise data_folder_error(data, error) from error
    return runs


def data_folder_error(data: Path, error: OSError, *, what: str = "data folder") -> DataFolderError:
    """What to tell about a data folder, or one within it, that failed us."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DataFolderError(f"The disk of the {what} {data} is full.", "Free some space and try again.")
    return DataFolderError(
        f"The {what} {data} cannot be written ({error.strerror or error}).",
        "Choose another with --data or STUDENTSIM_DATA, or change its permissions.",
    )


def new_run_id(now: float | None = None) -> str:
    """An id that sorts by time and that no other run has: ``20261121-031500-k3f9``."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    return f"{stamp}-{''.join(secrets.choice(_LETTERS) for _ in range(4))}"


def check_run_id(text: object) -> str:
    """An id from a link or a command line, if it could be one at all.

    :raises UnknownRun: it could not.
    """
    if not isinstance(text, str) or not RUN_ID.fullmatch(text):
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


def all_runs(data: Path) -> list[RunFolder]:
    """The runs there are, oldest first."""
    try:
        names = sorted(os.listdir(runs_folder(data)))
    except OSError:
        return []
    folders = [RunFolder(runs_folder(data) / name) for name in names if RUN_ID.fullmatch(name)]
    return [folder for folder in folders if (folder.path / "config.json").is_file()]


def create_run(
    data: Path, config: RunConfig, token: str = "", *, ticket: str = "", cell: Cell | None = None
) -> RunFolder:
    """Make a run, whole and exclusively; with a token, once for all calls with that token. Writes.

    With a ``ticket`` it waits for a place from the beginning (see waiting.py); ``cell`` is its place in a group. Which weights the
    embedded student has is written into the settings.

    :raises DataFolderError: the folder cannot be written.
    :raises StudentError: the embedded student's weights are missing.
    :raises UnknownRun: the token's run was deleted meanwhile.
    """
    runs = make_data_folder(data)
    files = {"config.json": with_weights(config).model_dump_json()}
    if ticket:
        files["queue.json"] = ticket
    if cell is not None:
        files[CELL] = json.dumps(asdict(cell))
    try:
        while True:
            run_id = settled_id(data, token)
            if (runs / ".deleted" / run_id).exists():
                raise UnknownRun(f"The run {run_id} was deleted.", "Start a new one.")
            if appear(runs, run_id, files) or token:
                return RunFolder(runs / run_id)
    except OSError as error:
        raise data_folder_error(data, error) from error


def with_weights(config: RunConfig) -> RunConfig:
    """The settings with the fingerprint of the shipped weights, where the student is the embedded one and none are named.

    :raises StudentError: the weights are missing.
    """
    if config.model != "embedded" or config.weights:
        return config
    return config.model_copy(update={"weights": pinned()})


def delete_run(folder: RunFolder) -> None:
    """Remove a run and all that it wrote; its id stays known as deleted. Writes. The caller sees that nobody works on it.

    :raises RunError: it cannot be removed.
    """
    runs = folder.path.parent
    try:
        (runs / ".deleted").mkdir(exist_ok=True)
        (runs / ".deleted" / folder.run_id).touch()
        gone = runs / f".gone-{folder.run_id}-{secrets.token_hex(4)}"
        os.rename(folder.path, gone)  # at one stroke: nobody meets half a run
        shutil.rmtree(gone, ignore_errors=True)
    except OSError as error:
        raise RunError(f"The run {folder.run_id} cannot be deleted ({error.strerror}).", "Try again.") from error


def write_atomically(path: Path, text: str) -> None:
    """Readers find the old text or the new, never a part. Writes."""
    new = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        new.write_text(text)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)


def sync_folder(path: Path) -> None:
    """Make names in a folder survive a loss of power. Writes."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def settled_id(data: Path, token: str) -> str:
    """The id that belongs to a start token: whoever comes first decides it, all others get the same. A new one without. Writes."""
    if not token:
        return new_run_id()
    tokens = runs_folder(data) / ".tokens"
    tokens.mkdir(exist_ok=True)
    name = hashlib.sha256(token.encode()).hexdigest()[:32]
    appear(tokens, name, {"run_id": new_run_id()})
    return check_run_id((tokens / name / "run_id").read_text())


def appear(where: Path, name: str, files: dict[str, str]) -> bool:
    """Make the folder ``name`` with these files at one stroke; False if there is one already. Writes."""
    new = where / f".new-{secrets.token_hex(6)}"
    new.mkdir()
    try:
        for file, text in files.items():
            with open(new / file, "w", encoding="utf-8") as handle:
                handle.write(text)
                handle.flush()
                os.fsync(handle.fileno())
        os.rename(new, where / name)
    except OSError as error:
        shutil.rmtree(new, ignore_errors=True)
        if error.errno in _TAKEN:
            return False
        raise
    sync_folder(where)
    return True
