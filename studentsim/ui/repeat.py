"""*Repeat with n seeds*: the number of seeds, the estimated duration and one button, on New simulation, the race form and Compare.

One run says little about a strategy: another seed practises other questions in another order. The runs started here form a group
(``runs/groups.py``), which the list of runs, Compare and the export treat as one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import streamlit as st

from studentsim.analysis import estimate
from studentsim.config import RunConfig
from studentsim.errors import StudentsimError
from studentsim.labels import formatting, language_models
from studentsim.narration import run_summary
from studentsim.runs import groups
from studentsim.runs.manager import MAX_CONCURRENT_RUNS
from studentsim.ui import components, data, literal
from studentsim.ui.layout import COMPARE_PAGE

SEEDS_HELP = (
    f"{groups.MIN_SEEDS} to {groups.MAX_SEEDS}. A seed decides all random choices: with another one the same student practises other "
    "questions, in another order. From several, Compare tells whether a difference is more than chance."
)

ESTIMATE_TTL_SECONDS = 60
"""Seconds for which an estimate is cached."""


def render_repeat_form(
    engine: data.Engine,
    base_configs: Sequence[RunConfig],
    *,
    key: str,
    run_estimates: Sequence[estimate.DurationEstimate] = (),
    used_seeds: Collection[int] = (),
    reference_seeds: Collection[int] = (),
) -> str | None:
    """The form; returns the group's id once it is started. Writes on a click.

    Each of ``base_configs`` (empty: nothing can be started yet) runs with the same seeds: from the first one's own on, without
    ``used_seeds``, or ``reference_seeds``, those of the runs to compare with. ``run_estimates`` is one per config, if known already.

    :raises StudentsimError: when the settings of one cannot work; then nothing is started.
    """
    plan = groups.RACE_PLAN if len(base_configs) > 1 else groups.REPEAT_PLAN
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.session_state.setdefault(f"{key}.seeds", groups.DEFAULT_SEEDS)
        count = st.number_input(
            "Seeds", groups.MIN_SEEDS, groups.MAX_SEEDS, help=SEEDS_HELP, key=f"{key}.seeds", width=130
        )
        count = int(count or groups.DEFAULT_SEEDS)
        seeds = groups.choose_seeds(base_configs[0].seed, count, used_seeds, reference_seeds) if base_configs else []
        configs = [
            config for seed in seeds for base in base_configs for config in groups.repeat_with_seeds(base, [seed])
        ]
        too_many = len(configs) > groups.MAX_GROUP_RUNS
        group = components.render_start_button(
            f"Repeat with {count} seeds",
            lambda token: engine.manager.start_group(configs, plan, token).group_id,
            key=f"{key}.repeat",
            disabled=not base_configs or too_many,
            type="secondary",
            icon=":material/repeat:",
        )
    if too_many:
        st.caption(
            f"That would be {len(configs)} runs; {groups.MAX_GROUP_RUNS} at most are begun together. Ask for fewer seeds."
        )
    elif base_configs:
        config_estimates = run_estimates or [
            _cached_estimate(engine, str(engine.data_dir), groups.comparison_key(base), base.turns, base)
            for base in base_configs
        ]
        literal.caption(describe_repeat(base_configs, seeds, config_estimates))
    return group


@st.cache_data(ttl=ESTIMATE_TTL_SECONDS, max_entries=64, show_spinner=False)
def _cached_estimate(
    _engine: data.Engine, folder: str, strategy: str, turns: int, _config: RunConfig
) -> estimate.DurationEstimate:
    """One run's estimate, cached since it takes several queries and is needed at every click."""
    return data.estimate_duration(_engine, _config)


def open_comparison(group_id: str, *other_ids: str) -> None:
    """Switch to Compare with the group and ``other_ids``, the runs and groups compared before."""
    st.switch_page(COMPARE_PAGE, query_params={"runs": ",".join([*other_ids, group_id])})


def describe_repeat(
    base_configs: Sequence[RunConfig], seeds: Sequence[int], config_estimates: Sequence[estimate.DurationEstimate]
) -> str:
    """What a click starts and how long it takes; ``config_estimates`` has one run's estimate per config."""
    count = len(seeds) * len(base_configs)
    of_each = f" of each of the {len(base_configs)}" if len(base_configs) > 1 else ""
    parts = [
        f"{formatting.pluralize(len(seeds), 'run')}{of_each} ({formatting.format_seeds(seeds)}), all with the same exam."
    ]
    total_estimate = estimate.sum_estimates(config_estimates)
    has_estimate = total_estimate.run_count or all(
        base.model == "embedded" or language_models.find_model(base.model) for base in base_configs
    )
    if has_estimate:
        parts.append(
            run_summary.describe_estimated_duration(
                total_estimate.low_seconds * len(seeds),
                total_estimate.high_seconds * len(seeds),
                total_estimate.run_count,
            )
        )
    else:
        parts.append(f"It takes {len(seeds)} times as long as one.")
    if count > MAX_CONCURRENT_RUNS:
        parts.append(
            f"{MAX_CONCURRENT_RUNS} are at work at a time; the others wait in the queue and start by themselves."
        )
    return " ".join(parts)


def render_more_seeds(
    engine: data.Engine,
    runs: Sequence[tuple[str, RunConfig]],
    shown_ids: Sequence[str],
    *,
    key: str,
    is_recorded: bool = False,
) -> None:
    """The form for more seeds of existing runs, once per configuration; then switches to Compare with ``shown_ids``. Writes on a click.

    ``runs`` are ids and settings. New runs do not take over the names of ``is_recorded`` ones, which say that they are recordings.
    """
    try:
        config_by_strategy = {groups.comparison_key(config): config for _, config in reversed(runs)}
        base_configs = [
            config_for_new_run(config, is_recorded=is_recorded) for config in reversed(config_by_strategy.values())
        ]
        group = render_repeat_form(engine, base_configs, key=key, used_seeds={config.seed for _, config in runs})
    except StudentsimError as error:
        components.render_error(error)
        return
    if group:
        open_comparison(group, *shown_ids)


def config_for_new_run(config: RunConfig, *, is_recorded: bool = False) -> RunConfig:
    """A stored run's settings, validated for a new run.

    :raises ConfigError: when another version wrote them and some are unknown here.
    """
    return RunConfig.make(**{**config.model_dump(), **({"name": ""} if is_recorded else {})})
