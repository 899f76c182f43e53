"""Jobs in child processes: work that is too slow for a page, or needs imports that the app must not have.

A child reads its request as JSON on stdin and writes one JSON object per line; the last one is its result. Equal requests, from
whatever visitor, share one child. No streamlit but its cache; the threads here call nothing of it.
"""

from __future__ import annotations

import atexit
import json
import subprocess
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import streamlit as st

from studentsim.child_process import Message, run_json_child

MAX_JOBS = 12
"""Jobs kept; the least recently used are dropped, and stopped if they still run."""
SHORT_WAIT_SECONDS = 3.0
"""Seconds for which a page waits for a job that most often takes one, before it shows a progress and a way to stop it."""
MAX_CONCURRENT_JOBS = 2
"""Children that run at the same time; further jobs wait."""


class Job:
    """One child process. ``last_message`` is its newest message; ``result``, None until it has ended, its last one or a problem."""

    def __init__(self, module: str, request: Mapping[str, Any], timeout_seconds: float) -> None:
        self.last_message: Message = {}
        self.result: Message | None = None
        self.started_at = time.monotonic()
        self._module, self._request, self._timeout_seconds = module, dict(request), timeout_seconds
        self._process: subprocess.Popen[str] | None = None
        self._cancelled = False
        self._ended = threading.Event()

    @property
    def is_running(self) -> bool:
        """Whether it runs or waits for a slot."""
        return self.result is None

    @property
    def elapsed_seconds(self) -> float:
        """Seconds since it was requested."""
        return time.monotonic() - self.started_at

    def wait(self, seconds: float) -> None:
        """Wait for its end, at most so long."""
        self._ended.wait(seconds)

    def cancel(self) -> None:
        """Stop it; its ``result`` then says so."""
        self._cancelled = True
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def run(self, slots: threading.Semaphore) -> None:
        """Run the child to its end; for a thread of its own."""
        with slots:
            try:
                self.result = self._run_process()
            except OSError as error:
                reason = error.strerror or type(error).__name__
                self.result = {"problem": f"No further process could be started: {reason}.", "remedy": "Try again."}
            finally:
                self._ended.set()

    def _run_process(self) -> Message:
        if self._cancelled:
            return _CANCELLED_RESULT
        request, self._request = self._request, {}  # it may be megabytes
        child = run_json_child(
            ["-m", self._module],
            request,
            timeout_seconds=self._timeout_seconds,
            on_message=lambda message: setattr(self, "last_message", message),
            on_start=lambda process: setattr(self, "_process", process),
        )
        if self._cancelled:
            return _CANCELLED_RESULT
        if child.exit_code == 0 and child.message:
            return child.message
        if child.has_timed_out:
            return {
                "problem": f"It was not done within {self._timeout_seconds / 60:.0f} minutes, and was stopped.",
                "remedy": "",
            }
        if child.was_killed_for_memory:
            return {"problem": "The system ended it: the memory is full, most likely.", "remedy": "Free some memory."}
        reason = child.last_stderr_line or "no reason was given"
        return {"problem": f"It ended without a result: {reason}", "remedy": "Try again."}


_CANCELLED_RESULT = {"problem": "It was stopped.", "remedy": "Start it again when you like.", "stopped": True}


class _JobRegistry:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.slots = threading.Semaphore(MAX_CONCURRENT_JOBS)
        self.jobs: OrderedDict[str, Job] = OrderedDict()
        atexit.register(self.cancel_all)

    def cancel_all(self) -> None:
        for job in list(self.jobs.values()):
            job.cancel()


@st.cache_resource(show_spinner=False, on_release=_JobRegistry.cancel_all)
def _job_registry() -> _JobRegistry:
    return _JobRegistry()


def find_job(module: str, request: Mapping[str, Any], version: object = "") -> Job | None:
    """The job started for this request; None if there was none, or it was stopped or dropped."""
    jobs = _job_registry()
    with jobs.lock:
        job = jobs.jobs.get(_job_key(module, request, version))
    return None if job is None or (job.result or {}).get("stopped") else job


def start_job(
    module: str,
    request: Mapping[str, Any],
    version: object = "",
    *,
    attachments: Mapping[str, Any] | None = None,
    timeout_seconds: float = 900,
    restart: bool = False,
) -> Job:
    """The job for this request, started unless it runs or has a result; one that failed is started again.

    ``version`` distinguishes equal requests, such as by a file's state. ``attachments`` are sent with the request but do not identify
    it, such as a text that the request names by its digest. ``restart`` also restarts a job that has a result.
    """
    jobs, key = _job_registry(), _job_key(module, request, version)
    with jobs.lock:
        job = jobs.jobs.get(key)
        if job is None or "problem" in (job.result or {}) or (restart and not job.is_running):
            job = jobs.jobs[key] = Job(module, {**request, **(attachments or {})}, timeout_seconds)
            threading.Thread(target=job.run, args=(jobs.slots,), daemon=True).start()
        jobs.jobs.move_to_end(key)
        while len(jobs.jobs) > MAX_JOBS:
            jobs.jobs.popitem(last=False)[1].cancel()
    return job


def _job_key(module: str, request: Mapping[str, Any], version: object) -> str:
    return json.dumps([module, request, repr(version)], sort_keys=True)
