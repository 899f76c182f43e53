"""Child processes that speak JSON: a request on stdin, one object a line on stdout, of which the last is the result.

The parent calls ``run_json_child``; the child's module calls ``run_json_job``. An error is a result with ``problem``, ``remedy``,
``kind`` (its class) and ``field`` (the setting that is wrong, or ""); ``raise_reported_error`` raises it in the parent.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import studentsim
from studentsim import errors
from studentsim.errors import ConfigError, StudentsimError

Message = dict[str, Any]
REPORT_INTERVAL_SECONDS = 0.2
"""Seconds between two messages of one step."""
MAX_STDERR_CHARS = 4000
"""Last characters of a child's stderr that are kept."""
PIPES = {
    "stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
    "text": True, "encoding": "utf-8", "errors": "replace",
}  # fmt: skip
"""Arguments of ``Popen`` for all three pipes as text."""


@dataclass(frozen=True)
class ChildResult:
    """How a child ended: its last message ({}: it printed none), exit code and stderr, and whether it ran out of time."""

    message: Message
    exit_code: int
    stderr: str
    has_timed_out: bool = False

    @property
    def was_killed_for_memory(self) -> bool:
        """Whether it was killed, most likely by the system because the memory was full."""
        return self.exit_code in (-9, 137) and not self.has_timed_out

    @property
    def last_stderr_line(self) -> str:
        """The last line of stderr, at most 300 characters; "" if it is blank."""
        return (self.stderr.strip().splitlines() or [""])[-1][:300]


def child_environment() -> dict[str, str]:
    """This process's environment variables, with a ``PYTHONPATH`` in which a child finds this very package."""
    root = str(Path(studentsim.__file__).parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))}


def run_json_child(
    arguments: Sequence[str],
    request: str | Mapping[str, Any],
    *,
    timeout_seconds: float | None = None,
    on_message: Callable[[Message], None] = lambda message: None,
    on_start: Callable[[subprocess.Popen[str]], None] = lambda child: None,
    default_environment: Mapping[str, str] | None = None,
) -> ChildResult:
    """Run Python with these arguments to its end, with ``request`` on its stdin; ``on_message`` gets each message as it comes.

    The child is killed after ``timeout_seconds`` (None: never), and if a callback raises. ``default_environment``: variables that it gets
    where this process does not have them.

    :raises OSError: no process could be started.
    """
    env = {**(default_environment or {}), **child_environment()}
    with subprocess.Popen([sys.executable, *arguments], **PIPES, env=env) as child:
        on_start(child)
        text = request if isinstance(request, str) else json.dumps(request)
        return exchange_messages(child, text, timeout_seconds=timeout_seconds, on_message=on_message)


def exchange_messages(
    child: subprocess.Popen[str],
    request: str | None,
    *,
    timeout_seconds: float | None = None,
    on_message: Callable[[Message], None] = lambda message: None,
) -> ChildResult:
    """As ``run_json_child``, with a child that was started with ``PIPES``; without a request its stdin stays open."""
    last_message: Message = {}
    stderr_parts: list[str] = []
    has_timed_out = threading.Event()
    timer = threading.Timer(timeout_seconds or 0, lambda: (has_timed_out.set(), child.kill()))
    reader = threading.Thread(target=lambda: stderr_parts.append(child.stderr.read()[-MAX_STDERR_CHARS:]), daemon=True)
    timer.daemon = True
    reader.start()
    if timeout_seconds is not None:
        timer.start()
    try:
        if request is not None:
            with contextlib.suppress(BrokenPipeError):  # it ended at once; its exit code says why
                child.stdin.write(request)
                child.stdin.close()
        for line in child.stdout:
            if message := _parse_message(line):
                last_message = message
                on_message(message)
    except BaseException:  # such as an interrupt in on_message: nobody waits for the result
        child.kill()
        raise
    finally:
        timer.cancel()
    exit_code = child.wait()
    reader.join(timeout=1)
    return ChildResult(last_message, exit_code, "".join(stderr_parts), has_timed_out.is_set())


def raise_reported_error(message: Mapping[str, Any]) -> None:
    """Raise the error that a child's last message reports, if it reports one; an unknown kind as ``StudentsimError``."""
    if "problem" not in message:
        return
    kind = getattr(errors, message.get("kind", ""), StudentsimError)
    extra = {"field": message["field"]} if kind is ConfigError else {}
    raise kind(message["problem"], message["remedy"], **extra)


def run_json_job(
    work: Callable[[str, Callable[[Message], None]], Message],
    *,
    explain_error: Callable[[Exception], StudentsimError | None] = lambda error: None,
    partial_result: Message | None = None,
) -> None:
    """The main function of a child: call ``work`` with the request's text and a function that prints a message; print its result.

    Of messages of the same step (that differ in what is ``done`` alone) one every ``REPORT_INTERVAL_SECONDS`` is printed, and the last.

    What libraries print goes to stderr. ``explain_error`` turns further kinds of exceptions into an error for users; those for
    which it returns None end the process with a traceback. ``partial_result`` is in the error's message too.
    """
    out = sys.stdout
    last_report: tuple[object, float] = (None, 0.0)

    def report(message: Message) -> None:
        nonlocal last_report
        step, now = (*message, message.get("stage"), message.get("step")), time.monotonic()
        is_end = message.get("done") == message.get("of") != 0
        if step != last_report[0] or is_end or now - last_report[1] >= REPORT_INTERVAL_SECONDS:
            last_report = (step, now)
            print(json.dumps(message), file=out, flush=True)

    with contextlib.redirect_stdout(sys.stderr):
        try:
            result = work(sys.stdin.read(), report)
        except Exception as error:
            known = error if isinstance(error, StudentsimError) else explain_error(error)
            if known is None:
                raise
            field = getattr(known, "field", "")
            result = {**(partial_result or {}), "problem": known.problem, "remedy": known.remedy}
            result |= {"kind": type(known).__name__, "field": field}
    print(json.dumps(result), file=out, flush=True)


def _parse_message(line: str) -> Message:
    """The JSON object of a line; an empty one for anything else that a library prints."""
    with contextlib.suppress(ValueError):
        message = json.loads(line)
        return message if isinstance(message, dict) else {}
    return {}
