"""The frame of every page: menu, database notices, footer, and how errors are shown.

    from studentsim.ui import layout

    with layout.page_frame("Watch") as engine:
        …

A ``StudentsimError`` becomes its problem and remedy, as does a full disk or a file that the system refuses; any other exception a
general sentence with the traceback in an expander, and goes to the log.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from studentsim.errors import StudentsimError, UnknownRun
from studentsim.files import explain_storage_error
from studentsim.labels.formatting import DISCLAIMER
from studentsim.ui import components, data, glossary, literal, url_sync

HOME_PAGE = "app.py"
NEW_SIMULATION_PAGE = "pages/1_New_simulation.py"
WATCH_PAGE = "pages/2_Watch.py"
COMPARE_PAGE = "pages/3_Compare.py"
ANSWERS_PAGE = "pages/4_Answers.py"
WEAKNESSES_PAGE = "pages/5_Weaknesses.py"
QUESTIONS_PAGE = "pages/6_Questions.py"
HELP_PAGE = "pages/7_Help.py"
CHECK_QUESTIONS_PAGE = "pages/8_Check_questions.py"

MENU_PAGES: tuple[tuple[str, str, str], ...] = (
    (HOME_PAGE, "Home", ":material/home:"),
    (NEW_SIMULATION_PAGE, "New simulation", ":material/add_circle:"),
    (WATCH_PAGE, "Watch", ":material/visibility:"),
    (COMPARE_PAGE, "Compare", ":material/compare_arrows:"),
    (ANSWERS_PAGE, "Answers", ":material/list_alt:"),
    (WEAKNESSES_PAGE, "Weaknesses", ":material/target:"),
    (QUESTIONS_PAGE, "Questions", ":material/quiz:"),
    (CHECK_QUESTIONS_PAGE, "Check questions", ":material/fact_check:"),
    (HELP_PAGE, "Help", ":material/help:"),
)
"""Script, name and icon of each page, in the menu's order."""

SINGLE_RUN_PAGES = (WATCH_PAGE, ANSWERS_PAGE, WEAKNESSES_PAGE)
"""Pages of one run: the menu links to the viewed one."""

STYLE_HTML_BY_MENU = {
    menu: f"<style>{''.join(Path(__file__).with_name(name).read_text() for name in ('frame.css', css_file))}</style>"
    for menu, css_file in ((True, "menu.css"), (False, "no_menu.css"))
}
"""The style sheet, by whether a page has the menu."""

log = logging.getLogger(__name__)


@contextmanager
def page_frame(title: str, *, show_menu: bool = True) -> Iterator[data.Engine]:
    """The frame of one page, its first call; yields the app's engine. Without ``show_menu``, no sidebar and no footer."""
    # an emoji: a Material icon in the browser's tab would be fetched from a font server on the internet
    st.set_page_config(page_title=f"{title} · studentsim", page_icon="🎓", layout="wide")
    st.html(STYLE_HTML_BY_MENU[show_menu])  # one element for both: it replaces the last page's at once
    components.reset_title()
    with error_boundary(title):  # a broken link must not hide the menu and the page
        url_sync.sync_browser_url(title)
        data.set_viewed_runs_from_link()
    initial_runs = data.get_viewed_runs()
    menu_container = st.sidebar.empty() if show_menu else None
    if menu_container:
        _render_menu(menu_container)
    with st.container():
        engine = _open_engine(title, show_menu)
        for notice in data.database_notices(engine):
            st.info(notice, icon=":material/info:")
        if error := st.session_state.pop("shell.error", None):
            components.render_error(error)
        with error_boundary(title):
            yield engine
    if menu_container and data.get_viewed_runs() != initial_runs:  # the page shows other runs than its link names
        _render_menu(menu_container)
    if show_menu:
        _render_footer()
    data.freeze_loaded_objects()


@contextmanager
def error_boundary(title: str = "") -> Iterator[None]:
    """Show errors on the page. Fragments need their own boundary, since they rerun without the page.

    ``title`` becomes the page's heading where an error precedes it; blank in a fragment.
    """
    try:
        yield
    except UnknownRun as error:
        data.forget_run(data.requested_run_id())
        _render_missing_title(title and "There is no such simulation")
        components.render_error(error)
        literal.link(HOME_PAGE, "Go to Home", ":material/home:")
    except StudentsimError as error:
        _render_missing_title(title)
        components.render_error(error)
    except Exception as error:
        log.exception("a page failed")
        if explained := explain_storage_error(error):
            _render_missing_title(title)
            components.render_error(explained, details=traceback.format_exc())
            return
        _render_missing_title(title)
        components.render_error(
            StudentsimError(
                "Something went wrong on this page.",
                "Reload it. If it happens again, the details below help to mend it.",
            ),
            details=traceback.format_exc(),
        )


def _render_missing_title(text: str) -> None:
    if text and not components.has_title():
        components.render_page_title(text)


def render_run_chooser(engine: data.Engine, page: str, *, title: str, question: str, empty_message: str) -> None:
    """A results page whose link names no run: the newest runs, each linked to ``page``, or an empty state."""
    components.render_page_title(title, scroll_id=title)
    runs = data.list_recent_runs(engine, limit=data.MAX_LISTED_RUNS)
    if not runs:
        components.render_empty_state(empty_message, page=HOME_PAGE, label="Start a simulation on Home")
        return
    st.markdown(question)
    for run in runs:
        components.render_run_row(run, page=page)


def render_term_link(term_id: str) -> None:
    """A link to a term on Help, with its tooltip."""
    term = glossary.TERMS[term_id]
    literal.link(
        HELP_PAGE, f"What is “{term.name}”?", ":material/help:", {"term": term_id}, help=glossary.term_help(term_id)
    )


def _open_engine(title: str, show_menu: bool) -> data.Engine:
    with error_boundary(title):
        return data.get_engine()
    if show_menu:
        _render_footer()
    st.stop()


def _render_menu(container: DeltaGenerator) -> None:
    """The menu; pages of runs are linked to the viewed ones."""
    viewed = data.get_viewed_runs()
    links = dict.fromkeys(SINGLE_RUN_PAGES, viewed.results_params) | {
        WATCH_PAGE: viewed.watch_params,
        COMPARE_PAGE: viewed.compare_params,
    }
    with container.container():
        st.markdown("**studentsim**")
        for script, name, icon in MENU_PAGES:
            literal.link(script, name, icon, links.get(script), width="stretch")


def _render_footer() -> None:
    st.divider()
    st.caption(f"{DISCLAIMER} Everything stays on this computer.")
