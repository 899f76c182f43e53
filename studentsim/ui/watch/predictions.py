"""What a room says before a race: how many hands for each racer, or for nobody; and how the room did. No streamlit here.

    <data>/predictions/<key of the race>.json   {"runs": [run ids], "hands": {run id or "nobody": count}}

A small file beside the runs and no part of any journal: a reload must not lose the hands of a class. It belongs to the race, whoever
shows it. Each replay has one of its own, named by the ``showing`` in its link, and for ``KEPT`` seconds, so that none begins with an
earlier room's hands.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from studentsim.runs.folder import data_folder_error, write_atomically
from studentsim.ui.watch import lanes
from studentsim.ui.watch.lanes import Lane

NOBODY = "nobody"
"""The choice of those who say that nobody will be clearly ahead."""
FOLDER = "predictions"
MOST = 9999
KEPT = 2 * 3600
"""Seconds for which a replay's hands are kept after the last one: a bookmark of it is for another room by then."""
_lock = threading.Lock()


@dataclass(frozen=True)
class Tally:
    """Hands by run id or ``NOBODY``."""

    hands: Mapping[str, int] = field(default_factory=dict)

    @property
    def all(self) -> int:
        """How many hands there were."""
        return sum(self.hands.values())

    def of(self, choice: str) -> int:
        """Hands for one choice."""
        return self.hands.get(choice, 0)


def read(data: Path, run_ids: Sequence[str], showing: str = "") -> Tally:
    """What was said of this race so far; nothing where the file is missing or damaged."""
    try:
        path = _path(data, run_ids, showing)
        if showing and time.time() - path.stat().st_mtime > KEPT:
            return Tally()
        hands = json.loads(path.read_text())["hands"]
        found = {choice: hands.get(choice, 0) for choice in (*run_ids, NOBODY)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Tally()
    return Tally({choice: n for choice, n in found.items() if type(n) is int and 0 < n <= MOST})


def count(data: Path, run_ids: Sequence[str], choice: str, hands: int = 1, *, showing: str = "") -> None:
    """Add hands to a choice, or with a negative number take them back. Writes.

    :raises DataFolderError: the file cannot be written.
    """
    with _lock:
        said = read(data, run_ids, showing)
        now = min(MOST, max(0, said.of(choice) + hands))
        _write(data, run_ids, {**said.hands, choice: now}, showing)


def clear(data: Path, run_ids: Sequence[str], *, showing: str = "") -> None:
    """Forget what was said. Writes.

    :raises DataFolderError: the file cannot be written.
    """
    with _lock:
        _write(data, run_ids, {}, showing)


def _path(data: Path, run_ids: Sequence[str], showing: str) -> Path:
    told = ",".join(sorted(run_ids)) + (f"\n{showing}" if showing else "")
    key = hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:16]
    return data / FOLDER / f"{key}.json"


def _write(data: Path, run_ids: Sequence[str], hands: Mapping[str, int], showing: str) -> None:
    path = _path(data, run_ids, showing)
    try:
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, json.dumps({"runs": sorted(run_ids), "hands": hands}))
    except OSError as error:
        raise data_folder_error(data, error) from error


# ------------------------------------------------------------------ what is said


def open_for(up: Sequence[Lane], *, over: bool) -> bool:
    """Whether a room may still say who wins: it is a race, and no exam after a lesson has told anything yet."""
    return len(up) > 1 and not over and all((lane.exams.turn <= 0).all() for lane in up)


def told(tally: Tally, up: Sequence[Lane], *, over: bool) -> str:
    """What the room says; once the race is ``over``, how it did. Nothing where nobody said anything."""
    if not tally.all:
        return ""
    if not over or not lanes.compared(up):
        said = [f"“{name}” {tally.of(choice)}" for choice, name in choices(up) if tally.of(choice)]
        return f"The room said: {', '.join(said)}."
    first = lanes.leader(up)
    right = NOBODY if first is None else up[first].run_id
    return _outcome(tally, {choice: f"“{name}”" for choice, name in choices(up)}, right)


def choices(up: Sequence[Lane]) -> list[tuple[str, str]]:
    """What can be said: each racer, by run id and name, and last that nobody will be clearly ahead."""
    return [*((lane.run_id, lane.name) for lane in up), (NOBODY, "Nobody clearly")]


def _outcome(tally: Tally, names: Mapping[str, str], right: str) -> str:
    most = max(tally.hands.values())
    favourites = [choice for choice in names if tally.of(choice) == most]
    hands, whole = tally.of(right), tally.all
    if favourites == [right]:
        return f"The room was right: {hands} of {whole} said {names[right]}."
    who = " and ".join(names[choice] for choice in favourites)
    each = " each" if len(favourites) > 1 else ""
    others = (
        f"{hands} said {names[right]} and {'was' if hands == 1 else 'were'} right"
        if hands
        else f"none said {names[right]}, which is how it ended"
    )
    if right in favourites:
        return f"The room was divided, {most} of {whole}{each} for {who}: those who said {names[right]} were right."
    return f"The room said {who} ({most} of {whole}{each}); {others}."
