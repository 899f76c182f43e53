"""Sentences of the Compare page, claiming only what its figures bear. No streamlit."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from studentsim.analysis import setting_differences
from studentsim.analysis.differences import AccuracyDifference
from studentsim.analysis.run_groups import IGNORED_SETTINGS, ComparedRun, RunGroup
from studentsim.labels import formatting
from studentsim.narration.run_summary import exam_time_label

MAX_NAMED_DIFFERENCES = 3
"""Significant differences named in the opening sentence at most; the table has all."""


def describe_differences(differences: Sequence[AccuracyDifference], *, is_active: bool) -> str:
    """The page's first sentence: each group's gain over the reference with its 95 % interval; ``is_active``: runs still go on."""
    first = differences[0]
    when = exam_time_label(first.turn)
    if all(d.has_repeated_runs for d in differences):
        when = f"Over {_format_all_run_counts(differences)}, {when}"
    elif is_active:
        when = f"So far: {when}"
    else:
        when = formatting.capitalize_first(when)
    gains = _describe_difference(first) if len(differences) == 1 else _describe_several(differences)
    return f"{when}, on the same {first.questions} exam questions, {gains}."


def describe_caveats(groups: Sequence[RunGroup], differences: Sequence[AccuracyDifference]) -> list[str]:
    """What the opening sentence does not show: single runs, runs that lag behind, other settings that differ."""
    notes = []
    compared = _compared_groups(groups, differences)
    single_run_groups = [g for g in compared if len(g.runs) == 1]
    if differences and differences[0].turn == 0:
        notes.append("Nobody has been taught yet: what differs here differed from the start.")
    elif differences and len(single_run_groups) == len(compared):
        notes.append(
            "This is one run each. It tells these runs apart, but one run each cannot tell a way of choosing from chance: "
            "run each again with other seeds, and compare them all here."
        )
    elif differences and single_run_groups:
        names = " and of ".join(formatting.lowercase_first(g.label) for g in single_run_groups)
        notes.append(
            f"There is only one run of {names}, so what belongs to its way of choosing and what to chance "
            "cannot be told apart: run it again with other seeds."
        )
    if differences and (lagging_runs := _find_lagging_runs(compared, differences[0].turn)):
        names = " and ".join(formatting.lowercase_first(run.label) for run in lagging_runs[:3])
        notes.append(
            f"Compared after {formatting.pluralize(differences[0].turn, 'lesson')}, the last exam that all of them have sat: "
            f"{names} {'has' if len(lagging_runs) == 1 else 'have'} come no further."
        )
    other_settings = other_differing_settings(compared or groups)
    if other_settings:
        names = ", ".join(setting_differences.SETTING_LABELS[name] for name in other_settings)
        notes.append(
            f"They differ in more than how questions are chosen ({names}), so the way of choosing alone need not be the reason."
        )
    if note := _describe_version_mismatch(compared or groups):
        notes.append(note)
    return notes


def _describe_version_mismatch(groups: Sequence[RunGroup]) -> str:
    """That students with different weights did not start alike; blank where all have the same."""
    weights = {
        setting_differences.flatten_settings(g.config)["weights"] for g in groups if g.config.model == "embedded"
    }
    if len(weights) < 2:
        return ""
    return (
        "Their students are of different versions, so they did not begin alike: look at how much each gained, not only at where "
        "it ended."
    )


def other_differing_settings(groups: Sequence[RunGroup]) -> list[str]:
    """Settings besides the strategy's in which groups differ; empty where strategies agree and one setting alone differs."""
    names = setting_differences.differing_settings([g.config for g in groups])
    other_names = [
        n
        for n in names
        if n not in (*IGNORED_SETTINGS, *setting_differences.STRATEGY_SETTINGS, "exam", "exam_seed", "bank")
    ]
    return other_names if set(setting_differences.STRATEGY_SETTINGS) & set(names) or len(other_names) > 1 else []


def describe_different_exams(groups: Sequence[RunGroup]) -> str:
    """Why groups that sat different exams cannot be compared, and what to do; blank where all sat the same."""
    exams = {g.exam_key for g in groups}
    if len(exams) < 2:
        return ""
    (banks, sizes, seeds) = ({e[i] for e in exams} for i in range(3))
    reasons = []
    if len(banks) > 1:
        reasons.append(f"questions from {_join_sorted(banks)}")
    if len(sizes) > 1:
        reasons.append(f"exams of {_join_sorted(sizes)} questions")
    if len(seeds) > 1:
        reasons.append(f"exam seeds {_join_sorted(seeds)}")
    return (
        f"These runs sat different exams ({'; '.join(reasons)}): other questions, other random numbers. Their levels cannot be "
        "compared. Start runs with the same exam seed and size to compare them."
    )


def describe_no_shared_exam(groups: Sequence[RunGroup], *, is_active: bool) -> str:
    """Why groups with the same exam cannot be compared yet: they have no exam turn in common."""
    if is_active:
        next_text = (
            describe_queued_runs(groups) or "Each sits its first before any lesson, and this page fills by itself."
        )
        return f"They have no exam in common yet. {next_text}"
    return "They have no exam in common, so nothing can be said of their difference. Resume those that stopped early, on Watch."


def describe_queued_runs(groups: Sequence[RunGroup]) -> str:
    """How many runs wait in the queue; blank where none does."""
    count = sum(run.status == "queued" for group in groups for run in group.runs)
    if not count:
        return ""
    if count == 1:
        return "1 run waits in the queue. It starts by itself when another simulation is done."
    return f"{formatting.pluralize(count, 'run')} wait in the queue. They start by themselves when other simulations are done."


def describe_single_group(group: RunGroup, exams: pd.DataFrame) -> str:
    """The page's first sentence for one group alone: its last exam, and that a comparison needs another group.

    ``exams`` has ``turn, runs, questions, accuracy, ci_low, ci_high``, ``questions`` summed over the runs.
    """
    if exams.empty:
        next_text = f" {queue_text}" if (queue_text := describe_queued_runs([group])) else ""
        return f"{group.label}: no exam result yet.{next_text} Choose a second simulation to compare it with."
    last = exams.iloc[-1]
    questions_per_run = int(last.questions // last.runs)
    score_text = formatting.format_mean_score(last.accuracy, questions_per_run)
    interval = formatting.format_interval(last.ci_low, last.ci_high, questions_per_run)
    runs_text = f", the mean of {int(last.runs)} runs" if last.runs > 1 else ""
    when = formatting.capitalize_first(exam_time_label(int(last.turn)))
    return (
        f"{when} {formatting.lowercase_first(group.label)} has {score_text} never-practised questions right {interval}{runs_text}. "
        "Choose a simulation of another way to compare it with, or start one."
    )


def difference_row(difference: AccuracyDifference) -> dict[str, object]:
    """One row of the table; gains and bounds are in questions of 100."""
    return {
        "label": difference.group.label,
        "reference": difference.reference.label,
        "lessons": difference.turn,
        "gained": round(100 * difference.accuracy_gain, 1),
        "ci_low": round(100 * difference.ci_low, 1),
        "ci_high": round(100 * difference.ci_high, 1),
        "verdict": ("more" if difference.accuracy_gain > 0 else "fewer")
        if difference.is_significant
        else "cannot be told apart",
        "runs": f"{len(difference.group.runs)} and {len(difference.reference.runs)}",
        "questions": difference.questions,
        "only_this": difference.only_this,
        "only_other": difference.only_other,
        "p_value": None if difference.p_value is None else round(difference.p_value, 4),
    }


# ------------------------------------------------------------------ pieces


def _describe_difference(difference: AccuracyDifference) -> str:
    this, other = (
        formatting.lowercase_first(difference.group.label),
        formatting.lowercase_first(difference.reference.label),
    )
    if not difference.is_significant:
        return f"{this} and {other} cannot be told apart: {format_gain(difference, beneficiary=this)} ({format_gain_interval(difference)})"
    return f"{this} got {format_gain(difference)} right than {other} ({format_gain_interval(difference)})"


def _describe_several(differences: Sequence[AccuracyDifference]) -> str:
    """Differences from one reference: the significant ones with their sizes, then the others."""
    first = differences[0]
    reference_score = formatting.format_mean_score(first.reference_accuracy, first.questions)
    reference = f"{formatting.lowercase_first(first.reference.label)} ({reference_score})"
    significant = sorted((d for d in differences if d.is_significant), key=lambda d: -abs(d.accuracy_gain))
    unclear = [d for d in differences if not d.is_significant]
    if not significant:
        listed = "; ".join(f"{formatting.lowercase_first(d.group.label)}, {format_gain_interval(d)}" for d in unclear)
        return f"none can be told apart from {reference}: {listed}"
    is_mixed = not all(d.has_repeated_runs for d in differences)  # else the sentence begins with the run counts
    parts = [
        f"{formatting.lowercase_first(d.group.label)} got {format_gain(d)} right "
        f"({format_gain_interval(d)}{f', over {_format_run_counts(d)}' if is_mixed and d.has_repeated_runs else ''})"
        for d in significant[:MAX_NAMED_DIFFERENCES]
    ]
    if (more := len(significant) - MAX_NAMED_DIFFERENCES) > 0:
        parts.append(f"{formatting.pluralize(more, 'more differs', 'more differ')} clearly, in the table below")
    if unclear:
        names = formatting.join_with_and([formatting.lowercase_first(d.group.label) for d in unclear])
        parts.append(f"{names} cannot be told apart from it")
    return f"compared with {reference}, {'; '.join(parts)}"


def _score_denominator(questions: int) -> int:
    return 100 if questions >= formatting.MIN_QUESTIONS_FOR_PERCENT else questions


def format_gain(difference: AccuracyDifference, *, beneficiary: str = "") -> str:
    """How many more questions this group got right than the reference: ``6 more of 100``, ``2 fewer of 12``.

    With one decimal where a whole number would not be the difference of the two scores as shown: 83 and 77 of 100 and ``5.4 more``.
    With ``beneficiary``, whose gain it is: ``6 more of 100 right for mixed bag``; if it rounds to 0, ``as many of 100 right``.
    """
    denominator = _score_denominator(difference.questions)
    exact = denominator * abs(difference.accuracy_gain)
    count = math.floor(exact + 0.5 + 1e-9)  # a half goes up, as in ``formatting.round_percent``
    shown_difference = _shown_score(difference.accuracy, difference.questions) - _shown_score(
        difference.reference_accuracy, difference.questions
    )
    is_whole = abs(shown_difference - math.copysign(count, difference.accuracy_gain)) < 0.05
    count_text = str(count) if is_whole or round(exact, 1) == 0 else f"{exact:.1f}"
    is_zero = count_text == "0"
    if beneficiary and is_zero:
        return f"as many of {denominator} right"
    direction = "more" if difference.accuracy_gain >= 0 or is_zero else "fewer"
    return f"{count_text} {direction} of {denominator}{f' right for {beneficiary}' if beneficiary else ''}"


def _shown_score(accuracy: float, questions: int) -> float:
    """The number that ``formatting.format_mean_score`` shows."""
    return (
        formatting.round_percent(accuracy)
        if questions >= formatting.MIN_QUESTIONS_FOR_PERCENT
        else round(accuracy * questions, 1)
    )


def format_gain_interval(difference: AccuracyDifference) -> str:
    """The gain's 95 % interval in whole questions: ``6 to 18 more``, ``2 fewer to 9 more``.

    A significant difference is never rounded to 0 or across it.
    """
    denominator = _score_denominator(difference.questions)
    low, high = round(denominator * difference.ci_low), round(denominator * difference.ci_high)
    if difference.is_significant and difference.accuracy_gain > 0:
        return f"{max(1, low)} to {max(1, high)} more"
    if difference.is_significant:
        return f"{max(1, -high)} to {max(1, -low)} fewer"
    return f"{abs(min(low, 0))} fewer to {max(high, 0)} more"


def _format_run_counts(difference: AccuracyDifference) -> str:
    this, other = len(difference.group.runs), len(difference.reference.runs)
    return f"{this} runs of each" if this == other else f"{this} and {other} runs"


def _format_all_run_counts(differences: Sequence[AccuracyDifference]) -> str:
    if len({_format_run_counts(d) for d in differences}) == 1:
        return _format_run_counts(differences[0])
    counts = [len(group.runs) for d in differences for group in (d.group, d.reference)]
    return f"{min(counts)} to {max(counts)} runs of each"


def _find_lagging_runs(groups: Sequence[RunGroup], turn: int) -> list[ComparedRun]:
    """Runs that have not sat their next exam after ``turn`` yet; empty if none has."""
    runs = [run for group in groups for run in group.runs]
    lagging = [r for r in runs if not any(turn < t <= r.turn for t in r.config.exam_turns())]
    return lagging if len(lagging) < len(runs) else []


def _compared_groups(groups: Sequence[RunGroup], differences: Sequence[AccuracyDifference]) -> list[RunGroup]:
    if not differences:
        return []
    group_ids = {id(d.group) for d in differences} | {id(differences[0].reference)}
    return [g for g in groups if id(g) in group_ids]


def _join_sorted(values: set[object]) -> str:
    return " and ".join(sorted(map(str, values)))
