"""What every page has in common: its frame, the way about, what the database has to say, and how errors look.

    from studentsim.ui import shell

    with shell.page("Watch", icon=":material/visibility:") as engine:
        …

The engine is the app's one (``data.Engine``). Errors of the product become a sentence and a remedy; anything unforeseen
becomes a friendly sentence with the details folded, and goes to the log whole.
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
from studentsim.ui import address, components, data, glossary
from studentsim.ui.words import LIMITS

HOME = "app.py"
NEW = "pages/1_New_simulation.py"
WATCH = "pages/2_Watch.py"
COMPARE = "pages/3_Compare.py"
ANSWERS = "pages/4_Answers.py"
WEAKNESSES = "pages/5_Weaknesses.py"
QUESTIONS = "pages/6_Questions.py"
HELP = "pages/7_Help.py"
CHECK = "pages/8_Check_questions.py"

PAGES: tuple[tuple[str, str, str], ...] = (
    (HOME, "Home", ":material/home:"),
    (NEW, "New simulation", ":material/add_circle:"),
    (WATCH, "Watch", ":material/visibility:"),
    (COMPARE, "Compare", ":material/compare_arrows:"),
    (ANSWERS, "Answers", ":material/list_alt:"),
    (WEAKNESSES, "Weaknesses", ":material/target:"),
    (QUESTIONS, "Questions", ":material/quiz:"),
    (CHECK, "Check questions", ":material/fact_check:"),
    (HELP, "Help", ":material/help:"),
)
"""Script, name and icon of each page, in the order of the menu."""

OF_A_RUN = (WATCH, ANSWERS, WEAKNESSES)
"""Pages that show one run: the menu leads to the one looked at."""

STYLES = {
    menu: f"<style>{''.join(Path(__file__).with_name(name).read_text() for name in ('frame.css', own))}</style>"
    for menu, own in ((True, "menu.css"), (False, "no_menu.css"))
}
"""By whether a page has the menu."""

log = logging.getLogger(__name__)


@contextmanager
def page(title: str, *, menu: bool = True) -> Iterator[data.Engine]:
    """The frame of one page; yields the app's engine. The first thing a page does. Without ``menu`` there is no side bar and no footer."""
    # an emoji: a Material icon in the browser's tab would be fetched from a font server on the internet
    st.set_page_config(page_title=f"{title} · studentsim", page_icon="🎓", layout="wide")
    st.html(STYLES[menu])  # in one another's place: what the page before had is replaced at once
    components.no_title_yet()
    with guarded(title):  # whatever is wrong with a link, the menu and the page come
        address.keep(title)
        data.follow_link()
    drawn = data.subject()
    place = st.sidebar.empty() if menu else None
    if place:
        _navigation(place)
    with st.container():
        engine = _engine(title, menu)
        for notice in data.notices(engine):
            st.info(notice, icon=":material/info:")
        if error := st.session_state.pop("shell.error", None):
            components.problem(error)
        with guarded(title):
            yield engine
    if place and data.subject() != drawn:  # the page looks at something else than its link says: that is known only now
        _navigation(place)
    if menu:
        _footer()
    data.settle()


@contextmanager
def guarded(title: str = "") -> Iterator[None]:
    """Turn errors into words on the page. Fragments need their own, since they run again without the page around them.

    ``title`` is the page's heading where an error comes before it has one; blank in a fragment, which has its page's.
    """
    try:
        yield
    except UnknownRun as error:
        data.forget(data.asked_for())
        _heading(title and "There is no such simulation")
        components.problem(error)
        st.page_link(HOME, label="Go to Home", icon=":material/home:")
    except StudentsimError as error:
        _heading(title)
        components.problem(error)
    except Exception:
        log.exception("a page failed")
        _heading(title)
        components.problem(
            StudentsimError(
                "Something went wrong on this page.",
                "Reload it. If it happens again, the details below help to mend it.",
            ),
            details=traceback.format_exc(),
        )


def _heading(text: str) -> None:
    if text and not components.has_title():
        components.page_title(text)


def term_link(id: str) -> None:
    """A link to a term's place on Help, for use beside the thing itself; with the short help for who only looks."""
    term = glossary.TERMS[id]
    st.page_link(
        HELP, label=f"What is “{term.name}”?", icon=":material/help:", query_params={"term": id}, help=glossary.help(id)
    )


def _engine(title: str, menu: bool) -> data.Engine:
    with guarded(title):
        return data.engine()
    if menu:
        _footer()
    st.stop()


def _navigation(place: DeltaGenerator) -> None:
    """The menu; its ways to pages of runs lead to what is looked at."""
    subject = data.subject()
    links = dict.fromkeys(OF_A_RUN, subject.results) | {WATCH: subject.watch, COMPARE: subject.compare}
    with place.container():
        st.markdown("**studentsim**")
        for script, name, icon in PAGES:
            st.page_link(script, label=name, icon=icon, query_params=links.get(script), width="stretch")


def _footer() -> None:
    st.divider()
    st.caption(f"{LIMITS} Everything stays on this computer.")
