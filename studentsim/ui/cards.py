"""What pages are given to draw of a run in a list. Frozen, no streamlit."""

from __future__ import annotations

from dataclasses import dataclass

from studentsim.config import RunConfig


@dataclass(frozen=True)
class RunCard:
    """One run in a list. ``exam_label`` is its last exam in words."""

    run_id: str
    title: str
    status: str
    turn: int
    turns: int
    exam_label: str
    started_at: float
    recorded_label: str = ""
    """When and with which version a run that came with the product was made, in words; blank: it was made here."""
    strategy: str = ""
    exam_accuracies: tuple[float, ...] = ()
    """Of every exam, 0 to 1, in order."""
    student_version: str = ""
    """That its student was of an older version, or which language model it was, in words; blank: neither is to be said."""
    seed: int = 0
    name: str = ""
    """What the user calls it, at its start or since; blank: nothing."""
    group_id: str = ""
    """The id of the group of runs that it was started with; blank: it was started alone."""
    plan: str = ""
    """What that group was made for (``runs/groups.py``)."""
    student_label: str = ""
    """In plain words; so is ``strategy_label``."""
    strategy_label: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    config: RunConfig | None = None
    last_exam: tuple[int, int, int] | None = None
    """Of its last exam: right answers, questions, lesson; None: it has sat none."""
