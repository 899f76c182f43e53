"""The recorded study on Home: what it shows in words, its picture, and the way to each of its runs."""

from __future__ import annotations

import streamlit as st

from studentsim.config import RunConfig
from studentsim.store import queries
from studentsim.ui import charts, components, data, words
from studentsim.ui.cards import RunCard
from studentsim.ui.drawn import drawn
from studentsim.ui.home import rows, sentences
from studentsim.ui.looks import look

COLUMNS = {
    "way": "way of choosing", "turn": "lessons so far", "correct": "right", "questions": "questions", "accuracy": "share right",
    "low": "95 % from", "high": "95 % to",
}  # fmt: skip


def study(engine: data.Engine, runs: list[RunCard]) -> None:
    """What the recorded ``runs`` show; nothing if there are none."""
    exams = queries.recorded_exams(engine.database) if runs else None
    if exams is None or exams.empty:
        return
    first = exams.iloc[0]
    student = words.student(RunConfig.model_construct(model=first.model, student=first.student))
    finding = sentences.finding(exams)
    st.header("What does teaching change?", anchor=False)
    components.recorded_badge(runs[0].recorded)
    st.markdown(finding)
    components.picture(
        "How many of 100 never-practised questions does it answer rightly?",
        drawn(charts.study, exams),
        exams.assign(way=exams.strategy.map(lambda s: look(s).name)),
        key="home.study",
        alt=finding.replace("*", ""),
        columns=COLUMNS,
    )
    label = f"Look into the {words.plural(len(runs), 'recorded run')}"
    fold = st.expander(label, key="home.recorded", on_change="rerun")
    if fold.open:
        with fold:
            st.caption(words.literal(sentences.basis(student, exams)))
            for run in runs:
                rows.row(engine, run)
