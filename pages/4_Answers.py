"""Answers: every answer of a run, filtered. ``?run=<id>`` names the run; studentsim/ui/answers/view.py has all parameters."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import data, shell
from studentsim.ui.answers import desk, head, takeaway
from studentsim.ui.answers.data import sheet

with shell.page("Answers") as engine:
    run_id = data.asked_for()
    if run_id is None:
        head.choose(engine)
    else:
        shown = sheet(engine, run_id, st.query_params.to_dict())
        head.head(shown)
        desk.desk(engine, shown)
        head.below(shown)
        takeaway.takeaway(engine, shown)
