"""The answer that is being written: a language model takes a minute over a lesson, so its last words are shown as they come.

The worker keeps them in a small file beside the journal (``studentsim/runs/live_text.py``); they become an answer, with its mark,
when they are done. Their place keeps its height, so that nothing below jumps when there are none for a while.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studentsim.ui.watch.large import large
from studentsim.ui.words import plural

PROBLEM, TEXT = 240, 420
"""Most characters of the question, from its beginning, and of the answer, from its end, that are shown."""
PHASES: Mapping[str, str] = {"study": "practice", "revision": "another try", "exam": "exam"}


@dataclass(frozen=True)
class Writing:
    """An answer as far as it is written. ``done`` of ``of`` answers of the stage are whole, 0 where that is not told."""

    phase: str
    problem: str
    text: str
    tokens: int = 0
    done: int = 0
    of: int = 0

    @property
    def where(self) -> str:
        """``practice, 12 of 24 answers done``"""
        told = PHASES.get(self.phase, self.phase)
        return f"{told}, {self.done} of {plural(self.of, 'answer')} done" if self.of else told

    def told(self) -> dict[str, str]:
        """What its card shows."""
        return {"where": self.where, "problem": self.problem, "text": self.text}


def written(said: Mapping[str, Any] | None, *, stage: str, turn: int) -> Writing | None:
    """What the worker's file tells, if it is of what goes on now: ``stage`` of lesson ``turn``. None: nothing is being written.

    The file stays between two stages that write, and what it holds is then an answer that is done.
    """
    if not said or said.get("phase") != stage or said.get("turn") != turn:
        return None
    numbers = {name: value for name in ("tokens", "done", "of") if isinstance(value := said.get(name), int)}
    return Writing(stage, _head(str(said.get("problem") or "")), _tail(str(said.get("text") or "")), **numbers)


def _head(text: str) -> str:
    return text if len(text) <= PROBLEM else f"{text[:PROBLEM].rstrip()} …"


def _tail(text: str) -> str:
    """The end of a text, from a word's beginning."""
    if len(text) <= TEXT:
        return text
    end = text[-TEXT:]
    return f"… {end.partition(' ')[2] or end}"


def place(writing: Writing | None, *, idle: str, key: str) -> None:
    """The card "writing now", or in its room a quiet line that says what goes on instead. Texts are shown as they are."""
    large({"writing": writing.told() if writing else {"idle": idle}}, key=key)
