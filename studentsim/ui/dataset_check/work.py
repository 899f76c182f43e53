"""The check in a child process, and its progress."""

from __future__ import annotations

import base64
from typing import Any

import streamlit as st

from studentsim.datasets.registry import compute_files_stamp
from studentsim.labels import formatting
from studentsim.ui import background
from studentsim.ui.dataset_check.choose import CheckRequest

JOB_MODULE = "studentsim.runs.dataset_job"
LONG_WAIT_SECONDS = 5.0
"""Seconds after which the page says that other pages can be used meanwhile."""


def render_check_job(request: CheckRequest) -> dict[str, Any] | None:
    """The check's report (``BankReport.to_json``); None while it has not finished, or failed, which the page shows."""
    version = _files_version(request)
    job = background.find_job(JOB_MODULE, request.job_payload, version)
    if job is None or "report" not in (job.result or {}):
        st.button(
            "Check them", key="check.start", type="primary", icon=":material/fact_check:", disabled=bool(job and job.is_running),
            on_click=_start_check, args=(request, version),
        )  # fmt: skip
    if job is None:
        return None
    if job.is_running:
        st.fragment(_render_check_progress, run_every=0.5)(job)
        return None
    if "problem" in job.result:
        problem, remedy = (formatting.escape_markdown(job.result[name]) for name in ("problem", "remedy"))
        st.error(f"**{problem}** {remedy}", icon=":material/error:")
    return job.result.get("report")


def _start_check(request: CheckRequest, version: object) -> None:
    files = [[name, base64.b64encode(content).decode()] for name, content in request.files]
    background.start_job(JOB_MODULE, request.job_payload, version, attachments={"files": files} if files else {})


def _render_check_progress(job: background.Job) -> None:
    """The job's progress; the page reruns when it ends."""
    if not job.is_running:
        st.rerun()
    done = job.last_message.get("done")
    text = "Reading the rows …" if done is None else f"{formatting.round_percent(done)} of 100 rows checked"
    if job.elapsed_seconds > LONG_WAIT_SECONDS:
        text += f", {formatting.format_duration(job.elapsed_seconds)} so far. You can look at other pages meanwhile."
    st.progress(done or 0.0, text=text)
    st.button("Stop", key="check.stop", type="tertiary", icon=":material/stop:", on_click=job.cancel)


def _files_version(request: CheckRequest) -> tuple[int, ...]:
    """Changes when the source's files do, so that a corrected file is checked again; uploads are distinguished by their content."""
    return () if request.files else compute_files_stamp(request.source)
