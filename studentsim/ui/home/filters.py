"""What narrows the list of runs: words to find, a tag, a state. They stand in the link (``?find=``, ``?tag=``, ``?state=``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from studentsim.ui import words
from studentsim.ui.cards import RunCard

FIND, TAG, STATE = "find", "tag", "state"
ANY_TAG, ANY_STATE = "any tag", "any state"
LONGEST = 100
"""Characters of what is looked for."""


def asked(runs: Sequence[RunCard], *, shown: bool) -> dict[str, str]:
    """The filters in force, by their names in the link. Drawn where they are ``shown``, and where the link has one."""
    if not shown and not any(st.query_params.get(name) for name in (FIND, TAG, STATE)):
        return {}
    tags = [ANY_TAG, *sorted({tag for run in runs for tag in run.tags}, key=str.casefold)]
    states = [ANY_STATE, *dict.fromkeys(words.status(run.status)[0] for run in runs)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        find = st.text_input(
            "Find", key=FIND, max_chars=LONGEST, placeholder="name, student, way, seed, tag, note", type="search",
            icon=":material/search:", bind="query-params", width=300,
        )  # fmt: skip
        tag = st.selectbox("Tag", tags, key=TAG, bind="query-params", width=160) if len(tags) > 1 else ANY_TAG
        state = st.selectbox("State", states, key=STATE, bind="query-params", width=160)
    told = {FIND: (find or "").strip(), TAG: tag or ANY_TAG, STATE: state or ANY_STATE}
    return {name: value for name, value in told.items() if value not in ("", ANY_TAG, ANY_STATE)}


def clear() -> None:
    """All of them again. For a button's callback."""
    for name, nothing in ((FIND, ""), (TAG, ANY_TAG), (STATE, ANY_STATE)):
        if name in st.session_state:
            st.session_state[name] = nothing


def narrowed(runs: Sequence[RunCard], by: Mapping[str, str]) -> list[RunCard]:
    """The runs in which each of the words to find occurs somewhere, with that tag and in that state."""
    sought = by.get(FIND, "").casefold().split()
    return [
        run
        for run in runs
        if all(word in _text(run) for word in sought)
        and (TAG not in by or by[TAG] in run.tags)
        and (STATE not in by or words.status(run.status)[0] == by[STATE])
    ]


def _text(run: RunCard) -> str:
    parts = [run.title, run.student, run.way, f"seed {run.seed}", *run.tags, run.note, run.run_id, run.group]
    return "\n".join(parts).casefold()


def in_words(by: Mapping[str, str]) -> str:
    """What narrows the list, and what to do about it."""
    told = {FIND: "the words", TAG: "the tag", STATE: "the state"}
    what = " and ".join(f"{told[name]} *{words.literal(value)}*" for name, value in by.items())
    return f"Remove {what}, or look at all."
