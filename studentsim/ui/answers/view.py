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

from studentsim.store.queries import ANSWER_OUTCOMES, AnswerFilter
from studentsim.ui.url_state import UrlState

PHASES = ("exam", "study", "revision")
OTHER_VALUE = "other"
"""The value written beside the letter is another option's."""
DISPLAY_MODES = ("table", "cards")
ANSWER_KINDS = ("right", "ticked", "unanswered")
"""The marks without overlap, as the page offers them."""

_INCORRECT_KINDS = ("ticked", "unanswered")
_ALLOWED_VALUES = {"phase": PHASES, "show": DISPLAY_MODES, "value": (OTHER_VALUE,), "all": ("1",)}
_MIN_INTEGERS = {"lesson": 0, "answer": 0, "page": 1}
"""Parameters that are whole numbers, with the least each may be."""

DEPENDENT_FILTERS = {"category": ("skill", "slip", "question"), "skill": ("slip", "question")}
"""What a filter's change makes meaningless, and so takes away."""


@dataclass(frozen=True)
class AnswersView(UrlState):
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
    def parse_value(cls, name: str, text: str) -> str | int | None:
        """What a parameter's text means; None: nothing it could."""
        if name == "run":
            return text  # whether it exists is found out elsewhere, and said in one sentence
        if super().parse_value(name, text) is None:
            return None
        if name in _MIN_INTEGERS:
            number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
            return number if number >= _MIN_INTEGERS[name] else None
        if name == "mark":
            named = text.split(",")
            return mark_from_kinds(_kinds_from_marks(named)) if set(named) <= set(ANSWER_OUTCOMES) else None
        return text if text in _ALLOWED_VALUES.get(name, (text,)) else None

    def with_changes(self, **changes: Any) -> AnswersView:
        """The view with these fields changed. Another filter closes the open card and drops what it makes meaningless."""
        if set(changes) & {*self.FILTERS, "run"}:
            changes = {"answer": None, "page": None} | changes
        for name, inner in DEPENDENT_FILTERS.items():
            if name in changes and changes[name] != getattr(self, name):
                changes = dict.fromkeys(inner, "") | changes
        return replace(self, **changes)

    def with_default_filters(self, last_exam_turn: int | None, wrong_count: int) -> AnswersView:
        """What the link means where it narrows nothing: of the last ``last_exam_turn`` (None: there is none yet) the ``wrong_count`` answers, if any."""
        if last_exam_turn is None or self.active_filters or self.all or self.answer is not None:
            return self
        return replace(self, lesson=last_exam_turn, phase="exam", mark="wrong" if wrong_count else "")

    def to_params(self) -> dict[str, str]:
        """The link's parameters; that every answer is meant is said where no filter is in force."""
        params = super().to_params() | {"all": "1"}
        return {name: value for name, value in params.items() if name != "all" or not self.active_filters}

    def to_filter(self) -> AnswerFilter:
        """What the database is asked for."""
        return AnswerFilter(
            phase=self.phase, turn=self.lesson, category=self.category, skill=self.skill, misconception=self.slip, outcome=self.mark,
            search=self.search, question_id=self.question, value_differs=self.value == OTHER_VALUE,
        )  # fmt: skip

    @property
    def answer_kinds(self) -> tuple[str, ...]:
        """Which of ``ANSWER_KINDS`` the mark lets through, as far as it asks for any."""
        return _kinds_from_marks(self.mark.split(","))

    @property
    def without_filters(self) -> AnswersView:
        """The run's answers, all of them."""
        return AnswersView(run=self.run, show=self.show)


def mark_from_kinds(kinds: Collection[str]) -> str:
    """The ``mark`` that lets these ``ANSWER_KINDS`` through; all of them, or none, ask for nothing."""
    chosen = tuple(kind for kind in ANSWER_KINDS if kind in kinds)
    if chosen == _INCORRECT_KINDS:
        return "wrong"
    return "" if chosen == ANSWER_KINDS else ",".join(chosen)


def _kinds_from_marks(marks: Collection[str]) -> tuple[str, ...]:
    wanted = {kind for mark in marks for kind in (_INCORRECT_KINDS if mark == "wrong" else (mark,))}
    return tuple(kind for kind in ANSWER_KINDS if kind in wanted)
