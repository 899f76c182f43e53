"""A race: two to four runs with the same exam and the same luck, on one page."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from studentsim.errors import UnknownRun
from studentsim.ui import charts, components, data, repeat, sentences, words
from studentsim.ui.shell import HOME, WATCH, guarded
from studentsim.ui.watch import ballot, lanes, links, live, mix, plot, predictions, pulse, replay

NOTE = "Same exam, same luck, one run each: with another seed it could turn out otherwise. Compare tells several runs of each together."


def page(engine: data.Engine, run_ids: tuple[str, ...]) -> None:
    """Head with the buttons for all, and a body that keeps itself up to date."""
    runs = known(engine, run_ids)
    if not runs:
        return
    components.page_title(f"Race: {', '.join(lane.name.lower() for lane in lined_up(runs))}")
    ids = tuple(run.run_id for run in runs)
    with st.container(horizontal=True, vertical_alignment="center"):
        buttons(engine, runs)
        if _room_may_predict(runs):
            ballot.hold(engine, runs)
        st.page_link(
            WATCH, label="Show it to a room", icon=":material/slideshow:", query_params=links.presented(ids), width=154
        )
        if replay.allowed(runs):
            replay.offered(ids, label="Replay it for a room")
        components.keeps(components.LINK)
    st.fragment(_body, run_every=live.every(runs))(engine, ids, shown(runs))
    st.subheader("More than luck? Repeat the race with more seeds", anchor=False)
    recorded = any(run.recorded for run in runs)
    repeat.more(engine, [(run.run_id, run.config) for run in runs], ids, key="watch.race.more", recorded=recorded)


def known(engine: data.Engine, run_ids: tuple[str, ...]) -> list[pulse.Snapshot]:
    """The runs there are among those that the link names; says which are missing."""
    runs, missing = [], []
    for run_id in run_ids:
        try:
            runs.append(pulse.look(engine, run_id))
        except UnknownRun as error:
            missing.append(error)
            data.forget(run_id)
    if not runs:
        components.page_title("There is no such simulation")
    for error in missing:
        components.problem(error)
    if not runs:
        st.page_link(HOME, label="Go to Home", icon=":material/home:")
    return runs


def shown(runs: list[pulse.Snapshot]) -> tuple[object, ...]:
    """What the page around the live part depends on."""
    return (*(run.shown for run in runs), _room_may_predict(runs))


def _room_may_predict(runs: list[pulse.Snapshot]) -> bool:
    return predictions.open_for(lined_up(runs), over=all(run.over for run in runs))


def buttons(engine: data.Engine, runs: list[pulse.Snapshot], *, keys: bool = False) -> None:
    """Pause, resume and cancel for all whom it concerns. With ``keys``, P pauses and G goes on."""

    def button(label: str, what: str, icon: str, states: frozenset[str] | set[str], key: str | None = None) -> None:
        concerned = [run.run_id for run in runs if run.status in states and not run.state.request]
        if concerned:
            st.button(
                label if len(runs) == 1 else f"{label} all", icon=icon, key=f"watch.all.{what}", shortcut=key,
                on_click=pulse.act, args=(engine, what, concerned),
            )  # fmt: skip

    button("Pause", "pause", ":material/pause:", {"queued", "starting", "running"}, "P" if keys else None)
    button("Go on" if keys else "Resume", "resume", ":material/play_arrow:", words.RESUMABLE, "G" if keys else None)
    if not keys and any(run.status in words.CANCELLABLE for run in runs):
        with st.popover("Stop for good", icon=":material/stop:"):
            st.markdown("Cancel all that are not finished? The lessons done so far stay, but they cannot go on.")
            button("Cancel", "cancel", ":material/stop:", words.CANCELLABLE)


def lined_up(runs: list[pulse.Snapshot]) -> list[lanes.Lane]:
    """The runs as lanes, each with its name and look."""
    configs = [run.config for run in runs]
    told = zip(runs, lanes.names(configs), lanes.looks(configs), strict=True)
    return [lanes.Lane(run.run_id, name, look, run.exams) for run, name, look in told]


def headline(runs: list[pulse.Snapshot]) -> str:
    """Who is ahead; before that is known, whether the race is on or waits."""
    return lanes.headline(lined_up(runs), [run.status for run in runs])


def picture(runs: list[pulse.Snapshot], *, large: bool = False) -> bytes:
    """All accuracy curves; made once for all viewers of this race."""
    ids = ",".join(run.run_id for run in runs)

    def made() -> bytes:
        up = lined_up(runs)
        figure = charts.race(
            [(lane.name, lane.look, lane.exams) for lane in up],
            turns=max(run.turns for run in runs),
            exam_every=max(run.config.exam_every for run in runs),
            chance=runs[0].guessing,
            compared=lanes.compared(up),
            revision=ids,
        )
        return plot.packed(figure, alt=headline(runs), large=large)

    version = (tuple(run.seqs["exams"] for run in runs), runs[0].guessing, headline(runs))
    return runs[0].once(f"picture.race.{large}.{ids}", version, made)


def numbers(up: list[lanes.Lane]) -> pd.DataFrame:
    """The exams of all, one row each."""
    return pd.concat([lane.exams.assign(name=lane.name) for lane in up], ignore_index=True)


def _body(engine: data.Engine, run_ids: tuple[str, ...], drawn: tuple[object, ...]) -> None:
    with guarded():
        runs = [pulse.look(engine, run_id) for run_id in run_ids]
        if shown(runs) != drawn:
            st.rerun()
        up = lined_up(runs)
        st.header(words.literal(headline(runs)), anchor=False)
        if len(runs) > 1 and (note := lanes.unfair([run.config for run in runs])):
            st.warning(note, icon=":material/balance:")
        if any(run.alive for run in runs):
            st.caption("You can close this page; the simulations go on.")
        else:
            live.ways_on(list(run_ids))
        live.picture(
            "How many never-practised questions do they answer rightly?", picture(runs), key="watch.race.exams"
        )
        components.numbers(numbers(up), key="watch.race.numbers", columns={"name": "who", **live.EXAM_COLUMNS})
        st.caption(NOTE)
        mix.race(runs, [lane.name for lane in up])
        for row in range(0, len(runs), 2):
            for column, run, lane in zip(st.columns(2), runs[row : row + 2], up[row : row + 2], strict=False):
                with column:
                    _standing(run, lane)


def _standing(run: pulse.Snapshot, lane: lanes.Lane) -> None:
    """One run's standing as a card: lesson, last exam, last answer."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.page_link(
                WATCH, label=words.literal(lane.name), icon=":material/visibility:", query_params=links.run(run.run_id)
            )
            components.status_badge(run.status)
        st.progress(run.share_done, text=standing(run))
        st.markdown(words.literal(sentences.headline(run.exams)))
        live.writing_now(run)
        if not run.answers.empty:
            components.answer(run.answers.iloc[0].to_dict(), run.categories, key=run.run_id)


def standing(run: pulse.Snapshot) -> str:
    """Where one run of a race is, in a few words."""
    if run.status in ("starting", "running"):
        return run.doing
    if run.status == "finished":
        return f"All {words.plural(run.turns, 'lesson')} done."
    return sentences.standing(run.status, run.turn, run.turns, place=run.state.place) or run.state.message
