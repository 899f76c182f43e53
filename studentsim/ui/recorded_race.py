"""A race of recorded runs, to be replayed for a room: a way of choosing each, the first seed of it. Nothing has to be computed for it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

import streamlit as st

from studentsim.runs.recorded import of_this_study
from studentsim.ui.cards import RunCard
from studentsim.ui.looks import STRATEGIES
from studentsim.ui.shell import WATCH

MOST, SECONDS = 4, 60
"""Racers that Watch takes, and how long the replay takes at first."""


def racers(runs: Iterable[RunCard]) -> list[str]:
    """The ids of one finished recorded run for each way of choosing, in the ways' usual order; nothing where there are not two ways."""
    first: dict[str, str] = {}
    for run in sorted(runs, key=lambda run: run.run_id):
        if run.recorded and run.status == "finished" and of_this_study(run.run_id):
            first.setdefault(run.strategy, run.run_id)
    ids = [first[strategy] for strategy in STRATEGIES if strategy in first][:MOST]
    return ids if len(ids) > 1 else []


def offer(runs: Iterable[RunCard]) -> None:
    """The link to it; nothing where there is no such race."""
    if ids := racers(runs):
        params = {"race": ",".join(ids), "present": "1", "replay": str(SECONDS), "showing": secrets.token_hex(4)}
        label = "Replay a recorded race for a room: predict, then watch"
        st.page_link(WATCH, label=label, icon=":material/slideshow:", query_params=params)
