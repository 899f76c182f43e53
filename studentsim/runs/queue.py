"""The queue of runs that wait for a free slot: each has a ``queue.json`` in its folder that says since when."""

from __future__ import annotations

import json
import time
from pathlib import Path

from studentsim.files import read_json_object, write_atomically
from studentsim.runs.run_dir import RunFolder, list_runs


def new_queue_entry() -> str:
    """The content of ``queue.json`` for a run that is queued now."""
    return json.dumps({"since": time.time()})


def enqueue(folder: RunFolder) -> None:
    """Add the run to the queue. Writes."""
    write_atomically(folder.queue_path, new_queue_entry())


def dequeue(folder: RunFolder) -> None:
    """Remove the run from the queue. Writes."""
    folder.queue_path.unlink(missing_ok=True)


def list_queued_runs(data: Path) -> list[RunFolder]:
    """The queued runs, the one that has waited longest first."""
    entries = []
    for folder in list_runs(data):
        if isinstance(since := read_json_object(folder.queue_path).get("since"), int | float):
            entries.append((since, folder.run_id, folder))
    return [folder for *_, folder in sorted(entries, key=lambda entry: entry[:2])]


def queue_position(data: Path, run_id: str) -> int:
    """A run's position in the queue: 1 for the next, 0 for one that is not queued."""
    ids = [folder.run_id for folder in list_queued_runs(data)]
    return ids.index(run_id) + 1 if run_id in ids else 0
