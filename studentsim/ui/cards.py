"""A run in a list, as the pages render it. No streamlit."""

from __future__ import annotations

from dataclasses import dataclass

from studentsim.config import RunConfig


@dataclass(frozen=True)
class RunCard:
    """One run in a list. ``exam_label`` is its last exam in words, ``started_at`` in Unix seconds."""

    run_id: str
    title: str
    status: str
    turn: int
    turns: int
    exam_label: str
    started_at: float
    recorded_label: str = ""
    """When and with which version a bundled run was recorded, in words; blank for one made here."""
    strategy: str = ""
    exam_accuracies: tuple[float, ...] = ()
    """Accuracy of every exam, 0 to 1, in order."""
    student_version: str = ""
    """That its student is of an older version, or which language model it is, in words; blank for neither."""
    seed: int = 0
    name: str = ""
    """The user's name for it; blank for none."""
    group_id: str = ""
    """The id of the group it was started with; blank for a single run."""
    plan: str = ""
    """The group's plan (``runs/groups.py``)."""
    student_label: str = ""
    """For display, as is ``strategy_label``."""
    strategy_label: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    config: RunConfig | None = None
    """Its settings; None: they cannot be read."""
    problem: str = ""
    """What is wrong with it and what can be done, or why it waits; blank for neither."""
    last_exam: tuple[int, int, int] | None = None
    """Its last exam: correct answers, questions, turn; None before the first."""
