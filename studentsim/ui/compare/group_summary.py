"""Runs that were started together, in words: the group's title, and how many strategies and seeds it has. No streamlit here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studentsim.analysis.run_groups import ComparedRun, group_runs_by_settings
from studentsim.config import RunConfig
from studentsim.labels import formatting


@dataclass(frozen=True)
class GroupSummary:
    """A group in words. ``student`` is blank if its runs have several."""

    title: str
    student: str
    size_label: str
    """``5 seeds (0 to 4)``, ``2 ways × 5 seeds (0 to 4)``."""
    variant_count: int
    """Number of distinct settings, seeds aside."""


def summarize_group(configs: Sequence[RunConfig]) -> GroupSummary:
    """Summarize a group from its runs' settings. The title is the name they share, seeds aside, or else how they differ."""
    groups, _ = group_runs_by_settings(
        [ComparedRun(str(i), config, "", False, 0.0, 0, 0) for i, config in enumerate(configs)]
    )
    names = {config.name.removesuffix(f", seed {config.seed}") for config in configs}
    students = {formatting.student_title(config) for config in configs}
    seeds = sorted({config.seed for config in configs})
    if len(names) == 1 and "" not in names:
        title = names.pop()
    elif len(groups) == 1:
        title = formatting.strategy_label(groups[0].config)
    else:
        title = f"race: {'; '.join(formatting.lowercase_first(group.label) for group in groups)}"
    seeds_text = formatting.format_seeds(seeds).removeprefix("seeds ").removeprefix("seed ")
    size = f"{formatting.pluralize(len(seeds), 'seed')} ({seeds_text})"
    if len(groups) > 1:
        size = f"{formatting.pluralize(len(groups), 'way')} \N{MULTIPLICATION SIGN} {size}"
    return GroupSummary(title, students.pop() if len(students) == 1 else "", size, len(groups))
