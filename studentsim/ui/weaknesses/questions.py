"""The exam's questions one by one: how hard, how telling, what each option drew. A row opens the item."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from studentsim.ui import components, data, words
from studentsim.ui.shell import ANSWERS
from studentsim.ui.titles import skill_title, slip_title
from studentsim.ui.weaknesses import items, sentences
from studentsim.ui.weaknesses.data import Items, View, items_of
from studentsim.ui.weaknesses.place import Place

OFFERED = 40
"""Questions that the list to choose from holds, the hardest; the table has all."""

COLUMNS = {
    "problem": "question", "history": "this run's exams", "facility": "right, of 100", "sheets": "sheets",
    "discrimination": "discrimination",
    "drawn": "most ticked wrong option", "drawn_times": "times", "slip": "its slip", "category": "category", "kind": "kind of question",
}  # fmt: skip


def section(engine: data.Engine, shown: View, place: Place) -> None:
    """The item analysis of the place's questions."""
    st.subheader("Which questions of the exam are hard, and why?", anchor=False)
    told = items_of(engine, shown)
    st.markdown(words.literal(sentences.items(told.sheets, told.own)))
    here = _here(told.table, place)
    chosen = _choose(here, place)
    if chosen:
        _item(shown, told, chosen)
    _table(shown, here, place)


def _here(table: pd.DataFrame, place: Place) -> pd.DataFrame:
    if place.skill:
        return table[table.skill == place.skill]
    return table[table.category == place.category] if place.category else table


def _choose(here: pd.DataFrame, place: Place) -> str:
    """The question that is open: the link's, unless another is chosen; the choice becomes the link."""
    problems = dict(zip(here.question_id, here.problem, strict=True))
    options = list(problems)[:OFFERED]
    if place.question in problems and place.question not in options:
        options.append(place.question)
    key = f"weaknesses.question.{place.run}.{place.category}.{place.skill}.{place.question}"
    st.selectbox(
        "Open a question, the hardest first", options, index=options.index(place.question) if place.question in options else None,
        format_func=lambda id: problems[id], placeholder="Choose one", key=key,
        on_change=lambda: _open(st.session_state[key] or "", place),
    )  # fmt: skip
    return place.question if place.question in problems else ""


def _open(question: str, place: Place) -> None:
    st.query_params.from_dict(place.to(question=question).link)


def _item(shown: View, told: Items, question_id: str) -> None:
    """One question: its text, how it went in each exam, and what each option drew."""
    row = shown.found.questions.set_index("question_id", drop=False).loc[question_id]
    figures = told.table.set_index("question_id").loc[question_id]
    with st.container(border=True, gap="xsmall"):
        st.caption(words.literal(f"{shown.found.label(row.category)} · {skill_title(row.skill)}"))
        st.text(row.problem)
        st.caption(words.literal(sentences.history(list(row.letters), list(row.turns), row.correct)))
        st.caption(words.literal(sentences.item(figures)))
        for option in items.options(row, told.choices).itertuples():
            _option(option, told)
        every = {"run": shown.run.run_id, "phase": "exam", "question": question_id}
        st.page_link(ANSWERS, label="Read every answer to it", icon=":material/menu_book:", query_params=every)


def _option(option: object, told: Items) -> None:
    sheets, letter, text = option.sheets, option.letter, option.text  # type: ignore[attr-defined]
    if not letter and not sheets:
        return
    slip = f" (slip: {slip_title(option.slip)})" if option.slip else ""  # type: ignore[attr-defined]
    mark = f"{items.RIGHT} right" if option.right else "" if not letter else items.WRONG  # type: ignore[attr-defined]
    said = (
        f"{letter}) {text} {mark}{slip}: {sheets} of {told.sheets}" if letter else f"{text}: {sheets} of {told.sheets}"
    )
    st.text(said)
    st.progress(min(1.0, sheets / told.sheets) if told.sheets else 0.0)


def _table(shown: View, here: pd.DataFrame, place: Place) -> None:
    """Every question, sortable, made only while the fold is open; a row opens its item."""
    key = f"weaknesses.items.{place.run}.{place.category}.{place.skill}"
    fold = st.expander(
        f"All {words.plural(len(here), 'question')} as a table, with figures for researchers",
        key=f"{key}.fold",
        on_change="rerun",
    )
    if not fold.open:
        return
    table = table_of(here.assign(category=here.category.map(shown.found.label)))
    with fold:
        st.markdown(
            "**Facility** is the share of answer sheets with the question right. **Discrimination** is the corrected item-total "
            "correlation (point-biserial): whether sheets that are good on all other questions get this one right too; 0 says nothing, "
            "below 0 is suspect."
        )
        st.dataframe(
            table.rename(columns=COLUMNS), width="stretch", hide_index=True, key=f"{key}.{place.question}", selection_mode="single-row",
            on_select=lambda: _select(f"{key}.{place.question}", list(here.question_id), place),
            column_config={
                "question": st.column_config.TextColumn(width="large"),
                "right, of 100": st.column_config.ProgressColumn(format="%d", min_value=0, max_value=100),
                "discrimination": st.column_config.NumberColumn(format="%.2f"),
            },
        )  # fmt: skip
        components.csv(here, "questions", key=key)


def _select(key: str, ids: list[str], place: Place) -> None:
    rows = st.session_state[key].selection.rows
    if rows:
        _open(ids[rows[0]], place)


def table_of(here: pd.DataFrame) -> pd.DataFrame:
    """Item figures as a table in words."""
    frame = here.assign(
        kind=here.skill.map(skill_title),
        facility=(100 * here.facility).round(),
        slip=here.drawn_slip.map(lambda s: slip_title(s) if s else ""),
    )
    return frame[list(COLUMNS)]
