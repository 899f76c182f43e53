"""Links to Watch: ``?run=…``, ``?race=new``, ``?race=id1,id2``; ``&present=1`` for the presentation view, ``&replay=60`` for a replay
there in that many seconds, and ``&showing=…`` to distinguish one replay from the next."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import streamlit as st

from studentsim.ui import data
from studentsim.ui.subject import NEW_RACE
from studentsim.ui.watch import timeline

MAX_RACE_RUNS = 4
"""Runs of one race at most."""


@dataclass(frozen=True)
class WatchLink:
    """The parameters of a link to Watch; run and race are blank if it names none."""

    run: str | None
    race: tuple[str, ...]
    present: bool
    replay: int | None = None
    """Duration of the replay in seconds; None: no replay."""

    @property
    def is_new_race(self) -> bool:
        """Whether the link opens the form for a new race."""
        return self.race == (NEW_RACE,)


def read_link() -> WatchLink:
    """Parse the current link. Whether its runs exist is checked later."""
    names = [name.strip() for name in st.query_params.get("race", "").split(",")]
    race = tuple(dict.fromkeys(name for name in names if name))[:MAX_RACE_RUNS]
    replay = timeline.parse_replay_seconds(st.query_params.get("replay"))
    present = st.query_params.get("present") == "1" or replay is not None
    return WatchLink(None if race else data.requested_run_id(), race, present, replay)


def run_params(run_id: str, *, present: bool = False) -> dict[str, str]:
    """Query parameters of the link to one run."""
    return {"run": run_id} | ({"present": "1"} if present else {})


def race_params(run_ids: tuple[str, ...] | list[str], *, present: bool = False) -> dict[str, str]:
    """Query parameters of the link to a race."""
    return {"race": ",".join(run_ids)} | ({"present": "1"} if present else {})


def presentation_params(run_ids: tuple[str, ...] | list[str], *, replay: bool = False) -> dict[str, str]:
    """Query parameters of the presentation view of a run or race, live or as a replay."""
    link = run_params(run_ids[0], present=True) if len(run_ids) == 1 else race_params(run_ids, present=True)
    return link | ({"replay": str(timeline.DEFAULT_REPLAY_SECONDS), "showing": make_showing_id()} if replay else {})


def make_showing_id() -> str:
    """A random id for one replay."""
    return secrets.token_hex(4)
