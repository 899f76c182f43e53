"""What the teacher of a watched run does besides marking by the key: second tries, errors, doubts. Nothing for other runs."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from studentsim.store import queries
from studentsim.ui import components, data, glossary, words
from studentsim.ui.charts import teaching as pictures
from studentsim.ui.shell import ANSWERS, WEAKNESSES
from studentsim.ui.teaching import names, sentences, tries
from studentsim.ui.teaching.tries import Tries
from studentsim.ui.watch import plot
from studentsim.ui.watch.pulse import Snapshot

COLUMNS = {
    "turn": "lesson",
    "mended": "mended",
    "tried": "tried again",
    "share": "share mended",
    "low": "95 % from",
    "high": "95 % to",
}
MARK_COLUMNS = {
    "turn": "lesson", "answers": "practice answers", "false_right": "wrong called right", "false_wrong": "right called wrong",
    "marker_answers": "judged by the marker", "marker_false_right": "marker: wrong taken for right",
    "marker_false_wrong": "marker: right taken for wrong",
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """What there is to tell so far."""

    tries: Tries
    lessons: pd.DataFrame
    marks: pd.DataFrame
    seq: int


def block(engine: data.Engine, run: Snapshot) -> None:
    """The teacher's part of the page, kept up to date with the rest; nothing where the teacher is a plain one."""
    teaching = names.of(run.config)
    if not names.extras(teaching):
        return
    told = _told(engine, run)
    if teaching.attempts > 1:
        _second_tries(run, told)
    if teaching.error_rate or teaching.marker:
        _errors(run, told)


def _told(engine: data.Engine, run: Snapshot) -> Told:
    """Asked for anew only when there is a new answer; shared by all who watch."""
    seq = int(run.answers.seq.max()) if len(run.answers) else -1

    def made() -> Told:
        found = tries.gather(engine.database, [run.run_id])
        return Told(found, tries.by_lesson(found), queries.teacher_marks(engine.database, run.run_id), seq)

    return run.once("teacher", seq, made)


def _second_tries(run: Snapshot, told: Told) -> None:
    st.subheader("Do second tries help?", anchor=False, help=glossary.help("second-try"))
    said = [sentences.mended(told.tries), sentences.latest(told.lessons)]
    st.markdown(words.literal(" ".join(filter(None, said))))
    if not told.tries.any:
        return
    if repeated := sentences.repeated(told.tries.revisions):
        st.caption(words.literal(repeated))
    if len(told.lessons):
        plot.plot(_picture(run, told), key=f"watch.mended.{run.run_id}")
        st.caption(words.literal(f"Each mark is one lesson, with its 95 % interval. {sentences.few(told.lessons)}"))
        components.numbers(told.lessons, key=f"watch.mended.numbers.{run.run_id}", columns=COLUMNS)
    if gave_way := sentences.gave_way(told.tries):
        st.markdown(words.literal(gave_way), help=glossary.help("giving-way"))
    with st.container(horizontal=True):
        tried = {"run": run.run_id, "phase": "revision"}
        st.page_link(ANSWERS, label="Read the second tries", icon=":material/forum:", query_params=tried)
        if len(run.exams):
            there = {"run": run.run_id}
            st.page_link(WEAKNESSES, label="By category and slip", icon=":material/target:", query_params=there)


def _picture(run: Snapshot, told: Told) -> bytes:
    def made() -> bytes:
        figure = pictures.mended_by_lesson(told.lessons, turns=run.turns, revision=run.run_id)
        return plot.packed(figure, alt=sentences.mended(told.tries))

    return run.once("picture.mended", told.seq, made)


def _errors(run: Snapshot, told: Told) -> None:
    st.subheader("How often does the teacher err?", anchor=False, help=glossary.help("label-noise"))
    st.markdown(words.literal(" ".join(filter(None, [sentences.errors(told.marks), sentences.marker(told.marks)]))))
    if len(told.marks):
        columns = MARK_COLUMNS if told.marks.marker_answers.sum() else dict(list(MARK_COLUMNS.items())[:4])
        components.numbers(told.marks, key=f"watch.marks.numbers.{run.run_id}", columns=columns)
