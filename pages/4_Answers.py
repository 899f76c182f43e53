"""Answers: every answer of a run, filtered. ``?run=<id>`` names the run; studentsim/ui/answers/view.py has all parameters."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import data, layout
from studentsim.ui.answers import download, header, list_and_card
from studentsim.ui.answers.data import load_page_data

with layout.page_frame("Answers") as engine:
    run_id = data.requested_run_id()
    if run_id is None:
        layout.render_run_chooser(
            engine, layout.ANSWERS_PAGE, title="Answers", empty_message="There are no answers to read yet.",
            question="The answers of which simulation do you want to read?",
        )  # fmt: skip
    else:
        page_data = load_page_data(engine, run_id, st.query_params.to_dict())
        header.render_header(page_data)
        list_and_card.render_list_and_card(engine, page_data)
        header.render_links_below_card(page_data)
        download.render_downloads(engine, page_data)
