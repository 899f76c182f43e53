"""Runs that were started together, in words: what such a group is called, and how many ways and seeds it has. No streamlit here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studentsim.config import RunConfig
from studentsim.ui import words
from studentsim.ui.compare.groups import Run, grouped


@dataclass(frozen=True)
class Told:
    """A group in words. ``student`` is blank where its runs have several."""

    title: str
    student: str
    size: str
    """``5 seeds (0 to 4)``, ``2 ways × 5 seeds (0 to 4)``."""
    ways: int
    """Settings that differ in more than the seed."""


def told_of(configs: Sequence[RunConfig]) -> Told:
    """A group by the settings of its runs. Its title is the name that they share but for their seeds, or what sets them apart."""
    ways, _ = grouped([Run(str(i), config, "", False, 0.0, 0, 0) for i, config in enumerate(configs)])
    names = {config.name.removesuffix(f", seed {config.seed}") for config in configs}
    students = {words.student(config) for config in configs}
    seeds = sorted({config.seed for config in configs})
    if len(names) == 1 and "" not in names:
        title = names.pop()
    elif len(ways) == 1:
        title = words.way(ways[0].config)
    else:
        title = f"race: {'; '.join(way.label[:1].lower() + way.label[1:] for way in ways)}"
    size = f"{words.plural(len(seeds), 'seed')} ({words.seeds(seeds).removeprefix('seeds ').removeprefix('seed ')})"
    if len(ways) > 1:
        size = f"{words.plural(len(ways), 'way')} \N{MULTIPLICATION SIGN} {size}"
    return Told(title, students.pop() if len(students) == 1 else "", size, len(ways))
