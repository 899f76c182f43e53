"""What Answers shows is its link. Every parameter may be left out; all of them together narrow the view. A link that names the run alone
opens on the wrong answers of its last exam.

    /Answers?run=20260701-101500-ab12&lesson=20&phase=exam&category=probability&mark=wrong

    run       the simulation's id; without it, one is chosen
    lesson    a whole number: answers of that lesson, and of the exam after it (0: before any lesson)
    phase     exam | study (practice, first tries) | revision (second and further tries)
    category  as the bank names it: probability
    skill     a skill's id: average-of-three
    slip      a misconception's id; "unknown": wrong, and no slip is known behind it
    mark      right | ticked (a wrong option) | unanswered, or several with commas; wrong: all that are not right
    value     other: those in which the value written beside the letter is another option's
    search    a text in the question or in the student's working, upper or lower case
    question  a question's id: its answers alone
    answer    the seq of one answer: its card is open, whether or not the filter lets it through
    show      table | cards; without it, cards on a phone and a table elsewhere
    page      which page of the cards, from 1
    all       1: nothing narrows the view, and every answer is meant

A value that cannot be meant (a lesson that is no number, an unknown mark) is left out, and the page says so. No streamlit here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from studentsim.store.queries import MARKS, Filter
from studentsim.ui.linked import Linked

PHASES = ("exam", "study", "revision")
OTHER = "other"
"""The value written beside the letter is another option's."""
SHOWS = ("table", "cards")
KINDS = ("right", "ticked", "unanswered")
"""The marks without overlap, as the page offers them."""

_NOT_RIGHT = ("ticked", "unanswered")
_CLOSED = {"phase": PHASES, "show": SHOWS, "value": (OTHER,), "all": ("1",)}
_WHOLE = {"lesson": 0, "answer": 0, "page": 1}
"""Parameters that are whole numbers, with the least each may be."""

WITHIN = {"category": ("skill", "slip", "question"), "skill": ("slip", "question")}
"""What a filter's change makes meaningless, and so takes away."""


@dataclass(frozen=True)
class View(Linked):
    """One view of Answers; see the module for what the fields mean. Empty fields narrow nothing."""

    FILTERS: ClassVar[tuple[str, ...]] = (
        "lesson",
        "phase",
        "category",
        "skill",
        "slip",
        "mark",
        "value",
        "search",
        "question",
    )

    run: str = ""
    lesson: int | None = None
    phase: str = ""
    category: str = ""
    skill: str = ""
    slip: str = ""
    mark: str = ""
    search: str = ""
    question: str = ""
    value: str = ""
    answer: int | None = None
    show: str = ""
    page: int | None = None
    all: str = ""

    @classmethod
    def meant(cls, name: str, text: str) -> str | int | None:
        """What a parameter's text means; None: nothing it could."""
        if name == "run":
            return text  # whether it exists is found out elsewhere, and said in one sentence
        if super().meant(name, text) is None:
            return None
        if name in _WHOLE:
            number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
            return number if number >= _WHOLE[name] else None
        if name == "mark":
            named = text.split(",")
            return mark_of(_kinds(named)) if set(named) <= set(MARKS) else None
        return text if text in _CLOSED.get(name, (text,)) else None

    def to(self, **changes: Any) -> View:
        """The view with these fields changed. Another filter closes the open card and drops what it makes meaningless."""
        if set(changes) & {*self.FILTERS, "run"}:
            changes = {"answer": None, "page": None} | changes
        for name, inner in WITHIN.items():
            if name in changes and changes[name] != getattr(self, name):
                changes = dict.fromkeys(inner, "") | changes
        return replace(self, **changes)

    def opening(self, exam: int | None, wrong: int) -> View:
        """What the link means where it narrows nothing: of the last ``exam`` (None: there is none yet) the ``wrong`` answers, if any."""
        if exam is None or self.narrowed or self.all or self.answer is not None:
            return self
        return replace(self, lesson=exam, phase="exam", mark="wrong" if wrong else "")

    def params(self) -> dict[str, str]:
        """The link's parameters; that every answer is meant is said where no filter is in force."""
        told = super().params() | {"all": "1"}
        return {name: value for name, value in told.items() if name != "all" or not self.narrowed}

    def filters(self) -> Filter:
        """What the database is asked for."""
        return Filter(
            phase=self.phase, turn=self.lesson, category=self.category, skill=self.skill, slip=self.slip, mark=self.mark,
            search=self.search, question_id=self.question, value_differs=self.value == OTHER,
        )  # fmt: skip

    @property
    def kinds(self) -> tuple[str, ...]:
        """Which of ``KINDS`` the mark lets through, as far as it asks for any."""
        return _kinds(self.mark.split(","))

    @property
    def whole(self) -> View:
        """The run's answers, all of them."""
        return View(run=self.run, show=self.show)


def mark_of(kinds: Collection[str]) -> str:
    """The ``mark`` that lets these ``KINDS`` through; all of them, or none, ask for nothing."""
    chosen = tuple(kind for kind in KINDS if kind in kinds)
    if chosen == _NOT_RIGHT:
        return "wrong"
    return "" if chosen == KINDS else ",".join(chosen)


def _kinds(marks: Collection[str]) -> tuple[str, ...]:
    wanted = {kind for mark in marks for kind in (_NOT_RIGHT if mark == "wrong" else (mark,))}
    return tuple(kind for kind in KINDS if kind in wanted)
