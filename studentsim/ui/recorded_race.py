"""A race of recorded runs, to be replayed for a room: a way of choosing each, the first seed of it. Nothing has to be computed for it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

import streamlit as st

from studentsim.labels.strategy_styles import STRATEGY_STYLES
from studentsim.runs.demo import is_embedded_study_run
from studentsim.ui.cards import RunCard
from studentsim.ui.layout import WATCH_PAGE

MAX_RACERS, REPLAY_SECONDS = 4, 60
"""Racers that Watch takes, and how long the replay takes at first."""


def select_race_runs(runs: Iterable[RunCard]) -> list[str]:
    """The ids of one finished recorded run for each way of choosing, in the ways' usual order; nothing where there are not two ways."""
    first: dict[str, str] = {}
    for run in sorted(runs, key=lambda run: run.run_id):
        if run.recorded_label and run.status == "finished" and is_embedded_study_run(run.run_id):
            first.setdefault(run.strategy, run.run_id)
    ids = [first[strategy] for strategy in STRATEGY_STYLES if strategy in first][:MAX_RACERS]
    return ids if len(ids) > 1 else []


def render_race_link(runs: Iterable[RunCard]) -> None:
    """The link to it; nothing where there is no such race."""
    if ids := select_race_runs(runs):
        params = {"race": ",".join(ids), "present": "1", "replay": str(REPLAY_SECONDS), "showing": secrets.token_hex(4)}
        label = "Replay a recorded race for a room: predict, then watch"
        st.page_link(WATCH_PAGE, label=label, icon=":material/slideshow:", query_params=params)
