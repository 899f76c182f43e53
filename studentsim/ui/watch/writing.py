"""The answer that is being written: a language model takes a minute over a lesson, so its last words are shown as they come.

The worker keeps them in a small file beside the journal (``studentsim/runs/live_text.py``); they become an answer, with its mark,
when they are done. Their place keeps its height, so that nothing below jumps when there are none for a while.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studentsim.labels.formatting import pluralize
from studentsim.ui.watch.large import render_large_text

MAX_PROBLEM_CHARS, MAX_TEXT_CHARS = 240, 420
"""Most characters of the question, from its beginning, and of the answer, from its end, that are shown."""
WRITING_PHASE_LABELS: Mapping[str, str] = {"study": "practice", "revision": "another try", "exam": "exam"}


@dataclass(frozen=True)
class PartialAnswer:
    """An answer as far as it is written. ``done`` of ``of`` answers of the stage are whole, 0 where that is not told."""

    phase: str
    problem: str
    text: str
    tokens: int = 0
    done: int = 0
    of: int = 0

    @property
    def progress_label(self) -> str:
        """``practice, 12 of 24 answers done``"""
        phase_label = WRITING_PHASE_LABELS.get(self.phase, self.phase)
        return f"{phase_label}, {self.done} of {pluralize(self.of, 'answer')} done" if self.of else phase_label

    def to_card_data(self) -> dict[str, str]:
        """What its card shows."""
        return {"where": self.progress_label, "problem": self.problem, "text": self.text}


def parse_partial_answer(live_text: Mapping[str, Any] | None, *, stage: str, turn: int) -> PartialAnswer | None:
    """What the worker's file tells, if it is of what goes on now: ``stage`` of lesson ``turn``. None: nothing is being written.

    The file stays between two stages that write, and what it holds is then an answer that is done.
    """
    if not live_text or live_text.get("phase") != stage or live_text.get("turn") != turn:
        return None
    numbers = {name: value for name in ("tokens", "done", "of") if isinstance(value := live_text.get(name), int)}
    return PartialAnswer(
        stage,
        _truncate_end(str(live_text.get("problem") or "")),
        _truncate_start(str(live_text.get("text") or "")),
        **numbers,
    )


def _truncate_end(text: str) -> str:
    return text if len(text) <= MAX_PROBLEM_CHARS else f"{text[:MAX_PROBLEM_CHARS].rstrip()} …"


def _truncate_start(text: str) -> str:
    """The end of a text, from a word's beginning."""
    if len(text) <= MAX_TEXT_CHARS:
        return text
    tail = text[-MAX_TEXT_CHARS:]
    return f"… {tail.partition(' ')[2] or tail}"


def render_writing_card(partial_answer: PartialAnswer | None, *, idle_text: str, key: str) -> None:
    """The card "writing now", or in its room a quiet line that says what goes on instead. Texts are shown as they are."""
    render_large_text({"writing": partial_answer.to_card_data() if partial_answer else {"idle": idle_text}}, key=key)
