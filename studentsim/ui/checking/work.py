"""The check itself: a process of its own, however long it takes, and how far it is."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import streamlit as st

from studentsim.bank.parts import names_of
from studentsim.bank.reading import files_of
from studentsim.errors import BankError
from studentsim.ui import jobs, words
from studentsim.ui.checking.choose import Asked

JOB = "studentsim.runs.bank_job"
LONG = 5.0
"""Seconds after which the page says that one can go on meanwhile."""


def report(asked: Asked) -> dict[str, Any] | None:
    """What the check found (``BankReport.to_json``); None: it was not started, still runs, or came to nothing, which is said."""
    version = _version(asked)
    job = jobs.known(JOB, asked.question, version)
    if job is None or "report" not in (job.result or {}):
        st.button(
            "Check them", key="check.start", type="primary", icon=":material/fact_check:", disabled=bool(job and job.running),
            on_click=_start, args=(asked, version),
        )  # fmt: skip
    if job is None:
        return None
    if job.running:
        st.fragment(_waiting, run_every=0.5)(job)
        return None
    if "problem" in job.result:
        told = f"**{words.literal(job.result['problem'])}** {words.literal(job.result['remedy'])}"
        st.error(told, icon=":material/error:")
    return job.result.get("report")


def _start(asked: Asked, version: object) -> None:
    files = [[name, base64.b64encode(content).decode()] for name, content in asked.files]
    attached = {"files": files} if files else {}
    jobs.start(JOB, asked.question, version, attached=attached)


def _waiting(job: jobs.Job) -> None:
    """How far it is; the page is drawn anew at its end."""
    if not job.running:
        st.rerun()
    done = job.said.get("done")
    text = "Reading the rows …" if done is None else f"{words.hundred(done)} of 100 rows checked"
    if job.seconds > LONG:
        text += f", {words.duration(job.seconds)} so far. You can look at other pages meanwhile."
    st.progress(done or 0.0, text=text)
    st.button("Stop", key="check.stop", type="tertiary", icon=":material/stop:", on_click=job.end)


def _version(asked: Asked) -> tuple[int, ...]:
    """Changes when a file does, so that a corrected one is checked anew."""
    if asked.files:
        return ()
    paths = [Path(name) for name in names_of(asked.source)]
    try:
        stats = [f.stat() for path in paths if path.exists() for f in (files_of(path) if path.is_dir() else [path])]
    except (OSError, ValueError, BankError):
        return ()
    return max((s.st_mtime_ns for s in stats), default=0), sum(s.st_size for s in stats), len(stats)
