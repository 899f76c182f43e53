"""Item analysis of the exam's questions: facility, discrimination, and how often each option was chosen."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from studentsim.analysis.item_analysis import CORRECT_SYMBOL, WRONG_SYMBOL, option_choice_frame
from studentsim.analysis.weakness_selection import WeaknessesSelection
from studentsim.labels import formatting
from studentsim.labels.titles import misconception_title, skill_title
from studentsim.narration import weaknesses_summary
from studentsim.ui import components, data, literal
from studentsim.ui.layout import ANSWERS_PAGE
from studentsim.ui.weaknesses.data import ItemAnalysis, WeaknessesView, load_item_analysis

MAX_QUESTIONS_OFFERED = 40
"""Questions offered in the select box at most, the hardest ones; the table has all."""

QUESTION_TABLE_COLUMNS = {
    "problem": "question", "history": "this run's exams", "facility": "right, of 100", "sheets": "sheets",
    "discrimination": "discrimination",
    "top_distractor": "most ticked wrong option", "top_distractor_count": "times", "slip": "its slip",
    "category": "category", "kind": "kind of question",
}  # fmt: skip


def render_questions(engine: data.Engine, view: WeaknessesView, selection: WeaknessesSelection) -> None:
    """The item analysis of the selected questions."""
    literal.subheader("Which questions of the exam are hard, and why?")
    item_analysis = load_item_analysis(engine, view)
    summary = weaknesses_summary.describe_item_analysis(item_analysis.sheet_count, item_analysis.own_sheet_count)
    literal.markdown(summary)
    selected_items = selection.filter(item_analysis.table)
    chosen = _choose_question(selected_items, selection)
    if chosen:
        _render_question(view, item_analysis, chosen)
    components.render_folded(
        f"All {formatting.pluralize(len(selected_items), 'question')} as a table, with figures for researchers",
        f"{_table_key(selection)}.fold", _render_table, view, selected_items, selection,
    )  # fmt: skip


def _table_key(selection: WeaknessesSelection) -> str:
    return f"weaknesses.items.{selection.run}.{selection.category}.{selection.skill}"


def _choose_question(selected_items: pd.DataFrame, selection: WeaknessesSelection) -> str:
    """The open question: the one in the link. A choice writes the link."""
    problems = dict(zip(selected_items.question_id, selected_items.problem, strict=True))
    options = list(problems)[:MAX_QUESTIONS_OFFERED]
    if selection.question in problems and selection.question not in options:
        options.append(selection.question)
    key = f"weaknesses.question.{selection.run}.{selection.category}.{selection.skill}.{selection.question}"
    st.selectbox(
        "Open a question, the hardest first",
        options,
        format_func=lambda id: problems[id],
        placeholder="Choose one",
        key=key,
        index=options.index(selection.question) if selection.question in options else None,
        on_change=lambda: _open_question(st.session_state[key] or "", selection),
    )
    return selection.question if selection.question in problems else ""


def _open_question(question: str, selection: WeaknessesSelection) -> None:
    st.query_params.from_dict(selection.with_changes(question=question).params)


def _render_question(view: WeaknessesView, item_analysis: ItemAnalysis, question_id: str) -> None:
    """One question: its text, its result in each exam, and how often each option was chosen."""
    row = view.findings.questions.set_index("question_id", drop=False).loc[question_id]
    statistics = item_analysis.table.set_index("question_id").loc[question_id]
    with st.container(border=True, gap="xsmall"):
        literal.caption(f"{view.findings.category_label(row.category)} · {skill_title(row.skill)}")
        st.text(row.problem)
        history = weaknesses_summary.describe_question_history(list(row.letters), list(row.turns), row.correct)
        literal.caption(history)
        literal.caption(weaknesses_summary.describe_item(statistics))
        for option in option_choice_frame(row, item_analysis.option_choices).itertuples():
            _render_option(option, item_analysis)
        answers_params = {"run": view.run.run_id, "phase": "exam", "question": question_id}
        literal.link(ANSWERS_PAGE, "Read every answer to it", ":material/menu_book:", answers_params)


def _render_option(option: Any, item_analysis: ItemAnalysis) -> None:
    sheets, letter, text = option.sheets, option.letter, option.text
    if not letter and not sheets:
        return
    misconception_note = f" (slip: {misconception_title(option.slip)})" if option.slip else ""
    symbol = f"{CORRECT_SYMBOL} right" if option.right else "" if not letter else WRONG_SYMBOL
    label = (
        f"{letter}) {text} {symbol}{misconception_note}: {sheets} of {item_analysis.sheet_count}"
        if letter
        else f"{text}: {sheets} of {item_analysis.sheet_count}"
    )
    st.text(label)
    st.progress(min(1.0, sheets / item_analysis.sheet_count) if item_analysis.sheet_count else 0.0)


def _render_table(view: WeaknessesView, selected_items: pd.DataFrame, selection: WeaknessesSelection) -> None:
    """All questions as a table; a click on a row opens the question."""
    key = _table_key(selection)
    table = question_table_frame(
        selected_items.assign(category=selected_items.category.map(view.findings.category_label))
    )
    st.markdown(
        "**Facility** is the share of answer sheets with the question right. **Discrimination** is the corrected item-total "
        "correlation (point-biserial): whether sheets that are good on all other questions get this one right too; 0 says nothing, "
        "below 0 is suspect."
    )
    st.dataframe(
        table.rename(columns=QUESTION_TABLE_COLUMNS), width="stretch", hide_index=True, key=f"{key}.{selection.question}",
        selection_mode="single-row",
        on_select=lambda: _open_selected_row(f"{key}.{selection.question}", list(selected_items.question_id), selection),
        column_config={
            "question": st.column_config.TextColumn(width="large"),
            "right, of 100": st.column_config.ProgressColumn(format="%d", min_value=0, max_value=100),
            "discrimination": st.column_config.NumberColumn(format="%.2f"),
        },
    )  # fmt: skip
    components.render_csv_download(selected_items, "questions", key=key)


def _open_selected_row(key: str, ids: list[str], selection: WeaknessesSelection) -> None:
    rows = st.session_state[key].selection.rows
    if rows:
        _open_question(ids[rows[0]], selection)


def question_table_frame(selected_items: pd.DataFrame) -> pd.DataFrame:
    """The item analysis with labels and whole percentages, for display."""
    frame = selected_items.assign(
        kind=selected_items.skill.map(skill_title),
        facility=(100 * selected_items.facility).round(),
        slip=selected_items.top_distractor_misconception.map(lambda s: misconception_title(s) if s else ""),
    )
    return frame[list(QUESTION_TABLE_COLUMNS)]
