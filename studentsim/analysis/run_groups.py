"""Which runs are runs of one way, and what each is called. No streamlit here.

Runs with the same settings but for their seed and their length are one group: draws of luck of one way of teaching.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from studentsim.analysis import setting_differences
from studentsim.config import STRATEGIES, RunConfig
from studentsim.labels import formatting
from studentsim.labels.strategy_styles import StrategyStyle, assign_variants, marker_character, strategy_style

IGNORED_SETTINGS = ("seed", "turns", "validation_every")
"""Settings in which runs of one group may differ: how often held-out pairs are looked at changes nothing that is learnt."""
MAX_LABEL_SETTINGS = 2
"""Settings that a group's label names at most, besides the way of choosing."""
UNLABELLED_SETTINGS = ("student_table",)
"""Settings that no label holds: the table of settings tells them."""


@dataclass(frozen=True)
class ComparedRun:
    """One run to compare. ``turn`` is its last complete lesson (-1: none); ``started_at`` seconds since 1970."""

    run_id: str
    config: RunConfig
    status: str
    is_recorded: bool
    started_at: float
    turn: int
    last_seq: int
    label: str = ""
    group_id: str = ""
    """The id of the group of runs that it was started with; blank: it was started alone."""

    @property
    def exam_key(self) -> tuple[str, int, int]:
        """What decides its exam's questions and the luck in it."""
        return self.config.bank, self.config.exam, self.config.exam_seed


@dataclass(frozen=True)
class RunGroup:
    """Runs of one way, one for each seed. ``variant`` (``looks.assign_variants``) tells it from groups of the same strategy."""

    label: str
    strategy: str
    variant: int
    runs: tuple[ComparedRun, ...]

    @property
    def style(self) -> StrategyStyle:
        """Its strategy's look, or one of its own where another group has that."""
        return strategy_style(self.strategy, self.variant)

    @property
    def exam_key(self) -> tuple[str, int, int]:
        """The exam that its runs sit."""
        return self.runs[0].exam_key

    @property
    def config(self) -> RunConfig:
        """The settings that its runs share (seed and length: its first run's)."""
        return self.runs[0].config


def group_runs_by_settings(runs: Sequence[ComparedRun]) -> tuple[list[RunGroup], list[ComparedRun]]:
    """Groups in the strategies' order, within it as their first runs were given; and runs left out: the same run over again.

    Two runs with the same settings and seed are the same draw of luck; counted as two they would feign certainty.
    """
    runs_by_settings: dict[tuple[object, ...], dict[int, ComparedRun]] = {}
    left_out: list[ComparedRun] = []
    for run in runs:
        seeds = runs_by_settings.setdefault(_settings_key(run.config), {})
        existing = seeds.get(run.config.seed)
        if existing is not None:
            left_out.append(min(existing, run, key=lambda r: r.turn))
            run = max(existing, run, key=lambda r: r.turn)
        seeds[run.config.seed] = run
    group_labels = distinct_labels([next(iter(seeds.values())).config for seeds in runs_by_settings.values()])
    groups: list[RunGroup] = []
    for label, seeds in zip(group_labels, runs_by_settings.values(), strict=True):
        strategy = next(iter(seeds.values())).config.strategy
        groups.append(RunGroup(label, strategy, 0, _label_runs(label, list(seeds.values()))))
    order = list(STRATEGIES)
    groups.sort(key=lambda g: order.index(g.strategy) if g.strategy in order else len(order))
    with_variants = zip(groups, assign_variants([group.strategy for group in groups]), strict=True)
    return [replace(group, variant=variant) for group, variant in with_variants], left_out


def group_table_labels(groups: Sequence[RunGroup]) -> dict[str, str]:
    """Each group's label for tables: behind its marker where the strategy's look alone does not tell the groups apart."""
    has_variants = any(group.variant for group in groups)
    return {
        g.label: f"{marker_character(g.strategy, g.variant)} {g.label}" if has_variants else g.label for g in groups
    }


def _settings_key(config: RunConfig) -> tuple[object, ...]:
    return tuple(
        repr(value)
        for name, value in setting_differences.flatten_settings(config).items()
        if name not in IGNORED_SETTINGS
    )


def distinct_labels(configs: Sequence[RunConfig]) -> list[str]:
    """A short label for each: its way of choosing, then what tells it from the others of the same way."""
    strategy_names = [formatting.strategy_label(config) for config in configs]
    labels = []
    for config, strategy_name in zip(configs, strategy_names, strict=True):
        rivals = [c for c, other in zip(configs, strategy_names, strict=True) if other == strategy_name]
        label_settings = [
            n
            for n in setting_differences.differing_settings(rivals)
            if n not in (*IGNORED_SETTINGS, *UNLABELLED_SETTINGS, *setting_differences.STRATEGY_SETTINGS)
        ][:MAX_LABEL_SETTINGS]
        parts = [] if len(set(strategy_names)) == 1 and label_settings else [formatting.capitalize_first(strategy_name)]
        labels.append(
            ", ".join(
                parts
                + [
                    _setting_label(name, config)
                    for name in label_settings
                    if setting_differences.is_setting_active(name, config)
                ]
            )
        )
    counts = Counter(labels)
    seen: Counter[str] = Counter()
    for i, label in enumerate(labels):
        seen[label] += 1
        labels[i] = f"{label} {seen[label]}" if counts[label] > 1 else label
    return labels


_LABEL_FORMATS = {
    "student": "{}", "weights": "student of version {}",
    "model": "{}", "bank": "{}", "exam": "exam of {}", "exam_seed": "exam seed {}", "questions": "{} a lesson",
    "exam_every": "exam every {}", "learning.learning_rate": "learning rate {}", "learning.epochs": "{} passes",
    "learning.beta": "beta {}", "learning.batch": "{} pairs a step", "learning.loss": "{} loss", "temperature": "temperature {}",
    "difficulties": "difficulty {}", "categories": "{}", "skills": "{}",
    "teaching.attempts": "{}", "teaching.feedback": "{}", "teaching.pairs": "learns from {}", "teaching.decides": "{} mark counts",
    "teaching.chosen_text": "of a working: {}",
    "teaching.marker": "marker {}", "teaching.error_rate": "marks wrong: {}", "teaching.doubts": "doubted: {}",
}  # fmt: skip


def _setting_label(name: str, config: RunConfig) -> str:
    if name == "model":  # what it is would make every label long
        return formatting.student_title(config) if config.model != "embedded" else config.model
    return _LABEL_FORMATS.get(name, f"{setting_differences.SETTING_LABELS[name]} {{}}").format(
        setting_differences.format_setting(name, config)
    )


def _label_runs(label: str, runs: list[ComparedRun]) -> tuple[ComparedRun, ...]:
    """Its runs with a label each: their own name if they have one, else the group's, with the seed where there are several."""
    is_repeated = len(runs) > 1
    return tuple(
        replace(run, label=run.config.name or (f"{label}, seed {run.config.seed}" if is_repeated else label))
        for run in sorted(runs, key=lambda r: r.config.seed)
    )
