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
from studentsim.errors import LeaseLost
from studentsim.runs.lease import grant_lease
from studentsim.runs.run_dir import RunFolder, runs_folder

WORKER_COMMAND = (sys.executable, "-m", "studentsim.runs.worker")


class WarmWorker:
    """One waiting worker, in a session of its own: it survives the app's end by a signal, and ends when its stdin closes."""

    def __init__(self, data: Path, command: Sequence[str] = WORKER_COMMAND) -> None:
        """Starts the process without waiting for it. Writes its log, until it gets a run, into ``.spares`` beside the runs."""
        logs = runs_folder(data) / ".spares"
        logs.mkdir(parents=True, exist_ok=True)
        self.log_path = logs / f"{secrets.token_hex(6)}.log"
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--data", str(Path(data).absolute())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                env=child_environment(),
            )

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def assign_run(self, folder: RunFolder) -> None:
        """Assign a run: first the lease, so that no other worker takes it. Writes.

        :raises LeaseLost: the process has ended, or another one has the run's lease.
        """
        info = grant_lease(folder, self.process.pid)
        if folder.log_path.exists():
            os.replace(folder.log_path, folder.path / f"worker-{info.epoch - 1:04d}.log")
        os.replace(self.log_path, folder.log_path)  # its past and future output belongs to the run
        try:
            self.process.stdin.write(json.dumps({"run_id": folder.run_id}).encode() + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            raise LeaseLost(f"The worker for run {folder.run_id} has ended.", "Start another.") from error
        finally:
            self._close_pipes()

    def close(self) -> None:
        """End the worker by closing its stdin."""
        self._close_pipes()
        self.log_path.unlink(missing_ok=True)

    def _close_pipes(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                pipe.close()
