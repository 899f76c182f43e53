"""What Help draws."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studentsim.ui import glossary
from studentsim.ui.data import Engine
from studentsim.ui.help import words
from studentsim.ui.help.places import places
from studentsim.ui.words import literal, plural

KNOWN = 40
"""Characters of what was asked for that are said again."""


def asked_term() -> None:
    """The term that the link names (``?term=margin``), on top; a friendly word where there is none of that name."""
    id = st.query_params.get("term")
    if not id:
        return
    term = glossary.TERMS.get(id)
    if term is None:
        st.info(f"There is no term called {literal(id[:KNOWN])}. Search for it below.", icon=":material/info:")
        return
    with st.container(border=True):
        st.subheader(literal(term.name), anchor=False)
        _explained(term)


def terms() -> None:
    """All terms by group, or those that fit the search."""
    st.header("What the words mean", anchor="words")
    wanted = st.text_input(
        "Search",
        max_chars=80,
        key="help.search",
        placeholder="for example: margin, interval, seed",
        icon=":material/search:",
    )
    found = glossary.find(wanted)
    if not found:
        st.info(
            f"Nothing here is called {literal(wanted[:KNOWN])}. Try a single word, or empty the box to see all terms.",
            icon=":material/info:",
        )
    elif wanted.strip():
        st.caption(plural(len(found), "term"))
        _entries(found)
    else:
        for group in glossary.GROUPS:
            st.subheader(group, anchor=False)
            _entries([term for term in glossary.TERMS.values() if term.group == group])


def _entries(found: Sequence[glossary.Term]) -> None:
    for row in range(0, len(found), 2):
        for column, term in zip(st.columns(2, gap="medium"), found[row : row + 2], strict=False):
            with column.container(gap="xsmall"):
                st.markdown(f"#### {literal(term.name)}")
                _explained(term)


def _explained(term: glossary.Term) -> None:
    st.markdown(literal(f"{term.short} {term.more}".strip()))
    if term.field:
        st.caption(f"In the field's words: {literal(term.field)}")


def limits() -> None:
    """What the simulation can't tell."""
    st.header("What the simulation can't tell", anchor="limits")
    for sentence, why in words.LIMITS:
        st.markdown(f"- **{literal(sentence)}** {literal(why)}")


def keys() -> None:
    """Keyboard shortcuts."""
    st.header("Keys", anchor="keys")
    _keys(words.KEYS)
    st.markdown("In Watch's presentation view, for a projector:")
    _keys(words.PRESENTATION_KEYS)


def _keys(keys: Sequence[tuple[str, str]]) -> None:
    st.table({"Key": [key for key, _ in keys], "What it does": [does for _, does in keys]}, hide_index=True)


def data(engine: Engine) -> None:
    """Where the data lies, how to keep it, take it away and delete it."""
    st.header("Where the data lies", anchor="data")
    there = places(engine.folder)
    st.markdown("Everything stays on this computer, in this folder:")
    st.code(str(there.folder), language=None, wrap_lines=True)
    st.markdown(
        f"- `runs`: {plural(there.runs, 'simulation')}, a folder each. Journals: {words.size(there.journals)}; what students had "
        f"learnt after each lesson: {words.size(there.checkpoints)}.\n"
        f"- `studentsim.duckdb`: the database, {words.size(there.database)}. It is an index over the journals and can be made anew.\n"
        "- Another folder: set `STUDENTSIM_DATA` before the program is started."
    )
    for title, text, command in words.CARE:
        st.markdown(f"**{title}** {text}")
        if command:
            st.code(command, language=None, wrap_lines=True)


def technical() -> None:
    """For researchers: how to read every number, and how to cite."""
    st.header("For researchers", anchor="researchers")
    st.markdown(words.READING)
    st.markdown(words.CITING)
