"""Starts workers for a manager: keeps one warm, asks for room first, and leaves no process behind where a start fails.

Not safe for threads; the manager holds its lock.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path

from studentsim import files
from studentsim.errors import DataFolderError, LeaseLost, RunError
from studentsim.runs.run_dir import PROBE_PREFIX, RunFolder, data_folder_error, runs_folder
from studentsim.runs.status import read_last_log_line, read_run_state
from studentsim.runs.warm_worker import WORKER_COMMAND, WarmWorker

MIN_FREE_BYTES = 4 * 2**20
"""Room on the disk without which no worker is started: its log, its lease, the journal's first lines and a small checkpoint."""
_PROBE_BYTES = 4096

logger = logging.getLogger(__name__)


class Launcher:
    """The workers that one manager started."""

    def __init__(
        self,
        data: Path,
        command: Sequence[str] = WORKER_COMMAND,
        *,
        get_free_bytes: Callable[[Path], int] = files.free_bytes,
    ) -> None:
        """``command`` starts a worker; ``get_free_bytes`` returns the room on a folder's disk. Starts nothing yet."""
        self.data = data
        self.warm_worker: WarmWorker | None = None
        self._command = command
        self._get_free_bytes = get_free_bytes
        self._assigned_workers: list[WarmWorker] = []

    def ensure_warm_worker(self) -> bool:
        """Start a warm worker if there is none; False where none can be started now. Does not wait for its imports."""
        if self.warm_worker is not None and self.warm_worker.is_alive:
            return True
        self.stop_warm_worker()
        try:
            self._check_free_bytes(runs_folder(self.data))
            self.warm_worker = WarmWorker(self.data, self._command)
        except (OSError, DataFolderError) as error:  # runs start without one, if later
            logger.warning("no warm worker: %s", error)
            return False
        return True

    def start_run(self, folder: RunFolder) -> None:
        """Assign a run to the warm worker, or to a new one, unless another process has started it meanwhile. Writes.

        Where it fails, no process is left.

        :raises DataFolderError, OSError: there is no room, or the run's folder cannot be written, or the system has no room for a
            process: a later attempt may succeed.
        :raises RunError: no worker can be started; the message ends with its last words.
        """
        self._check_free_bytes(folder.path)
        _check_writable(folder)
        for attempt in range(2):  # the warm worker may have ended
            worker = self._take_warm_worker()
            try:
                worker = worker or WarmWorker(self.data, self._command)
                worker.assign_run(folder)
            except (LeaseLost, DataFolderError, OSError) as error:
                if worker is not None:
                    worker.close()
                if not isinstance(error, LeaseLost | FileNotFoundError):
                    raise
                if read_run_state(folder).is_live:
                    return
                if attempt:
                    last_words = read_last_log_line(folder)
                    raise RunError(
                        f"No worker could be started: {error} {last_words}".strip(), "Try to resume."
                    ) from error
            else:
                self._assigned_workers.append(worker)
                return

    def collect_ended(self) -> list[WarmWorker]:
        """The workers with a run that ended since the last call."""
        ended = [worker for worker in self._assigned_workers if not worker.is_alive]
        self._assigned_workers = [worker for worker in self._assigned_workers if worker not in ended]
        return ended

    def stop_warm_worker(self) -> None:
        """End the worker that has no run. The others go on."""
        if worker := self._take_warm_worker(alive=False):
            worker.close()

    def _take_warm_worker(self, *, alive: bool = True) -> WarmWorker | None:
        """The warm worker, which then belongs to the caller; if ``alive``, None where it has ended."""
        worker, self.warm_worker = self.warm_worker, None
        if worker is not None and alive and not worker.is_alive:
            worker.close()
            return None
        return worker

    def _check_free_bytes(self, folder: Path) -> None:
        """:raises DataFolderError: the disk of ``folder`` has less than ``MIN_FREE_BYTES`` of room."""
        try:
            free_bytes = self._get_free_bytes(folder)
        except OSError as error:
            raise data_folder_error(folder, error, folder_label="folder") from error
        if free_bytes < MIN_FREE_BYTES:
            raise DataFolderError(
                f"The disk is full: {free_bytes / 1e6:.1f} MB of room are left on that of {folder}, {MIN_FREE_BYTES / 1e6:.1f} are needed.",
                "Free some space.",
            )


def _check_writable(folder: RunFolder) -> None:
    """Write and remove a file in a run's folder. Writes.

    :raises DataFolderError: it cannot be written.
    """
    probe = folder.path / f"{PROBE_PREFIX}{secrets.token_hex(4)}"
    try:
        try:
            probe.write_bytes(bytes(_PROBE_BYTES))
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        raise data_folder_error(folder.path, error, folder_label="folder of this simulation") from error
