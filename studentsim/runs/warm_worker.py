"""A worker process that imports everything in advance and waits for a run, as the manager sees it."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from studentsim.child_process import child_environment
from studentsim.errors import DataFolderError, LeaseLost
from studentsim.runs.lease import Lease, grant_lease
from studentsim.runs.oom import OomKills, count_oom_kills, was_killed_for_memory
from studentsim.runs.run_dir import RunFolder, runs_folder

WORKER_COMMAND = (sys.executable, "-m", "studentsim.runs.worker")
SPARE_LOGS_FOLDER = ".spares"
"""Beside the runs: logs of workers without a run, named after the process of their manager (``leftovers.py``)."""
KILL_TIMEOUT_SECONDS = 2.0
"""Seconds for which the end of a killed worker is waited for."""


class WarmWorker:
    """One waiting worker, in a session of its own: it survives the app's end by a signal, and ends when its stdin closes."""

    def __init__(self, data: Path, command: Sequence[str] = WORKER_COMMAND) -> None:
        """Starts the process without waiting for it. Writes its log, until it gets a run, into ``.spares`` beside the runs.

        :raises OSError: the log cannot be written, or no process could be started.
        """
        logs = runs_folder(data) / SPARE_LOGS_FOLDER
        logs.mkdir(parents=True, exist_ok=True)
        self.run_id = ""  # of the run that it was assigned
        self.oom_kills_before: OomKills = {}
        self.log_path = logs / f"{os.getpid()}-{secrets.token_hex(6)}.log"
        try:
            with self.log_path.open("ab") as log:
                self.process = subprocess.Popen(
                    [*command, "--data", str(Path(data).absolute())],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    start_new_session=True,
                    env=child_environment(),
                )
        except OSError:
            self._remove_log()
            raise

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def assign_run(self, folder: RunFolder) -> None:
        """Assign a run: first the lease, so that no other worker takes it. Writes.

        :raises LeaseLost: the process has ended, or another one has the run's lease.
        :raises OSError: the run's folder cannot be written.
        """
        self.oom_kills_before = count_oom_kills()
        info = grant_lease(folder, self.process.pid)
        try:
            self._move_log(folder, info.epoch)
            self._send_run_id(folder)
        except (LeaseLost, OSError):
            with suppress(OSError, DataFolderError):  # release it: nobody works on the run
                Lease(folder, info).close()
            raise
        self.run_id = folder.run_id

    def _move_log(self, folder: RunFolder, epoch: int) -> None:
        """Make this worker's past and future output the run's log. Writes."""
        if folder.log_path.exists():
            os.replace(folder.log_path, folder.path / f"worker-{epoch - 1:04d}.log")
        with suppress(FileNotFoundError):  # somebody tidied up: the worker makes a log of its own
            os.replace(self.log_path, folder.log_path)

    def _send_run_id(self, folder: RunFolder) -> None:
        """:raises LeaseLost: the process has ended."""
        try:
            self.process.stdin.write(json.dumps({"run_id": folder.run_id}).encode() + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            raise LeaseLost(f"The worker for run {folder.run_id} has ended.", "Start another.") from error
        finally:
            self._close_pipes()

    @property
    def was_killed_for_memory(self) -> bool:
        """Whether the system killed it, after it was assigned a run, because the memory was full."""
        return was_killed_for_memory(self.process.poll(), self.oom_kills_before, count_oom_kills())

    def close(self) -> None:
        """End a worker that has no run: at once, since its imports take seconds and a gigabyte. Waits for its end."""
        self._close_pipes()
        self.process.kill()
        with suppress(subprocess.TimeoutExpired):  # it hangs in the system, such as on a network's disk
            self.process.wait(KILL_TIMEOUT_SECONDS)
        self._remove_log()

    def _remove_log(self) -> None:
        with suppress(OSError):
            self.log_path.unlink(missing_ok=True)

    def _close_pipes(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                pipe.close()
