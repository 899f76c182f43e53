"""“Check this model”: a background process finds the model, estimates its memory and lets it answer a question."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studentsim.analysis.estimate import DurationEstimate
from studentsim.config import RunConfig
from studentsim.errors import ConfigError
from studentsim.labels import formatting, language_models
from studentsim.narration import run_summary
from studentsim.runs.model_info import SpeedTrial
from studentsim.ui import background, literal
from studentsim.ui.new.form import RunForm
from studentsim.ui.new.student_defaults import EMBEDDED

JOB_MODULE = "studentsim.runs.model_job"
TIMEOUT_SECONDS = 3600
"""Seconds that a check may take, a download of some gigabytes included."""
CUSTOM_MODEL_CAPTION = (
    "Is it there, and may it be used; does the memory suffice; what does it answer; how long will the simulation take? "
)
CATALOGUE_MODEL_CAPTION = "What does it answer, and how long will the simulation take on this computer? "
MAX_SHOWN_CHARS = 1200
"""Characters shown of the question and of the answer."""
STAGE_LABELS = {
    "": "Starting",
    "finding": "Looking for it, here and at the hub",
    "trying": "Loading it and letting it answer; a download comes first if it is not here",
}
CHECKED_SETTINGS = (
    "model", "model_loading", "bank", "bank_category", "bank_set", "drop_invalid", "temperature", "min_p", "max_new_tokens",
    "questions_per_turn", "exam_size", "dpo",
)  # fmt: skip
"""Settings on which a benchmark's figures depend. The number of lessons is not among them: the time is computed for any."""


def render_model_check(form: RunForm, container: Any) -> None:
    """The button and its result in ``container``; called after all parts have written their settings."""
    if container is None:
        return
    with container:
        config = _build_benchmark_config(form)
        job = _find_job(config) if config else None
        is_in_catalogue = language_models.find_model(config.model if config else form.settings["model"]) is not None
        st.button(
            "Try it out here" if is_in_catalogue else "Check this model",
            key="new.model.check",
            icon=":material/troubleshoot:",
            disabled=config is None or bool(job and job.is_running),
            on_click=_start_check,
            args=(config,),
        )
        if job is None:
            st.caption(
                (CATALOGUE_MODEL_CAPTION if is_in_catalogue else CUSTOM_MODEL_CAPTION)
                + "That loads it once, in the background."
                + ("" if config else " First put right what is said at the fields.")
            )
            return
        st.fragment(_render_check_job, run_every=1.0 if job.is_running else None)(job, config)
        if job.result and "problem" in job.result:
            _show_job_error(form, job.result)


def describe_estimate(config: RunConfig, run_estimate: DurationEstimate) -> str:
    """How long a run takes: by this computer's recent runs (``run_estimate``), else by the model's benchmark, else not known."""
    if (benchmark_seconds := _seconds_by_benchmark(config, run_estimate)) is not None:
        return (
            f"About {formatting.format_duration(benchmark_seconds)} on this computer, judged by the check of the model."
        )
    if _is_estimate_usable(config, run_estimate):
        return run_summary.describe_estimated_duration(
            run_estimate.low_seconds, run_estimate.high_seconds, run_estimate.run_count
        )
    return "How long it takes is not known yet: *Check this model* above tells."


def describe_estimate_briefly(config: RunConfig, run_estimate: DurationEstimate) -> str:
    """``About 2 minutes.``, by the same rule; blank if not known."""
    if (benchmark_seconds := _seconds_by_benchmark(config, run_estimate)) is not None:
        return f"About {formatting.format_duration(benchmark_seconds)}."
    return (
        f"About {formatting.format_duration_range(run_estimate.low_seconds, run_estimate.high_seconds)}."
        if _is_estimate_usable(config, run_estimate)
        else ""
    )


def _is_estimate_usable(config: RunConfig, run_estimate: DurationEstimate) -> bool:
    """Whether ``run_estimate`` rests on runs, or on a model whose speed is known without any."""
    return bool(config.model == EMBEDDED or run_estimate.run_count or language_models.find_model(config.model))


def _seconds_by_benchmark(config: RunConfig, run_estimate: DurationEstimate) -> float | None:
    """Seconds by the model's benchmark; None without one, or if there are runs to estimate from."""
    if config.model == EMBEDDED or run_estimate.run_count:
        return None
    job = _find_job(config)
    return (
        SpeedTrial(**job.result["trial"]).estimate_run_seconds(config)
        if job and "trial" in (job.result or {})
        else None
    )


def _build_benchmark_config(form: RunForm) -> RunConfig | None:
    """The settings to benchmark; None while one of them is invalid."""
    try:
        if form.is_blocked:
            return None
        return RunConfig.make(**form.settings, dpo=form.dpo)
    except ConfigError:
        return None


def _find_job(config: RunConfig) -> background.Job | None:
    return None if config.model == EMBEDDED else background.find_job(JOB_MODULE, _job_arguments(config))


def _job_arguments(config: RunConfig) -> dict[str, Any]:
    return config.model_dump(mode="json", include=set(CHECKED_SETTINGS))


def _start_check(config: RunConfig) -> None:
    background.start_job(JOB_MODULE, _job_arguments(config), timeout_seconds=TIMEOUT_SECONDS)


def _render_check_job(job: background.Job, config: RunConfig) -> None:
    """Progress of the check, or its result; reruns the page when it is done."""
    if job.result is None:
        stage = str(job.last_message.get("stage", ""))
        step_text = (
            f": {formatting.escape_markdown(str(job.last_message['step']))}" if "step" in job.last_message else ""
        )
        st.progress(
            (1 + list(STAGE_LABELS).index(stage)) / (1 + len(STAGE_LABELS)),
            text=f"{STAGE_LABELS[stage]}{step_text} … {formatting.format_duration(job.elapsed_seconds)}",
        )
        _render_findings(job.last_message)
        st.button("Stop the check", key="new.model.stop", type="tertiary", icon=":material/stop:", on_click=job.cancel)
        st.session_state["new.model.waits"] = True
        return
    if st.session_state.pop("new.model.waits", False):
        st.rerun()
    _render_findings(job.result)
    if benchmark := job.result.get("trial"):
        _render_benchmark(SpeedTrial(**benchmark), config)


def _render_findings(report: dict[str, Any]) -> None:
    for sentence in report.get("sentences", ()):
        literal.checked(sentence)


def _render_benchmark(benchmark: SpeedTrial, config: RunConfig) -> None:
    """The model's answer, literally, and how long this run would take."""
    loaded_text, _, time_text = benchmark.describe(config)
    reading_text = f"That is read as **{benchmark.letter})**." if benchmark.letter else "That is read as no answer."
    for sentence in (loaded_text, time_text):
        literal.checked(sentence)
    with st.container(border=True):
        st.caption("A question, and what it wrote:")
        st.text(benchmark.problem[:MAX_SHOWN_CHARS])
        literal.code(benchmark.text[:MAX_SHOWN_CHARS] or "(nothing)")
        st.caption(reading_text)


def _show_job_error(form: RunForm, result: dict[str, Any]) -> None:
    error = ConfigError(result["problem"], result["remedy"], field=result.get("field") or "model")
    form.show_error_at_field(error)
