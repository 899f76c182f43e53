"""Help: the glossary, the limitations, keys, and where the data lies. ``?term=margin`` opens at that term."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import components, layout
from studentsim.ui.help import grader, parts, transfer

with layout.page_frame("Help") as engine:
    components.render_page_title("Help")
    st.markdown(
        "A student that is a small language model practises maths, lesson by lesson, and sits exams. Below: "
        f"[the words](#words), {transfer.section_link()}[how good the trained marker is](#marker), "
        "[what it can't tell](#limits), [keys](#keys), [where the data lies](#data) and [how to read and cite the numbers](#researchers)."
    )
    parts.render_requested_term()
    parts.render_glossary()
    transfer.render_transfer()
    grader.render_grader_section()
    parts.render_limitations()
    parts.render_shortcuts()
    parts.render_data_section(engine)
    parts.render_research_notes()
