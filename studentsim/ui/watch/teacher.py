"""The teacher of a watched run, if it does more than grade by the key: further attempts, wrong grades, challenges."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from studentsim.analysis import tries
from studentsim.analysis.tries import RetryResults
from studentsim.labels import teacher_settings
from studentsim.narration import teaching_summary
from studentsim.store import queries
from studentsim.ui import components, data, literal
from studentsim.ui.charts.retries import retries_by_lesson_figure
from studentsim.ui.layout import ANSWERS_PAGE, WEAKNESSES_PAGE
from studentsim.ui.watch import plot
from studentsim.ui.watch.live_run import RunSnapshot

RETRY_COLUMNS = {
    "turn": "lesson",
    "mended": "mended",
    "tried": "tried again",
    "share": "share mended",
    **components.INTERVAL_COLUMNS,
}
GRADING_COLUMNS = {
    "turn": "lesson",
    "answers": "practice answers",
    "false_right": "wrong called right",
    "false_wrong": "right called wrong",
    "marker_answers": "judged by the marker",
    "marker_false_right": "marker: wrong taken for right",
    "marker_false_wrong": "marker: right taken for wrong",
}


@dataclass(frozen=True)
class TeacherFindings:
    """Results of the teacher so far; ``last_seq`` is that of the newest answer, -1 without any."""

    retry_results: RetryResults
    retry_rates_by_turn: pd.DataFrame
    gradings: pd.DataFrame
    last_seq: int


def render_teacher_section(engine: data.Engine, run: RunSnapshot) -> None:
    """The teacher's part of the page; nothing if it only grades by the key."""
    teacher = teacher_settings.teaching_settings(run.config)
    if not teacher_settings.teaching_extras(teacher):
        return
    findings = _load_teacher_findings(engine, run)
    if teacher.attempts > 1:
        _render_retries(run, findings)
    if teacher.error_rate or teacher.grader:
        _render_grading_errors(run, findings)


def _load_teacher_findings(engine: data.Engine, run: RunSnapshot) -> TeacherFindings:
    """Queried again only after a new answer; cached for all viewers."""
    seq = int(run.answers.seq.max()) if len(run.answers) else -1

    def load() -> TeacherFindings:
        retry_results = tries.query_retry_results(engine.database, [run.run_id])
        return TeacherFindings(
            retry_results,
            tries.retry_rates_by_lesson(retry_results),
            queries.fetch_grading_errors(engine.database, run.run_id),
            seq,
        )

    return run.cache.get_or_compute("teacher", seq, load)


def _render_retries(run: RunSnapshot, findings: TeacherFindings) -> None:
    literal.subheader("Do second tries help?", term="second-try")
    literal.markdown(
        teaching_summary.describe_retries(findings.retry_results),
        teaching_summary.describe_latest_lesson(findings.retry_rates_by_turn),
    )
    if not findings.retry_results.has_retries:
        return
    literal.caption(teaching_summary.explanation_caveat(findings.retry_results.revisions))
    if len(findings.retry_rates_by_turn):
        plot.render_packed_figure(_pack_retries_figure(run, findings), key=f"watch.mended.{run.run_id}")
        few_tries_note = teaching_summary.few_tries_note(findings.retry_rates_by_turn)
        literal.caption("Each mark is one lesson, with its 95 % interval.", few_tries_note)
        components.render_figure_data(
            findings.retry_rates_by_turn, key=f"watch.mended.numbers.{run.run_id}", columns=RETRY_COLUMNS
        )
    gave_way = teaching_summary.describe_giving_way(findings.retry_results)
    literal.markdown(gave_way, term="giving-way")
    with st.container(horizontal=True):
        answers_params = {"run": run.run_id, "phase": "revision"}
        literal.link(ANSWERS_PAGE, "Read the second tries", ":material/forum:", answers_params)
        if len(run.exams):
            weaknesses_params = {"run": run.run_id}
            literal.link(WEAKNESSES_PAGE, "By category and slip", ":material/target:", weaknesses_params)


def _pack_retries_figure(run: RunSnapshot, findings: TeacherFindings) -> bytes:
    def build() -> bytes:
        figure = retries_by_lesson_figure(findings.retry_rates_by_turn, turns=run.planned_turns, revision=run.run_id)
        return plot.pack_figure(figure, alt=teaching_summary.describe_retries(findings.retry_results))

    return run.cache.get_or_compute("picture.mended", findings.last_seq, build)


def _render_grading_errors(run: RunSnapshot, findings: TeacherFindings) -> None:
    literal.subheader("How often does the teacher err?", term="label-noise")
    literal.markdown(
        teaching_summary.describe_teacher_errors(findings.gradings),
        teaching_summary.describe_grader_errors(findings.gradings),
    )
    if len(findings.gradings):
        columns = GRADING_COLUMNS if findings.gradings.marker_answers.sum() else dict(list(GRADING_COLUMNS.items())[:4])
        components.render_figure_data(findings.gradings, key=f"watch.marks.numbers.{run.run_id}", columns=columns)
