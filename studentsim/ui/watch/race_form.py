"""The form for a new race: what differs, what is the same, and one Start for all runs, with one seed or several."""

from __future__ import annotations

import streamlit as st

from studentsim.analysis.estimate import DurationEstimate, sum_estimates
from studentsim.config import RunConfig
from studentsim.errors import ConfigError, StudentsimError
from studentsim.narration import run_summary
from studentsim.runs import groups
from studentsim.runs.manager import MAX_CONCURRENT_RUNS
from studentsim.ui import components, data, literal, repeat
from studentsim.ui.layout import WATCH_PAGE
from studentsim.ui.watch import racers


def render_race_form(engine: data.Engine) -> None:
    """The whole form; opens the race once started, or Compare once started with several seeds. Writes on a click."""
    components.render_page_title("A new race")
    st.markdown(
        "Two to four model students learn side by side, with the same exam and the same random numbers in it. What makes their curves "
        "differ is what you let differ, and which questions each happens to practise."
    )
    problem: StudentsimError | None = None
    configs, missing = [], ""
    try:
        configs = _render_config_inputs(engine)
        missing = _describe_missing_choice(configs)
    except ConfigError as error:
        problem = error
    ready = configs if not missing and problem is None else []
    run_estimates = [data.estimate_duration(engine, config) for config in ready]
    run_ids, group = None, None
    with (
        st.bottom,
        st.container(horizontal=True, vertical_alignment="center"),
    ):  # pinned to the lower edge of the window
        try:
            run_ids = components.render_start_button(
                "Start the race",
                lambda token: ",".join(engine.manager.start_group(ready, groups.RACE_PLAN, token).run_ids),
                key="watch.race.start",
                disabled=not ready,
            )
        except StudentsimError as error:
            problem = error
        if missing:
            st.markdown(missing)
        elif ready:
            estimate_text = _describe_estimate(sum_estimates(run_estimates), len(ready))
            queue_notice = data.queue_notice(engine, starting=len(ready))
            st.markdown(" ".join(filter(None, [estimate_text, queue_notice])))
    try:
        group = repeat.render_repeat_form(engine, ready, key="watch.race.again", run_estimates=run_estimates)
    except StudentsimError as error:
        problem = error
    if problem:
        components.render_error(problem)
    if run_ids:
        st.switch_page(WATCH_PAGE, query_params={"race": run_ids})
    if group:
        repeat.open_comparison(group)


def _render_config_inputs(engine: data.Engine) -> list[RunConfig]:
    """The settings of each racer, equal except in what the user lets differ.

    :raises ConfigError: a racer's settings are invalid.
    """
    literal.header("What differs?")
    difference = st.segmented_control(
        "What differs?",
        list(racers.DIFFERENCE_INPUTS),
        default=racers.DIFFER_BY_STRATEGY,
        required=True,
        key="watch.race.differs",
        label_visibility="collapsed",
    )
    racer_settings = racers.DIFFERENCE_INPUTS[difference](engine)
    literal.header("What is the same for all?")
    shared_settings = _render_shared_inputs(exclude=racers.LENGTH_SETTINGS_BY_DIFFERENCE.get(difference, ()))
    seed = shared_settings["seed"]
    exam = {"seed": seed, "exam_seed": seed, "exam_size": shared_settings["exam_size"]}  # overrides each racer's own
    return [RunConfig.make(**{**shared_settings, **settings, **exam}) for settings in racer_settings]


def _describe_missing_choice(configs: list[RunConfig]) -> str:
    """What must be changed before the race can start; blank if nothing."""
    if len(configs) < 2:
        return "Choose at least two."
    if len({repr(config.model_dump(exclude={"name"})) for config in configs}) < len(configs):
        return "Two of them are alike in everything: let each be another."
    return ""


_SHARED_FIELDS = {
    "turns": ("Lessons", "In each, the student practises, is marked, and learns from its mistakes.", 1, 200),
    "questions_per_turn": ("Practice questions a lesson", "How many it practises on in each lesson.", 1, 500),
    "exam_size": ("Questions in each exam", "240 tell a result to about 6 of 100; 40 only to about 15.", 10, 720),
    "seed": (
        "Seed",
        "Another number, other random choices: another race. The same number repeats it exactly.",
        0,
        9999,
    ),
}


def _render_shared_inputs(exclude: tuple[str, ...]) -> dict[str, int]:
    fields = {field: spec for field, spec in _SHARED_FIELDS.items() if field not in exclude}
    settings = {}
    for column, (field, (label, help, low, high)) in zip(st.columns(len(fields)), fields.items(), strict=True):
        settings[field] = column.number_input(
            label, low, high, getattr(racers.DEFAULT_CONFIG, field), help=help, key=f"watch.race.{field}"
        )
    return settings


def _describe_estimate(estimate: DurationEstimate, count: int) -> str:
    text = run_summary.describe_estimated_duration(estimate.low_seconds, estimate.high_seconds, estimate.run_count)
    if count > MAX_CONCURRENT_RUNS:
        text += f" It works on {MAX_CONCURRENT_RUNS} simulations at a time: the others wait in the queue and start by themselves."
    return text
