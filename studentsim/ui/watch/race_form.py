"""A new race: what differs, what is the same, and one Start for all; or all of it with several seeds."""

from __future__ import annotations

import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import ConfigError, StudentsimError
from studentsim.runs import groups
from studentsim.runs.manager import LIMIT
from studentsim.ui import components, data, repeat, sentences
from studentsim.ui.new import estimate as estimates
from studentsim.ui.shell import WATCH
from studentsim.ui.watch import racers

DEFAULT = RunConfig()


def form(engine: data.Engine) -> None:
    """The whole form; leads to the race once started, or to Compare once it was repeated with several seeds."""
    components.page_title("A new race")
    st.markdown(
        "Two to four model students learn side by side, with the same exam and the same luck in it. What sets their curves apart is "
        "what you let differ, and the luck of which questions each practises."
    )
    wrong: StudentsimError | None = None
    configs, missing = [], ""
    try:
        configs = _configs(engine)
        missing = _missing(configs)
    except ConfigError as error:
        wrong = error
    ready = configs if not missing and wrong is None else []
    guesses = [data.estimate(engine, config) for config in ready]
    run_ids, group = None, None
    with st.bottom, st.container(horizontal=True, vertical_alignment="center"):  # in sight wherever one is in the form
        try:
            run_ids = components.start_button(
                "Start the race",
                lambda token: ",".join(engine.manager.start_group(ready, groups.RACE, token).run_ids),
                key="watch.race.start",
                disabled=not ready,
            )
        except StudentsimError as error:
            wrong = error
        if missing:
            st.markdown(missing)
        elif ready:
            others = data.others_first(engine, starting=len(ready))
            st.markdown(" ".join(filter(None, [_estimate(estimates.together(guesses), len(ready)), others])))
    try:
        group = repeat.offer(engine, ready, key="watch.race.again", guesses=guesses)
    except StudentsimError as error:
        wrong = error
    if wrong:
        components.problem(wrong)
    if run_ids:
        st.switch_page(WATCH, query_params={"race": run_ids})
    if group:
        repeat.go_to(group)


def _configs(engine: data.Engine) -> list[RunConfig]:
    """One for each who takes part; all alike but for what differs.

    :raises ConfigError: the settings of one are wrong.
    """
    st.header("What differs?", anchor=False)
    differs = st.segmented_control(
        "What differs?",
        list(racers.PARTS),
        default=racers.WAYS,
        required=True,
        key="watch.race.differs",
        label_visibility="collapsed",
    )
    apart = racers.differing(engine, differs)
    st.header("What is the same for all?", anchor=False)
    same = _same(without=racers.OWN_LENGTH.get(differs, ()))
    return [RunConfig.make(**{**same, **own, **_luck(same)}) for own in apart]


def _missing(configs: list[RunConfig]) -> str:
    """What must be chosen before the race can start."""
    if len(configs) < 2:
        return "Choose at least two."
    if len({repr(config.model_dump(exclude={"name"})) for config in configs}) < len(configs):
        return "Two of them are alike in everything: let each be another."
    return ""


_FIELDS = {
    "turns": ("Lessons", "In each, the student practises, is marked, and learns from its mistakes.", 1, 200),
    "questions": ("Practice questions a lesson", "How many it practises on in each lesson.", 1, 500),
    "exam": ("Questions in each exam", "240 tell a result to about 6 of 100; 40 only to about 15.", 10, 720),
    "seed": ("Luck", "Another number, another race. The same number repeats it exactly.", 0, 9999),
}


def _same(without: tuple[str, ...]) -> dict[str, int]:
    fields = {field: told for field, told in _FIELDS.items() if field not in without}
    settings = {}
    for column, (field, (label, help, low, high)) in zip(st.columns(len(fields)), fields.items(), strict=True):
        settings[field] = column.number_input(
            label, low, high, getattr(DEFAULT, field), help=help, key=f"watch.race.{field}"
        )
    return settings


def _luck(same: dict[str, int]) -> dict[str, int]:
    """What must be alike, whatever the racers bring with them."""
    return {"seed": same["seed"], "exam_seed": same["seed"], "exam": same["exam"]}


def _estimate(guess: estimates.Estimate, count: int) -> str:
    told = sentences.estimate(guess.low, guess.high, guess.runs)
    if count > LIMIT:
        told += f" It works on {LIMIT} simulations at a time: the others wait in the queue and start by themselves."
    return told
