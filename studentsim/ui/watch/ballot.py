"""Predict first: the buttons, each with a number key, by which a room's hands are counted before a race tells anything."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studentsim.errors import StudentsimError
from studentsim.ui import components, data, words
from studentsim.ui.shell import WATCH
from studentsim.ui.watch import lanes, links, predictions, pulse
from studentsim.ui.watch.lanes import Lane

HOW = "Say it before it begins: press a number key once for each hand that goes up."
BEGUN = "It has begun. Until the first exam after a lesson is over: press a number key once for each hand that goes up."
_CAST, _ERROR = "watch.ballot.cast", "watch.ballot.error"


def question(runs: Sequence[pulse.Snapshot]) -> str:
    """``Who will be ahead after 8 lessons?``"""
    return f"Who will be ahead after {words.plural(min(run.turns for run in runs), 'lesson')}?"


def how(runs: Sequence[pulse.Snapshot]) -> str:
    """How hands are counted, until when, and whether the race waits for its turn."""
    begun = any(not run.answers.empty for run in runs)
    return f"{BEGUN if begun else HOW} {lanes.waiting([run.status for run in runs])}".rstrip()


def keys(up: Sequence[Lane]) -> list[tuple[str, str, str]]:
    """For each choice its number key, the choice itself and its name."""
    return [(str(number), *choice) for number, choice in enumerate(predictions.choices(up), 1)]


def buttons(
    engine: data.Engine, up: Sequence[Lane], tally: predictions.Tally, *, showing: str = "", large: bool = False
) -> None:
    """A button for each choice with its number key and its hands so far, and ways to take a hand back and to begin anew; ``large`` while
    nothing else is shown. Their look is stage.css.
    """
    ids = [lane.run_id for lane in up]
    if error := st.session_state.pop(_ERROR, None):
        components.problem(error)
    place = "watch.ballot.large" if large else "watch.ballot"
    with st.container(horizontal=True, vertical_alignment="center", key=place):
        for key, choice, name in keys(up):
            label = words.literal(f"{name}: {tally.of(choice)}")
            st.button(
                label, key=f"watch.ballot.{key}", shortcut=key, width="stretch" if large else "content",
                on_click=_count, args=(engine, ids, choice, showing),
            )  # fmt: skip
        act = {"type": "tertiary", "args": (engine, ids, showing)}
        if _may_take_back(ids, showing):
            st.button(
                "One less",
                icon=":material/undo:",
                key="watch.ballot.back",
                shortcut="Backspace",
                on_click=_take_back,
                **act,
            )
        if tally.all:
            st.button("Clear", icon=":material/close:", key="watch.ballot.clear", on_click=_clear, **act)


def hold(engine: data.Engine, runs: Sequence[pulse.Snapshot]) -> None:
    """The button on the page of a race that has just begun: it waits at its start, and the room is asked. Writes on a click."""
    waiting = [run.run_id for run in runs if run.status in ("queued", "starting", "running") and not run.state.request]
    if waiting and st.button("Let the room predict first", icon=":material/how_to_vote:", key="watch.predict"):
        pulse.act(engine, "pause", waiting)
        st.switch_page(WATCH, query_params=links.race([run.run_id for run in runs], present=True))


def _count(engine: data.Engine, ids: list[str], choice: str, showing: str) -> None:
    if _written(predictions.count, engine, ids, choice, showing=showing):
        st.session_state.setdefault(_CAST, []).append((_race(ids, showing), choice))


def _take_back(engine: data.Engine, ids: list[str], showing: str) -> None:
    cast = st.session_state.get(_CAST, [])
    if _may_take_back(ids, showing) and _written(predictions.count, engine, ids, cast[-1][1], -1, showing=showing):
        cast.pop()


def _may_take_back(ids: list[str], showing: str) -> bool:
    """Whether the last hand of this visit was counted for this showing of this race."""
    cast = st.session_state.get(_CAST, [])
    return bool(cast) and cast[-1][0] == _race(ids, showing)


def _race(ids: list[str], showing: str) -> tuple[str, ...]:
    return (*ids, showing)


def _clear(engine: data.Engine, ids: list[str], showing: str) -> None:
    if _written(predictions.clear, engine, ids, showing=showing):
        st.session_state.pop(_CAST, None)


def _written(write: object, engine: data.Engine, *what: object, showing: str) -> bool:
    """Whether it could be written; if not, the buttons' place says so."""
    try:
        write(engine.folder, *what, showing=showing)  # type: ignore[operator]
    except StudentsimError as error:
        st.session_state[_ERROR] = error
        return False
    return True
