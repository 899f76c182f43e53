"""What the new runs are to stand beside (``&beside=a,b``): Compare leads to the form with it, and the form back to Compare.

It is kept for the visit, as what is filled in is.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import StudentsimError
from studentsim.labels import formatting
from studentsim.runs import groups
from studentsim.ui import data, subject

TARGET_KEY, SEEDS_KEY = "new.beside", "new.seeds"
"""Session keys: what is beside; the number of seeds."""


@dataclass(frozen=True)
class ComparisonTarget:
    """Names of runs and groups to compare with, and the seeds of those that are of the way filled in."""

    names: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()


def get_comparison_target() -> ComparisonTarget:
    """What the new runs are to stand beside now."""
    stored = st.session_state.get(TARGET_KEY)
    return stored if isinstance(stored, ComparisonTarget) else ComparisonTarget()


def prefill_comparison_target(engine: data.Engine, link: str, config: RunConfig | None) -> str:
    """Keep what the link names of what there is, with as many seeds as the runs like ``config`` have; what to say of it."""
    names, seeds = [], set()
    for name in subject.parse_run_ids(link):
        try:
            configs = [folder.read_config() for folder in groups.find_runs(engine.data_dir, [name])]
        except StudentsimError:  # deleted, or not to be read
            continue
        names.append(name)
        if config is not None:
            seeds |= {other.seed for other in configs if groups.comparison_key(other) == groups.comparison_key(config)}
    st.session_state[TARGET_KEY] = ComparisonTarget(tuple(names), tuple(sorted(seeds)))
    st.session_state[SEEDS_KEY] = (
        min(len(seeds), groups.MAX_SEEDS) if len(seeds) >= groups.MIN_SEEDS else groups.DEFAULT_SEEDS
    )
    if not names:
        return ""
    seeds_note = (
        f" *Repeat* takes the same {formatting.pluralize(len(seeds), 'seed')}."
        if len(seeds) >= groups.MIN_SEEDS
        else ""
    )
    return f" What you start is then shown beside it on Compare.{seeds_note}"
