"""*Repeat with n seeds*: how many, how long that takes, and one button. New simulation, the race and Compare have it.

One run of a way tells little of the way: with another seed it practises other questions, in another order. Runs that are made here
are a group (``runs/groups.py``), which the list of runs, Compare and the export take as one thing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import StudentsimError
from studentsim.runs import groups
from studentsim.runs.manager import LIMIT
from studentsim.ui import components, data, language_models, sentences, words
from studentsim.ui.new import estimate as estimates
from studentsim.ui.shell import COMPARE

HELP = (
    f"{groups.FEWEST} to {groups.MOST}. A seed is one draw of luck: with another one the same student practises other questions, in "
    "another order. From several, Compare tells whether a difference is more than luck."
)

KEPT = 60
"""Seconds for which an estimate stands."""


def offer(
    engine: data.Engine,
    racers: Sequence[RunConfig],
    *,
    key: str,
    guesses: Sequence[estimates.Estimate] = (),
    taken: Collection[int] = (),
    like: Collection[int] = (),
) -> str | None:
    """The number of seeds, the button, and what it will do; the group's id once it is begun. Writes on a click.

    Each of the ``racers`` (none: nothing can be started yet) runs with the same seeds, from the first one's own on, without those
    that were ``taken`` by runs there are; or with those of the runs to be compared with (``like``). ``guesses``: the estimates of
    one run of each, where they are known already.

    :raises StudentsimError: the settings of one cannot work; nothing is left begun.
    """
    plan = groups.RACE if len(racers) > 1 else groups.REPEAT
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.session_state.setdefault(f"{key}.seeds", groups.USUAL)
        count = st.number_input("Seeds", groups.FEWEST, groups.MOST, help=HELP, key=f"{key}.seeds", width=130)
        count = int(count or groups.USUAL)
        seeds = groups.seeds_of(racers[0].seed, count, taken, like) if racers else []
        configs = [config for seed in seeds for racer in racers for config in groups.repeated(racer, [seed])]
        too_many = len(configs) > groups.LARGEST
        group = components.start_button(
            f"Repeat with {count} seeds",
            lambda token: engine.manager.start_group(configs, plan, token).group,
            key=f"{key}.repeat",
            disabled=not racers or too_many,
            type="secondary",
            icon=":material/repeat:",
        )
    if too_many:
        st.caption(
            f"That would be {len(configs)} runs; {groups.LARGEST} at most are begun together. Ask for fewer seeds."
        )
    elif racers:
        each = guesses or [
            _guess(engine, str(engine.folder), groups.way_of(racer), racer.turns, racer) for racer in racers
        ]
        st.caption(words.literal(will_do(racers, seeds, each)))
    return group


@st.cache_data(ttl=KEPT, max_entries=64, show_spinner=False)
def _guess(_engine: data.Engine, folder: str, way: str, turns: int, _config: RunConfig) -> estimates.Estimate:
    """The estimate of one run, kept for a while: it takes some queries, and these pages ask for one of each way at every click."""
    return data.estimate(_engine, _config)


def go_to(group: str, *others: str) -> None:
    """Leave for Compare, where the group is drawn as it grows; beside ``others`` that were compared before."""
    st.switch_page(COMPARE, query_params={"runs": ",".join([*others, group])})


def will_do(racers: Sequence[RunConfig], seeds: Sequence[int], each: Sequence[estimates.Estimate]) -> str:
    """What a click starts and how long it takes. ``each``: the estimate of one run of each racer."""
    count = len(seeds) * len(racers)
    many = f" of each of the {len(racers)}" if len(racers) > 1 else ""
    told = [f"{words.plural(len(seeds), 'run')}{many} ({words.seeds(seeds)}), all with the same exam."]
    once = estimates.together(each)
    known = once.runs or all(racer.model == "embedded" or language_models.known(racer.model) for racer in racers)
    if known:
        told.append(sentences.estimate(once.low * len(seeds), once.high * len(seeds), once.runs))
    else:
        told.append(f"It takes {len(seeds)} times as long as one.")
    if count > LIMIT:
        told.append(f"{LIMIT} are at work at a time; the others wait in the queue and start by themselves.")
    return " ".join(told)


def more(
    engine: data.Engine,
    runs: Sequence[tuple[str, RunConfig]],
    shown: Sequence[str],
    *,
    key: str,
    recorded: bool = False,
) -> None:
    """More seeds of runs that there are, one racer for each of their ways; leads to Compare, beside those ``shown``. Writes on a click.

    ``runs``: ids and settings. Names of ``recorded`` runs say that they were recorded, so new ones get none.
    """
    try:
        ways = {groups.way_of(config): config for _, config in reversed(runs)}
        racers = [again(config, recorded=recorded) for config in reversed(ways.values())]
        group = offer(engine, racers, key=key, taken={config.seed for _, config in runs})
    except StudentsimError as error:
        components.problem(error)
        return
    if group:
        go_to(group, *shown)


def again(config: RunConfig, *, recorded: bool = False) -> RunConfig:
    """The settings of a run that there is, for a new one.

    :raises ConfigError: another version wrote them, and some are not known here.
    """
    return RunConfig.make(**{**config.model_dump(), **({"name": ""} if recorded else {})})
