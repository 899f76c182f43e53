"""Misconceptions over the exams: the most frequent as sparklines, all as a table."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from studentsim.analysis.findings import ExamFindings, misconception_explanation, misconception_hint
from studentsim.analysis.misconception_status import MISCONCEPTION_VERDICTS, sort_by_frequency
from studentsim.analysis.weakness_selection import WeaknessesSelection
from studentsim.labels import formatting
from studentsim.labels.titles import is_formula_error, misconception_title
from studentsim.narration import practice_summary, weaknesses_summary
from studentsim.ui import charts, components, literal
from studentsim.ui.layout import ANSWERS_PAGE, WEAKNESSES_PAGE
from studentsim.ui.svg_component import render_sketch
from studentsim.ui.weaknesses.data import WeaknessesView

MAX_MISCONCEPTIONS_DRAWN = 6
"""Misconceptions shown as cards at most."""
MOST_FREQUENT = "most frequent"
MISCONCEPTION_TABLE_COLUMNS = {
    "title": "slip (misconception)", "category": "category", "name": "what became of it", "first": "first exam", "last": "last exam",
    "series": "exam by exam",
}  # fmt: skip


def render_misconception_trends(view: WeaknessesView, selection: WeaknessesSelection) -> None:
    """The misconceptions of the selection with their verdicts."""
    findings = view.findings
    selected_misconceptions = selection.filter(findings.judged_misconceptions)
    literal.subheader("Which slips were unlearnt, which remain?")
    literal.markdown(weaknesses_summary.describe_misconceptions(findings, selected_misconceptions))
    if not selection.category:
        literal.markdown(weaknesses_summary.describe_wrong_answers(findings))
        literal.markdown(practice_summary.describe_practice_errors(findings))
        if note := practice_summary.describe_disagreements(findings):
            literal.markdown(note)
            literal.link(
                ANSWERS_PAGE, "Read all such answers", ":material/menu_book:", {"run": selection.run, "value": "other"}
            )
    if selected_misconceptions.empty:
        return
    shown_misconceptions = _choose_misconceptions(selected_misconceptions)
    if len(findings.exam_turns) > 1:
        st.caption(
            "Each picture: how often, of 100 questions that invite it, the slip was made, by lessons so far, with 95 % intervals. What a "
            "question's formula tells may go wrong in any question of the category: all of them count."
            if selected_misconceptions.misconception.map(is_formula_error).any()
            else "Each picture: how often, of 100 questions that invite it, the slip was made, by lessons so far, with 95 % intervals."
        )
    for start in range(0, len(shown_misconceptions), 3):
        columns = st.columns(3)
        for column, row in zip(columns, shown_misconceptions.iloc[start : start + 3].itertuples(), strict=False):
            with column.container(border=True, height="stretch", gap="xsmall"):
                _render_misconception_card(findings, row, selection)
    key = f"weaknesses.slips.{selection.run}.{selection.category}.{selection.skill}"
    label = f"All {formatting.pluralize(len(selected_misconceptions), 'slip')}, and how they are judged"
    components.render_folded(label, f"{key}.fold", _render_table, findings, selected_misconceptions, key)


def _choose_misconceptions(selected_misconceptions: pd.DataFrame) -> pd.DataFrame:
    """The misconceptions to show: the most frequent, or those of one verdict; up to three are all shown."""
    if len(selected_misconceptions) <= 3:
        return selected_misconceptions
    counts = selected_misconceptions.verdict.value_counts()
    options = [MOST_FREQUENT, *(name for name in MISCONCEPTION_VERDICTS if name in counts)]
    names = {MOST_FREQUENT: "Most frequent"} | {
        n: f"{v.name.capitalize()} ({counts.get(n, 0)})" for n, v in MISCONCEPTION_VERDICTS.items()
    }
    which = st.segmented_control(
        "Which slips", options, format_func=names.__getitem__, default=MOST_FREQUENT, required=True, key="weaknesses.verdict",
        label_visibility="collapsed", wrap=True,
    )  # fmt: skip
    if which in MISCONCEPTION_VERDICTS:
        literal.caption(MISCONCEPTION_VERDICTS[which].rule)
        return selected_misconceptions[selected_misconceptions.verdict == which].head(MAX_MISCONCEPTIONS_DRAWN)
    st.caption("Those made most in the last exam come first, then those made most in an earlier one.")
    return sort_by_frequency(selected_misconceptions).head(MAX_MISCONCEPTIONS_DRAWN)


def _render_misconception_card(findings: ExamFindings, row: Any, selection: WeaknessesSelection) -> None:
    """One misconception with its verdict and trend; within its skill also its explanation, a hint, and its answers."""
    misconception, verdict = str(row.misconception), MISCONCEPTION_VERDICTS[str(row.verdict)]
    misconception_selection = WeaknessesSelection(
        selection.run, str(row.category), str(row.skill), misconception, selection.lesson
    )
    with components.row("xsmall"):
        st.badge(verdict.format_label(row.last_made, row.last_of), icon=verdict.icon, color=verdict.color)  # type: ignore[arg-type]
        if selection.slip == misconception:
            st.badge("the one you opened", icon=":material/arrow_downward:", color="blue")
    literal.bold(misconception_title(misconception))
    trend_text = weaknesses_summary.describe_trend(row, findings.exam_turns)
    literal.caption(f"{findings.category_label(row.category)} · {trend_text}")
    misconception_counts = findings.misconception_counts
    is_same_misconception = (
        (misconception_counts.misconception == misconception)
        & (misconception_counts.category == row.category)
        & (misconception_counts.skill == row.skill)
    )
    exams = misconception_counts[is_same_misconception].sort_values("turn")
    if len(findings.exam_turns) > 1:
        sketch = charts.misconception_trend_sketch(exams, turns=findings.exam_turns)
        render_sketch(
            sketch,
            key=f"weaknesses.trend.{selection.run}.{row.category}.{misconception}",
            alt=f"{misconception_title(misconception)}: {trend_text}",
        )
    if not selection.skill and (row.skill or not selection.category):
        literal.link(WEAKNESSES_PAGE, "Open this slip", ":material/search:", misconception_selection.params)
        return
    if misconception_explanation(misconception):
        st.text(misconception_explanation(misconception))
        st.text(f"To ask a pupil: {misconception_hint(misconception)}")
    lesson = int(selection.lesson or findings.last_exam_turn)
    count = int(exams[exams.turn == lesson].made.sum())
    if count:
        label = f"Read {formatting.pluralize(count, 'such answer')}"
        literal.link(ANSWERS_PAGE, label, ":material/menu_book:", misconception_selection.answers_params(lesson=lesson))


def _render_table(findings: ExamFindings, selected_misconceptions: pd.DataFrame, key: str) -> None:
    """All misconceptions and the rules of the verdicts."""
    table = misconception_table_frame(findings, selected_misconceptions)
    st.dataframe(
        table.rename(columns=MISCONCEPTION_TABLE_COLUMNS), width="stretch", hide_index=True, key=f"{key}.table",
        column_config={
            "exam by exam": st.column_config.BarChartColumn("exam by exam", y_min=0, y_max=int(selected_misconceptions.most.max())),
        },
    )  # fmt: skip
    components.render_csv_download(table, "slips", key=key)
    for name, rule in weaknesses_summary.list_verdict_rules():
        st.markdown(f"**{name}**: {formatting.escape_markdown(rule)}")


def misconception_table_frame(findings: ExamFindings, selected_misconceptions: pd.DataFrame) -> pd.DataFrame:
    """The misconceptions with labels, for display."""
    rows = list(selected_misconceptions.itertuples())
    return pd.DataFrame(
        {
            "title": selected_misconceptions.misconception.map(misconception_title),
            "category": selected_misconceptions.category.map(findings.category_label),
            "name": [MISCONCEPTION_VERDICTS[r.verdict].format_label(r.last_made, r.last_of) for r in rows],
            "first": [f"{r.first_made} of {r.first_of}" for r in rows],
            "last": [f"{r.last_made} of {r.last_of}" for r in rows],
            "series": selected_misconceptions.series,
        }
    )
