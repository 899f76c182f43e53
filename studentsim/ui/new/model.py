"""Who learns: the embedded student, a language model that the app can get, or one of one's own; and how such a one is held."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import ConfigError
from studentsim.student.huggingface.catalogue import CATALOGUE
from studentsim.ui.new import choosing, model_card, suited
from studentsim.ui.new.form import KEEP, Form, choice, key
from studentsim.ui.new.suited import EMBEDDED, OWN

KINDS = {
    EMBEDDED: "The embedded student",
    **{name: f"{entry.title}, a real language model" for name, entry in CATALOGUE.items()},
    OWN: "Another language model",
}
QUANTISATION = {"none": "as it is", "8bit": "in 8 bit", "nf4": "in 4 bit (NF4), as in the paper"}
DEVICES = {"auto": "a GPU where there is one", "cpu": "this computer's processor", "cuda": "the GPU"}
DTYPES = {"auto": "what suits the device", "float32": "float32", "bfloat16": "bfloat16", "float16": "float16"}
EXAMS = {"written": "written, as in the paper", "scored": "ticked without writing, much faster"}
FORMS = {
    "free": "freely, as in the paper",
    "letter": "with “Answer: (letter)” at the end",
    "working": "with its working first, then “Answer: (letter)”",
}
SCORES = {"text": "by its text", "letter": "by its letter"}


def fill(config: RunConfig) -> None:
    """Put a run's student into the fields."""
    kind = config.model if config.model in (EMBEDDED, *CATALOGUE) else OWN
    st.session_state["new.whose"] = st.session_state["new.whose.before"] = kind
    st.session_state[key("model")] = config.model if kind == OWN else ""
    for field, value in config.hub.model_dump().items():
        st.session_state[key(field)] = value


def choose(name: str) -> None:
    """Let this model learn, with what suits it: one of the catalogue, ``embedded``, or any other by its name. For callbacks."""
    kind = name if name in (EMBEDDED, *CATALOGUE) else OWN
    st.session_state["new.whose"] = kind
    if kind == OWN:
        st.session_state[key("model")] = name
    _suited()


def student(form: Form) -> Any:
    """The choice. Writes ``model``, ``student`` and ``hub`` into the form's settings. Returns the place for the model's check; None
    where there is nothing to check.
    """
    kind = st.segmented_control(
        "Who learns?", list(KINDS), format_func=KINDS.__getitem__, required=True, key="new.whose", persist_state=KEEP,
        on_change=_suited, wrap=True,
    )  # fmt: skip
    form.settings["hub"] = dict(form.settings["hub"])
    if kind == OWN:
        return _own(form)
    form.settings["model"] = str(kind)
    if kind == EMBEDDED:
        choosing.student(form)
    for name in CATALOGUE if kind == EMBEDDED else (str(kind),):
        model_card.card(form, name, chosen=name == kind, choose=choose)
    return _of_catalogue(form, str(kind)) if kind != EMBEDDED else None


def _of_catalogue(form: Form, name: str) -> Any:
    """A run of now takes the model as it is here now: what another run pinned is that one's."""
    form.settings["student_table"] = None
    form.settings["hub"] |= {"revision": "", "prompt_date": ""}
    form.under("model", KINDS[name])
    with st.expander("How it is loaded: quantisation, device, precision", key="new.hub"):
        _loading(form, versions=False)
    return st.container() if model_card.is_here(name) else None


def _own(form: Form) -> Any:
    form.settings["student_table"] = None  # that of the run which filled the form: the embedded student's alone
    name = st.text_input(
        "Name at the hub, or a folder on this computer", key=key("model"), persist_state=KEEP, max_chars=300,
        placeholder="google/gemma-2b-it",
    ).strip()  # fmt: skip
    form.under("model", "Name of the model")
    st.caption(
        "Any causal language model of huggingface.co (owner/name), or its folder. Only safetensors are loaded, and no code that comes "
        "with a model is run. Models of billions of parameters answer slowly: begin with few questions."
    )
    if name != form.settings["model"]:
        form.settings["hub"]["prompt_date"] = ""  # the date of another model's run
    form.settings["model"] = name or "?"
    try:
        _check_name(name)
    except ConfigError as error:
        form.refuse(error)
    with st.expander("How it is loaded: quantisation, device, precision, version", key="new.hub"):
        _loading(form)
    return st.container()


def _loading(form: Form, *, versions: bool = True) -> None:
    hub = form.settings["hub"]
    left, right = st.columns(2, gap="medium")
    with left:
        choice(
            form,
            hub,
            "quantisation",
            "Weights are held",
            "4 bit takes a quarter of the memory, and a little of its wits.",
            QUANTISATION,
        )
        choice(
            form,
            hub,
            "device",
            "It runs on",
            "Without a GPU, models of billions of parameters need minutes an answer.",
            DEVICES,
        )
        choice(
            form,
            hub,
            "dtype",
            "It computes in",
            "The number format; the usual one is right for nearly everybody.",
            DTYPES,
        )
    with right:
        choice(
            form,
            hub,
            "exams",
            "Exams are",
            "Ticking compares the options' probabilities, and nothing is written to read.",
            EXAMS,
        )
        choice(form, hub, "scores", "An option is weighed", "Where options are compared, not written.", SCORES)
        choice(
            form,
            hub,
            "answer_form",
            "It is asked to answer",
            "Asked freely, small models mostly tick at once. With its working first more can be seen of what goes wrong, but an "
            "answer takes longer.",
            FORMS,
        )
        hub["calculator"] = st.toggle("It has a calculator", key=key("calculator"), persist_state=KEEP)
        st.caption(
            "What follows the = of a sum that it wrote is computed, so that slips in sums do not hide what it understands."
        )
        if versions:
            _version(form)


def _version(form: Form) -> None:
    form.settings["hub"]["revision"] = st.text_input(
        "Version", key=key("revision"), persist_state=KEEP, max_chars=100, placeholder="blank: today's"
    ).strip()
    form.under("revision", "Version")
    st.caption("A commit or tag of the hub. Today's is written into the run, so that it can be repeated.")


def _check_name(name: str) -> None:
    """:raises ConfigError: it is blank, or climbs; the remedy has the path that may be used."""
    if not name:
        raise ConfigError(
            "No model is named yet.", "Give a name such as google/gemma-2b-it, or a folder.", field="model"
        )
    if ".." in re.split(r"[\\/]", name):
        whole = Path(os.path.abspath(Path(name).expanduser()))
        raise ConfigError("A path that climbs with “..” is not taken.", f"Write it whole: {whole}", field="model")


def _suited() -> None:
    """The choice's callback: other lengths, longer answers and smaller steps suit large models; the defaults come back with the
    embedded one.
    """
    now = st.session_state["new.whose"]
    suited.refill(st.session_state["new.whose.before"], now)
    st.session_state["new.whose.before"] = now
