"""Questions: the built-in bank, to browse and to search. studentsim/ui/questions/view.py has the link's parameters."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import shell
from studentsim.ui.questions.desk import desk
from studentsim.ui.questions.view import View

with shell.page("Questions") as engine:
    view, lost = View.read(st.query_params.to_dict())
    desk(engine, view, lost)
