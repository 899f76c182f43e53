"""Watch: one run, live. ``?run=<id>`` names it; without it, one is chosen among those there are."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import components, data, shell
from studentsim.ui.watch import live

with shell.page("Watch") as engine:
    run_id = data.asked_for()
    if run_id is None:
        st.title("Watch")
        runs = data.recent(engine, limit=30)
        if runs:
            st.markdown("Which simulation do you want to see?")
        else:
            components.nothing_here("There is no simulation to watch yet.", page=shell.HOME, label="Start one on Home")
        for run in runs:
            components.run_row(run, page=shell.WATCH)
    else:
        snapshot = data.snapshot(engine, run_id)
        live.header(engine, snapshot)
        every = live.EVERY if snapshot.alive else None
        st.fragment(live.body, run_every=every)(engine, run_id, snapshot.shown)
