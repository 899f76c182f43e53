"""The sections of the Help page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studentsim.labels.formatting import escape_markdown, pluralize
from studentsim.ui import glossary, literal
from studentsim.ui.data import Engine
from studentsim.ui.help import texts
from studentsim.ui.help.data_folder import measure_data_folder

MAX_ECHOED_CHARS = 40
"""Characters of an unknown term that are quoted."""


def render_requested_term() -> None:
    """The term that the link names (``?term=margin``), or that there is none of that name."""
    term_id = st.query_params.get("term")
    if not term_id:
        return
    term = glossary.TERMS.get(term_id)
    if term is None:
        st.info(
            f"There is no term called {escape_markdown(term_id[:MAX_ECHOED_CHARS])}. Search for it below.",
            icon=":material/info:",
        )
        return
    with st.container(border=True):
        literal.subheader(term.name)
        _render_term_text(term)


def render_glossary() -> None:
    """All terms by group, or those that match the search."""
    st.header("What the words mean", anchor="words")
    query = st.text_input(
        "Search",
        max_chars=80,
        key="help.search",
        placeholder="for example: margin, interval, seed",
        icon=":material/search:",
    )
    terms = glossary.search_terms(query)
    if not terms:
        st.info(
            f"Nothing here is called {escape_markdown(query[:MAX_ECHOED_CHARS])}. "
            "Try a single word, or empty the box to see all terms.",
            icon=":material/info:",
        )
    elif query.strip():
        st.caption(pluralize(len(terms), "term"))
        _render_terms(terms)
    else:
        for group in glossary.TERM_GROUPS:
            literal.subheader(group)
            _render_terms([term for term in glossary.TERMS.values() if term.group == group])


def _render_terms(terms: Sequence[glossary.Term]) -> None:
    for row in range(0, len(terms), 2):
        for column, term in zip(st.columns(2, gap="medium"), terms[row : row + 2], strict=False):
            with column.container(gap="xsmall"):
                st.markdown(f"#### {escape_markdown(term.name)}")
                _render_term_text(term)


def _render_term_text(term: glossary.Term) -> None:
    literal.markdown(f"{term.summary} {term.details}".strip())
    if term.technical_name:
        st.caption(f"In the field's words: {escape_markdown(term.technical_name)}")


def render_limitations() -> None:
    """What the simulation cannot show."""
    st.header("What the simulation can't tell", anchor="limits")
    for limitation, reason in texts.LIMITATIONS:
        st.markdown(f"- **{escape_markdown(limitation)}** {escape_markdown(reason)}")


def render_shortcuts() -> None:
    """Keyboard shortcuts."""
    st.header("Keys", anchor="keys")
    _render_shortcut_table(texts.KEYBOARD_SHORTCUTS)
    st.markdown("In Watch's presentation view, for a projector:")
    _render_shortcut_table(texts.PRESENTATION_SHORTCUTS)


def _render_shortcut_table(shortcuts: Sequence[tuple[str, str]]) -> None:
    keys, effects = zip(*shortcuts, strict=True)
    st.table({"Key": list(keys), "What it does": list(effects)}, hide_index=True)


def render_data_section(engine: Engine) -> None:
    """Where the data is, how to back it up, export it and delete it."""
    st.header("Where the data lies", anchor="data")
    usage = measure_data_folder(engine.data_dir)
    st.markdown("Everything stays on this computer, in this folder:")
    literal.code(str(usage.data_dir))
    st.markdown(
        f"- `runs`: {pluralize(usage.run_count, 'simulation')}, a folder each. Journals: {texts.format_bytes(usage.journal_bytes)}; "
        f"what students had learnt after each lesson: {texts.format_bytes(usage.checkpoint_bytes)}.\n"
        f"- `studentsim.duckdb`: the database, {texts.format_bytes(usage.database_bytes)}. It is an index over the journals and "
        "can be made anew.\n"
        "- Another folder: set `STUDENTSIM_DATA` before the program is started."
    )
    for title, text, command in texts.DATA_CARE_STEPS:
        st.markdown(f"**{title}** {text}")
        if command:
            literal.code(command)


def render_research_notes() -> None:
    """For researchers: how to read every number, and how to cite."""
    st.header("For researchers", anchor="researchers")
    st.markdown(texts.READING_NOTES)
    st.markdown(texts.CITATION_NOTE)
