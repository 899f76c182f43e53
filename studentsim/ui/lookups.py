"""What a way of choosing looked at before it chose, lesson by lesson, and what that says of it. No streamlit here.

The log-probability rule (P0, "Strategies") keeps a question whose likeliest candidate answer stays below a threshold. It tells
something where some questions pass and others do not: where nearly all pass it is a draw, where nearly none do what it takes
is made up with the least sure. So the share that passes is told, and a warning where it lies above 90 or below 10 of 100.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studentsim.exam import wilson
from studentsim.ui import words

if TYPE_CHECKING:
    import pandas as pd

MOST, LEAST = 0.9, 0.1
"""Shares above and below which the rule hardly chooses."""


@dataclass(frozen=True)
class LessonLookups:
    """One lesson's figures. ``measure`` is ``confidence`` or ``p_correct`` (``TurnStarted.looked_by``)."""

    turn: int
    measure: str
    looked_at: int
    chosen: int
    """Of those looked at."""
    passed: int | None
    """Of those looked at, how many pass the rule; None: they were looked at for another figure than the rule's."""
    chosen_passed: int | None
    """Of those chosen."""
    mean: float
    """Of all figures, 0 to 1."""
    mean_chosen: float

    @property
    def share(self) -> float | None:
        """Passed of looked at, 0 to 1."""
        return None if self.passed is None else self.passed / self.looked_at


def from_event(event: Mapping[str, Any], threshold: float) -> LessonLookups | None:
    """What a TurnStarted of a journal tells; None where nothing was looked at, or by a version that did not tell."""
    figures: Mapping[str, float] = event.get("confidences") or {}
    if not figures:
        return None
    chosen = [figures[id] for id in event["question_ids"] if id in figures]
    rule = event["looked_by"] == "confidence"
    return LessonLookups(
        turn=event["turn"],
        measure=event["looked_by"],
        looked_at=len(figures),
        chosen=len(chosen),
        passed=sum(f < threshold for f in figures.values()) if rule else None,
        chosen_passed=sum(f < threshold for f in chosen) if rule else None,
        mean=sum(figures.values()) / len(figures),
        mean_chosen=sum(chosen) / max(1, len(chosen)),
    )


def from_frame(looked_at: pd.DataFrame) -> list[LessonLookups]:
    """The rows of ``queries.looked_at``."""
    found = []
    for row in looked_at.itertuples():
        rule = row.measure == "confidence"
        found.append(
            LessonLookups(
                int(row.turn), str(row.measure), int(row.looked_at), int(row.chosen),
                int(row.passed) if rule else None, int(row.chosen_passed) if rule else None,
                float(row.mean), float(row.mean_chosen) if row.chosen else 0.0,
            )
        )  # fmt: skip
    return found


def rule(lessons: Sequence[LessonLookups], threshold: float) -> str:
    """How questions are chosen, in a sentence that says what "the rule" is; blank where nothing was looked at."""
    if not lessons:
        return ""
    if lessons[0].passed is None:
        return "Before each lesson some questions are drawn, and those with the least P(right) are practised."
    return (
        f"The rule: a question is practised if the student's likeliest answer to it stays below {threshold:g}; where too few do, "
        "the number is made up with the least sure."
    )


def sentence(lessons: Sequence[LessonLookups]) -> str:
    """What the way of choosing found, over all lessons, in one or two sentences; blank where it looked at nothing."""
    if not lessons:
        return ""
    if lessons[0].passed is None:
        return _least_right(lessons)
    looked, passed = _sum(row.looked_at for row in lessons), _sum(row.passed for row in lessons)
    told = f"{words.score(passed, looked)} questions looked at pass the rule"
    told = words.bounded(told, *wilson(passed, looked), looked)
    share = passed / looked
    if share > MOST:
        return f"{told}, so this way chooses almost at random here."
    if share < LEAST:
        return f"Only {told}, so {_made_up(lessons)}."
    return f"{told}.{_in_some(lessons)}"


def warning(lessons: Sequence[LessonLookups]) -> str:
    """``sentence`` where the rule hardly chooses, over all lessons or in some; else blank."""
    shares = [row.share for row in lessons if row.share is not None]
    return sentence(lessons) if any(share > MOST or share < LEAST for share in shares) else ""


# ------------------------------------------------------------------ pieces


def _made_up(lessons: Sequence[LessonLookups]) -> str:
    chosen, kept = _sum(row.chosen for row in lessons), _sum(row.chosen_passed for row in lessons)
    if kept == chosen:
        return "it has to look at many to find enough"
    return f"{_of_those_chosen(chosen - kept, chosen)} were made up with the least sure"


def _of_those_chosen(part: int, whole: int) -> str:
    """``all of those chosen``, ``nearly all of those chosen (38 of 40)``, ``12 of the 40 chosen``."""
    if part == whole:
        return "all of those chosen"
    return f"nearly all of those chosen ({part} of {whole})" if part > MOST * whole else f"{part} of the {whole} chosen"


def _in_some(lessons: Sequence[LessonLookups]) -> str:
    """In how many lessons the rule hardly chose, where over all of them it did choose."""
    count = words.plural(len(lessons), "lesson")
    much, little = (
        sum(hardly(row.share) for row in lessons if row.share is not None)
        for hardly in (lambda share: share > MOST, lambda share: share < LEAST)
    )
    told = f" In {much} of {count} more than 90 of 100 pass: there it chooses almost at random." if much else ""
    if little:
        told += f" In {little} of {count} fewer than 10 of 100 pass: there most are made up with the least sure."
    return told


def _least_right(lessons: Sequence[LessonLookups]) -> str:
    looked, chosen = _sum(row.looked_at for row in lessons), _sum(row.chosen for row in lessons)
    mean = sum(row.mean * row.looked_at for row in lessons) / looked
    taken = sum(row.mean_chosen * row.chosen for row in lessons) / max(1, chosen)
    return (
        f"Before each lesson it looked at some questions ({looked:,} in all), and took those that it would most probably get "
        f"wrong ({chosen:,}): "
        f"P(right) is {taken:.2f} for these and {mean:.2f} for all, on average."
    )


def _sum(counts: Iterable[int | None]) -> int:
    return sum(count or 0 for count in counts)
