"""The state of the Answers page, which is its link. Every parameter is optional, and filters combine. A link with the run alone opens
the wrong answers of its last exam.

    /Answers?run=20260701-101500-ab12&lesson=20&phase=exam&category=probability&mark=wrong

    run       a run's id; without it, the page offers a list
    lesson    an integer: answers of that turn, and of the exam after it (0: before the first turn)
    phase     exam | study (practice, first attempts) | revision (second and further attempts)
    category  as the dataset names it: probability
    skill     a skill's id: average-of-three
    slip      a misconception's id; "unknown": wrong without a known misconception
    mark      right | ticked (a wrong option) | unanswered, or several with commas; wrong: all that are not right
    value     other: the value written beside the letter is another option's
    search    a text in the question or the student's working, ignoring case
    question  a question's id
    answer    the seq of one answer, shown as a card whether or not it passes the filters
    show      table | cards; without it, cards on a phone and a table elsewhere
    page      the page of cards, from 1
    all       1: no filter, all answers

An invalid value (a lesson that is no number, an unknown mark) is ignored, and the page says so. No streamlit.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from studentsim.store.queries import ANSWER_OUTCOMES, AnswerFilter
from studentsim.ui.url_state import UrlState

PHASES = ("exam", "study", "revision")
OTHER_VALUE = "other"
"""The parameter ``value`` where the value written beside the letter is another option's."""
DISPLAY_MODES = ("table", "cards")
ANSWER_KINDS = ("right", "ticked", "unanswered")
"""The answer's kinds without overlap, as the page offers them."""

_INCORRECT_KINDS = ("ticked", "unanswered")
_ALLOWED_VALUES = {"phase": PHASES, "show": DISPLAY_MODES, "value": (OTHER_VALUE,), "all": ("1",)}
_MIN_INTEGERS = {"lesson": 0, "answer": 0, "page": 1}
"""Integer parameters, with their minimum."""

DEPENDENT_FILTERS = {"category": ("skill", "slip", "question"), "skill": ("slip", "question")}
"""Filters that a change of another one resets."""


@dataclass(frozen=True)
class AnswersView(UrlState):
    """One view of Answers; the module's docstring explains the fields. Empty fields filter nothing."""

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
        """A parameter's value; None where the text is invalid."""
        if name == "run":
            return text  # a run that does not exist is reported elsewhere
        if super().parse_value(name, text) is None:
            return None
        if name in _MIN_INTEGERS:
            number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
            return number if number >= _MIN_INTEGERS[name] else None
        if name == "mark":
            marks = text.split(",")
            return mark_from_kinds(kinds_from_marks(marks)) if set(marks) <= set(ANSWER_OUTCOMES) else None
        return text if text in _ALLOWED_VALUES.get(name, (text,)) else None

    def with_changes(self, **changes: Any) -> AnswersView:
        """The view with these fields changed. A changed filter closes the open card and resets ``DEPENDENT_FILTERS``."""
        if set(changes) & {*self.FILTERS, "run"}:
            changes = {"answer": None, "page": None} | changes
        for name, dependent in DEPENDENT_FILTERS.items():
            if name in changes and changes[name] != getattr(self, name):
                changes = dict.fromkeys(dependent, "") | changes
        return super().with_changes(**changes)

    def with_default_filters(self, last_exam_turn: int | None, wrong_count: int) -> AnswersView:
        """The default of a link without filters: the last exam (None: there is none yet), its wrong answers if it has any."""
        if last_exam_turn is None or self.active_filters or self.all or self.answer is not None:
            return self
        return replace(self, lesson=last_exam_turn, phase="exam", mark="wrong" if wrong_count else "")

    def to_params(self) -> dict[str, str]:
        """The link's parameters, with ``all`` where no filter is set."""
        params = super().to_params() | {"all": "1"}
        return {name: value for name, value in params.items() if name != "all" or not self.active_filters}

    def to_filter(self) -> AnswerFilter:
        """The filter of the database query."""
        return AnswerFilter(
            phase=self.phase, turn=self.lesson, category=self.category, skill=self.skill, misconception=self.slip, outcome=self.mark,
            search=self.search, question_id=self.question, value_differs=self.value == OTHER_VALUE,
        )  # fmt: skip

    @property
    def answer_kinds(self) -> tuple[str, ...]:
        """The ``ANSWER_KINDS`` that ``mark`` filters for; empty without a mark."""
        return kinds_from_marks(self.mark.split(","))

    @property
    def without_filters(self) -> AnswersView:
        """The same run, with no answer filtered out."""
        return AnswersView(run=self.run, show=self.show)


def mark_from_kinds(kinds: Collection[str]) -> str:
    """The ``mark`` that filters for these ``ANSWER_KINDS``; blank for all or none of them."""
    chosen = tuple(kind for kind in ANSWER_KINDS if kind in kinds)
    if chosen == _INCORRECT_KINDS:
        return "wrong"
    return "" if chosen == ANSWER_KINDS else ",".join(chosen)


def kinds_from_marks(marks: Collection[str]) -> tuple[str, ...]:
    """The ``ANSWER_KINDS`` that these marks of a link filter for."""
    kinds = {kind for mark in marks for kind in (_INCORRECT_KINDS if mark == "wrong" else (mark,))}
    return tuple(kind for kind in ANSWER_KINDS if kind in kinds)
