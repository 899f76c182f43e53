"""Groups of runs with the same settings, and their labels. No streamlit here.

Runs whose settings differ at most in ``IGNORED_SETTINGS`` are one group: repetitions of the same experiment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from studentsim.analysis import setting_differences
from studentsim.config import RunConfig
from studentsim.labels import formatting
from studentsim.labels.strategy_styles import StrategyStyle, assign_variants, marker_character, strategy_style
from studentsim.selection.registry import STRATEGIES

IGNORED_SETTINGS = ("seed", "turns", "validation_every")
"""Settings in which runs of one group may differ; how often held-out pairs are validated changes nothing that is learnt."""
MAX_LABEL_SETTINGS = 2
"""Most settings that a group's label names besides the strategy."""
UNLABELLED_SETTINGS = ("student_table",)
"""Settings that no label names: the table of settings shows them."""


@dataclass(frozen=True)
class ComparedRun:
    """One run to compare. ``turn`` is its last complete one (-1: none); ``started_at`` is in seconds since 1970."""

    run_id: str
    config: RunConfig
    status: str
    is_recorded: bool
    started_at: float
    turn: int
    last_seq: int
    label: str = ""
    group_id: str = ""
    """The id of the group with which it was started; blank: it was started alone."""

    @property
    def exam_key(self) -> tuple[str, int, int]:
        """The settings that decide its exam's questions and random streams."""
        return self.config.bank, self.config.exam_size, self.config.exam_seed


@dataclass(frozen=True)
class RunGroup:
    """Runs with the same settings, one a seed. ``variant`` (``assign_variants``) tells it from groups of the same strategy."""

    label: str
    strategy: str
    variant: int
    runs: tuple[ComparedRun, ...]

    @property
    def run_ids(self) -> list[str]:
        """The ids of its runs."""
        return [run.run_id for run in self.runs]

    @property
    def style(self) -> StrategyStyle:
        """Its strategy's style, or a variant where another group has that."""
        return strategy_style(self.strategy, self.variant)

    @property
    def exam_key(self) -> tuple[str, int, int]:
        """The ``exam_key`` of its runs."""
        return self.runs[0].exam_key

    @property
    def config(self) -> RunConfig:
        """The config of its first run, which all share but for ``IGNORED_SETTINGS``."""
        return self.runs[0].config


def group_runs_by_settings(runs: Sequence[ComparedRun]) -> tuple[list[RunGroup], list[ComparedRun]]:
    """Groups in the strategies' order, then in that of their first runs; and the duplicate runs, which are left out.

    Two runs with the same settings and seed are the same random draw: counted twice they would narrow the intervals.
    """
    runs_by_settings: dict[tuple[object, ...], dict[int, ComparedRun]] = {}
    duplicates: list[ComparedRun] = []
    for run in runs:
        runs_by_seed = runs_by_settings.setdefault(_settings_key(run.config), {})
        existing = runs_by_seed.get(run.config.seed)
        if existing is not None:
            duplicates.append(min(existing, run, key=lambda r: r.turn))
            run = max(existing, run, key=lambda r: r.turn)
        runs_by_seed[run.config.seed] = run
    members = [list(runs_by_seed.values()) for runs_by_seed in runs_by_settings.values()]
    group_labels = distinct_labels([runs[0].config for runs in members])
    groups = [
        RunGroup(label, runs[0].config.strategy, 0, _label_runs(label, runs))
        for label, runs in zip(group_labels, members, strict=True)
    ]
    order = list(STRATEGIES)
    groups.sort(key=lambda g: order.index(g.strategy) if g.strategy in order else len(order))
    with_variants = zip(groups, assign_variants([group.strategy for group in groups]), strict=True)
    return [replace(group, variant=variant) for group, variant in with_variants], duplicates


def list_run_ids(groups: Sequence[RunGroup]) -> list[str]:
    """The ids of the runs of all groups."""
    return [run_id for group in groups for run_id in group.run_ids]


def group_table_labels(groups: Sequence[RunGroup]) -> dict[str, str]:
    """Group label -> label for tables, with the group's marker in front where some strategy has several groups."""
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
    """A short distinct label for each: its strategy, then the settings in which it differs from others of that strategy."""
    strategy_names = [formatting.strategy_label(config) for config in configs]
    labels = []
    for config, strategy_name in zip(configs, strategy_names, strict=True):
        same_strategy = [c for c, other in zip(configs, strategy_names, strict=True) if other == strategy_name]
        label_settings = [
            n
            for n in setting_differences.differing_settings(same_strategy)
            if n not in (*IGNORED_SETTINGS, *UNLABELLED_SETTINGS, *setting_differences.STRATEGY_SETTINGS)
        ][:MAX_LABEL_SETTINGS]
        parts = [] if len(set(strategy_names)) == 1 and label_settings else [formatting.capitalize_first(strategy_name)]
        active = [name for name in label_settings if setting_differences.is_setting_active(name, config)]
        labels.append(", ".join([*parts, *(_setting_label(name, config) for name in active)]))
    counts = Counter(labels)
    seen: Counter[str] = Counter()
    for i, label in enumerate(labels):
        seen[label] += 1
        labels[i] = f"{label} {seen[label]}" if counts[label] > 1 else label
    return labels


_LABEL_FORMATS = {
    "student": "{}", "weights": "student of version {}",
    "model": "{}", "bank": "{}", "exam_size": "exam of {}", "exam_seed": "exam seed {}", "questions_per_turn": "{} a lesson",
    "exam_every": "exam every {}", "dpo.learning_rate": "learning rate {}", "dpo.epochs": "{} passes",
    "dpo.beta": "beta {}", "dpo.batch_size": "{} pairs a step", "dpo.loss": "{} loss", "temperature": "temperature {}",
    "difficulties": "difficulty {}", "categories": "{}", "skills": "{}",
    "teacher.attempts": "{}", "teacher.feedback": "{}", "teacher.chosen_source": "learns from {}", "teacher.grade_source": "{} mark counts",
    "teacher.chosen_text": "of a working: {}",
    "teacher.grader": "marker {}", "teacher.error_rate": "marks wrong: {}", "teacher.challenge_rate": "doubted: {}",
}  # fmt: skip


def _setting_label(name: str, config: RunConfig) -> str:
    if name == "model":  # its size would make every label long
        return formatting.student_title(config) if config.model != "embedded" else config.model
    return _LABEL_FORMATS.get(name, f"{setting_differences.SETTING_LABELS[name]} {{}}").format(
        setting_differences.format_setting(name, config)
    )


def _label_runs(label: str, runs: list[ComparedRun]) -> tuple[ComparedRun, ...]:
    """The runs by seed with a label each: their own name, else the group's label, with the seed where there are several."""
    is_repeated = len(runs) > 1
    return tuple(
        replace(run, label=run.config.name or (f"{label}, seed {run.config.seed}" if is_repeated else label))
        for run in sorted(runs, key=lambda r: r.config.seed)
    )
