"""Which runs are at work, wait, were interrupted or cannot go on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from studentsim.diagnosis.finding import BAD, LOOK, OK, Context, Finding, join_names
from studentsim.runs.run_dir import list_runs
from studentsim.runs.status import LIVE_STATUSES, read_run_state

TITLE, ORDER = "runs", 70
_REMEDIES = {
    "not responding": "Resume or cancel them on Home: their workers are then ended.",
    "interrupted": "Resume them: complete lessons are safe.",
    "failed": "Look at each on Home or in its worker.log; most can be resumed.",
}


def check(context: Context) -> Iterator[Finding]:
    """A line for each state that asks for something, and one for the rest."""
    names: dict[str, list[str]] = defaultdict(list)
    for folder in list_runs(context.data):
        state = read_run_state(folder)
        names[state.status].append(folder.run_id)
        if state.status == "damaged":
            yield Finding(BAD, f"{folder.run_id}: {state.message}", state.remedy)
    for status, remedy in _REMEDIES.items():
        if names[status]:
            yield Finding(LOOK, f"{len(names[status])} {status}: {join_names(names[status])}.", remedy)
    live = sum(len(names[status]) for status in LIVE_STATUSES)
    counts = [
        f"{live} at work",
        *(f"{len(names[s])} {s}" for s in ("queued", "paused", "finished", "cancelled") if names[s]),
    ]
    yield Finding(OK, f"{sum(map(len, names.values()))} runs: {', '.join(counts)}.")
