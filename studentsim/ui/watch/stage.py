"""The presentation view: one picture that fills the screen, large type, a card for each run, and keys for all that can be done."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from studentsim.ui import data, sentences, words
from studentsim.ui.shell import WATCH, guarded
from studentsim.ui.watch import ballot, links, live, mix, pictures, plot, predictions, pulse, replay
from studentsim.ui.watch import race as races
from studentsim.ui.watch.large import large
from studentsim.ui.watch.timeline import Clock

STILL_ON = "It still goes on: it can be replayed once it is over."


def run(engine: data.Engine, run_id: str, seconds: int | None = None) -> None:
    """One run for a room; with ``seconds`` as a replay that takes so long."""
    _stage(engine, (run_id,), links.run(run_id), seconds)


def race(engine: data.Engine, run_ids: tuple[str, ...], seconds: int | None = None) -> None:
    """A race for a room; with ``seconds`` as a replay that takes so long."""
    _stage(engine, run_ids, links.race(run_ids), seconds)


def _stage(engine: data.Engine, run_ids: tuple[str, ...], back: dict[str, str], seconds: int | None) -> None:
    runs = races.known(engine, run_ids)
    if not runs:
        return
    ids = tuple(run.run_id for run in runs)
    replays = seconds is not None and replay.allowed(runs)
    clock = replay.clock(ids, seconds) if replays else None
    showing = replay.showing() if replays else ""
    every = (replay.EVERY if clock.runs else None) if clock else live.every(runs)
    st.fragment(_body, run_every=every)(engine, ids, races.shown(runs), clock, showing)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        if clock:
            replay.buttons(ids, clock)
        else:
            races.buttons(engine, runs, keys=True)
            if replay.allowed(runs):
                _replay_button(ids)
            elif seconds is not None:
                st.caption(STILL_ON, width="content")
        if st.button("Leave this view", icon=":material/close_fullscreen:", key="watch.leave", shortcut="Esc"):
            replay.forget(ids)
            st.switch_page(WATCH, query_params=back)
        st.caption(words.LIMITS, width="content")


def _replay_button(ids: tuple[str, ...]) -> None:
    if st.button("Replay", icon=":material/replay:", key="watch.replay", shortcut="G"):
        replay.forget(ids)
        st.switch_page(WATCH, query_params=links.presented(ids, replay=True))


def _body(
    engine: data.Engine, run_ids: tuple[str, ...], drawn: tuple[object, ...], clock: Clock | None, showing: str
) -> None:
    with guarded():
        if clock:
            runs = _replayed(engine, run_ids, clock)
        else:
            runs = [pulse.look(engine, run_id) for run_id in run_ids]
            if races.shown(runs) != drawn:
                st.rerun()
        if len(runs) == 1:
            (only,) = runs
            large({"sentence": sentences.headline(only.exams, only.weak)}, key="watch.stage.sentence")
            _picture_and_cards(pictures.exams(only, large=True), [_card(only, only.title)])
        else:
            _race(engine, runs, showing)


def _replayed(engine: data.Engine, run_ids: tuple[str, ...], clock: Clock) -> list[pulse.Snapshot]:
    """The runs as they were where the clock stands. At its end the page around is drawn anew: other buttons, no more refreshes."""
    share = clock.at(time.monotonic())
    if clock.runs and share >= 1:
        replay.stop(run_ids)
        st.rerun()
    return replay.look(engine, run_ids, share)


def _race(engine: data.Engine, runs: list[pulse.Snapshot], showing: str) -> None:
    up = races.lined_up(runs)
    over = all(run.over for run in runs)
    asks = predictions.open_for(up, over=over)
    tally = predictions.read(engine.folder, [run.run_id for run in runs], showing)
    begun = any(len(lane.exams) for lane in up)
    large(
        {
            "sentence": ballot.question(runs) if asks and not begun else races.headline(runs),
            "note": ballot.how(runs) if asks else predictions.told(tally, up, over=over),
        },
        key="watch.stage.sentence",
    )
    cards = [] if asks and not begun else [_card(run, lane.name) for run, lane in zip(runs, up, strict=True)]
    _picture_and_cards(
        races.picture(runs, large=True),
        cards,
        between=lambda: asks and ballot.buttons(engine, up, tally, showing=showing, large=not begun),
    )


def _picture_and_cards(packed: bytes, cards: list[dict[str, Any]], between: Callable[[], object] | None = None) -> None:
    plot.plot(packed, key="watch.stage.picture")
    if between:
        between()
    if cards:
        large({"cards": cards}, key="watch.stage.cards")


def _card(run: pulse.Snapshot, name: str) -> dict[str, Any]:
    """What a card shows of one run: where it is, what it practises, and the answer that is being written, or else its last one."""
    card: dict[str, Any] = {"name": name, "standing": _where(run), "mix": mix.card(run)}
    if run.writing:
        return card | {"writing": run.writing.told()}
    if run.answers.empty:
        return card
    row = run.answers.iloc[0].to_dict()
    mark = "✓ right" if row["right"] else "✗ wrong" if row["letter"] else "✗ no answer"
    return card | {
        "problem": _line(row["problem"]), "reply": _line(row["text"]), "right": bool(row["right"]), "mark": mark,
        "verdict": sentences.verdict(row), "where": sentences.where(row, run.categories),
    }  # fmt: skip


def _line(text: str) -> str:
    """The beginning of a text in one line; what stood in lines of its own is parted by semicolons."""
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    whole = "".join(line + (" " if line[-1] in ".:;,?!" else "; ") for line in lines).rstrip(" ")
    return words.beginning(whole.removesuffix(";") if lines and lines[-1][-1] != ";" else whole)


def _where(run: pulse.Snapshot) -> str:
    """Where a run is, in the few words that a room reads."""
    if run.status in ("starting", "running"):
        return run.doing
    standing = words.status(run.status)[0].capitalize()
    if run.status == "queued" and run.state.place:
        return f"{standing}, number {run.state.place} in the queue."
    return f"{standing}, lesson {run.turn} of {run.turns}."
