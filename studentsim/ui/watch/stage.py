"""The presentation view: one picture, large type, the last answer of each run as a card, keys to pause and go on."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studentsim.ui import data, sentences, words
from studentsim.ui.shell import WATCH, guarded
from studentsim.ui.watch import lanes, links, live, mix, pictures, plot, pulse
from studentsim.ui.watch import race as races
from studentsim.ui.watch.large import large


def run(engine: data.Engine, run_id: str) -> None:
    """One run for a room."""
    _stage(engine, (run_id,), links.run(run_id))


def race(engine: data.Engine, run_ids: tuple[str, ...]) -> None:
    """A race for a room."""
    _stage(engine, run_ids, links.race(run_ids))


def _stage(engine: data.Engine, run_ids: tuple[str, ...], back: dict[str, str]) -> None:
    runs = races.known(engine, run_ids)
    if not runs:
        return
    ids = tuple(run.run_id for run in runs)
    st.fragment(_body, run_every=live.every(runs))(engine, ids, races.shown(runs))
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        races.buttons(engine, runs, keys=True)
        if st.button("Leave this view", icon=":material/close_fullscreen:", key="watch.leave", shortcut="Esc"):
            st.switch_page(WATCH, query_params=back)


def _body(engine: data.Engine, run_ids: tuple[str, ...], drawn: tuple[object, ...]) -> None:
    with guarded():
        runs = [pulse.look(engine, run_id) for run_id in run_ids]
        if races.shown(runs) != drawn:
            st.rerun()
        if len(runs) == 1:
            (only,) = runs
            told, packed = sentences.headline(only.exams, only.weak), pictures.exams(only, large=True)
            cards = [_card(only, only.title)]
        else:
            up = races.lined_up(runs)
            told, packed = lanes.headline(up), races.picture(runs, large=True)
            cards = [_card(run, lane.name) for run, lane in zip(runs, up, strict=True)]
        large({"sentence": told}, key="watch.stage.sentence")
        plot.plot(packed, key="watch.stage.picture")
        large({"cards": cards}, key="watch.stage.cards")


def _card(run: pulse.Snapshot, name: str) -> dict[str, Any]:
    """What a card shows of one run: where it is, and its last answer."""
    card: dict[str, Any] = {
        "name": name,
        "standing": _where(run),
        "mix": mix.card(run),
    }
    if run.writes:  # an empty one keeps its room
        card["writing"] = run.writing.told() if run.writing else {}
    if run.answers.empty:
        return card
    row = run.answers.iloc[0].to_dict()
    mark = "✓ right" if row["right"] else "✗ wrong" if row["letter"] else "✗ no answer"
    return card | {
        "problem": row["problem"], "right": bool(row["right"]), "mark": mark, "verdict": sentences.verdict(row)
    }  # fmt: skip


def _where(run: pulse.Snapshot) -> str:
    """Where a run is, in the few words that a room reads."""
    if run.status in ("starting", "running"):
        return run.doing
    return f"{words.status(run.status)[0].capitalize()}, lesson {run.turn} of {run.turns}."
