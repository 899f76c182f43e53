"""The choice of the student model: the embedded student, one of the catalogue, or any other language model, and how it is loaded."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import ConfigError
from studentsim.labels import formatting
from studentsim.student.huggingface.catalogue import CATALOGUE
from studentsim.ui import dataset_picker
from studentsim.ui.new import choice_cards, model_card, student_defaults
from studentsim.ui.new.form import (
    PERSIST_MODE,
    RunForm,
    persisted,
    render_setting,
    render_text_field,
    session_key,
    setting_field,
)
from studentsim.ui.new.student_defaults import CUSTOM, EMBEDDED

KIND_LABELS = {
    EMBEDDED: "The embedded student",
    **{name: f"{entry.title}, a real language model" for name, entry in CATALOGUE.items()},
    CUSTOM: "Another language model",
}
LOADING_SETTINGS = (("quantisation", "device", "dtype"), ("exam_mode", "option_scoring", "answer_form"))
"""The select boxes of each column."""


def prefill_model(config: RunConfig) -> None:
    """Fill the model's fields from a run's settings."""
    kind = config.model if config.model in (EMBEDDED, *CATALOGUE) else CUSTOM
    st.session_state["new.whose"] = st.session_state["new.whose.before"] = kind
    st.session_state[session_key("model")] = config.model if kind == CUSTOM else ""
    for field, value in config.model_loading.model_dump().items():
        st.session_state[session_key(field)] = value


def select_model(name: str) -> None:
    """Choose a model (``embedded``, a catalogue name, a hub name or a folder) and the settings that suit it. For callbacks."""
    kind = name if name in (EMBEDDED, *CATALOGUE) else CUSTOM
    st.session_state["new.whose"] = kind
    if kind == CUSTOM:
        st.session_state[session_key("model")] = name
    _on_model_changed()


def render_model_choice(form: RunForm) -> Any:
    """The model's fields. Writes ``model``, ``model_loading``, ``student`` and ``student_table`` into ``form.settings``. Returns the
    container for the model's check; None if there is nothing to check.
    """
    kind = st.segmented_control(
        "Who learns?", list(KIND_LABELS), format_func=KIND_LABELS.__getitem__, required=True, key="new.whose",
        persist_state=PERSIST_MODE, on_change=_on_model_changed, wrap=True,
    )  # fmt: skip
    form.settings["model_loading"] = dict(form.settings["model_loading"])
    if kind == CUSTOM:
        return _render_custom_model(form)
    form.settings["model"] = str(kind)
    if kind == EMBEDDED:
        choice_cards.render_profile_choice(form)
    for name in CATALOGUE if kind == EMBEDDED else (str(kind),):
        model_card.render_model_card(form, name, is_chosen=name == kind, on_choose=select_model)
    return _render_catalogue_model(form, str(kind)) if kind != EMBEDDED else None


def _render_catalogue_model(form: RunForm, name: str) -> Any:
    """Loading fields of a catalogue model, without revision or prompt date: those pinned by another run do not apply."""
    form.settings["student_table"] = None
    form.settings["model_loading"] |= {"revision": "", "prompt_date": ""}
    form.add_error_slot("model", KIND_LABELS[name])
    with st.expander("How it is loaded: quantisation, device, precision", key="new.hub"):
        _render_loading_settings(form, show_version=False)
    return st.container() if model_card.is_installed(name) else None


def _render_custom_model(form: RunForm) -> Any:
    form.settings["student_table"] = None  # the table of another run, which only the embedded student has
    name = render_text_field(
        form, "model", "Name at the hub, or a folder on this computer",
        "Any causal language model of huggingface.co (owner/name), or its folder. Only safetensors are loaded, and no code that comes "
        "with a model is run. Models of billions of parameters answer slowly: begin with few questions.",
        error_label="Name of the model", max_chars=300, placeholder="google/gemma-2b-it",
    )  # fmt: skip
    if name != form.settings["model"]:
        form.settings["model_loading"]["prompt_date"] = ""  # it belongs to another model's run
    form.settings["model"] = name or "?"
    try:
        _check_model_name(name)
    except ConfigError as error:
        form.record_error(error)
    with st.expander("How it is loaded: quantisation, device, precision, version", key="new.hub"):
        _render_loading_settings(form)
    return st.container()


def _render_loading_settings(form: RunForm, *, show_version: bool = True) -> None:
    model_loading = form.settings["model_loading"]
    left, right = st.columns(2, gap="medium")
    for column, names in zip((left, right), LOADING_SETTINGS, strict=True):
        with column:
            for name in names:
                render_setting(form, name)
    with right:
        info = setting_field("calculator")
        model_loading["calculator"] = st.toggle(formatting.capitalize_first(str(info.title)), **persisted("calculator"))
        st.caption(str(info.description))
        if show_version:
            model_loading["revision"] = render_text_field(
                form, "revision", "Version", str(setting_field("revision").description), max_chars=100,
                placeholder="blank: today's",
            )  # fmt: skip


def _check_model_name(name: str) -> None:
    """Check a model's name or path.

    :raises ConfigError: it is blank, or a path with ``..``; the remedy has the path to use.
    """
    if not name:
        raise ConfigError(
            "No model is named yet.", "Give a name such as google/gemma-2b-it, or a folder.", field="model"
        )
    dataset_picker.refuse_climbing_path(name, field="model")


def _on_model_changed() -> None:
    """Callback of the choice: fill in the lengths, answer limits and training settings that suit the new kind of model."""
    kind = st.session_state["new.whose"]
    student_defaults.refill_form(st.session_state["new.whose.before"], kind)
    st.session_state["new.whose.before"] = kind
