"""The answer that is being generated: a language model takes a minute for a lesson, so its text is shown as it grows.

The worker writes it to a small file beside the journal (``studentsim/runs/live_text.py``). The card keeps its height, so that
nothing below it jumps while no answer is being generated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studentsim.labels.formatting import pluralize
from studentsim.ui.watch.large_text import render_large_text

MAX_PROBLEM_CHARS, MAX_TEXT_CHARS = 240, 420
"""Characters shown of the question (its beginning) and of the answer (its end) at most."""
WRITING_PHASE_LABELS: Mapping[str, str] = {"study": "practice", "revision": "another try", "exam": "exam"}


@dataclass(frozen=True)
class PartialAnswer:
    """The text of an answer so far. ``done`` of ``of`` answers of the stage are complete; ``of`` is 0 if not known."""

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
        """The data for its card (stage.js)."""
        return {"where": self.progress_label, "problem": self.problem, "text": self.text}


def parse_partial_answer(live_text: Mapping[str, Any] | None, *, stage: str, turn: int) -> PartialAnswer | None:
    """The content of the worker's file if it is of the current ``stage`` and ``turn``; else None: the file remains after its stage."""
    if not live_text or live_text.get("phase") != stage or live_text.get("turn") != turn:
        return None
    numbers = {
        name: value for name in ("tokens", "done", "of") if type(value := live_text.get(name)) is int
    }  # not a bool
    return PartialAnswer(
        stage,
        _truncate_end(str(live_text.get("problem") or "")),
        _truncate_start(str(live_text.get("text") or "")),
        **numbers,
    )


def _truncate_end(text: str) -> str:
    return text if len(text) <= MAX_PROBLEM_CHARS else f"{text[:MAX_PROBLEM_CHARS].rstrip()} …"


def _truncate_start(text: str) -> str:
    """The end of a text, from the beginning of a word."""
    if len(text) <= MAX_TEXT_CHARS:
        return text
    tail = text[-MAX_TEXT_CHARS:]
    return f"… {tail.partition(' ')[2] or tail}"


def render_writing_card(partial_answer: PartialAnswer | None, *, idle_text: str, key: str) -> None:
    """The card with the partial answer, or with ``idle_text`` if there is none. Texts are shown literally."""
    render_large_text({"writing": partial_answer.to_card_data() if partial_answer else {"idle": idle_text}}, key=key)
