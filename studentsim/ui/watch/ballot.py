"""The buttons, each with a number key, by which a room's predictions are counted before a race has a result."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from studentsim.errors import StudentsimError
from studentsim.labels import formatting
from studentsim.ui import components, data
from studentsim.ui.layout import WATCH_PAGE
from studentsim.ui.watch import links, live_run, predictions, race_entries
from studentsim.ui.watch.race_entries import RaceEntry

VOTING_BEFORE_START = "Say it before it begins: press a number key once for each hand that goes up."
VOTING_AFTER_START = (
    "It has begun. Until the first exam after a lesson is over: press a number key once for each hand that goes up."
)
_VOTES_KEY, _ERROR_KEY = "watch.ballot.cast", "watch.ballot.error"


def prediction_question(runs: Sequence[live_run.RunSnapshot]) -> str:
    """``Who will be ahead after 8 lessons?``"""
    return f"Who will be ahead after {formatting.pluralize(min(run.planned_turns for run in runs), 'lesson')}?"


def describe_voting(runs: Sequence[live_run.RunSnapshot]) -> str:
    """How and until when votes are counted, and whether runs of the race are queued."""
    has_begun = any(not run.answers.empty for run in runs)
    queue_text = race_entries.describe_queue([run.status for run in runs])
    return f"{VOTING_AFTER_START if has_begun else VOTING_BEFORE_START} {queue_text}".rstrip()


def number_choices(entries: Sequence[RaceEntry]) -> list[tuple[str, str, str]]:
    """Number key, choice (run id or ``NOBODY``) and name of each choice."""
    return [(str(number), *choice) for number, choice in enumerate(predictions.prediction_choices(entries), 1)]


def render_vote_buttons(
    engine: data.Engine,
    entries: Sequence[RaceEntry],
    tally: predictions.VoteTally,
    *,
    showing: str = "",
    large: bool = False,
) -> None:
    """A button for each choice with its votes so far, and buttons to undo the last vote and to clear all. Writes on a click.

    ``large``: nothing else is shown. stage.css styles them.
    """
    ids = [entry.run_id for entry in entries]
    if error := st.session_state.pop(_ERROR_KEY, None):
        components.render_error(error)
    container_key = "watch.ballot.large" if large else "watch.ballot"
    with st.container(horizontal=True, vertical_alignment="center", key=container_key):
        for key, choice, name in number_choices(entries):
            label = formatting.escape_markdown(f"{name}: {tally.votes_for(choice)}")
            st.button(
                label,
                key=f"watch.ballot.{key}",
                shortcut=key,
                width="stretch" if large else "content",
                on_click=_add_vote,
                args=(engine, ids, choice, showing),
            )
        button_options = {"type": "tertiary", "args": (engine, ids, showing)}
        if _can_undo_vote(ids, showing):
            st.button(
                "One less",
                icon=":material/undo:",
                key="watch.ballot.back",
                shortcut="Backspace",
                on_click=_undo_vote,
                **button_options,
            )
        if tally.total:
            st.button(
                "Clear", icon=":material/close:", key="watch.ballot.clear", on_click=_clear_votes, **button_options
            )


def render_predict_first_button(engine: data.Engine, runs: Sequence[live_run.RunSnapshot]) -> None:
    """The button that pauses a race that has just begun and opens the presentation view to vote. Writes on a click."""
    pausable_ids = [
        run.run_id for run in runs if run.status in ("queued", "starting", "running") and not run.state.request
    ]
    if pausable_ids and st.button("Let the room predict first", icon=":material/how_to_vote:", key="watch.predict"):
        live_run.control_runs(engine, "pause", pausable_ids)
        st.switch_page(WATCH_PAGE, query_params=links.race_params([run.run_id for run in runs], present=True))


def _add_vote(engine: data.Engine, ids: list[str], choice: str, showing: str) -> None:
    if _try_to_write(predictions.add_votes, engine, ids, choice, showing=showing):
        st.session_state.setdefault(_VOTES_KEY, []).append((_vote_scope(ids, showing), choice))


def _undo_vote(engine: data.Engine, ids: list[str], showing: str) -> None:
    votes = st.session_state.get(_VOTES_KEY, [])
    if _can_undo_vote(ids, showing) and _try_to_write(
        predictions.add_votes, engine, ids, votes[-1][1], -1, showing=showing
    ):
        votes.pop()


def _can_undo_vote(ids: list[str], showing: str) -> bool:
    """Whether this session's last vote was for this showing of this race."""
    votes = st.session_state.get(_VOTES_KEY, [])
    return bool(votes) and votes[-1][0] == _vote_scope(ids, showing)


def _vote_scope(ids: list[str], showing: str) -> tuple[str, ...]:
    return (*ids, showing)


def _clear_votes(engine: data.Engine, ids: list[str], showing: str) -> None:
    if _try_to_write(predictions.clear_votes, engine, ids, showing=showing):
        st.session_state.pop(_VOTES_KEY, None)


def _try_to_write(write: Callable[..., None], engine: data.Engine, *arguments: object, showing: str) -> bool:
    """Call ``write``; False on an error, which is then shown above the buttons."""
    try:
        write(engine.data_dir, *arguments, showing=showing)
    except StudentsimError as error:
        st.session_state[_ERROR_KEY] = error
        return False
    return True
