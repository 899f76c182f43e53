"""What a link to Watch asks for: ``?run=…``, ``?race=new``, ``?race=id1,id2``; ``&present=1`` for a projector, and with it
``&replay=60`` for what is over, shown again as it went, in so many seconds; ``&showing=…`` tells one replay from the next."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import streamlit as st

from studentsim.ui import data
from studentsim.ui.watch import timeline

NEW_RACE = "new"
MAX_RACE_RUNS = 4
"""Runs that one race may have."""


@dataclass(frozen=True)
class WatchLink:
    """What the link asks for; all blank where it names nothing."""

    run: str | None
    race: tuple[str, ...]
    present: bool
    replay: int | None = None
    """Seconds that a replay is to take; None: none is asked for."""

    @property
    def is_new_race(self) -> bool:
        """Whether a race is to be set up."""
        return self.race == (NEW_RACE,)


def read_link() -> WatchLink:
    """Of the link in force. Names of runs are taken as they stand: whether there are such runs is seen later."""
    names = [name.strip() for name in st.query_params.get("race", "").split(",")]
    race = tuple(dict.fromkeys(name for name in names if name))[:MAX_RACE_RUNS]
    replay = timeline.parse_replay_seconds(st.query_params.get("replay"))
    present = st.query_params.get("present") == "1" or replay is not None
    return WatchLink(None if race else data.requested_run_id(), race, present, replay)


def run_params(run_id: str, *, present: bool = False) -> dict[str, str]:
    """The link to one run, as query parameters."""
    return {"run": run_id} | ({"present": "1"} if present else {})


def race_params(run_ids: tuple[str, ...] | list[str], *, present: bool = False) -> dict[str, str]:
    """The link to a race, as query parameters."""
    return {"race": ",".join(run_ids)} | ({"present": "1"} if present else {})


def presentation_params(run_ids: tuple[str, ...] | list[str], *, replay: bool = False) -> dict[str, str]:
    """The link that shows a run or a race to a room, as it is or from its beginning, as query parameters."""
    link = run_params(run_ids[0], present=True) if len(run_ids) == 1 else race_params(run_ids, present=True)
    return link | ({"replay": str(timeline.DEFAULT_REPLAY_SECONDS), "showing": make_showing_id()} if replay else {})


def make_showing_id() -> str:
    """A name for one replay, which no other has."""
    return secrets.token_hex(4)
