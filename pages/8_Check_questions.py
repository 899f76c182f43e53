"""Check questions: what a question set holds, and which of its rows are doubtful. ``?source=<set or path>`` or ``?run=<id>``
names it; studentsim/ui/dataset_check has the parts.
"""

from __future__ import annotations

import streamlit as st

from studentsim.ui import components, layout
from studentsim.ui.dataset_check import choose, report, work

with layout.page_frame("Check questions") as engine:
    components.render_page_title("Check questions")
    st.markdown(
        "Published sets of questions hold mistakes: keys that can't be right, options that stand twice, questions that come "
        "again. See what a set holds before a student learns from it."
    )
    request = choose.render_request_form(engine)
    if request is None:
        st.info("Choose questions above, then press *Check them*.", icon=":material/info:")
    elif result := work.render_check_job(request):
        report.render_report(request, result)
