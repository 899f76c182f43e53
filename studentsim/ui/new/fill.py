"""What the form starts with: the defaults, or an earlier run's settings (``?like=<run id>``), half of it on one category
(``&focus=``), with another model as the student (``&model=smollm2``), to be compared with others (``&beside=``).
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import StudentsimError, UnknownRun
from studentsim.records import CATEGORIES
from studentsim.runs.folder import open_run
from studentsim.store import ingest, queries
from studentsim.student.embedded_weights import one_name, pinned
from studentsim.ui import data, shell, words
from studentsim.ui.new import bank, beside, marker, mix, model, teacher
from studentsim.ui.new.form import key

DEFAULT = RunConfig()
FOCUS = 50
"""Percent of practice on the category that a link asks to practise."""
LINKED = ("like", "focus", "model", "beside")
"""What a link may ask for."""
LONGEST = RunConfig.model_fields["model"].metadata[0].max_length
"""Characters of a model's name."""
SPECIAL = ("bank", "mix", "learning", "model", "hub")
"""Settings whose fields hold something else than the setting itself, or that have none."""


def begin(engine: data.Engine) -> dict[str, Any]:
    """Fill the form on the first look at it, and again when the link names another run; the settings it started with."""
    asked = tuple(st.query_params.get(name, "") for name in LINKED)
    if "new.base" not in st.session_state or (any(asked) and asked != st.session_state["new.asked"]):
        like, focus, named, others = asked
        said, config = _fill_like(engine, like) if like else (fill(DEFAULT), None)
        st.session_state["new.said"] = said + _focus(focus) + beside.fill(engine, others, config)
        if named.strip():
            model.choose(named.strip()[:LONGEST])
        st.session_state["new.asked"] = asked
    return st.session_state["new.base"]


BACK, RACE = 176, 248
"""Pixels of the button and of the link: they break into lines as they will, before they are drawn."""


def note(engine: data.Engine) -> None:
    """Where the form's settings come from, the way back to the defaults, and the way to several at once."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if said := st.session_state["new.said"]:
            st.markdown(said, width="content")
        st.button(
            "Back to the defaults",
            key="new.defaults",
            type="tertiary",
            icon=":material/restart_alt:",
            on_click=_defaults,
            args=(engine,),
            width=BACK,
        )
        st.page_link(
            shell.WATCH, label="Or several at once: start a race", icon=":material/flag:", query_params={"race": "new"}, width=RACE,
        )  # fmt: skip


def _defaults(engine: data.Engine) -> None:
    for name in LINKED:
        st.query_params.pop(name, None)
    st.session_state["new.asked"], st.session_state["new.said"] = ("",) * len(LINKED), fill(DEFAULT)
    beside.fill(engine, "", None)


def _fill_like(engine: data.Engine, run_id: str) -> tuple[str, RunConfig | None]:
    """Fill the form from a run; what to say of it, and the run's settings where they can be used."""
    try:
        config = open_run(engine.folder, run_id).config()
        ingest.sync(engine.database, engine.runs_folder, run_id)
        came_with_us = queries.run(engine.database, run_id).recorded
        version = _version(config)
    except UnknownRun as error:
        fill(DEFAULT)
        return f":material/info: {words.literal(error.problem)} These are the default settings.", None
    except StudentsimError as error:
        fill(DEFAULT)
        said = f":material/info: That simulation's settings can't be used here: {words.literal(error.problem)} These are the default ones."
        return said, None
    named = config.name.removesuffix(f", seed {config.seed}")  # as a group's runs are
    name = "" if came_with_us or not named else f"{named[:74]} again"
    # what a model was quickest to compute in was settled for the computer that made the run
    hub = config.hub.model_copy(update={"dtype": "auto"}) if came_with_us else config.hub
    fill(config.model_copy(update={"name": name, "weights": "", "hub": hub}))
    return f"Filled in as in *{words.literal(words.title(config))}*.{version}", config


def _version(config: RunConfig) -> str:
    """That the new run's student is another version than this run's was; blank where it is the same.

    :raises StudentError: the embedded student's weights are missing.
    """
    if config.model != "embedded" or not config.weights or one_name(config.weights) == one_name(pinned()):
        return ""
    what = words.student_version(config).removeprefix("student ") or f"another one ({config.weights})"
    return f" That run's student was {what}; this one is today's."


def _focus(category: str) -> str:
    """Half of the practice on one category, the rest shared evenly; what to say of it. An unknown category changes nothing."""
    if category not in CATEGORIES:
        return ""
    st.session_state["new.mix"] = "own"
    st.session_state["new.shares"] = mix.moved(mix.even(CATEGORIES), category, FOCUS)
    return f" {FOCUS} of 100 practice questions are about {words.literal(category)}: see the mix of categories."


def fill(config: RunConfig) -> str:
    """Put these settings into the form's fields. Returns an empty text: nothing needs saying."""
    st.session_state[PRESET] = ""
    settings = config.model_dump()
    st.session_state["new.base"] = settings
    for field, value in {**settings, **settings["learning"]}.items():
        if field not in SPECIAL:
            st.session_state[key(field)] = list(value) if isinstance(value, tuple) else value
    bank.fill(config)
    model.fill(config)
    st.session_state["new.mix"] = "own" if config.mix else "way"
    st.session_state["new.shares"] = mix.like(config.mix) if config.mix else {}
    st.session_state["new.locked"], st.session_state["new.by_hand"] = [], []
    teacher.fill(settings["teaching"], settings["learning"])
    return ""


PRESET = "new.preset"
"""Session key: ``paper`` once its protocol was asked for, so that another student brings with it what the paper has for it."""
_LEFT = (
    "name", "seed", "exam_seed", "model", "student", "student_table", "bank", "bank_category", "bank_set",
    "leave_out_doubtful", "categories", "skills", "difficulties", "strategy", "mix",
)  # fmt: skip
"""Settings that the paper's protocol leaves as they are: student, questions, way of choosing."""
_LEFT_HUB = ("revision", "prompt_date", "device", "dtype")
"""Settings of ``Hub`` that it leaves: which version of the model, and what this computer has."""


def paper() -> None:
    """Put the paper's protocol into the fields, whole, as ``--preset paper`` does; what ``_LEFT`` names stays, and which marker."""
    own = st.session_state["new.whose"] != model.EMBEDDED
    protocol = RunConfig.paper(model="own" if own else "embedded").model_dump()
    base = st.session_state["new.base"]
    hub = {**protocol["hub"], **{field: base["hub"][field] for field in _LEFT_HUB}}
    teaching = {**protocol["teaching"], **marker.settings()}
    settled = {field: value for field, value in protocol.items() if field not in _LEFT}
    st.session_state["new.base"] = {**base, **settled, "hub": hub, "teaching": teaching}
    fields = {**settled, **protocol["learning"], **{f: v for f, v in hub.items() if f not in _LEFT_HUB}}
    for field, value in fields.items():
        if field not in (*SPECIAL, "teaching"):
            st.session_state[key(field)] = list(value) if isinstance(value, tuple) else value
    teacher.fill(teaching, protocol["learning"])
    st.session_state[PRESET] = "paper"
