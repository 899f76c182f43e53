"""The filters of the list of runs: search words, a tag, a state. The link holds them (``?find=``, ``?tag=``, ``?state=``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from studentsim.labels import formatting
from studentsim.ui.cards import RunCard

FIND_KEY, TAG_KEY, STATE_KEY = "find", "tag", "state"
ANY_TAG, ANY_STATE = "any tag", "any state"
MAX_SEARCH_CHARS = 100
"""Characters of the search text at most."""


def render_filters(runs: Sequence[RunCard], *, always_show: bool) -> dict[str, str]:
    """The active filters by their names in the link. The fields are shown if ``always_show`` or the link has a filter."""
    if not always_show and not any(st.query_params.get(name) for name in (FIND_KEY, TAG_KEY, STATE_KEY)):
        return {}
    tags = [ANY_TAG, *sorted({tag for run in runs for tag in run.tags}, key=str.casefold)]
    states = [ANY_STATE, *dict.fromkeys(formatting.status_display(run.status)[0] for run in runs)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search_text = st.text_input(
            "Find", key=FIND_KEY, max_chars=MAX_SEARCH_CHARS, placeholder="name, student, way, seed, tag, note", type="search",
            icon=":material/search:", bind="query-params", width=300,
        )  # fmt: skip
        tag = st.selectbox("Tag", tags, key=TAG_KEY, bind="query-params", width=160) if len(tags) > 1 else ANY_TAG
        state = st.selectbox("State", states, key=STATE_KEY, bind="query-params", width=160)
    values = {FIND_KEY: (search_text or "").strip(), TAG_KEY: tag or ANY_TAG, STATE_KEY: state or ANY_STATE}
    return {name: value for name, value in values.items() if value not in ("", ANY_TAG, ANY_STATE)}


def clear_filters() -> None:
    """Reset every filter. For a button's callback."""
    for name, empty_value in ((FIND_KEY, ""), (TAG_KEY, ANY_TAG), (STATE_KEY, ANY_STATE)):
        if name in st.session_state:
            st.session_state[name] = empty_value


def filter_runs(runs: Sequence[RunCard], active_filters: Mapping[str, str]) -> list[RunCard]:
    """The runs that contain every search word somewhere and have the tag and the state."""
    search_terms = active_filters.get(FIND_KEY, "").casefold().split()
    return [
        run
        for run in runs
        if all(word in _searchable_text(run) for word in search_terms)
        and (TAG_KEY not in active_filters or active_filters[TAG_KEY] in run.tags)
        and (STATE_KEY not in active_filters or formatting.status_display(run.status)[0] == active_filters[STATE_KEY])
    ]


def _searchable_text(run: RunCard) -> str:
    parts = [
        run.title,
        run.student_label,
        run.strategy_label,
        f"seed {run.seed}",
        *run.tags,
        run.note,
        run.run_id,
        run.group_id,
    ]
    return "\n".join(parts).casefold()


def describe_filters(active_filters: Mapping[str, str]) -> str:
    """Which filters to remove. Markdown."""
    filter_labels = {FIND_KEY: "the words", TAG_KEY: "the tag", STATE_KEY: "the state"}
    description = " and ".join(
        f"{filter_labels[name]} *{formatting.escape_markdown(value)}*" for name, value in active_filters.items()
    )
    return f"Remove {description}, or look at all."
