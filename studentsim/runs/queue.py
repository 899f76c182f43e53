"""The runs that wait for a free place: each has a ``queue.json`` in its folder that says since when."""

from __future__ import annotations

import json
import time
from pathlib import Path

from studentsim.runs.run_dir import RunFolder, list_runs, write_atomically


def new_queue_entry() -> str:
    """What ``queue.json`` holds for a run that begins to wait now."""
    return json.dumps({"since": time.time()})


def enqueue(folder: RunFolder) -> None:
    """Let the run wait. Writes."""
    write_atomically(folder.queue_path, new_queue_entry())


def dequeue(folder: RunFolder) -> None:
    """The run waits no longer. Writes."""
    folder.queue_path.unlink(missing_ok=True)


def list_queued_runs(data: Path) -> list[RunFolder]:
    """The runs that wait, the longest first."""
    entries = []
    for folder in list_runs(data):
        try:
            entries.append((json.loads(folder.queue_path.read_text())["since"], folder.run_id, folder))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return [folder for *_, folder in sorted(entries, key=lambda entry: entry[:2])]


def queue_position(data: Path, run_id: str) -> int:
    """1 for the run that is next, 0 for one that does not wait."""
    ids = [folder.run_id for folder in list_queued_runs(data)]
    return ids.index(run_id) + 1 if run_id in ids else 0
