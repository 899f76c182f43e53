"""“Check this model”: a process of its own finds it, reckons its memory, and lets it answer; the page goes on meanwhile."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studentsim.analysis.estimate import DurationEstimate
from studentsim.config import RunConfig
from studentsim.errors import ConfigError
from studentsim.labels import formatting, language_models
from studentsim.narration import run_summary
from studentsim.runs.model_info import BenchmarkResult
from studentsim.ui import background
from studentsim.ui.new.form import RunForm
from studentsim.ui.new.suited import EMBEDDED

JOB_MODULE = "studentsim.runs.model_job"
TIMEOUT_SECONDS = 3600
"""Seconds a check may take: a download of some gigabytes is in it."""
CUSTOM_MODEL_CAPTION = (
    "Is it there, and may it be used; does the memory suffice; what does it answer; how long will the simulation take? "
)
CATALOGUE_MODEL_CAPTION = "What does it answer, and how long will the simulation take on this computer? "
MAX_SHOWN_CHARS = 1200
"""Characters of the question and of the answer that are shown."""
STAGE_LABELS = {
    "": "Starting",
    "finding": "Looking for it, here and at the hub",
    "trying": "Loading it and letting it answer; a download comes first if it is not here",
}
CHECKED_SETTINGS = (
    "model", "hub", "bank", "bank_category", "bank_set", "leave_out_doubtful", "temperature", "min_p", "max_new_tokens", "questions",
    "exam", "learning",
)  # fmt: skip
"""Settings on which a trial's figures hang. A run's length can be changed, and its time is reckoned anew."""


def render_model_check(form: RunForm, container: Any) -> None:
    """The button, and what came of it, in ``container``; to be called when all settings are gathered."""
    if container is None:
        return
    with container:
        config = _build_trial_config(form)
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
    """How long a run will take: as this computer's recent runs say (``run_estimate``), else as the model's trial did, else not known."""
    if (trial_seconds := _seconds_by_trial(config, run_estimate)) is not None:
        return f"About {formatting.format_duration(trial_seconds)} on this computer, judged by the check of the model."
    if _is_estimate_usable(config, run_estimate):
        return run_summary.describe_estimated_duration(
            run_estimate.low_seconds, run_estimate.high_seconds, run_estimate.run_count
        )
    return "How long it takes is not known yet: *Check this model* above tells."


def describe_estimate_briefly(config: RunConfig, run_estimate: DurationEstimate) -> str:
    """The same in a few words, where there is little room: ``About 2 minutes.``; blank where it is not known."""
    if (trial_seconds := _seconds_by_trial(config, run_estimate)) is not None:
        return f"About {formatting.format_duration(trial_seconds)}."
    return (
        f"About {formatting.format_duration_range(run_estimate.low_seconds, run_estimate.high_seconds)}."
        if _is_estimate_usable(config, run_estimate)
        else ""
    )


def _is_estimate_usable(config: RunConfig, run_estimate: DurationEstimate) -> bool:
    """Whether ``run_estimate`` may be said, be it from no run: of models whose speed is known."""
    return bool(config.model == EMBEDDED or run_estimate.run_count or language_models.find_model(config.model))


def _seconds_by_trial(config: RunConfig, run_estimate: DurationEstimate) -> float | None:
    """Seconds as the model's trial has them; None where there was none, or runs tell better."""
    if config.model == EMBEDDED or run_estimate.run_count:
        return None
    job = _find_job(config)
    return (
        BenchmarkResult(**job.result["trial"]).estimate_run_seconds(config)
        if job and "trial" in (job.result or {})
        else None
    )


def _build_trial_config(form: RunForm) -> RunConfig | None:
    """The settings of the trial; None while one of them is wrong."""
    try:
        if form.is_blocked:
            return None
        return RunConfig.make(**form.settings, learning=form.learning)
    except ConfigError:
        return None


def _find_job(config: RunConfig) -> background.Job | None:
    return None if config.model == EMBEDDED else background.find_job(JOB_MODULE, _job_arguments(config))


def _job_arguments(config: RunConfig) -> dict[str, Any]:
    return config.model_dump(mode="json", include=set(CHECKED_SETTINGS))


def _start_check(config: RunConfig) -> None:
    background.start_job(JOB_MODULE, _job_arguments(config), timeout_seconds=TIMEOUT_SECONDS)


def _render_check_job(job: background.Job, config: RunConfig) -> None:
    """How far the check is, or what it found; the page is drawn anew when it is done."""
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
    if trial := job.result.get("trial"):
        _render_trial(BenchmarkResult(**trial), config)


def _render_findings(report: dict[str, Any]) -> None:
    for sentence in report.get("told", ()):
        st.markdown(f":material/check: {formatting.escape_markdown(sentence)}")


def _render_trial(trial: BenchmarkResult, config: RunConfig) -> None:
    """What it wrote, literally, and what its speed means for this run."""
    loaded_text, _, time_text = trial.describe(config)
    reading_text = f"That is read as **{trial.letter})**." if trial.letter else "That is read as no answer."
    for sentence in (loaded_text, time_text):
        st.markdown(f":material/check: {formatting.escape_markdown(sentence)}")
    with st.container(border=True):
        st.caption("A question, and what it wrote:")
        st.text(trial.problem[:MAX_SHOWN_CHARS])
        st.code(trial.text[:MAX_SHOWN_CHARS] or "(nothing)", language=None, wrap_lines=True)
        st.caption(reading_text)


def _show_job_error(form: RunForm, result: dict[str, Any]) -> None:
    error = ConfigError(result["problem"], result["remedy"], field=result.get("field") or "model")
    form.show_error_at_field(error)
