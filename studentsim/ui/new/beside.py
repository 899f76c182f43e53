"""What the new runs are to stand beside (``&beside=a,b``): Compare leads to the form with it, and the form back to Compare.

It is kept for the visit, as what is filled in is.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import StudentsimError
from studentsim.runs import groups
from studentsim.ui import data, subject, words

KEY, SEEDS = "new.beside", "new.seeds"
"""Session keys: what is beside; the number of seeds."""


@dataclass(frozen=True)
class Beside:
    """Names of runs and groups to compare with, and the seeds of those that are of the way filled in."""

    names: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()


def now() -> Beside:
    """What the new runs are to stand beside now."""
    found = st.session_state.get(KEY)
    return found if isinstance(found, Beside) else Beside()


def fill(engine: data.Engine, link: str, config: RunConfig | None) -> str:
    """Keep what the link names of what there is, with as many seeds as the runs like ``config`` have; what to say of it."""
    names, seeds = [], set()
    for name in subject.names(link):
        try:
            configs = [folder.config() for folder in groups.runs_named(engine.folder, [name])]
        except StudentsimError:  # deleted, or not to be read
            continue
        names.append(name)
        if config is not None:
            seeds |= {other.seed for other in configs if groups.way_of(other) == groups.way_of(config)}
    st.session_state[KEY] = Beside(tuple(names), tuple(sorted(seeds)))
    st.session_state[SEEDS] = min(len(seeds), groups.MOST) if len(seeds) >= groups.FEWEST else groups.USUAL
    if not names:
        return ""
    own = f" *Repeat* takes the same {words.plural(len(seeds), 'seed')}." if len(seeds) >= groups.FEWEST else ""
    return f" What you start is then shown beside it on Compare.{own}"
