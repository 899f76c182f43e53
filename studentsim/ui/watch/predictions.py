"""A room's predictions before a race: the votes for each run or for nobody, and how they compare with the result. No streamlit here.

    <data>/predictions/<key of the race>.json   {"runs": [run ids], "hands": {run id or "nobody": count}}

A file, so that a reload does not lose a class's votes; no part of any journal. It belongs to the race, whoever shows it. Each replay
has its own, named by the ``showing`` in its link and valid for ``REPLAY_VOTES_TTL_SECONDS``, so that none begins with an earlier
room's votes.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from studentsim.files import write_atomically
from studentsim.runs.run_dir import data_folder_error
from studentsim.ui.watch import race_entries
from studentsim.ui.watch.race_entries import RaceEntry

NOBODY = "nobody"
"""The choice that no run will be clearly ahead."""
PREDICTIONS_FOLDER = "predictions"
MAX_VOTES = 9999
REPLAY_VOTES_TTL_SECONDS = 2 * 3600
"""Seconds after the last vote for which a replay's votes are valid: a bookmark opened later is for another room."""
_lock = threading.Lock()


@dataclass(frozen=True)
class VoteTally:
    """Votes by run id or ``NOBODY``."""

    votes: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Number of votes."""
        return sum(self.votes.values())

    def votes_for(self, choice: str) -> int:
        """Votes for one choice."""
        return self.votes.get(choice, 0)


def load_tally(data_folder: Path, run_ids: Sequence[str], showing: str = "") -> VoteTally:
    """The votes on this race so far; none if the file is missing, damaged or expired."""
    try:
        path = _tally_path(data_folder, run_ids, showing)
        if showing and time.time() - path.stat().st_mtime > REPLAY_VOTES_TTL_SECONDS:
            return VoteTally()
        stored_votes = json.loads(path.read_text())["hands"]
        votes = {choice: stored_votes.get(choice, 0) for choice in (*run_ids, NOBODY)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return VoteTally()
    return VoteTally({choice: n for choice, n in votes.items() if type(n) is int and 0 < n <= MAX_VOTES})


def add_votes(data_folder: Path, run_ids: Sequence[str], choice: str, votes: int = 1, *, showing: str = "") -> None:
    """Add votes to a choice; a negative number removes them. Writes.

    :raises DataFolderError: the file cannot be written.
    """
    with _lock:
        tally = load_tally(data_folder, run_ids, showing)
        new_count = min(MAX_VOTES, max(0, tally.votes_for(choice) + votes))
        _save_votes(data_folder, run_ids, {**tally.votes, choice: new_count}, showing)


def clear_votes(data_folder: Path, run_ids: Sequence[str], *, showing: str = "") -> None:
    """Delete all votes on this race. Writes.

    :raises DataFolderError: the file cannot be written.
    """
    with _lock:
        _save_votes(data_folder, run_ids, {}, showing)


def _tally_path(data_folder: Path, run_ids: Sequence[str], showing: str) -> Path:
    identity = ",".join(sorted(run_ids)) + (f"\n{showing}" if showing else "")
    key = hashlib.sha256(identity.encode("utf-8", "replace")).hexdigest()[:16]
    return data_folder / PREDICTIONS_FOLDER / f"{key}.json"


def _save_votes(data_folder: Path, run_ids: Sequence[str], votes: Mapping[str, int], showing: str) -> None:
    path = _tally_path(data_folder, run_ids, showing)
    try:
        path.parent.mkdir(exist_ok=True)
        write_atomically(path, json.dumps({"runs": sorted(run_ids), "hands": votes}))
    except OSError as error:
        raise data_folder_error(data_folder, error) from error


# ------------------------------------------------------------------ texts


def is_voting_open(entries: Sequence[RaceEntry], *, is_over: bool) -> bool:
    """Whether votes may still be cast: it is a race, not over, and no run has sat an exam after a lesson."""
    return len(entries) > 1 and not is_over and all((entry.exams.turn <= 0).all() for entry in entries)


def describe_predictions(tally: VoteTally, entries: Sequence[RaceEntry], *, is_over: bool) -> str:
    """The votes in words; once the race is over, whether they were right. Blank without votes."""
    if not tally.total:
        return ""
    if not is_over or not race_entries.last_common_exam_turn(entries):
        vote_counts = [
            f"“{name}” {tally.votes_for(choice)}"
            for choice, name in prediction_choices(entries)
            if tally.votes_for(choice)
        ]
        return f"The room said: {', '.join(vote_counts)}."
    leader = race_entries.find_leader(entries)
    correct_choice = NOBODY if leader is None else entries[leader].run_id
    quoted_names = {choice: f"“{name}”" for choice, name in prediction_choices(entries)}
    return _describe_outcome(tally, quoted_names, correct_choice)


def prediction_choices(entries: Sequence[RaceEntry]) -> list[tuple[str, str]]:
    """The choices (run id or ``NOBODY``) with their names, ``NOBODY`` last."""
    return [*((entry.run_id, entry.name) for entry in entries), (NOBODY, "Nobody clearly")]


def _describe_outcome(tally: VoteTally, names: Mapping[str, str], correct_choice: str) -> str:
    most = max(tally.votes.values())
    favourites = [choice for choice in names if tally.votes_for(choice) == most]
    correct_votes, total = tally.votes_for(correct_choice), tally.total
    if favourites == [correct_choice]:
        return f"The room was right: {correct_votes} of {total} said {names[correct_choice]}."
    who = " and ".join(names[choice] for choice in favourites)
    each = " each" if len(favourites) > 1 else ""
    others = (
        f"{correct_votes} said {names[correct_choice]} and {'was' if correct_votes == 1 else 'were'} right"
        if correct_votes
        else f"none said {names[correct_choice]}, which is how it ended"
    )
    if correct_choice in favourites:
        return f"The room was divided, {most} of {total}{each} for {who}: those who said {names[correct_choice]} were right."
    return f"The room said {who} ({most} of {total}{each}); {others}."
