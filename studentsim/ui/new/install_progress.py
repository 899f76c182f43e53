"""Progress of a model's installation: the messages of ``studentsim.runs.model_install_job`` as a fraction, a sentence and the time left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studentsim.labels import formatting

DOWNLOAD_STEPS: Mapping[str, tuple[str, float, float]] = {
    "": ("Starting", 0.0, 0.02),
    "waiting": ("Another process is getting it; waiting for that", 0.0, 0.02),
    "downloading": ("Downloading", 0.02, 0.6),
    "checking": ("Checking that it is what it should be", 0.6, 0.65),
    "unpacking": ("Unpacking", 0.65, 0.7),
    "converting": ("Converting it for this program", 0.7, 0.9),
    "trying": ("Letting it write its first words", 0.9, 1.0),
}
"""For each step its label and where the progress bar begins and ends, 0 to 1: about in proportion to its time on a common line."""
MIN_RATE_SECONDS = 2.0
"""Seconds of a step before its rate is used."""


@dataclass(frozen=True)
class DownloadProgress:
    """One message: bytes done and in all (total 0: not known), and the seconds of a monotonic clock at which it came."""

    step: str
    done_bytes: float
    total_bytes: float
    clock_seconds: float

    @classmethod
    def from_message(cls, message: Mapping[str, Any], clock_seconds: float) -> DownloadProgress:
        """Parse a message; an empty one is the start."""
        done, total = (_positive_float(message.get(name)) for name in ("done", "of"))
        return cls(str(message.get("step") or ""), min(done, total) if total else done, total, clock_seconds)

    @property
    def fraction(self) -> float:
        """Fraction of the whole installation that is done, 0 to 1; 0.5 for a step not listed here."""
        _, begin, end = DOWNLOAD_STEPS.get(self.step, ("", 0.5, 0.5))
        return begin + (end - begin) * (self.done_bytes / self.total_bytes if self.total_bytes else 0.0)

    def estimate_seconds_left(self, step_start: DownloadProgress) -> float | None:
        """Seconds left of this step at the rate since ``step_start``; None: too early, or nothing to measure."""
        seconds, gained_bytes = self.clock_seconds - step_start.clock_seconds, self.done_bytes - step_start.done_bytes
        if self.step != step_start.step or not self.total_bytes or seconds < MIN_RATE_SECONDS or gained_bytes <= 0:
            return None
        return (self.total_bytes - self.done_bytes) * seconds / gained_bytes

    def describe(self, step_start: DownloadProgress) -> str:
        """``Downloading: 41 of 93 MB, about 12 seconds left.``, or for a step without figures how long it has taken."""
        step_label = DOWNLOAD_STEPS.get(self.step, (formatting.capitalize_first(self.step), 0, 0))[0]
        amount_text = f": {self.done_bytes / 1e6:.0f} of {self.total_bytes / 1e6:.0f} MB" if self.total_bytes else ""
        seconds_left = self.estimate_seconds_left(step_start)
        elapsed_seconds = self.clock_seconds - step_start.clock_seconds
        if seconds_left is not None:
            return f"{step_label}{amount_text}, about {formatting.format_duration(seconds_left)} left."
        elapsed_text = (
            f", {formatting.format_duration(elapsed_seconds)} so far"
            if not self.total_bytes and elapsed_seconds >= MIN_RATE_SECONDS
            else ""
        )
        return f"{step_label}{amount_text}{elapsed_text}."


def _positive_float(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and value > 0 else 0.0
