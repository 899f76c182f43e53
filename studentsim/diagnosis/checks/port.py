"""Whether the app's port is free, or who listens there."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import psutil

from studentsim.diagnosis.finding import LOOK, OK, Context, Finding

TITLE, ORDER = "port", 40


def check(context: Context) -> Iterator[Finding]:
    """By listening there for a moment."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", context.port))
            attempt.listen(1)
        except OSError as error:
            yield _describe_owner(context.port, error)
            return
    yield Finding(OK, f"{context.port} is free.")


def _describe_owner(port: int, error: OSError) -> Finding:
    pid = _find_listener(port)
    try:
        command = " ".join(psutil.Process(pid).cmdline()) if pid else ""
    except psutil.Error:
        command = ""
    if "streamlit" in command and "app.py" in command:
        return Finding(OK, f"{port} is the app's (process {pid}): http://localhost:{port}")
    owner = f"process {pid}{f' ({command[:80]})' if command else ''}" if pid else "another process"
    remedy = f"Open the app on another port: python -m studentsim app --port {port + 1 if port < 65535 else 8501}"
    return Finding(LOOK, f"{port} is in use by {owner} ({error.strerror}).", remedy)


def _find_listener(port: int) -> int | None:
    try:
        connections = psutil.net_connections("tcp")
    except (psutil.Error, OSError):  # some systems show others' connections to the superuser alone
        return None
    return next(
        (c.pid for c in connections if c.status == psutil.CONN_LISTEN and c.laddr and c.laddr.port == port and c.pid),
        None,
    )
