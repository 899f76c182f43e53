"""What a way of choosing looked at before it chose, lesson by lesson, and what that says of it. No streamlit here.

The log-probability rule (P0, "Strategies") keeps a question whose likeliest candidate answer stays below a threshold. It tells
something where some questions pass and others do not: where nearly all pass it is a draw, where nearly none do what it takes
is made up with the least sure. So the share that passes is told, and a warning where it lies above 90 or below 10 of 100.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studentsim.exam import wilson_interval
from studentsim.labels import formatting

if TYPE_CHECKING:
    import pandas as pd

HIGH_PASS_RATE, LOW_PASS_RATE = 0.9, 0.1
"""Shares above and below which the rule hardly chooses."""


@dataclass(frozen=True)
class LessonSelectionStats:
    """One lesson's figures. ``measure`` is ``confidence`` or ``p_correct`` (``TurnStarted.looked_by``)."""

    turn: int
    measure: str
    candidates: int
    chosen: int
    """Of those looked at."""
    passed: int | None
    """Of those looked at, how many pass the rule; None: they were looked at for another figure than the rule's."""
    chosen_passed: int | None
    """Of those chosen."""
    mean_candidates: float
    """Of all figures, 0 to 1."""
    mean_chosen: float

    @property
    def pass_rate(self) -> float | None:
        """Passed of looked at, 0 to 1."""
        return None if self.passed is None else self.passed / self.candidates


def selection_stats_from_event(event: Mapping[str, Any], threshold: float) -> LessonSelectionStats | None:
    """What a TurnStarted of a journal tells; None where nothing was looked at, or by a version that did not tell."""
    figures: Mapping[str, float] = event.get("confidences") or {}
    if not figures:
        return None
    chosen = [figures[id] for id in event["question_ids"] if id in figures]
    rule = event["looked_by"] == "confidence"
    return LessonSelectionStats(
        turn=event["turn"],
        measure=event["looked_by"],
        candidates=len(figures),
        chosen=len(chosen),
        passed=sum(f < threshold for f in figures.values()) if rule else None,
        chosen_passed=sum(f < threshold for f in chosen) if rule else None,
        mean_candidates=sum(figures.values()) / len(figures),
        mean_chosen=sum(chosen) / max(1, len(chosen)),
    )


def selection_stats_from_frame(looked_at: pd.DataFrame) -> list[LessonSelectionStats]:
    """The rows of ``queries.looked_at``."""
    found = []
    for row in looked_at.itertuples():
        rule = row.measure == "confidence"
        found.append(
            LessonSelectionStats(
                int(row.turn), str(row.measure), int(row.looked_at), int(row.chosen),
                int(row.passed) if rule else None, int(row.chosen_passed) if rule else None,
                float(row.mean), float(row.mean_chosen) if row.chosen else 0.0,
            )
        )  # fmt: skip
    return found


def describe_selection_rule(lessons: Sequence[LessonSelectionStats], threshold: float) -> str:
    """How questions are chosen, in a sentence that says what "the rule" is; blank where nothing was looked at."""
    if not lessons:
        return ""
    if lessons[0].passed is None:
        return "Before each lesson some questions are drawn, and those with the least P(right) are practised."
    return (
        f"The rule: a question is practised if the student's likeliest answer to it stays below {threshold:g}; where too few do, "
        "the number is made up with the least sure."
    )


def describe_selection_stats(lessons: Sequence[LessonSelectionStats]) -> str:
    """What the way of choosing found, over all lessons, in one or two sentences; blank where it looked at nothing."""
    if not lessons:
        return ""
    if lessons[0].passed is None:
        return _describe_likely_wrong(lessons)
    candidates, passed = _sum_counts(row.candidates for row in lessons), _sum_counts(row.passed for row in lessons)
    text = f"{formatting.format_score(passed, candidates)} questions looked at pass the rule"
    text = formatting.append_interval(text, *wilson_interval(passed, candidates), candidates)
    share = passed / candidates
    if share > HIGH_PASS_RATE:
        return f"{text}, so this way chooses almost at random here."
    if share < LOW_PASS_RATE:
        return f"Only {text}, so {_describe_fallback(lessons)}."
    return f"{text}.{_describe_extreme_lessons(lessons)}"


def selection_warning(lessons: Sequence[LessonSelectionStats]) -> str:
    """``describe_selection_stats`` where the rule hardly chooses, over all lessons or in some; else blank."""
    shares = [row.pass_rate for row in lessons if row.pass_rate is not None]
    return (
        describe_selection_stats(lessons)
        if any(share > HIGH_PASS_RATE or share < LOW_PASS_RATE for share in shares)
        else ""
    )


# ------------------------------------------------------------------ pieces


def _describe_fallback(lessons: Sequence[LessonSelectionStats]) -> str:
    chosen, passed = _sum_counts(row.chosen for row in lessons), _sum_counts(row.chosen_passed for row in lessons)
    if passed == chosen:
        return "it has to look at many to find enough"
    return f"{_share_of_chosen_label(chosen - passed, chosen)} were made up with the least sure"


def _share_of_chosen_label(part: int, whole: int) -> str:
    """``all of those chosen``, ``nearly all of those chosen (38 of 40)``, ``12 of the 40 chosen``."""
    if part == whole:
        return "all of those chosen"
    return (
        f"nearly all of those chosen ({part} of {whole})"
        if part > HIGH_PASS_RATE * whole
        else f"{part} of the {whole} chosen"
    )


def _describe_extreme_lessons(lessons: Sequence[LessonSelectionStats]) -> str:
    """In how many lessons the rule hardly chose, where over all of them it did choose."""
    count = formatting.pluralize(len(lessons), "lesson")
    many_passing, few_passing = (
        sum(hardly(row.pass_rate) for row in lessons if row.pass_rate is not None)
        for hardly in (lambda share: share > HIGH_PASS_RATE, lambda share: share < LOW_PASS_RATE)
    )
    text = (
        f" In {many_passing} of {count} more than 90 of 100 pass: there it chooses almost at random."
        if many_passing
        else ""
    )
    if few_passing:
        text += f" In {few_passing} of {count} fewer than 10 of 100 pass: there most are made up with the least sure."
    return text


def _describe_likely_wrong(lessons: Sequence[LessonSelectionStats]) -> str:
    candidates, chosen = _sum_counts(row.candidates for row in lessons), _sum_counts(row.chosen for row in lessons)
    mean = sum(row.mean_candidates * row.candidates for row in lessons) / candidates
    mean_chosen = sum(row.mean_chosen * row.chosen for row in lessons) / max(1, chosen)
    return (
        f"Before each lesson it looked at some questions ({candidates:,} in all), and took those that it would most probably get "
        f"wrong ({chosen:,}): "
        f"P(right) is {mean_chosen:.2f} for these and {mean:.2f} for all, on average."
    )


def _sum_counts(counts: Iterable[int | None]) -> int:
    return sum(count or 0 for count in counts)
