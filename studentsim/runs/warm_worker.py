"""A worker process that has imported everything and waits for a run: the manager's end of it."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import studentsim
from studentsim.errors import LeaseLost
from studentsim.runs.lease import grant_lease
from studentsim.runs.run_dir import RunFolder, runs_folder

WORKER_COMMAND = (sys.executable, "-m", "studentsim.runs.worker")


def child_environment() -> dict[str, str]:
    """What a Python process is started with to find this package, and yet stay in the folder from which people name their files."""
    root = str(Path(studentsim.__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))}


class WarmWorker:
    """One waiting worker, in a session of its own: what ends the app does not end it, but its stdin's end does."""

    def __init__(self, data: Path, command: Sequence[str] = WORKER_COMMAND) -> None:
        """Starts the process and does not wait for it. Writes its log, for the time being, beside the runs."""
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
        os.set_blocking(self.process.stdout.fileno(), False)
        self._stdout = b""

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    @property
    def is_ready(self) -> bool:
        """Whether it has imported everything."""
        self._stdout += self.process.stdout.read() or b""
        return b"ready" in self._stdout

    def assign_run(self, folder: RunFolder) -> None:
        """Give it a run: the lease first, so that the run is its own from now on. Writes.

        :raises LeaseLost: the process has ended, or another one has the run.
        """
        info = grant_lease(folder, self.process.pid)
        if folder.log_path.exists():
            os.replace(folder.log_path, folder.path / f"worker-{info.epoch - 1:04d}.log")
        os.replace(self.log_path, folder.log_path)  # what it said so far, and will say, belongs to the run
        try:
            self.process.stdin.write(json.dumps({"run_id": folder.run_id}).encode() + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            raise LeaseLost(f"The worker for run {folder.run_id} has ended.", "Start another.") from error
        finally:
            self._close_pipes()

    def close(self) -> None:
        """It is not needed: close its stdin, on which it ends."""
        self._close_pipes()
        self.log_path.unlink(missing_ok=True)

    def _close_pipes(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            try:
                pipe.close()
            except OSError:
                pass
