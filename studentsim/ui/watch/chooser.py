"""Watch without a run in its link: which one?"""

from __future__ import annotations

import streamlit as st

from studentsim.ui import components, data, recorded_race
from studentsim.ui.layout import HOME_PAGE, WATCH_PAGE
from studentsim.ui.watch import links


def render_run_chooser(engine: data.Engine) -> None:
    """The newest runs, each a link; or where to start one."""
    components.render_page_title("Watch", scroll_id="Watch")
    runs = data.list_recent_runs(engine, limit=data.MAX_LISTED_RUNS)
    if runs:
        st.markdown("Which simulation do you want to see?")
    else:
        components.render_empty_state("There is no simulation to watch yet.", page=HOME_PAGE, label="Start one on Home")
    render_new_race_link("Or start a race: two to four students learn side by side")
    recorded_race.render_race_link(runs)
    for run in runs:
        components.render_run_row(run, page=WATCH_PAGE)


def render_new_race_link(label: str) -> None:
    """The way to a new race."""
    st.page_link(WATCH_PAGE, label=label, icon=":material/flag:", query_params={"race": links.NEW_RACE})
