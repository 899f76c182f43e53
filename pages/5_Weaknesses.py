"""Weaknesses: where a student is weak, and what to practise next. ``?run=<id>`` names the run; ``category``, ``skill``,
``slip``, ``lesson`` and ``question`` select a part of it.
"""

from __future__ import annotations

import streamlit as st

from studentsim.analysis.weakness_selection import WeaknessesSelection, resolve_selection
from studentsim.ui import data, layout
from studentsim.ui.weaknesses import advice, header, heatmap, questions, retries, trends
from studentsim.ui.weaknesses.data import load_view

with layout.page_frame("Weaknesses") as engine:
    run_id = data.requested_run_id()
    if run_id is None:
        layout.render_run_chooser(
            engine, layout.WEAKNESSES_PAGE, title="Weaknesses", empty_message="There is no simulation to look into yet.",
            question="Of which simulation do you want to see where the student is weak?",
        )  # fmt: skip
    else:
        view = load_view(engine, run_id)
        selection, problems = resolve_selection(WeaknessesSelection.from_params(run_id, st.query_params), view.findings)
        header.render_header(engine, view, selection, problems)
        if not view.findings.exams.empty:
            heatmap.render_heatmap(view, selection)
            if selection.parent is None:
                advice.render_advice(view, selection)
            trends.render_misconception_trends(view, selection)
            retries.render_retries(engine, view, selection)
            questions.render_questions(engine, view, selection)
