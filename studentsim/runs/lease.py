"""Leases: which process works on a run. The lease with the highest number is valid; holders of lower ones have lost theirs.

Each lease is a file of its own, ``leases/0004.json``, created exclusively, so that two processes cannot get the same number, and
none waits for a lock that a stopped process holds. It names the process and holds its last heartbeat, overwritten in place,
which works on a full disk.

A heartbeat is a time of the machine's monotonic clock, which all processes share and no change of the system time moves.

A PID means something in its PID namespace alone: of a worker in another container, or on another computer with the same folder, only
the heartbeats say whether it is alive. The number is the epoch of the events that its holder writes (``store/journal_lines.py``).
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path

from studentsim.errors import LeaseLost
from studentsim.files import read_json_object
from studentsim.runs import process
from studentsim.runs.run_dir import RunFolder, data_folder_error
from studentsim.store.journal import read_last_event

HEARTBEAT_INTERVAL_SECONDS = 1.0
"""Seconds between heartbeats."""
HEARTBEAT_TIMEOUT_SECONDS = 15.0
"""Seconds without a heartbeat after which a living worker counts as not responding."""
STARTUP_TIMEOUT_SECONDS = 120.0
"""The same before the first heartbeat: a cold start reads a gigabyte of libraries."""

_LEASE_FILE_BYTES = 1024  # size of a lease's file: each heartbeat overwrites all of it
_REASON_CHARS = 400
_released_here: set[Path] = set()
"""Leases that this process released without being able to write it: it must not take itself for their worker."""


@dataclass(frozen=True)
class LeaseInfo:
    """The content of a lease's file; ``pid`` 0: the lease was released."""

    epoch: int
    pid: int
    pid_started: str
    beat: float
    """Monotonic seconds of the last heartbeat; before the first, of the creation."""
    beats: int = 0
    """Number of heartbeats so far."""
    namespace: str = ""
    """The PID namespace of ``pid``; blank: a version before 0.2 wrote it, in ours."""
    reason: str = ""
    """How the work ended, ``status|message|remedy``, where the journal could not take it; else blank."""
    last_seq: int = -1
    """Once released: the last event that was written; -1: unknown."""
    age: float = field(default=0.0, compare=False)
    """Seconds since the file was written, by the clocks of its file system and of this computer; not stored."""

    @property
    def is_local(self) -> bool:
        """Whether its PID is one of this process's namespace, so that it can be looked at and signalled."""
        return self.namespace in ("", process.pid_namespace())

    @property
    def is_alive(self) -> bool:
        """Whether its process, and not another with the same PID, still runs; of another namespace: whether its heartbeats go on."""
        if self.is_local:
            return process.is_alive(self.pid, self.pid_started)
        return self.pid > 0 and not self.is_overdue

    @property
    def is_overdue(self) -> bool:
        """Whether its heartbeat is overdue."""
        same_clock = self.is_local or process.is_same_boot(self.namespace)
        silent_seconds = time.monotonic() - self.beat if same_clock else self.age
        timeout = HEARTBEAT_TIMEOUT_SECONDS if self.beats else STARTUP_TIMEOUT_SECONDS
        return not abs(silent_seconds) <= timeout  # a beat from the future is none, nor is one that is no number


def current_lease(folder: RunFolder) -> LeaseInfo | None:
    """The run's lease, or None if no process ever worked on it."""
    epoch = _latest_epoch(folder)
    return read_lease(folder, epoch) if epoch else None


class Lease:
    """A lease that this process holds."""

    def __init__(self, folder: RunFolder, info: LeaseInfo) -> None:
        self.folder = folder
        self.info = info
        self._lock = threading.Lock()
        try:
            self._file = os.open(_lease_path(folder, info.epoch), os.O_WRONLY)
        except OSError as error:
            _released_here.add(_lease_path(folder, info.epoch))
            raise data_folder_error(folder.path, error, folder_label="run's folder") from error

    @classmethod
    def acquire(cls, folder: RunFolder) -> Lease:
        """Create the run's next lease, or take the one that ``grant_lease`` made for this process. Writes.

        :raises LeaseLost: another process was faster.
        """
        info = current_lease(folder)
        own_pid = os.getpid()
        if (
            info is None
            or not info.is_local
            or (info.pid, info.pid_started) != (own_pid, process.get_birth_id(own_pid))
        ):
            info = grant_lease(folder, own_pid)
        return cls(folder, info)

    def is_current(self) -> bool:
        """Whether this is still the run's lease."""
        return _latest_epoch(self.folder) == self.info.epoch

    def ensure_current(self) -> None:
        """Call before each write.

        :raises LeaseLost: another worker has taken over, or the run was deleted.
        """
        if not self.is_current():
            raise LeaseLost(f"Another worker has taken over the run {self.folder.run_id}.", "This one ends here.")

    def write_heartbeat(self) -> None:
        """Show that this process is alive. Writes only this lease's file."""
        with self._lock:
            if self._file >= 0:
                self.info = replace(self.info, beat=time.monotonic(), beats=self.info.beats + 1)
                os.pwrite(self._file, _encode_lease(self.info), 0)

    def set_reason(self, status: str, message: str, remedy: str) -> None:
        """Note how the work ends, to be written when the lease is released, which works on a full disk."""
        self.info = replace(self.info, reason=f"{status}|{message}|{remedy}"[:_REASON_CHARS])

    def note_last_event(self, seq: int) -> None:
        """Note the last event that is written, to be stored when the lease is released."""
        self.info = replace(self.info, last_seq=seq)

    def close(self) -> None:
        """Release the lease. Writes. Repeated calls do nothing."""
        with self._lock:
            if self._file < 0:
                return
            self.info = replace(self.info, pid=0, pid_started="")
            try:
                os.pwrite(self._file, _encode_lease(self.info), 0)
            except OSError:  # others see it once this process has ended
                _released_here.add(_lease_path(self.folder, self.info.epoch))
            os.close(self._file)
            self._file = -1

    @contextmanager
    def keep_alive(self) -> Iterator[None]:
        """Write a heartbeat now, and in a thread about once a second while the context is open."""
        done = threading.Event()

        def beat_until_done() -> None:
            while not done.wait(HEARTBEAT_INTERVAL_SECONDS):
                self._try_heartbeat()

        self._try_heartbeat()
        thread = threading.Thread(target=beat_until_done, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _try_heartbeat(self) -> None:
        with suppress(OSError):  # a missed beat is not worth a run; the next may succeed
            self.write_heartbeat()


def grant_lease(folder: RunFolder, pid: int) -> LeaseInfo:
    """Create the run's next lease for a living process. Writes.

    :raises LeaseLost: another process was faster, the process has ended, or the run was deleted.
    :raises DataFolderError: the run's folder cannot be written.
    """
    birth_id = process.get_birth_id(pid)
    if birth_id is None:
        raise LeaseLost(f"The worker {pid} for run {folder.run_id} has ended.", "Start another.")
    # an epoch in the journal may be higher than the leases: these are not in a backup
    last_event = read_last_event(folder.journal_path) or {}
    epoch = max(_latest_epoch(folder), int(last_event.get("lease", 0))) + 1
    info = LeaseInfo(epoch, pid, birth_id, time.monotonic(), namespace=process.pid_namespace())
    path = _lease_path(folder, info.epoch)
    try:
        path.parent.mkdir(exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError as error:
        raise LeaseLost(f"Another worker has just taken over the run {folder.run_id}.", "Look at its state.") from error
    except FileNotFoundError as error:
        raise LeaseLost(f"The run {folder.run_id} was deleted.", "Choose another.") from error
    except OSError as error:
        raise data_folder_error(folder.path, error, folder_label="run's folder") from error
    try:
        os.write(file, _encode_lease(info))
    except OSError as error:  # what is there now is a lease of no process
        raise data_folder_error(folder.path, error, folder_label="run's folder") from error
    finally:
        os.close(file)
    return info


def _latest_epoch(folder: RunFolder) -> int:
    """The highest lease number; 0 if there is none."""
    try:
        names = os.listdir(folder.path / "leases")
    except OSError:
        return 0
    return max((int(name[:-5]) for name in names if name.endswith(".json") and name[:-5].isdigit()), default=0)


def _lease_path(folder: RunFolder, epoch: int) -> Path:
    return folder.path / "leases" / f"{epoch:04d}.json"


def read_lease(folder: RunFolder, epoch: int) -> LeaseInfo:
    """A lease's content; a lease of no process where its own died between creating and filling it, or where it is damaged."""
    path = _lease_path(folder, epoch)
    try:
        names = {f.name for f in fields(LeaseInfo)}
        stored = {name: value for name, value in read_json_object(path).items() if name in names}
        info = LeaseInfo(**stored | {"epoch": epoch, "age": time.time() - path.stat().st_mtime})
    except (OSError, TypeError):
        return LeaseInfo(epoch, 0, "", 0.0)
    if path in _released_here:
        info = replace(info, pid=0, pid_started="")
    is_valid = all(type(getattr(info, f.name)) in _FIELD_TYPES[str(f.type)] for f in fields(info))
    return info if is_valid else LeaseInfo(epoch, 0, "", 0.0)


_FIELD_TYPES = {"int": (int,), "str": (str,), "float": (int, float)}


def _encode_lease(info: LeaseInfo) -> bytes:
    stored = asdict(info)
    del stored["age"]
    return json.dumps(stored).encode().ljust(_LEASE_FILE_BYTES)
