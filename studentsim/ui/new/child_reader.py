"""Reads what a visitor names (a file of questions, a grader's folder) in a child process, while the page waits or can be left.

Of such files the web process itself looks at nothing but names, sizes and times: one may be large, or never end.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from studentsim.child_process import Message
from studentsim.labels import formatting
from studentsim.ui import background
from studentsim.ui.new.form import RunForm


def read_in_child(
    form: RunForm, module: str, request: Mapping[str, Any], version: object, *, key: str, label: str
) -> Message | None:
    """The result of the job ``module`` for this request; ``label`` names what is read, as ``the questions``.

    None while it is read, which the page shows with a way to stop it, or after that was clicked; Start waits for it.
    """
    stopped_key = f"{key}.stopped"
    job = background.find_job(module, request, version)
    if job is None and st.session_state.get(stopped_key) != request:
        job = background.start_job(module, request, version)
        with st.spinner(f"Reading {label} …", show_time=True):
            job.wait(background.SHORT_WAIT_SECONDS)
    if job is not None and job.result is not None:
        return job.result
    form.block_start(f"{formatting.capitalize_first(label)} must be read first.")
    if job is None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                f"Read {label}", key=f"{key}.read", icon=":material/search:", on_click=st.session_state.pop, args=(stopped_key,)
            )  # fmt: skip
            st.caption("That was stopped.", width="content")
    else:
        st.fragment(_render_progress, run_every=1.0)(job, dict(request), key, label)
    return None


def _render_progress(job: background.Job, request: dict[str, Any], key: str, label: str) -> None:
    """How long it has been read, and Stop; reruns the page when it is done."""
    if not job.is_running:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        seconds = formatting.format_duration(job.elapsed_seconds)
        st.caption(
            f":material/hourglass_top: Reading {label}: {seconds} so far. You can go on meanwhile.", width="content"
        )
        st.button(
            "Stop", key=f"{key}.stop", type="tertiary", icon=":material/stop:", on_click=_stop, args=(job, request, key)
        )


def _stop(job: background.Job, request: dict[str, Any], key: str) -> None:
    job.cancel()
    st.session_state[f"{key}.stopped"] = request
