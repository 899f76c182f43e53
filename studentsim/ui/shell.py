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

import streamlit as st

from studentsim.errors import StudentsimError, UnknownRun
from studentsim.ui import components, data, glossary
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
"""Pages that show one run: the menu leads to the one looked at last."""

log = logging.getLogger(__name__)


@contextmanager
def page(title: str, *, menu: bool = True) -> Iterator[data.Engine]:
    """The frame of one page; yields the app's engine. The first thing a page does. Without ``menu`` there is no side bar and no footer."""
    # an emoji: a Material icon in the browser's tab would be fetched from a font server on the internet
    st.set_page_config(page_title=f"{title} · studentsim", page_icon="🎓", layout="wide")
    if menu:
        _navigation()
    body = st.container()
    if menu:
        _footer()
    with body:
        engine = _engine()
        for notice in data.notices(engine):
            st.info(notice, icon=":material/info:")
        if error := st.session_state.pop("shell.error", None):
            components.problem(error)
        with guarded():
            yield engine
    data.settle()


@contextmanager
def guarded() -> Iterator[None]:
    """Turn errors into words on the page. Fragments need their own, since they run again without the page around them."""
    try:
        yield
    except UnknownRun as error:
        data.forget(data.asked_for())
        components.problem(error)
        st.page_link(HOME, label="Go to Home", icon=":material/home:")
    except StudentsimError as error:
        components.problem(error)
    except Exception:
        log.exception("a page failed")
        components.problem(
            StudentsimError(
                "Something went wrong on this page.",
                "Reload it. If it happens again, the details below help to mend it.",
            ),
            details=traceback.format_exc(),
        )


def term_link(id: str) -> None:
    """A link to a term's place on Help, for use beside the thing itself; with the short help for who only looks."""
    term = glossary.TERMS[id]
    st.page_link(
        HELP, label=f"What is “{term.name}”?", icon=":material/help:", query_params={"term": id}, help=glossary.help(id)
    )


def _engine() -> data.Engine:
    with guarded():
        return data.engine()
    st.stop()


def _navigation() -> None:
    watched = data.watched()
    with st.sidebar:
        st.markdown("**studentsim**")
        for script, name, icon in PAGES:
            params = {"run": watched} if script in OF_A_RUN and watched else None
            st.page_link(script, label=name, icon=icon, query_params=params, width="stretch")


def _footer() -> None:
    st.divider()
    st.caption(f"{LIMITS} Everything stays on this computer.")
