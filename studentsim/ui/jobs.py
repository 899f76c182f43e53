"""Work that takes too long for a page, or needs what the app must not import: a child process that says how far it is.

A child reads what is asked as JSON on stdin and writes one JSON object a line; the last one is its result. The same question
asked twice, by whomever, is one child. No streamlit but its cache; threads here call nothing of it.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

ROOT = Path(__file__).parents[2]
MOST = 12
"""Jobs that are remembered; the oldest are forgotten, and ended if they still run."""
AT_ONCE = 2
"""Children at work; further jobs wait."""
LAST_WORDS = 4000
"""Characters of what a child says on stderr that are kept."""


class Job:
    """One child. ``said`` is its newest message, ``result`` its last one once it has ended."""

    def __init__(self, module: str, asked: Mapping[str, Any], patience: float) -> None:
        self.said: dict[str, Any] = {}
        self.result: dict[str, Any] | None = None
        self.started = time.monotonic()
        self._module, self._asked, self._patience = module, dict(asked), patience
        self._process: subprocess.Popen[str] | None = None
        self._ended = False

    @property
    def running(self) -> bool:
        """Whether it is at work or waits for its turn."""
        return self.result is None

    @property
    def seconds(self) -> float:
        """Since it was asked for."""
        return time.monotonic() - self.started

    def end(self) -> None:
        """Stop it; its result is then that it was stopped."""
        self._ended = True
        if self._process is not None and self._process.poll() is None:
            self._process.kill()

    def work(self, room: threading.Semaphore) -> None:
        """Carry it out; for a thread of its own."""
        with room:
            try:
                self.result = self._carried_out()
            except OSError as error:
                reason = error.strerror or type(error).__name__
                self.result = {"problem": f"No further process could be started: {reason}.", "remedy": "Try again."}

    def _carried_out(self) -> dict[str, Any]:
        if self._ended:
            return _STOPPED
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, "-m", self._module]
        with subprocess.Popen(command, **pipes, text=True, encoding="utf-8", env=environment) as child:
            self._process = child
            watch = threading.Timer(self._patience, child.kill)
            watch.daemon = True
            watch.start()
            words: list[str] = []
            listener = threading.Thread(target=lambda: words.append(child.stderr.read()[-LAST_WORDS:]), daemon=True)
            listener.start()
            try:
                self._ask(child)
                for line in child.stdout:
                    self._hear(line)
            finally:
                watch.cancel()
            code = child.wait()
            listener.join(timeout=1)
        return self._ending(code, "".join(words))

    def _ask(self, child: subprocess.Popen[str]) -> None:
        try:
            child.stdin.write(json.dumps(self._asked))
            child.stdin.close()
        except BrokenPipeError:  # it died at once; its exit says why
            pass
        self._asked = {}  # it may be megabytes

    def _hear(self, line: str) -> None:
        try:
            message = json.loads(line)
        except ValueError:  # a library that prints
            return
        if isinstance(message, dict):
            self.said = message

    def _ending(self, code: int, words: str) -> dict[str, Any]:
        if self._ended:
            return _STOPPED
        if code == 0 and self.said:
            return self.said
        if code < 0 and self.seconds >= self._patience:
            return {
                "problem": f"It was not done within {self._patience / 60:.0f} minutes, and was stopped.",
                "remedy": "",
            }
        if code == -9:
            return {"problem": "The system ended it: the memory is full, most likely.", "remedy": "Free some memory."}
        last = (words.strip().splitlines() or ["no reason was given"])[-1]
        return {"problem": f"It ended without a result: {last[:300]}", "remedy": "Try again."}


_STOPPED = {"problem": "It was stopped.", "remedy": "Start it again when you like.", "stopped": True}


class _Jobs:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.room = threading.Semaphore(AT_ONCE)
        self.known: OrderedDict[str, Job] = OrderedDict()
        atexit.register(self.end)

    def end(self) -> None:
        for job in list(self.known.values()):
            job.end()


@st.cache_resource(show_spinner=False, on_release=_Jobs.end)
def _jobs() -> _Jobs:
    return _Jobs()


def known(module: str, asked: Mapping[str, Any], version: object = "") -> Job | None:
    """The job that was started for this question; None: it was not, or it was stopped or forgotten."""
    jobs = _jobs()
    with jobs.lock:
        job = jobs.known.get(_key(module, asked, version))
    return None if job is None or (job.result or {}).get("stopped") else job


def start(
    module: str,
    asked: Mapping[str, Any],
    version: object = "",
    *,
    attached: Mapping[str, Any] | None = None,
    patience: float = 900,
    again: bool = False,
) -> Job:
    """The job for this question, started unless it runs or has a result. One that came to nothing is started again, and with
    ``again`` any that does not run: its result may no longer hold.

    ``version`` tells apart what the question does not: the state of a file, say. ``attached`` is handed over with the
    question, but is no part of it: a text that the question names by its digest. ``patience`` in seconds.
    """
    jobs, key = _jobs(), _key(module, asked, version)
    with jobs.lock:
        job = jobs.known.get(key)
        if job is None or "problem" in (job.result or {}) or (again and not job.running):
            job = jobs.known[key] = Job(module, {**asked, **(attached or {})}, patience)
            threading.Thread(target=job.work, args=(jobs.room,), daemon=True).start()
        jobs.known.move_to_end(key)
        while len(jobs.known) > MOST:
            jobs.known.popitem(last=False)[1].end()
    return job


def _key(module: str, asked: Mapping[str, Any], version: object) -> str:
    return json.dumps([module, asked, repr(version)], sort_keys=True)
