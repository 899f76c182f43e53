"""Signals that ask a run to pause, as an event that the run looks at."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def paused_by(signals: Sequence[int]) -> Iterator[threading.Event]:
    """An event that these signals set; the second signal acts as it did before. In the main thread only."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    earlier = {number: signal.getsignal(number) for number in signals}

    def on_signal(number: int, _frame: object) -> None:
        asked.set()
        signal.signal(number, earlier[number])

    for number in signals:
        signal.signal(number, on_signal)
    try:
        yield asked
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
