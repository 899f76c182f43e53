"""Help: every term once, what the simulation can't tell, keys, where the data lies. ``?term=margin`` opens at that term."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import components, shell
from studentsim.ui.help import marker, parts, transfer

with shell.page("Help") as engine:
    components.page_title("Help")
    st.markdown(
        "A student that is a small language model practises maths, lesson by lesson, and sits exams. Below: "
        f"[the words](#words), {transfer.link()}[how good the trained marker is](#marker), [what it can't tell](#limits), [keys](#keys), "
        "[where the data lies](#data) and [how to read and cite the numbers](#researchers)."
    )
    parts.asked_term()
    parts.terms()
    transfer.transfer()
    marker.marker()
    parts.limits()
    parts.keys()
    parts.data(engine)
    parts.technical()
