"""Compare: several runs side by side, and what can be said of their difference. ``?runs=a,b`` names them, ``&paper=1`` the paper's."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import components, shell, words
from studentsim.ui.compare import choice, data, further, parts

with shell.page("Compare") as engine:
    components.page_title("Compare")
    runs = data.all_runs(engine)
    if runs:
        chosen = choice.choose(runs)
        if chosen:
            alive = any(run.status in words.ALIVE for run in chosen)
            draw = st.fragment(parts.body, run_every=parts.EVERY if alive else None)
            draw(engine, [run.run_id for run in chosen], alive, [runs])
            further.further(engine, chosen, st.session_state["compare.runs"])
        else:
            st.info("Choose two or more simulations above to see them side by side.", icon=":material/info:")
    else:
        components.nothing_here("There is no simulation to compare yet.", page=shell.HOME, label="Start one on Home")
