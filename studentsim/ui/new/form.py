"""The form's frame: the settings gathered so far, a place under each field for what is wrong with it, and number fields.

A field's value stands in the session under ``new.<its name in RunConfig>`` and survives a visit to another page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import BankError, ConfigError, StudentsimError
from studentsim.labels import formatting
from studentsim.runs import preflight

PERSIST_MODE = "session"
"""How long a field's value is kept: as long as the visit."""


def session_key(field: str) -> str:
    """Where the session keeps a field."""
    return f"new.{field}"


class RunForm:
    """What the parts of the page share. ``settings`` are RunConfig's; parts write theirs into it."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings: dict[str, Any] = dict(settings)
        self.learning: dict[str, Any] = dict(self.settings.pop("learning"))
        self._error_slots: dict[str, Any] = {}
        self._labels: dict[str, str] = {}
        self._error: ConfigError | None = None
        self._waiting_for = ""

    def add_error_slot(self, field: str, label: str) -> None:
        """Reserve the place here for what is wrong with ``field``, which people know as ``label``."""
        self._error_slots[field], self._labels[field] = st.empty(), label

    def record_error(self, error: ConfigError) -> None:
        """A part found its own setting wrong; the first one counts."""
        self._error = self._error or error

    def block_start(self, reason: str) -> None:
        """Nothing is wrong, but something must be done first: ``reason`` says what, beside Start."""
        self._waiting_for = self._waiting_for or reason

    @property
    def is_blocked(self) -> bool:
        """Whether a part found its own setting wrong, or waits for something."""
        return self._error is not None or bool(self._waiting_for)

    def build_config(self) -> RunConfig | None:
        """The whole settings, or None after saying at its field what is wrong with them."""
        try:
            if self._error:
                raise self._error
            config = RunConfig.make(**self.settings, learning=self.learning)
            if not preflight.has_hub_dataset(config.bank):
                preflight.check_questions(config, preflight.load_run_outline(config))
            preflight.check_dpo_settings(config)
            if config.model == "embedded":
                preflight.check_student(config)
            if self._waiting_for:
                self._error_slots["start"].markdown(
                    f":material/hourglass_top: {formatting.escape_markdown(self._waiting_for)}"
                )
                return None
            return config
        except StudentsimError as error:
            self.show_error(error)
            return None

    def show_error(self, error: StudentsimError) -> None:
        """Say the error under its field, and beside Start which field it is; there alone where it has none on this page."""
        start_slot = self._error_slots["start"]
        if label := self.show_error_at_field(error):
            start_slot.markdown(f":material/arrow_upward: *{label}* above needs another value first.")
        else:
            start_slot.error(_format_error(error), icon=":material/error:")

    def show_error_at_field(self, error: StudentsimError) -> str:
        """Say the error under its field; what people call that, blank (and nothing is said) where it has none on this page."""
        field = getattr(error, "field", "") or ("bank" if isinstance(error, BankError) else "")
        name = re.sub(r"^(learning|teaching|hub)\.", "", field).split(".")[0]
        if name in self._error_slots:
            self._error_slots[name].error(_format_error(error), icon=":material/error:")
        return self._labels.get(name, "")


def _format_error(error: StudentsimError) -> str:
    return f"{formatting.escape_markdown(error.problem)} {formatting.escape_markdown(error.remedy)}"


def make_number_field(form: RunForm, settings: dict[str, Any], settings_class: type) -> Callable[..., None]:
    """A maker of number fields: bounds as the model states them, one plain sentence and an error's place under each.

    A bound that the model leaves out itself (above 0, say) may be typed, and is then refused in words at the field.
    """

    def number_field(field: str, label: str, caption: str, *, step: float = 1) -> None:
        info = settings_class.model_fields[field]
        bounds = {n: getattr(m, n) for m in info.metadata for n in ("ge", "gt", "le", "lt") if hasattr(m, n)}
        number_type = int if int in (info.annotation, *get_args(info.annotation)) else float
        settings[field] = st.number_input(
            label,
            min_value=number_type(bounds.get("ge", bounds.get("gt", 0))),
            max_value=number_type(bounds["le"] if "le" in bounds else bounds["lt"] - (number_type is int)),
            step=number_type(step),
            format="%d" if number_type is int else "%g",
            key=session_key(field),
            persist_state=PERSIST_MODE,
        )
        form.add_error_slot(field, label)
        st.caption(caption)

    return number_field


def render_select_field(
    form: RunForm, settings: dict[str, Any], field: str, label: str, caption: str, option_labels: Mapping[str, str]
) -> None:
    """One of a few, by plain names, with one plain sentence."""
    settings[field] = st.selectbox(
        label,
        list(option_labels),
        format_func=option_labels.__getitem__,
        key=session_key(field),
        persist_state=PERSIST_MODE,
    )
    form.add_error_slot(field, label)
    st.caption(caption)
