"""What the new runs will be compared with (``&beside=a,b``): Compare links to the form with it, and the form leads back to Compare.

The session holds it, as it holds the form's fields.
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
"""Session keys of the comparison target and of the number of seeds."""


@dataclass(frozen=True)
class ComparisonTarget:
    """Ids of runs and groups to compare with, and the seeds of those that differ from the form's run in their seed alone."""

    names: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()


def get_comparison_target() -> ComparisonTarget:
    """The session's comparison target; an empty one if there is none."""
    stored = st.session_state.get(TARGET_KEY)
    return stored if isinstance(stored, ComparisonTarget) else ComparisonTarget()


def prefill_comparison_target(engine: data.Engine, link: str, config: RunConfig | None) -> str:
    """Store the runs and groups of ``link`` that exist and the seeds of those like ``config``; the note to show, or blank."""
    names, seeds = [], set()
    for name in subject.parse_run_ids(link):
        try:
            configs = [folder.read_config() for folder in groups.find_runs(engine.data_dir, [name])]
        except StudentsimError:  # deleted or unreadable
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
