"""Compare: several runs side by side, and what can be said of their difference. ``?runs=a,b`` names them, ``&paper=1`` the paper's."""

from __future__ import annotations

import streamlit as st

from studentsim.labels import formatting
from studentsim.ui import components, layout
from studentsim.ui.compare import choice, data, further, parts

with layout.page_frame("Compare") as engine:
    components.render_page_title("Compare")
    runs = data.load_runs(engine)
    if runs:
        chosen = choice.render_run_choice(runs)
        if chosen:
            alive = any(run.status in formatting.ACTIVE_STATUSES for run in chosen)
            draw = st.fragment(parts.render_comparison, run_every=parts.REFRESH_SECONDS if alive else None)
            draw(engine, [run.run_id for run in chosen], alive, [runs])
            further.render_next_steps(engine, chosen, st.session_state["compare.runs"])
        else:
            st.info("Choose two or more simulations above to see them side by side.", icon=":material/info:")
    else:
        components.render_empty_state(
            "There is no simulation to compare yet.", page=layout.HOME_PAGE, label="Start one on Home"
        )
