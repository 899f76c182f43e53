"""Compare: several runs side by side, and how sure their difference is. ``?runs=a,b`` names them, ``&paper=1`` adds the paper's."""

from __future__ import annotations

import streamlit as st

from studentsim.labels import formatting
from studentsim.ui import components, layout
from studentsim.ui.compare import choice, data, next_steps, parts

with layout.page_frame("Compare") as engine:
    components.render_page_title("Compare")
    runs = data.load_runs(engine)
    choice.render_damaged_runs(data.describe_damaged_runs(engine, runs))
    if runs:
        chosen = choice.render_run_choice(runs)
        if chosen:
            is_active = any(run.status in formatting.ACTIVE_STATUSES for run in chosen)
            render = st.fragment(parts.render_comparison, run_every=parts.REFRESH_SECONDS if is_active else None)
            render(engine, [run.run_id for run in chosen], is_active, [runs])
            next_steps.render_next_steps(engine, chosen, st.session_state["compare.runs"])
        else:
            st.info("Choose two or more simulations above to see them side by side.", icon=":material/info:")
    else:
        components.render_empty_state(
            "There is no simulation to compare yet.", page=layout.HOME_PAGE, label="Start one on Home"
        )
