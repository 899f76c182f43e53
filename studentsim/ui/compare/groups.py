"""Which runs are runs of one way, and what each is called. No streamlit here.

Runs with the same settings but for their seed and their length are one group: draws of luck of one way of teaching.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from studentsim.config import STRATEGIES, RunConfig
from studentsim.ui import words
from studentsim.ui.compare import settings
from studentsim.ui.looks import Look, look, mark, variants

NOT_THE_WAY = ("seed", "turns", "validation_every")
"""Settings in which runs of one group may differ: how often held-out pairs are looked at changes nothing that is learnt."""
MOST_SAID = 2
"""Settings that a group's label names at most, besides the way of choosing."""
TOO_LONG = ("student_table",)
"""Settings that no label holds: the table of settings tells them."""


@dataclass(frozen=True)
class Run:
    """One run to compare. ``turn`` is its last complete lesson (-1: none); ``started`` seconds since 1970."""

    run_id: str
    config: RunConfig
    status: str
    recorded: bool
    started: float
    turn: int
    last_seq: int
    label: str = ""
    started_with: str = ""
    """The id of the group of runs that it was started with; blank: it was started alone."""

    @property
    def exam(self) -> tuple[str, int, int]:
        """What decides its exam's questions and the luck in it."""
        return self.config.bank, self.config.exam, self.config.exam_seed


@dataclass(frozen=True)
class Group:
    """Runs of one way, one for each seed. ``variant`` (``looks.variants``) tells it from groups of the same strategy."""

    label: str
    strategy: str
    variant: int
    runs: tuple[Run, ...]

    @property
    def look(self) -> Look:
        """Its strategy's look, or one of its own where another group has that."""
        return look(self.strategy, self.variant)

    @property
    def exam(self) -> tuple[str, int, int]:
        """The exam that its runs sit."""
        return self.runs[0].exam

    @property
    def config(self) -> RunConfig:
        """The settings that its runs share (seed and length: its first run's)."""
        return self.runs[0].config


def grouped(runs: Sequence[Run]) -> tuple[list[Group], list[Run]]:
    """Groups in the strategies' order, within it as their first runs were given; and runs left out: the same run over again.

    Two runs with the same settings and seed are the same draw of luck; counted as two they would feign certainty.
    """
    ways: dict[tuple[object, ...], dict[int, Run]] = {}
    left_out: list[Run] = []
    for run in runs:
        seeds = ways.setdefault(_way(run.config), {})
        known = seeds.get(run.config.seed)
        if known is not None:
            left_out.append(min(known, run, key=lambda r: r.turn))
            run = max(known, run, key=lambda r: r.turn)
        seeds[run.config.seed] = run
    named = labels([next(iter(seeds.values())).config for seeds in ways.values()])
    groups: list[Group] = []
    for label, seeds in zip(named, ways.values(), strict=True):
        strategy = next(iter(seeds.values())).config.strategy
        groups.append(Group(label, strategy, 0, _named(label, list(seeds.values()))))
    order = list(STRATEGIES)
    groups.sort(key=lambda g: order.index(g.strategy) if g.strategy in order else len(order))
    told_apart = zip(groups, variants([group.strategy for group in groups]), strict=True)
    return [replace(group, variant=variant) for group, variant in told_apart], left_out


def marked(groups: Sequence[Group]) -> dict[str, str]:
    """Each group's label for tables: behind its marker where the strategy's look alone does not tell the groups apart."""
    several = any(group.variant for group in groups)
    return {g.label: f"{mark(g.strategy, g.variant)} {g.label}" if several else g.label for g in groups}


def _way(config: RunConfig) -> tuple[object, ...]:
    return tuple(repr(value) for name, value in settings.flat(config).items() if name not in NOT_THE_WAY)


def labels(configs: Sequence[RunConfig]) -> list[str]:
    """A short label for each: its way of choosing, then what tells it from the others of the same way."""
    ways = [words.way(config) for config in configs]
    labels = []
    for config, way in zip(configs, ways, strict=True):
        rivals = [c for c, other in zip(configs, ways, strict=True) if other == way]
        own = [n for n in settings.differing(rivals) if n not in (*NOT_THE_WAY, *TOO_LONG, *settings.THE_WAY)][
            :MOST_SAID
        ]
        parts = [] if len(set(ways)) == 1 and own else [words.capital(way)]
        labels.append(", ".join(parts + [_told(name, config) for name in own if settings.heard(name, config)]))
    counts = Counter(labels)
    seen: Counter[str] = Counter()
    for i, label in enumerate(labels):
        seen[label] += 1
        labels[i] = f"{label} {seen[label]}" if counts[label] > 1 else label
    return labels


_SHORT = {
    "student": "{}", "weights": "student of version {}",
    "model": "{}", "bank": "{}", "exam": "exam of {}", "exam_seed": "exam seed {}", "questions": "{} a lesson",
    "exam_every": "exam every {}", "learning.learning_rate": "learning rate {}", "learning.epochs": "{} passes",
    "learning.beta": "beta {}", "learning.batch": "{} pairs a step", "learning.loss": "{} loss", "temperature": "temperature {}",
    "difficulties": "difficulty {}", "categories": "{}", "skills": "{}",
    "teaching.attempts": "{}", "teaching.feedback": "{}", "teaching.pairs": "learns from {}", "teaching.decides": "{} mark counts",
    "teaching.chosen_text": "of a working: {}",
    "teaching.marker": "marker {}", "teaching.error_rate": "marks wrong: {}", "teaching.doubts": "doubted: {}",
}  # fmt: skip


def _told(name: str, config: RunConfig) -> str:
    if name == "model":  # what it is would make every label long
        return words.student(config) if config.model != "embedded" else config.model
    return _SHORT.get(name, f"{settings.NAMES[name]} {{}}").format(settings.said(name, config))


def _named(label: str, runs: list[Run]) -> tuple[Run, ...]:
    """Its runs with a label each: their own name if they have one, else the group's, with the seed where there are several."""
    several = len(runs) > 1
    return tuple(
        replace(run, label=run.config.name or (f"{label}, seed {run.config.seed}" if several else label))
        for run in sorted(runs, key=lambda r: r.config.seed)
    )
