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
from studentsim.runs import preflight
from studentsim.ui import words

KEEP = "session"
"""How long a field's value is kept: as long as the visit."""


def key(field: str) -> str:
    """Where the session keeps a field."""
    return f"new.{field}"


class Form:
    """What the parts of the page share. ``settings`` are RunConfig's; parts write theirs into it."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings: dict[str, Any] = dict(settings)
        self.learning: dict[str, Any] = dict(self.settings.pop("learning"))
        self._places: dict[str, Any] = {}
        self._labels: dict[str, str] = {}
        self._refused: ConfigError | None = None
        self._awaited = ""

    def under(self, field: str, label: str) -> None:
        """Reserve the place here for what is wrong with ``field``, which people know as ``label``."""
        self._places[field], self._labels[field] = st.empty(), label

    def refuse(self, error: ConfigError) -> None:
        """A part found its own setting wrong; the first one counts."""
        self._refused = self._refused or error

    def wait(self, text: str) -> None:
        """Nothing is wrong, but something must be done first: ``text`` says what, beside Start."""
        self._awaited = self._awaited or text

    @property
    def refused(self) -> bool:
        """Whether a part found its own setting wrong, or waits for something."""
        return self._refused is not None or bool(self._awaited)

    def config(self) -> RunConfig | None:
        """The whole settings, or None after saying at its field what is wrong with them."""
        try:
            if self._refused:
                raise self._refused
            config = RunConfig.make(**self.settings, learning=self.learning)
            if not preflight.is_on_hub(config.bank):
                preflight.check_questions(config, preflight.outline_of(config))
            preflight.check_learning(config)
            if config.model == "embedded":
                preflight.check_student(config)
            if self._awaited:
                self._places["start"].markdown(f":material/hourglass_top: {words.literal(self._awaited)}")
                return None
            return config
        except StudentsimError as error:
            self.show(error)
            return None

    def show(self, error: StudentsimError) -> None:
        """Say the error under its field, and beside Start which field it is; there alone where it has none on this page."""
        start = self._places["start"]
        if label := self.at_field(error):
            start.markdown(f":material/arrow_upward: *{label}* above needs another value first.")
        else:
            start.error(_said(error), icon=":material/error:")

    def at_field(self, error: StudentsimError) -> str:
        """Say the error under its field; what people call that, blank (and nothing is said) where it has none on this page."""
        field = getattr(error, "field", "") or ("bank" if isinstance(error, BankError) else "")
        name = re.sub(r"^(learning|teaching|hub)\.", "", field).split(".")[0]
        if name in self._places:
            self._places[name].error(_said(error), icon=":material/error:")
        return self._labels.get(name, "")


def _said(error: StudentsimError) -> str:
    return f"{words.literal(error.problem)} {words.literal(error.remedy)}"


def numbers(form: Form, settings: dict[str, Any], model: type) -> Callable[..., None]:
    """A maker of number fields: bounds as the model states them, one plain sentence and an error's place under each.

    A bound that the model leaves out itself (above 0, say) may be typed, and is then refused in words at the field.
    """

    def number(field: str, label: str, sentence: str, *, step: float = 1) -> None:
        info = model.model_fields[field]
        bounds = {n: getattr(m, n) for m in info.metadata for n in ("ge", "gt", "le", "lt") if hasattr(m, n)}
        kind = int if int in (info.annotation, *get_args(info.annotation)) else float
        settings[field] = st.number_input(
            label,
            min_value=kind(bounds.get("ge", bounds.get("gt", 0))),
            max_value=kind(bounds["le"] if "le" in bounds else bounds["lt"] - (kind is int)),
            step=kind(step),
            format="%d" if kind is int else "%g",
            key=key(field),
            persist_state=KEEP,
        )
        form.under(field, label)
        st.caption(sentence)

    return number


def choice(
    form: Form, settings: dict[str, Any], field: str, label: str, sentence: str, names: Mapping[str, str]
) -> None:
    """One of a few, by plain names, with one plain sentence."""
    settings[field] = st.selectbox(
        label, list(names), format_func=names.__getitem__, key=key(field), persist_state=KEEP
    )
    form.under(field, label)
    st.caption(sentence)
