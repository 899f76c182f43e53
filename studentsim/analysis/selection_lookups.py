"""The candidates that a strategy scored before it chose, turn by turn, and sentences on them. No streamlit here.

A rule with a threshold (``Strategy.uses_threshold``) passes a question whose likeliest option has a probability below it. It
selects only where some candidates pass and others do not: where nearly all pass the choice is random, where nearly none do the
turn is filled with the least sure. So the pass rate is given, and a warning where it is above 90 or below 10 of 100.

Source: P0, "Strategies".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studentsim.exam import wilson_interval
from studentsim.labels import formatting
from studentsim.selection.registry import STRATEGIES, find_strategy
from studentsim.selection.strategy import Strategy

if TYPE_CHECKING:
    import pandas as pd

HIGH_PASS_RATE, LOW_PASS_RATE = 0.9, 0.1
"""Pass rates (0 to 1) above and below which the rule hardly selects."""
MEASURE_LABELS: Mapping[str, str] = {"p_correct": "P(right)", "confidence": "P(likeliest)"}
"""Name of a measure's scores in sentences and tables."""
DEFAULT_RULE = "Before each lesson some questions are looked at, and some of them are practised."


@dataclass(frozen=True)
class LessonSelectionStats:
    """One turn's candidates. ``measure`` is ``confidence`` or ``p_correct`` (``TurnStarted.score_kind``)."""

    turn: int
    measure: str
    candidates: int
    chosen: int
    """Candidates that were chosen."""
    passed: int | None
    """Candidates that pass the rule; None: the strategy has no threshold."""
    chosen_passed: int | None
    """Chosen candidates that pass the rule; None as for ``passed``."""
    mean_candidates: float
    """Mean score of all candidates, 0 to 1."""
    mean_chosen: float
    """Mean score of the chosen ones, 0 to 1."""
    strategy: str = ""
    """Its id; "": the first strategy with this measure."""

    @property
    def pass_rate(self) -> float | None:
        """The share of candidates that pass the rule, 0 to 1; None as for ``passed``."""
        return None if self.passed is None else self.passed / self.candidates


def selection_stats_from_event(
    event: Mapping[str, Any], threshold: float, strategy: str = ""
) -> LessonSelectionStats | None:
    """The stats of a journal's TurnStarted; None where no candidates were scored or recorded. ``strategy``: the run's."""
    scores: Mapping[str, float] = event.get("confidences") or {}
    if not scores:
        return None
    chosen = [scores[id] for id in event["question_ids"] if id in scores]
    has_rule = _scoring_strategy(strategy, event["score_kind"]).uses_threshold
    return LessonSelectionStats(
        turn=event["turn"],
        measure=event["score_kind"],
        candidates=len(scores),
        chosen=len(chosen),
        passed=sum(score < threshold for score in scores.values()) if has_rule else None,
        chosen_passed=sum(score < threshold for score in chosen) if has_rule else None,
        mean_candidates=sum(scores.values()) / len(scores),
        mean_chosen=sum(chosen) / max(1, len(chosen)),
        strategy=strategy,
    )


def selection_stats_from_frame(summary: pd.DataFrame, strategy: str = "") -> list[LessonSelectionStats]:
    """The stats of each row of ``queries.fetch_selection_score_summary``. ``strategy``: the runs'."""
    stats = []
    for row in summary.itertuples():
        has_rule = _scoring_strategy(strategy, str(row.measure)).uses_threshold
        stats.append(
            LessonSelectionStats(
                int(row.turn), str(row.measure), int(row.looked_at), int(row.chosen),
                int(row.passed) if has_rule else None, int(row.chosen_passed) if has_rule else None,
                float(row.mean), float(row.mean_chosen) if row.chosen else 0.0, strategy,
            )
        )  # fmt: skip
    return stats


def describe_selection_rule(turns: Sequence[LessonSelectionStats], threshold: float) -> str:
    """A sentence on how questions are chosen; blank where no candidates were scored."""
    if not turns:
        return ""
    if turns[0].passed is None:
        return _scoring_strategy(turns[0].strategy, turns[0].measure).rule or DEFAULT_RULE
    return (
        f"The rule: a question is practised if the student's likeliest answer to it stays below {threshold:g}; where too few do, "
        "the number is made up with the least sure."
    )


def describe_selection_stats(turns: Sequence[LessonSelectionStats]) -> str:
    """One or two sentences on the candidates of all turns; blank where none were scored."""
    if not turns:
        return ""
    if turns[0].passed is None:
        return _describe_scores(turns)
    candidates, passed = _sum_counts(row.candidates for row in turns), _sum_counts(row.passed for row in turns)
    text = f"{formatting.format_score(passed, candidates)} questions looked at pass the rule"
    text = formatting.append_interval(text, *wilson_interval(passed, candidates), candidates)
    share = passed / candidates
    if share > HIGH_PASS_RATE:
        return f"{text}, so this way chooses almost at random here."
    if share < LOW_PASS_RATE:
        return f"Only {text}, so {_describe_fallback(turns)}."
    return f"{text}.{_describe_extreme_lessons(turns)}"


def selection_warning(turns: Sequence[LessonSelectionStats]) -> str:
    """``describe_selection_stats`` where the rule hardly selects in some turn; else blank."""
    rates = [row.pass_rate for row in turns if row.pass_rate is not None]
    hardly_selects = any(rate > HIGH_PASS_RATE or rate < LOW_PASS_RATE for rate in rates)
    return describe_selection_stats(turns) if hardly_selects else ""


# ------------------------------------------------------------------ helpers


def _describe_fallback(turns: Sequence[LessonSelectionStats]) -> str:
    chosen, passed = _sum_counts(row.chosen for row in turns), _sum_counts(row.chosen_passed for row in turns)
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


def _describe_extreme_lessons(turns: Sequence[LessonSelectionStats]) -> str:
    """In how many turns the rule hardly selects, where over all of them it does; blank for none."""
    count = formatting.pluralize(len(turns), "lesson")
    rates = [row.pass_rate for row in turns if row.pass_rate is not None]
    many_passing = sum(rate > HIGH_PASS_RATE for rate in rates)
    few_passing = sum(rate < LOW_PASS_RATE for rate in rates)
    text = ""
    if many_passing:
        text += f" In {many_passing} of {count} more than 90 of 100 pass: there it chooses almost at random."
    if few_passing:
        text += f" In {few_passing} of {count} fewer than 10 of 100 pass: there most are made up with the least sure."
    return text


def _scoring_strategy(strategy: str, measure: str) -> Strategy:
    """The strategy with that id, or where that does not ask for the measure the first in order that does."""
    candidates = (find_strategy(strategy), *STRATEGIES.values())
    return next((s for s in candidates if s.measure == measure), candidates[0])


def _describe_scores(turns: Sequence[LessonSelectionStats]) -> str:
    """The mean scores of all candidates and of the chosen ones, for a strategy without a threshold."""
    preferred = _scoring_strategy(turns[0].strategy, turns[0].measure).preferred or "some of them"
    candidates, chosen = _sum_counts(row.candidates for row in turns), _sum_counts(row.chosen for row in turns)
    mean = sum(row.mean_candidates * row.candidates for row in turns) / candidates
    mean_chosen = sum(row.mean_chosen * row.chosen for row in turns) / max(1, chosen)
    return (
        f"Before each lesson it looked at some questions ({candidates:,} in all), and took {preferred} ({chosen:,}): "
        f"{MEASURE_LABELS[turns[0].measure]} is {mean_chosen:.2f} for these and {mean:.2f} for all, on average."
    )


def _sum_counts(counts: Iterable[int | None]) -> int:
    return sum(count or 0 for count in counts)
