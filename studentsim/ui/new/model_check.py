"""“Check this model”: a process of its own finds it, reckons its memory, and lets it answer; the page goes on meanwhile."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import ConfigError
from studentsim.runs.models import Trial
from studentsim.ui import jobs, language_models, sentences, words
from studentsim.ui.new.estimate import Estimate
from studentsim.ui.new.form import Form
from studentsim.ui.new.suited import EMBEDDED

JOB = "studentsim.runs.model_job"
PATIENCE = 3600
"""Seconds a check may take: a download of some gigabytes is in it."""
OF_OWN = (
    "Is it there, and may it be used; does the memory suffice; what does it answer; how long will the simulation take? "
)
OF_GOT = "What does it answer, and how long will the simulation take on this computer? "
LONGEST = 1200
"""Characters of the question and of the answer that are shown."""
STAGES = {
    "": "Starting",
    "finding": "Looking for it, here and at the hub",
    "trying": "Loading it and letting it answer; a download comes first if it is not here",
}
SETTLED = (
    "model", "hub", "bank", "bank_category", "bank_set", "leave_out_doubtful", "temperature", "min_p", "max_new_tokens", "questions",
    "exam", "learning",
)  # fmt: skip
"""Settings on which a trial's figures hang. A run's length can be changed, and its time is reckoned anew."""


def check(form: Form, place: Any) -> None:
    """The button, and what came of it, in ``place``; to be called when all settings are gathered."""
    if place is None:
        return
    with place:
        config = _asked(form)
        job = _job(config) if config else None
        got = language_models.known(config.model if config else form.settings["model"]) is not None
        st.button(
            "Try it out here" if got else "Check this model",
            key="new.model.check",
            icon=":material/troubleshoot:",
            disabled=config is None or bool(job and job.running),
            on_click=_start,
            args=(config,),
        )
        if job is None:
            st.caption(
                (OF_GOT if got else OF_OWN)
                + "That loads it once, in the background."
                + ("" if config else " First put right what is said at the fields.")
            )
            return
        st.fragment(_shown, run_every=1.0 if job.running else None)(job, config)
        if job.result and "problem" in job.result:
            _refuse(form, job.result)


def estimate(config: RunConfig, guess: Estimate) -> str:
    """How long a run will take: as this computer's recent runs say (``guess``), else as the model's trial did, else not known."""
    if (checked := _by_trial(config, guess)) is not None:
        return f"About {words.duration(checked)} on this computer, judged by the check of the model."
    if _rough(config, guess):
        return sentences.estimate(guess.low, guess.high, guess.runs)
    return "How long it takes is not known yet: *Check this model* above tells."


def brief_estimate(config: RunConfig, guess: Estimate) -> str:
    """The same in a few words, where there is little room: ``About 2 minutes.``; blank where it is not known."""
    if (checked := _by_trial(config, guess)) is not None:
        return f"About {words.duration(checked)}."
    return f"About {words.durations(guess.low, guess.high)}." if _rough(config, guess) else ""


def _rough(config: RunConfig, guess: Estimate) -> bool:
    """Whether ``guess`` may be said, be it from no run: of models whose speed is known."""
    return bool(config.model == EMBEDDED or guess.runs or language_models.known(config.model))


def _by_trial(config: RunConfig, guess: Estimate) -> float | None:
    """Seconds as the model's trial has them; None where there was none, or runs tell better."""
    if config.model == EMBEDDED or guess.runs:
        return None
    job = _job(config)
    return Trial(**job.result["trial"]).seconds(config) if job and "trial" in (job.result or {}) else None


def _asked(form: Form) -> RunConfig | None:
    """The settings of the trial; None while one of them is wrong."""
    try:
        if form.refused:
            return None
        return RunConfig.make(**form.settings, learning=form.learning)
    except ConfigError:
        return None


def _job(config: RunConfig) -> jobs.Job | None:
    return None if config.model == EMBEDDED else jobs.known(JOB, _settled(config))


def _settled(config: RunConfig) -> dict[str, Any]:
    return config.model_dump(mode="json", include=set(SETTLED))


def _start(config: RunConfig) -> None:
    jobs.start(JOB, _settled(config), patience=PATIENCE)


def _shown(job: jobs.Job, config: RunConfig) -> None:
    """How far the check is, or what it found; the page is drawn anew when it is done."""
    if job.result is None:
        stage = str(job.said.get("stage", ""))
        step = f": {words.literal(str(job.said['step']))}" if "step" in job.said else ""
        st.progress(
            (1 + list(STAGES).index(stage)) / (1 + len(STAGES)),
            text=f"{STAGES[stage]}{step} … {words.duration(job.seconds)}",
        )
        _told(job.said)
        st.button("Stop the check", key="new.model.stop", type="tertiary", icon=":material/stop:", on_click=job.end)
        st.session_state["new.model.waits"] = True
        return
    if st.session_state.pop("new.model.waits", False):
        st.rerun()
    _told(job.result)
    if trial := job.result.get("trial"):
        _tried(Trial(**trial), config)


def _told(found: dict[str, Any]) -> None:
    for sentence in found.get("told", ()):
        st.markdown(f":material/check: {words.literal(sentence)}")


def _tried(trial: Trial, config: RunConfig) -> None:
    """What it wrote, literally, and what its speed means for this run."""
    loaded, _, time = trial.sentences(config)
    read = f"That is read as **{trial.letter})**." if trial.letter else "That is read as no answer."
    for sentence in (loaded, time):
        st.markdown(f":material/check: {words.literal(sentence)}")
    with st.container(border=True):
        st.caption("A question, and what it wrote:")
        st.text(trial.problem[:LONGEST])
        st.code(trial.text[:LONGEST] or "(nothing)", language=None, wrap_lines=True)
        st.caption(read)


def _refuse(form: Form, result: dict[str, Any]) -> None:
    error = ConfigError(result["problem"], result["remedy"], field=result.get("field") or "model")
    form.at_field(error)
