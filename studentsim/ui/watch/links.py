"""What a link to Watch asks for: ``?run=…``, ``?race=new``, ``?race=id1,id2``, and ``&present=1`` for a projector."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from studentsim.ui import data

NEW_RACE = "new"
MOST = 4
"""Runs that one race may have."""


@dataclass(frozen=True)
class Asked:
    """What the link asks for; all blank where it names nothing."""

    run: str | None
    race: tuple[str, ...]
    present: bool

    @property
    def new_race(self) -> bool:
        """Whether a race is to be set up."""
        return self.race == (NEW_RACE,)


def asked() -> Asked:
    """Of the link in force. Names of runs are taken as they stand: whether there are such runs is seen later."""
    names = [name.strip() for name in st.query_params.get("race", "").split(",")]
    race = tuple(dict.fromkeys(name for name in names if name))[:MOST]
    return Asked(None if race else data.asked_for(), race, st.query_params.get("present") == "1")


def run(run_id: str, *, present: bool = False) -> dict[str, str]:
    """The link to one run, as query parameters."""
    return {"run": run_id} | ({"present": "1"} if present else {})


def race(run_ids: tuple[str, ...] | list[str], *, present: bool = False) -> dict[str, str]:
    """The link to a race, as query parameters."""
    return {"race": ",".join(run_ids)} | ({"present": "1"} if present else {})
