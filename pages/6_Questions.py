"""Questions: the built-in bank, to browse and to search. studentsim/ui/questions/view.py has the link's parameters."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import layout
from studentsim.ui.questions.page import render_questions_page
from studentsim.ui.questions.view import QuestionsView

with layout.page_frame("Questions") as engine:
    view, invalid_parameters = QuestionsView.from_params(st.query_params.to_dict())
    render_questions_page(engine, view, invalid_parameters)
