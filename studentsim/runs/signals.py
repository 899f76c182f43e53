"""Turns signals into an event that asks a run to pause."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def pause_on_signals(signals: Sequence[int]) -> Iterator[threading.Event]:
    """An event that these signals set; a second signal has its previous effect. In other threads than the main one it is never set."""
    pause_requested = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pause_requested
        return
    previous_handlers = {number: signal.getsignal(number) for number in signals}

    def on_signal(number: int, _frame: object) -> None:
        pause_requested.set()
        signal.signal(number, previous_handlers[number])

    for number in signals:
        signal.signal(number, on_signal)
    try:
        yield pause_requested
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)
