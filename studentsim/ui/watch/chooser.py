"""Watch without a run in its link: which one?"""

from __future__ import annotations

import streamlit as st

from studentsim.ui import components, data, recorded_race
from studentsim.ui.shell import HOME, WATCH
from studentsim.ui.watch import links


def choose(engine: data.Engine) -> None:
    """The newest runs, each a link; or where to start one."""
    components.page_title("Watch", place="Watch")
    runs = data.recent(engine, limit=data.OFFERED)
    if runs:
        st.markdown("Which simulation do you want to see?")
    else:
        components.nothing_here("There is no simulation to watch yet.", page=HOME, label="Start one on Home")
    race_link("Or start a race: two to four students learn side by side")
    recorded_race.offer(runs)
    for run in runs:
        components.run_row(run, page=WATCH)


def race_link(label: str) -> None:
    """The way to a new race."""
    st.page_link(WATCH, label=label, icon=":material/flag:", query_params={"race": links.NEW_RACE})
