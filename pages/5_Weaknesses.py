"""Weaknesses: where a student is weak, and what to practise next. ``?run=<id>`` names the run; ``category``, ``skill``, ``slip``,
``lesson`` and ``question`` open it.
"""

from __future__ import annotations

import streamlit as st

from studentsim.ui import data, shell
from studentsim.ui.weaknesses import advice, head, heat, questions, second_tries, trends
from studentsim.ui.weaknesses.data import view
from studentsim.ui.weaknesses.place import Place, resolve

with shell.page("Weaknesses") as engine:
    run_id = data.asked_for()
    if run_id is None:
        head.choose(engine)
    else:
        shown = view(engine, run_id)
        place, lost = resolve(Place.of(run_id, st.query_params), shown.found)
        head.head(engine, shown, place, lost)
        if not shown.found.exams.empty:
            heat.section(shown, place)
            if place.up is None:
                advice.section(shown, place)
            trends.section(shown, place)
            second_tries.section(engine, shown, place)
            questions.section(engine, shown, place)
