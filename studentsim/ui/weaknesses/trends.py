"""Slips over the exams: the most frequent as small pictures, all of them as a table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from studentsim.ui import charts, components, words
from studentsim.ui.shell import ANSWERS, WEAKNESSES
from studentsim.ui.still import still
from studentsim.ui.titles import is_formula_error, slip_title
from studentsim.ui.weaknesses import in_practice, sentences
from studentsim.ui.weaknesses.data import View
from studentsim.ui.weaknesses.findings import Findings, explanation, hint
from studentsim.ui.weaknesses.place import Place
from studentsim.ui.weaknesses.slips import VERDICTS, most_frequent

SHOWN = 6
"""Slips drawn as pictures."""
ALL = "most frequent"
COLUMNS = {
    "title": "slip (misconception)", "category": "category", "name": "what became of it", "first": "first exam", "last": "last exam",
    "series": "exam by exam",
}  # fmt: skip


def section(shown: View, place: Place) -> None:
    """The slips of the place, with what became of them."""
    found = shown.found
    here = slips_of(found, place)
    st.subheader("Which slips were unlearnt, which remain?", anchor=False)
    st.markdown(words.literal(sentences.slips(found, here)))
    if not place.category:
        st.markdown(words.literal(sentences.kinds(found)))
        if told := in_practice.kinds(found):
            st.markdown(words.literal(told))
        if told := in_practice.disagreements(found):
            st.markdown(words.literal(told))
            st.page_link(
                ANSWERS, label="Read all such answers", icon=":material/menu_book:", query_params={"run": place.run, "value": "other"}
            )  # fmt: skip
    if here.empty:
        return
    chosen = _chosen(here)
    if len(found.turns) > 1:
        st.caption(
            "Each picture: how often, of 100 questions that invite it, the slip was made, by lessons so far, with 95 % intervals. What a "
            "question's formula tells may go wrong in any question of the category: all of them count."
            if here.misconception.map(is_formula_error).any()
            else "Each picture: how often, of 100 questions that invite it, the slip was made, by lessons so far, with 95 % intervals."
        )
    for start in range(0, len(chosen), 3):
        columns = st.columns(3)
        for column, row in zip(columns, chosen.iloc[start : start + 3].itertuples(), strict=False):
            with column.container(border=True, height="stretch", gap="xsmall"):
                _card(found, row, place)
    _table(found, here, place)


def slips_of(found: Findings, place: Place) -> pd.DataFrame:
    """The rows of ``Findings.slips`` that belong to the place's category or skill."""
    here = found.slips
    if place.skill:
        return here[here.skill == place.skill]
    return here[here.category == place.category] if place.category else here


def _chosen(here: pd.DataFrame) -> pd.DataFrame:
    """The slips to draw: the most frequent, or those of one verdict; where there are few, all."""
    if len(here) <= 3:
        return here
    counts = here.verdict.value_counts()
    options = [ALL, *(name for name in VERDICTS if name in counts)]
    names = {ALL: "Most frequent"} | {n: f"{v.name.capitalize()} ({counts.get(n, 0)})" for n, v in VERDICTS.items()}
    which = st.segmented_control(
        "Which slips", options, format_func=names.__getitem__, default=ALL, required=True, key="weaknesses.verdict",
        label_visibility="collapsed", wrap=True,
    )  # fmt: skip
    if which in VERDICTS:
        st.caption(words.literal(VERDICTS[which].rule))
        return here[here.verdict == which].head(SHOWN)
    st.caption("Those made most in the last exam come first, then those made most in an earlier one.")
    return most_frequent(here).head(SHOWN)


def _card(found: Findings, row: object, place: Place) -> None:
    """One slip: what became of it, and its course; within its own kind of question also what goes wrong and what to ask."""
    slip, verdict = str(row.misconception), VERDICTS[str(row.verdict)]  # type: ignore[attr-defined]
    inside = Place(place.run, str(row.category), str(row.skill), slip, place.lesson)  # type: ignore[attr-defined]
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.badge(verdict.told(row.last_made, row.last_of), icon=verdict.icon, color=verdict.color)  # type: ignore[arg-type]
        if place.slip == slip:
            st.badge("the one you opened", icon=":material/arrow_downward:", color="blue")
    st.markdown(f"**{words.literal(slip_title(slip))}**")
    said = sentences.trend(row, found.turns)
    st.caption(words.literal(f"{found.label(row.category)} · {said}"))  # type: ignore[attr-defined]
    made = found.made
    own = (made.misconception == slip) & (made.category == row.category) & (made.skill == row.skill)  # type: ignore[attr-defined]
    exams = made[own].sort_values("turn")
    if len(found.turns) > 1:
        sketch = charts.slip_trend(exams, turns=found.turns)
        still(sketch, key=f"weaknesses.trend.{place.run}.{row.category}.{slip}", alt=f"{slip_title(slip)}: {said}")
    if not place.skill and (row.skill or not place.category):  # type: ignore[attr-defined]
        st.page_link(WEAKNESSES, label="Open this slip", icon=":material/search:", query_params=inside.link)
        return
    if explanation(slip):
        st.text(explanation(slip))
        st.text(f"To ask a pupil: {hint(slip)}")
    lesson = int(place.lesson or found.last)
    count = int(exams[exams.turn == lesson].made.sum())
    if count:
        label = f"Read {words.plural(count, 'such answer')}"
        st.page_link(ANSWERS, label=label, icon=":material/menu_book:", query_params=inside.answers(lesson=lesson))


def _table(found: Findings, here: pd.DataFrame, place: Place) -> None:
    """All slips and the rules, made only while the fold is open."""
    key = f"weaknesses.slips.{place.run}.{place.category}.{place.skill}"
    fold = st.expander(
        f"All {words.plural(len(here), 'slip')}, and how they are judged", key=f"{key}.fold", on_change="rerun"
    )
    if not fold.open:
        return
    table = table_of(found, here)
    with fold:
        st.dataframe(
            table.rename(columns=COLUMNS), width="stretch", hide_index=True, key=f"{key}.table",
            column_config={"exam by exam": st.column_config.BarChartColumn("exam by exam", y_min=0, y_max=int(here.most.max()))},
        )  # fmt: skip
        components.csv(table, "slips", key=key)
        for name, rule in sentences.rules():
            st.markdown(f"**{name}**: {words.literal(rule)}")


def table_of(found: Findings, here: pd.DataFrame) -> pd.DataFrame:
    """Slips as a table in words."""
    frame = pd.DataFrame({
        "title": here.misconception.map(slip_title),
        "category": here.category.map(found.label),
        "name": [VERDICTS[r.verdict].told(r.last_made, r.last_of) for r in here.itertuples()],
        "first": [f"{k} of {n}" for k, n in zip(here.first_made, here.first_of, strict=True)],
        "last": [f"{k} of {n}" for k, n in zip(here.last_made, here.last_of, strict=True)],
        "series": here.series,
    })  # fmt: skip
    return frame
