"""The queue of runs that wait for a free slot: each has a ``queue.json`` in its folder that says since when."""

from __future__ import annotations

import json
import time
from pathlib import Path

from studentsim.files import read_json_object, remove_file, write_atomically
from studentsim.runs.run_dir import RunFolder, finite_number, list_runs


def new_queue_entry() -> str:
    """The content of ``queue.json`` for a run that is queued now."""
    return json.dumps({"since": time.time()})


def enqueue(folder: RunFolder) -> None:
    """Add the run to the queue. Writes."""
    write_atomically(folder.queue_path, new_queue_entry())


def dequeue(folder: RunFolder) -> None:
    """Remove the run from the queue. Writes."""
    remove_file(folder.queue_path)


def list_queued_runs(data: Path) -> list[RunFolder]:
    """The queued runs, the one that has waited longest first. A ``queue.json`` that does not say since when counts by its own age."""
    entries = [(since, f.run_id, f) for f in list_runs(data) if (since := _queued_since(f)) is not None]
    return [folder for *_, folder in sorted(entries, key=lambda entry: entry[:2])]


def _queued_since(folder: RunFolder) -> float | None:
    """Since when a run has been queued (Unix seconds); None: it is not queued, or its folder cannot be read."""
    try:
        written_at = folder.queue_path.stat().st_mtime
    except OSError:
        return None
    since = finite_number(read_json_object(folder.queue_path).get("since"))
    return written_at if since is None else since
