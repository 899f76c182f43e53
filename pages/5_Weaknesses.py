"""Weaknesses: where a student is weak, and what to practise next. ``?run=<id>`` names the run; ``category``, ``skill``, ``slip``,
``lesson`` and ``question`` open it.
"""

from __future__ import annotations

import streamlit as st

from studentsim.analysis.weakness_selection import WeaknessesSelection, resolve_selection
from studentsim.ui import data, layout
from studentsim.ui.weaknesses import advice, head, heat, questions, second_tries, trends
from studentsim.ui.weaknesses.data import load_view

with layout.page_frame("Weaknesses") as engine:
    run_id = data.requested_run_id()
    if run_id is None:
        head.render_run_chooser(engine)
    else:
        shown = load_view(engine, run_id)
        place, lost = resolve_selection(WeaknessesSelection.from_params(run_id, st.query_params), shown.findings)
        head.render_header(engine, shown, place, lost)
        if not shown.findings.exams.empty:
            heat.render_heatmap(shown, place)
            if place.parent is None:
                advice.render_advice(shown, place)
            trends.render_misconception_trends(shown, place)
            second_tries.render_retries(engine, shown, place)
            questions.render_questions(engine, shown, place)
