"""Groups of runs that are started together: the same settings with several seeds, or racers that differ, each with several seeds.

A study is a plan × its cells × seeds; each run is one of them, and its folder and first event say which (``records.Cell``). What the
group is, its runs tell: there is no file of a group, so whichever of its runs is deleted, the rest stays a group.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from studentsim.config import RunConfig
from studentsim.errors import ConfigError, UnknownRun
from studentsim.records import Cell
from studentsim.runs.folder import RunFolder, all_runs, open_run, settled_id

PREFIX = "group-"
"""What a group's id begins with: no run's id does."""
REPEAT, RACE = "repeat", "race"
"""Plans: what a group was made for."""
FEWEST, MOST, USUAL = 2, 20, 5
"""Seeds of one group, at least, at most, and where nothing else is said."""
LARGEST = 80
"""Runs of one group at most: four racers, each with the most seeds there may be."""
LARGEST_SEED = 2**31 - 1
"""The largest seed that a run's settings take."""


def seeds_of(first: int, count: int, taken: Collection[int] = (), like: Collection[int] = ()) -> list[int]:
    """So many seeds from ``first`` on, without those ``taken``; after the largest there is it begins again at 0.

    ``like``: the seeds of runs to be compared with. Where ``first`` is one of them, they come before all others.

    >>> seeds_of(3, 4, taken=[4]), seeds_of(1, 3, like=[1, 7])
    ([3, 5, 6, 7], [1, 7, 2])

    :raises ConfigError: there are too few or too many.
    """
    if not FEWEST <= count <= MOST:
        raise ConfigError(f"{count} seeds were asked for.", f"Choose {FEWEST} to {MOST}.", field="repeat")
    seeds = [seed for seed in sorted(set(like)) if seed not in taken][:count] if first in like else []
    seed = first
    while len(seeds) < count:
        if seed not in taken and seed not in seeds:
            seeds.append(seed)
        seed = seed + 1 if seed < LARGEST_SEED else 0
    return seeds


def repeated(config: RunConfig, seeds: Sequence[int]) -> list[RunConfig]:
    """The same run with each of these seeds; a name of its own gets the seed, so that they can be told apart."""
    return [config.model_copy(update={"seed": seed, "name": _named(config, seed)}) for seed in seeds]


def _named(config: RunConfig, seed: int) -> str:
    if not config.name:
        return ""
    end, longest = f", seed {seed}", 80
    name = config.name.removesuffix(f", seed {config.seed}")
    return name[: longest - len(end)].rstrip() + end


def way_of(config: RunConfig) -> str:
    """What runs have in common that differ in their seed, their name and their length alone; equal for equal ones."""
    return repr(sorted(_flat(config.model_dump(mode="json", exclude={"name", "seed", "turns"})).items()))


def cells(group: str, plan: str, configs: Sequence[RunConfig]) -> list[Cell]:
    """Each run's place in the group: the settings in which these runs differ (its name is none), with its own values."""
    told = [_flat(config.model_dump(mode="json", exclude={"name"})) for config in configs]
    differ = sorted(key for key in set().union(*told) if len({repr(flat.get(key)) for flat in told}) > 1)
    return [Cell(group, plan, len(configs), {key: flat.get(key) for key in differ}) for flat in told]


def _flat(settings: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Settings within settings as ``teaching.error_rate``; a mix of categories stays one value."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        parts = value if key in ("learning", "teaching", "hub") and isinstance(value, Mapping) else None
        flat |= {f"{before}{key}": value} if parts is None else _flat(parts, f"{key}.")
    return flat


def new_group_id(data: Path, token: str = "") -> str:
    """A new group's id; the same token, the same id. Writes."""
    return PREFIX + settled_id(data, f"{token} group" if token else "")


def is_group(name: str) -> bool:
    """Whether a name from a link or a command line is a group's rather than a run's."""
    return name.startswith(PREFIX)


def runs_named(data: Path, names: Sequence[str]) -> list[RunFolder]:
    """The runs of these ids, each of which is a run's or a group's; each run once.

    :raises UnknownRun: there is none of an id.
    """
    found: dict[str, RunFolder] = {}
    for name in names:
        for folder in members(data, name) if is_group(name) else [open_run(data, name)]:
            found[folder.run_id] = folder
    return list(found.values())


def members(data: Path, name: str) -> list[RunFolder]:
    """The runs of a group that are still there, oldest first.

    :raises UnknownRun: there is none.
    """
    found = [folder for folder in all_runs(data) if (cell := folder.cell) and cell.group == name]
    if not found:
        raise UnknownRun(f"There is no group {name[:60]!r}.", "Its runs were deleted, or the name is wrong.")
    return found
