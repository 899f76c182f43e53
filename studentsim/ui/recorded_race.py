"""A race of bundled recorded runs to replay: one run per strategy, that of its first seed."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from studentsim.labels.strategy_styles import STRATEGY_STYLES
from studentsim.runs.demo import is_embedded_study_run
from studentsim.ui import literal
from studentsim.ui.cards import RunCard
from studentsim.ui.layout import WATCH_PAGE

MAX_RACERS, REPLAY_SECONDS = 4, 60
"""Runs in a race on Watch at most, and the replay's default length."""


def select_race_runs(runs: Iterable[RunCard]) -> list[str]:
    """The ids of one finished recorded run per strategy, in the strategies' usual order; empty for fewer than two."""
    first_run_ids: dict[str, str] = {}
    for run in sorted(runs, key=lambda run: run.run_id):
        if run.recorded_label and run.status == "finished" and is_embedded_study_run(run.run_id):
            first_run_ids.setdefault(run.strategy, run.run_id)
    ids = [first_run_ids[strategy] for strategy in STRATEGY_STYLES if strategy in first_run_ids][:MAX_RACERS]
    return ids if len(ids) > 1 else []


def render_race_link(runs: Iterable[RunCard]) -> None:
    """The link to the race; nothing where there is none."""
    if ids := select_race_runs(runs):
        params = {"race": ",".join(ids), "present": "1", "replay": str(REPLAY_SECONDS), "showing": secrets.token_hex(4)}
        label = "Replay a recorded race for a room: predict, then watch"
        literal.link(WATCH_PAGE, label, ":material/slideshow:", params)
