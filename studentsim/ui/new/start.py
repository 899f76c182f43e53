"""The summary of the new run with its duration, and Start, which is pinned to the lower edge of the window."""

from __future__ import annotations

import streamlit as st

from studentsim.analysis import estimate
from studentsim.config import RunConfig
from studentsim.errors import StudentsimError
from studentsim.labels import formatting, teacher_settings
from studentsim.ui import components, data, literal, repeat
from studentsim.ui.layout import WATCH_PAGE
from studentsim.ui.new import comparison_target, model_check
from studentsim.ui.new.form import RunForm


def render_start(engine: data.Engine, form: RunForm) -> str | None:
    """Start with a brief summary, and the whole summary at the end of the form. Returns the run's id once started. Writes."""
    summary_area, run_id = st.container(), None
    with st.bottom, st.container(horizontal=True, vertical_alignment="center"):
        button = st.container(width="content")
        brief_area = st.container(gap="xsmall", width="stretch")
        with brief_area:
            form.add_error_slot("start", "Start")
        config = form.build_config()
        try:
            with button:
                run_id = components.render_start_button(
                    "Start",
                    lambda token: data.start_run(engine, config, token),
                    key="new.start",
                    disabled=config is None,
                )
        except StudentsimError as error:
            form.show_error(error)
        run_estimate = None
        if config is not None:
            run_estimate = data.estimate_duration(engine, config)
            brief_area.caption(
                formatting.escape_markdown(
                    f"{_format_length(config)}. {model_check.describe_estimate_briefly(config, run_estimate)}".rstrip()
                )
            )
            with summary_area.container(border=True, gap="xsmall"):
                literal.bold(_describe_run(config))
                st.markdown(_describe_estimate(engine, config, run_estimate))
        with summary_area:
            _render_repeat(engine, form, [config] if config else [], [run_estimate] if run_estimate else [])
    return run_id


def _render_repeat(
    engine: data.Engine, form: RunForm, configs: list[RunConfig], run_estimates: list[estimate.DurationEstimate]
) -> None:
    """Start the run with several seeds; opens Compare once started."""
    target = comparison_target.get_comparison_target()
    try:
        group = repeat.render_repeat_form(
            engine, configs, key="new", run_estimates=run_estimates, reference_seeds=target.seeds
        )
    except StudentsimError as error:
        form.show_error(error)
        return
    if group:
        repeat.open_comparison(group, *target.names)


def switch_to_run(run_id: str) -> None:
    """Open the new run on Watch, or on Compare if there are runs to compare it with."""
    if compare_with := comparison_target.get_comparison_target().names:
        repeat.open_comparison(run_id, *compare_with)
    st.switch_page(WATCH_PAGE, query_params={"run": run_id})


def _format_length(config: RunConfig) -> str:
    exams = formatting.pluralize(len(config.exam_turns()), "exam")
    lessons = formatting.pluralize(config.turns, "lesson")
    return (
        f"{lessons} of {formatting.pluralize(config.questions_per_turn, 'question')}, {exams} of {config.exam_size:,}"
    )


def _describe_run(config: RunConfig) -> str:
    return (
        f"{formatting.student_title(config)}, {formatting.strategy_label(config)}: {_format_length(config)}"
        + "".join(
            f"; {extra}" for extra in teacher_settings.teaching_extras(teacher_settings.teaching_settings(config))
        )
    )


def _describe_estimate(engine: data.Engine, config: RunConfig, run_estimate: estimate.DurationEstimate) -> str:
    text = f"{model_check.describe_estimate(config, run_estimate)} It goes on if you close the page."
    return f"{text} {data.queue_notice(engine)}".rstrip()
