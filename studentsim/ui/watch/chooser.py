"""Watch without a run in its link: choose one."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import components, data, literal, recorded_race
from studentsim.ui.layout import HOME_PAGE, WATCH_PAGE
from studentsim.ui.subject import NEW_RACE


def render_run_chooser(engine: data.Engine) -> None:
    """Links to the newest runs and to a new race; without runs, a link to Home."""
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
    """A link to the form for a new race."""
    literal.link(WATCH_PAGE, label, ":material/flag:", {"race": NEW_RACE})
