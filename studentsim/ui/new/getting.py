"""How far the getting of a model is: the messages of ``studentsim.runs.get_model`` as a share, a sentence, and the time left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studentsim.ui import words

STEPS: Mapping[str, tuple[str, float, float]] = {
    "": ("Starting", 0.0, 0.02),
    "waiting": ("Another process is getting it; waiting for that", 0.0, 0.02),
    "downloading": ("Downloading", 0.02, 0.6),
    "checking": ("Checking that it is what it should be", 0.6, 0.65),
    "unpacking": ("Unpacking", 0.65, 0.7),
    "converting": ("Converting it for this program", 0.7, 0.9),
    "trying": ("Letting it write its first words", 0.9, 1.0),
}
"""For each step its words, and from where to where the bar goes meanwhile, 0 to 1: about as the seconds fall, on a common line."""
SOON = 2.0
"""Seconds of a step from which its rate is believed."""


@dataclass(frozen=True)
class Progress:
    """One message. ``done`` and ``of`` are bytes (of 0: not told), ``at`` seconds of a clock that only rises."""

    step: str
    done: float
    of: float
    at: float

    @classmethod
    def of_message(cls, said: Mapping[str, Any], at: float) -> Progress:
        """What a message tells; one that tells nothing yet is the start."""
        done, of = (_number(said.get(name)) for name in ("done", "of"))
        return cls(str(said.get("step") or ""), min(done, of) if of else done, of, at)

    @property
    def share(self) -> float:
        """Of the whole work, 0 to 1. A step that is not known here counts as one in the middle."""
        _, begin, end = STEPS.get(self.step, ("", 0.5, 0.5))
        return begin + (end - begin) * (self.done / self.of if self.of else 0.0)

    def left(self, begun: Progress) -> float | None:
        """Seconds left of this step, at the rate since ``begun``; None: too early to tell, or nothing to tell it by."""
        seconds, gained = self.at - begun.at, self.done - begun.done
        if self.step != begun.step or not self.of or seconds < SOON or gained <= 0:
            return None
        return (self.of - self.done) * seconds / gained

    def sentence(self, begun: Progress) -> str:
        """``Downloading: 41 of 93 MB, about 12 seconds left.``, or of a step that tells no figures how long it has taken."""
        what = STEPS.get(self.step, (words.capital(self.step), 0, 0))[0]
        amount = f": {self.done / 1e6:.0f} of {self.of / 1e6:.0f} MB" if self.of else ""
        left, taken = self.left(begun), self.at - begun.at
        if left is not None:
            return f"{what}{amount}, about {words.duration(left)} left."
        since = f", {words.duration(taken)} so far" if not self.of and taken >= SOON else ""
        return f"{what}{amount}{since}."


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and value > 0 else 0.0
