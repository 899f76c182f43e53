"""A new race: what differs, what is the same, and one Start for all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import StudentsimError
from studentsim.runs.manager import LIMIT
from studentsim.student.profiles import PROFILES
from studentsim.ui import components, data, sentences, words
from studentsim.ui.looks import STRATEGIES
from studentsim.ui.new import estimate as estimates
from studentsim.ui.shell import WATCH
from studentsim.ui.watch import links

WAYS, STUDENTS = "Ways of choosing", "Students"
DEFAULT = RunConfig()


def form(engine: data.Engine) -> None:
    """The whole form; leads to the race once started."""
    components.page_title("A new race")
    st.markdown(
        "Two to four model students learn side by side, with the same exam and the same luck in it. What sets their curves apart is "
        "what you let differ, and the luck of which questions each practises."
    )
    configs = _configs()
    with st.container(horizontal=True, vertical_alignment="center"):
        run_ids, wrong = None, None
        try:
            run_ids = components.start_button(
                "Start the race",
                lambda token: _start(engine, configs, token),
                key="watch.race.start",
                disabled=len(configs) < 2,
            )
        except StudentsimError as error:
            wrong = error
        if len(configs) < 2:
            st.markdown("Choose at least two.")
        else:
            guess = estimates.together([data.estimate(engine, config) for config in configs])
            st.markdown(_estimate(guess, len(configs)))
    if wrong:
        components.problem(wrong)
    if run_ids:
        st.switch_page(WATCH, query_params={"race": run_ids})


def _configs() -> list[RunConfig]:
    """One for each who takes part; all alike but for what differs."""
    st.header("What differs?", anchor=False)
    differs = st.segmented_control(
        "What differs?",
        [WAYS, STUDENTS],
        default=WAYS,
        required=True,
        key="watch.race.differs",
        label_visibility="collapsed",
    )
    if differs == STUDENTS:
        chosen = _several("Students", {id: p.title for id, p in PROFILES.items()}, list(PROFILES)[:2])
        _told(f"{PROFILES[id].title}: {PROFILES[id].summary}" for id in chosen)
        way = _one("Way of choosing", {id: look.name for id, look in STRATEGIES.items()}, DEFAULT.strategy)
        apart = [{"student": id, "strategy": way} for id in chosen]
    else:
        chosen = _several(
            "Ways of choosing", {id: look.name for id, look in STRATEGIES.items()}, ["category", "random"]
        )
        _told(f"{STRATEGIES[id].name}: {STRATEGIES[id].summary}" for id in chosen)
        student = _one("Student", {id: p.title for id, p in PROFILES.items()}, DEFAULT.student)
        apart = [{"student": student, "strategy": id} for id in chosen]
    st.header("What is the same for all?", anchor=False)
    same = _same()
    return [RunConfig.make(**same, **own) for own in apart]


def _several(label: str, names: dict[str, str], default: list[str]) -> list[str]:
    return st.multiselect(
        f"{label}, two to four", list(names), default=default, format_func=names.__getitem__,
        max_selections=links.MOST, key=f"watch.race.{label}",
    )  # fmt: skip


def _told(lines: Iterable[str]) -> None:
    """What each of those chosen is, in a line."""
    for line in lines:
        st.caption(words.literal(line))


def _one(label: str, names: dict[str, str], default: str) -> str:
    options = list(names)
    return st.selectbox(
        label, options, index=options.index(default), format_func=names.__getitem__, key=f"watch.race.{label}"
    )


def _same() -> dict[str, int]:
    fields = {
        "turns": ("Lessons", "In each, the student practises, is marked, and learns from its mistakes.", 1, 200),
        "questions": ("Practice questions a lesson", "How many it practises on in each lesson.", 1, 500),
        "exam": ("Questions in each exam", "240 tell a result to about 6 of 100; 40 only to about 15.", 10, 720),
        "seed": ("Luck", "Another number, another race. The same number repeats it exactly.", 0, 9999),
    }
    settings = {}
    for column, (field, (label, help, low, high)) in zip(st.columns(4), fields.items(), strict=True):
        settings[field] = column.number_input(
            label, low, high, getattr(DEFAULT, field), help=help, key=f"watch.race.{field}"
        )
    return settings | {"exam_seed": settings["seed"]}


def _estimate(guess: estimates.Estimate, count: int) -> str:
    told = sentences.estimate(guess.low, guess.high, guess.runs)
    if count > LIMIT:
        told += f" It works on {LIMIT} simulations at a time: the others wait in the queue and start by themselves."
    return told


def _start(engine: data.Engine, configs: Sequence[RunConfig], token: str) -> str:
    """Starts all or none, and returns their ids for the link. Writes.

    :raises ConfigError: the settings of one cannot work; those begun before are cancelled.
    """
    started: list[str] = []
    try:
        for i, config in enumerate(configs):
            started.append(data.start(engine, config, f"{token}-{i}"))
    except StudentsimError:
        for run_id in started:
            engine.manager.cancel(run_id)
        raise
    return ",".join(started)
