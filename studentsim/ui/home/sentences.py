"""Sentences on Home about the recorded studies, from their figures. No streamlit here."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from studentsim.analysis import claims
from studentsim.analysis.differences import AccuracyDifference
from studentsim.analysis.run_groups import RunGroup
from studentsim.labels import category_names
from studentsim.labels.formatting import (
    format_interval,
    format_mean_score,
    format_score,
    join_with_and,
    pluralize,
    round_percent,
    student_title,
)
from studentsim.labels.strategy_styles import strategy_style
from studentsim.narration.comparison_summary import format_gain, format_gain_interval
from studentsim.selection.registry import STRATEGIES

CONTROL_STRATEGIES = tuple(strategy.id for strategy in STRATEGIES.values() if strategy.is_control)
UNTAUGHT_STRATEGIES = tuple(id for id in CONTROL_STRATEGIES if not STRATEGIES[id].trains)


def describe_initial_gap(student: str, initial_exam: pd.DataFrame, chance: float) -> str:
    """The weakest category of ``student`` before any lesson, against the rest; blank where none is significantly below it.

    ``initial_exam`` has ``category, correct, questions`` of the exam before any lesson; ``chance`` is the accuracy of guessing, 0 to 1.
    The test is corrected for the number of
    categories (``claims.is_significantly_below_rest``).
    """
    examined = initial_exam[initial_exam.questions > 0]
    if len(examined) < 2:
        return ""
    weakest = examined.loc[(examined.correct / examined.questions).idxmin()]
    total_counts = claims.right_of_total(examined.sum(numeric_only=True))
    weakest_counts = claims.right_of_total(weakest)
    if not claims.is_significantly_below_rest(weakest_counts, total_counts, comparisons=len(examined)):
        return ""
    rest_score = format_score(total_counts[0] - weakest_counts[0], total_counts[1] - weakest_counts[1])
    category_text = category_names.inline_category_label(weakest.category, initial_exam.category)
    below_chance_note = (
        f" Guessing would give about {chance * weakest_counts[1]:.0f}: it does not guess, and each of its slips leads to a wrong option."
        if weakest_counts[0] < chance * weakest_counts[1]
        else ""
    )
    return (
        f"This student ({student}) begins with a gap: before any lesson it has {format_score(*weakest_counts)} questions right in "
        f"{category_text}, and {rest_score} in the other categories.{below_chance_note}"
    )


def describe_study_result(
    exams: pd.DataFrame,
    strategy_difference: AccuracyDifference | None = None,
    teaching_effects: Sequence[AccuracyDifference] = (),
) -> str:
    """What the study shows: the untaught student, the taught ones, and whether two strategies differ significantly.

    ``exams`` is ``curves.group_means_frame``'s frame (means over a strategy's runs); ``strategy_difference`` compares the two
    strategies that the study is about, ``teaching_effects`` each strategy with no teaching. A difference is claimed only where
    its interval excludes 0 (``AccuracyDifference.is_significant``).
    """
    final_rows = exams.loc[exams.groupby("strategy").turn.idxmax()].sort_values("accuracy")
    taught_rows = final_rows[~final_rows.strategy.isin(CONTROL_STRATEGIES)]
    control_rows = final_rows[final_rows.strategy.isin(UNTAUGHT_STRATEGIES)]
    if taught_rows.empty:
        return ""
    lessons = pluralize(int(final_rows.turn.max()), "lesson")
    difference_text = _describe_difference(strategy_difference) if strategy_difference else ""
    closing_text = " ".join(filter(None, [difference_text, _describe_taught_controls(final_rows)]))
    if control_rows.empty:
        return f"After {lessons} of practice this student answers {_format_score_range(taught_rows)}. {closing_text}".strip()
    opening_text = (
        f"Without teaching, this student answers {_format_row_score(control_rows.iloc[0])} never-practised questions rightly after "
        f"{lessons}."
    )
    return f"{opening_text} {_describe_teaching_effects(taught_rows, teaching_effects)} {closing_text}".strip()


def _describe_teaching_effects(taught_rows: pd.DataFrame, teaching_effects: Sequence[AccuracyDifference]) -> str:
    """The taught strategies (rows in rising accuracy) against no teaching; those ahead by name, unless all are."""
    if not teaching_effects:
        return f"Taught, it answers {_format_score_range(taught_rows)}; without an exam in common, whether that is more is unknown."
    directions = {d.group.strategy: claims.interval_direction(d.ci_low, d.ci_high) for d in teaching_effects}
    ahead, unclear, behind = (
        taught_rows[taught_rows.strategy.map(directions) == direction] for direction in (1, 0, -1)
    )
    if len(ahead) == len(taught_rows):
        return f"Taught, it reaches {_format_score_range(ahead)}."
    parts = []
    if len(ahead):
        reached = [
            f"to {_format_row_score(row)} by *{strategy_style(row.strategy).name}*" for _, row in ahead.iterrows()
        ]
        parts.append(f"It is brought {join_with_and(reached)}.")
    if len(unclear):
        parts.append(f"{_format_strategy_scores(unclear)} cannot be told apart from no teaching.")
    if len(behind):
        parts.append(
            f"{_format_strategy_scores(behind)} {'does' if len(behind) == 1 else 'do'} worse than no teaching."
        )
    return " ".join(parts)


def describe_small_model(groups: Sequence[RunGroup]) -> str:
    """What SmolLM2 is and what it practised, from its runs' settings."""
    config = groups[0].config
    seed_counts = sorted({len(group.runs) for group in groups})
    seeds_text = (
        pluralize(seed_counts[0], "seed") if len(seed_counts) == 1 else f"{seed_counts[0]} to {seed_counts[-1]} seeds"
    )
    return (
        "*SmolLM2*, a small language model (135 million parameters, from 4-bit weights), reads each question with its options and "
        f"writes its answer. Here it practised MathQA, {pluralize(config.turns, 'lesson')} of "
        f"{pluralize(config.questions_per_turn, 'question')}, "
        f"{pluralize(len(groups), 'way')} of choosing with {seeds_text} each, and sat an exam of {pluralize(config.exam_size, 'question')}."
    )


def _format_row_score(row: pd.Series) -> str:
    questions_per_run = int(row.questions // row.runs)
    return f"{format_mean_score(row.accuracy, questions_per_run)} {format_interval(row.ci_low, row.ci_high, questions_per_run)}"


def _format_strategy_scores(rows: pd.DataFrame) -> str:
    """``*Mixed bag*, 77 of 100 (72 to 82), and *Where it is unsure*, 78 of 100 (73 to 83),``"""
    clauses = [f"*{strategy_style(row.strategy).name}*, {_format_row_score(row)}," for _, row in rows.iterrows()]
    return " and ".join(filter(None, [" ".join(clauses[:-1]), clauses[-1]]))


def _format_score_range(rows: pd.DataFrame) -> str:
    """``58 to 66 of 100``, from the lowest strategy to the highest."""
    low, high = round_percent(rows.accuracy.min()), round_percent(rows.accuracy.max())
    if len(rows) == 1 or low == high:
        return _format_row_score(rows.iloc[-1])
    return f"{low} to {high} of 100, depending on how its practice is chosen"


def _describe_difference(difference: AccuracyDifference) -> str:
    this, other = (f"*{group.style.name}*" for group in (difference.group, difference.reference))
    counts = (len(difference.group.runs), len(difference.reference.runs))
    runs_text = (
        f"{pluralize(counts[0], 'run')} of each" if counts[0] == counts[1] else f"{counts[0]} and {counts[1]} runs"
    )
    basis_text = (
        f"{format_gain_interval(difference)}; {runs_text}{', each with a seed of its own' if max(counts) > 1 else ''}"
    )
    if not difference.is_significant:
        return f"{this} and {other} cannot be told apart: {format_gain(difference, beneficiary='the first')} ({basis_text})."
    text = f"{this} gets {format_gain(difference)} right than {other} ({basis_text})."
    return text if difference.has_repeated_runs else f"{text} One run of a way cannot tell it from chance."


def _describe_taught_controls(final_rows: pd.DataFrame) -> str:
    """The last scores of the controls that teach, such as by the same questions in every lesson."""
    rows = final_rows[final_rows.strategy.isin(CONTROL_STRATEGIES) & ~final_rows.strategy.isin(UNTAUGHT_STRATEGIES)]
    return " ".join(
        f"*{strategy_style(row.strategy).name}* ends at {_format_row_score(row)}." for _, row in rows.iterrows()
    )


def describe_study_basis(groups: Sequence[RunGroup]) -> str:
    """Student, exam, lessons and seeds of the study, from its runs' settings."""
    config = groups[0].config
    seeds_text = "; ".join(
        f"{g.style.name.lower()} {', '.join(str(run.config.seed) for run in g.runs)}" for g in groups
    )
    return (
        f"Real simulations of this product: the same student ({student_title(config)}), the same exam of "
        f"{pluralize(config.exam_size, 'question')}, {pluralize(config.turns, 'lesson')} of "
        f"{pluralize(config.questions_per_turn, 'question')}. "
        f"Seeds: {seeds_text}. They came with the product, so that there is something true to look at before your own."
    )
