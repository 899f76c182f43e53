"""Captions and notes of Compare: how to read its figures, how sure they are, what was left out. No streamlit here."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from studentsim.analysis import selection_lookups, setting_differences
from studentsim.analysis.differences import AccuracyDifference
from studentsim.analysis.run_groups import ComparedRun, RunGroup
from studentsim.labels import formatting
from studentsim.ui.charts.compare import MAX_INTERVAL_BANDS


def describe_picture(frame: pd.DataFrame, *, by: str = "turn") -> str:
    """Alternative text of a figure: each group's last accuracy, or with ``by="category"`` its weakest category."""
    clauses = []
    for label, rows in frame.groupby("label", sort=False):
        row = rows.iloc[-1] if by == "turn" else rows.sort_values("accuracy").iloc[0]
        position_text = (
            f"after {formatting.pluralize(int(row.turn), 'lesson')}" if by == "turn" else f"least in {row.category}"
        )
        accuracy_text = f"{formatting.round_percent(row.accuracy)} of 100"
        clauses.append(
            f"{label}: {accuracy_text} {position_text} {formatting.format_interval(row.ci_low, row.ci_high)}"
        )
    return "; ".join(clauses)


def describe_curves(groups: Sequence[RunGroup]) -> str:
    """What the bands and lines of the exam curves mean."""
    interval_marks = "Bands" if len(groups) <= MAX_INTERVAL_BANDS else "Bars, at the last exam"
    text = f"{interval_marks}: 95 % intervals. With other questions, the result could well lie anywhere in them."
    if any(g.variant for g in groups):
        text += (
            " Of several that choose alike, each further one has a colour, line and mark of its own on this page; the tables have the "
            "marks."
        )
    repeated_groups = [g for g in groups if len(g.runs) > 1]
    if not repeated_groups:
        return text
    counts = ", ".join(f"{formatting.lowercase_first(g.label)} {len(g.runs)}" for g in repeated_groups)
    return (
        f"{text} Thin lines are single runs, the thick one their mean ({counts} runs); its interval allows for other questions and for "
        "other runs, and so is wide for few of them."
    )


def describe_unselective_groups(groups: Sequence[RunGroup], lookup_frame: pd.DataFrame) -> list[str]:
    """A sentence for each group whose threshold nearly all questions passed, or nearly none, so that it hardly selected."""
    notes = []
    for group in groups:
        group_lookups = lookup_frame[lookup_frame.run_id.isin(group.run_ids)]
        if warning_text := selection_lookups.selection_warning(
            selection_lookups.selection_stats_from_frame(group_lookups, group.strategy)
        ):
            notes.append(f"{group.label}: {formatting.lowercase_first(warning_text)}")
    return notes


def describe_category_counts(categories: pd.DataFrame) -> str:
    """How many questions each category's accuracy rests on."""
    questions_per_run = categories.questions // categories.runs
    low, high = int(questions_per_run.min()), int(questions_per_run.max())
    count = f"{low}" if low == high else f"{low} to {high}"
    text = f"Each category has {count} of the exam's questions. Where the bars of two ways overlap much, they cannot be told apart."
    return (
        f"{text} Bars of several runs allow for other runs as well, and so may be wider."
        if (categories.runs > 1).any()
        else text
    )


def describe_published_curves(source: str, questions: int, *, all_overlap: bool) -> str:
    """What the paper's curves are, and why their level cannot be compared with ours."""
    overlap_note = (
        " Even among themselves they cannot be told apart: at every lesson the four intervals overlap."
        if all_overlap
        else ""
    )
    return (
        f"Thin dotted lines with open marks: published, {source}. Another model (gemma-2b-it), other questions (MathQA), "
        f"{questions} in each exam, one run each: do not compare their level with ours. Bars: 95 % intervals of {questions} "
        f"questions.{overlap_note}"
    )


def describe_interval_method(differences: Sequence[AccuracyDifference]) -> str:
    """The statistical methods behind the differences' intervals."""
    parts = ["Paired by question: both sat the same questions with the same random numbers."]
    if any(d.p_value is not None for d in differences):
        parts.append("One run each: Bonett and Price's interval for paired shares; p is McNemar's, exact.")
    if any(d.p_value is None for d in differences):
        parts.append(
            "Several runs: the variances over questions and over runs added (Satterthwaite's degrees of freedom)."
        )
    if differences and differences[0].comparison_count > 1:
        parts.append(
            f"The {differences[0].comparison_count} intervals are widened (Bonferroni) so that all hold together with 95 %."
        )
    return " ".join(parts)


def describe_shared_settings(groups: Sequence[RunGroup]) -> str:
    """The most important settings that all groups share."""
    differing = set(setting_differences.differing_settings([g.config for g in groups]))
    shown_settings = ("student", "strategy", "questions_per_turn", "exam_size", "exam_seed", "dpo.learning_rate")
    if differing & set(setting_differences.STRATEGY_SETTINGS):
        differing |= set(setting_differences.STRATEGY_SETTINGS)
    shared_texts = [
        f"{setting_differences.SETTING_LABELS[n]}: {setting_differences.format_setting(n, groups[0].config)}"
        for n in shown_settings
        if n not in differing
    ]
    return f"The same in all: {'; '.join(shared_texts)}." if shared_texts and len(groups) > 1 else ""


def describe_left_out(runs: Sequence[ComparedRun], unknown_names: Sequence[str], excess_count: int) -> list[str]:
    """Why runs are left out: duplicates (``runs``), not found (``unknown_names``), beyond the limit (``excess_count``)."""
    notes = []
    if unknown_names:
        verb = "is" if len(unknown_names) == 1 else "are"
        names_text = ", ".join(name[:40] for name in unknown_names[:3]) + (" …" if len(unknown_names) > 3 else "")
        notes.append(
            f"{formatting.pluralize(len(unknown_names), 'run')} named in the link {verb} not here: deleted, or the link is wrong "
            f"({names_text})."
        )
    if excess_count:
        notes.append(
            f"{formatting.pluralize(excess_count, 'more run')} of the link left out: one picture bears no more lines."
        )
    if runs:
        notes.append(
            f"Left out: {formatting.pluralize(len(runs), 'run')} with the same settings and the same seed as another one. It is the same "
            "random choices over again, and would make the result look surer than it is."
        )
    return notes
