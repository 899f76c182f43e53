"""Groups of runs that are started together: the same settings with several seeds, or racers with different settings.

A group has a plan; each run's folder and first event hold its cell (``events.Cell``). There is no file of a group: it is whichever
of its runs still exist.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from studentsim.config import RunConfig
from studentsim.errors import ConfigError, UnknownRun
from studentsim.events import Cell
from studentsim.runs.run_dir import RunFolder, get_or_create_id, list_runs, open_run
from studentsim.settings import SETTING_GROUPS

GROUP_ID_PREFIX = "group-"
"""Prefix of a group's id; no run's id has it."""
REPEAT_PLAN, RACE_PLAN = "repeat", "race"
"""Plans: one setting with several seeds, or racers that are compared."""
MIN_SEEDS, MAX_SEEDS, DEFAULT_SEEDS = 2, 20, 5
"""Number of seeds of one group."""
MAX_GROUP_RUNS = 80
"""Most runs of one group: four racers with ``MAX_SEEDS`` seeds each."""
MAX_SEED = 2**31 - 1
"""The largest seed that a run's settings allow."""


def choose_seeds(first: int, count: int, taken: Collection[int] = (), preferred: Collection[int] = ()) -> list[int]:
    """``count`` seeds from ``first`` on, without those ``taken``; ``MAX_SEED`` is followed by 0.

    ``preferred`` are the seeds of runs to compare with; they come first if ``first`` is one of them.

    >>> choose_seeds(3, 4, taken=[4]), choose_seeds(1, 3, preferred=[1, 7])
    ([3, 5, 6, 7], [1, 7, 2])

    :raises ConfigError: ``count`` is less than ``MIN_SEEDS`` or more than ``MAX_SEEDS``.
    """
    if not MIN_SEEDS <= count <= MAX_SEEDS:
        raise ConfigError(f"{count} seeds were asked for.", f"Choose {MIN_SEEDS} to {MAX_SEEDS}.", field="repeat")
    seeds = [seed for seed in sorted(set(preferred)) if seed not in taken][:count] if first in preferred else []
    seed = first
    while len(seeds) < count:
        if seed not in taken and seed not in seeds:
            seeds.append(seed)
        seed = seed + 1 if seed < MAX_SEED else 0
    return seeds


def repeat_with_seeds(config: RunConfig, seeds: Sequence[int]) -> list[RunConfig]:
    """The settings with each of these seeds; a name gets the seed appended."""
    return [config.model_copy(update={"seed": seed, "name": _name_with_seed(config, seed)}) for seed in seeds]


def _name_with_seed(config: RunConfig, seed: int) -> str:
    if not config.name:
        return ""
    suffix, max_chars = f", seed {seed}", 80
    name = config.name.removesuffix(f", seed {config.seed}")
    return name[: max_chars - len(suffix)].rstrip() + suffix


def comparison_key(config: RunConfig) -> str:
    """Equal for settings that differ only in seed, name and number of turns."""
    return repr(sorted(_flatten_settings(config.model_dump(mode="json", exclude={"name", "seed", "turns"})).items()))


def build_cells(group_id: str, plan: str, configs: Sequence[RunConfig]) -> list[Cell]:
    """Each run's cell in the group: its values of the settings, other than the name, in which the runs differ."""
    flat_settings = [_flatten_settings(config.model_dump(mode="json", exclude={"name"})) for config in configs]
    differing_keys = sorted(
        key for key in set().union(*flat_settings) if len({repr(flat.get(key)) for flat in flat_settings}) > 1
    )
    return [
        Cell(group_id, plan, len(configs), {key: flat.get(key) for key in differing_keys}) for flat in flat_settings
    ]


def _flatten_settings(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested settings to keys such as ``teacher.error_rate``; a mix of categories stays one value."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        nested = value if key in SETTING_GROUPS and isinstance(value, Mapping) else None
        flat |= {f"{prefix}{key}": value} if nested is None else _flatten_settings(nested, f"{key}.")
    return flat


def new_group_id(data: Path, token: str = "") -> str:
    """A new group's id; the same ``token`` gets the same id. Writes."""
    return GROUP_ID_PREFIX + get_or_create_id(data, f"{token} group" if token else "")


def is_group_id(name: str) -> bool:
    """Whether an id of a link or a command line is a group's rather than a run's."""
    return name.startswith(GROUP_ID_PREFIX)


def find_runs(data: Path, names: Sequence[str]) -> list[RunFolder]:
    """The runs of these ids of runs and groups, each run once.

    :raises UnknownRun: there is no run or group of an id.
    """
    folders: dict[str, RunFolder] = {}
    for name in names:
        for folder in find_group_runs(data, name) if is_group_id(name) else [open_run(data, name)]:
            folders[folder.run_id] = folder
    return list(folders.values())


def find_group_runs(data: Path, group_id: str) -> list[RunFolder]:
    """The existing runs of a group, oldest first.

    :raises UnknownRun: there are none.
    """
    folders = [folder for folder in list_runs(data) if (cell := folder.cell) and cell.group == group_id]
    if not folders:
        raise UnknownRun(f"There is no group {group_id[:60]!r}.", "Its runs were deleted, or the name is wrong.")
    return folders
