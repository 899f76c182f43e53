"""*Repeat with n seeds*: how many, how long that takes, and one button. New simulation, the race and Compare have it.

One run of a way tells little of the way: with another seed it practises other questions, in another order. Runs that are made here
are a group (``runs/groups.py``), which the list of runs, Compare and the export take as one thing.
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
from studentsim.ui import components, data
from studentsim.ui.layout import COMPARE_PAGE

SEEDS_HELP = (
    f"{groups.MIN_SEEDS} to {groups.MAX_SEEDS}. A seed is one draw of luck: with another one the same student practises other questions, in "
    "another order. From several, Compare tells whether a difference is more than luck."
)

ESTIMATE_TTL_SECONDS = 60
"""Seconds for which an estimate stands."""


def render_repeat_form(
    engine: data.Engine,
    base_configs: Sequence[RunConfig],
    *,
    key: str,
    run_estimates: Sequence[estimate.DurationEstimate] = (),
    used_seeds: Collection[int] = (),
    reference_seeds: Collection[int] = (),
) -> str | None:
    """The number of seeds, the button, and what it will do; the group's id once it is begun. Writes on a click.

    Each of the ``base_configs`` (none: nothing can be started yet) runs with the same seeds, from the first one's own on, without those
    that were ``used_seeds`` by runs there are; or with those of the runs to be compared with (``reference_seeds``). ``run_estimates``: the estimates of
    one run of each, where they are known already.

    :raises StudentsimError: the settings of one cannot work; nothing is left begun.
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
            config for seed in seeds for racer in base_configs for config in groups.repeat_with_seeds(racer, [seed])
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
            _cached_estimate(engine, str(engine.data_dir), groups.comparison_key(racer), racer.turns, racer)
            for racer in base_configs
        ]
        st.caption(formatting.escape_markdown(describe_repeat(base_configs, seeds, config_estimates)))
    return group


@st.cache_data(ttl=ESTIMATE_TTL_SECONDS, max_entries=64, show_spinner=False)
def _cached_estimate(
    _engine: data.Engine, folder: str, strategy: str, turns: int, _config: RunConfig
) -> estimate.DurationEstimate:
    """The estimate of one run, kept for a while: it takes some queries, and these pages ask for one of each way at every click."""
    return data.estimate_duration(_engine, _config)


def open_comparison(group_id: str, *other_ids: str) -> None:
    """Leave for Compare, where the group is drawn as it grows; beside ``other_ids`` that were compared before."""
    st.switch_page(COMPARE_PAGE, query_params={"runs": ",".join([*other_ids, group_id])})


def describe_repeat(
    base_configs: Sequence[RunConfig], seeds: Sequence[int], config_estimates: Sequence[estimate.DurationEstimate]
) -> str:
    """What a click starts and how long it takes. ``config_estimates``: the estimate of one run of each racer."""
    count = len(seeds) * len(base_configs)
    many = f" of each of the {len(base_configs)}" if len(base_configs) > 1 else ""
    parts = [
        f"{formatting.pluralize(len(seeds), 'run')}{many} ({formatting.format_seeds(seeds)}), all with the same exam."
    ]
    total_estimate = estimate.sum_estimates(config_estimates)
    has_estimate = total_estimate.run_count or all(
        racer.model == "embedded" or language_models.find_model(racer.model) for racer in base_configs
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
    """More seeds of runs that there are, one racer for each of their ways; leads to Compare, beside those ``shown_ids``. Writes on a click.

    ``runs``: ids and settings. Names of ``is_recorded`` runs say that they were recorded, so new ones get none.
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
    """The settings of a run that there is, for a new one.

    :raises ConfigError: another version wrote them, and some are not known here.
    """
    return RunConfig.make(**{**config.model_dump(), **({"name": ""} if is_recorded else {})})
