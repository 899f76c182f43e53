"""The form's state: the settings gathered so far and an error slot under each field; and the fields that several parts use.

A field's value is in the session under ``new.<its name in RunConfig>`` and survives a visit to another page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from studentsim.analysis import setting_differences
from studentsim.config import RunConfig
from studentsim.errors import BankError, ConfigError, StudentsimError
from studentsim.labels import formatting
from studentsim.runs import preflight
from studentsim.settings import GROUP_BY_SETTING, SETTING_GROUPS
from studentsim.ui import glossary

PERSIST_MODE = "session"
"""Streamlit's ``persist_state``: a field keeps its value as long as the session."""


def session_key(field: str) -> str:
    """The session key of a field."""
    return f"new.{field}"


class RunForm:
    """State shared by the parts of the page: each writes its values into ``settings`` (of ``RunConfig``) or ``dpo``."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings: dict[str, Any] = {
            name: dict(value) if name in SETTING_GROUPS else value for name, value in settings.items()
        }
        self.dpo: dict[str, Any] = self.settings.pop("dpo")
        self._error_slots: dict[str, Any] = {}
        self._labels: dict[str, str] = {}
        self._error: ConfigError | None = None
        self._waiting_for = ""
        self.bank_outline: preflight.BankOutline | None = None
        """The chosen bank's, where it is known and is not the hub's: the settings must fit it."""

    def add_error_slot(self, field: str, label: str) -> None:
        """Reserve room here for an error of ``field``, whose label on the page is ``label``."""
        self._error_slots[field], self._labels[field] = st.empty(), label

    def record_error(self, error: ConfigError) -> None:
        """Note that a setting is invalid; the first error counts."""
        self._error = self._error or error

    def block_start(self, reason: str) -> None:
        """Keep Start disabled without an error; ``reason``, shown beside it, says what must be done first."""
        self._waiting_for = self._waiting_for or reason

    @property
    def is_blocked(self) -> bool:
        """Whether a setting is invalid or something must be done first."""
        return self._error is not None or bool(self._waiting_for)

    def build_config(self) -> RunConfig | None:
        """The validated settings; None after showing what is wrong with them or must be done first."""
        try:
            if self._error:
                raise self._error
            config = RunConfig.make(**self.settings, dpo=self.dpo)
            if self.bank_outline:
                preflight.check_questions(config, self.bank_outline)
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
        """Show the error under its field, and beside Start which field that is; only there if the page has no such field."""
        start_slot = self._error_slots["start"]
        if label := self.show_error_at_field(error):
            start_slot.markdown(f":material/arrow_upward: *{label}* above needs another value first.")
        else:
            start_slot.error(format_problem(error.problem, error.remedy), icon=":material/error:")

    def show_error_at_field(self, error: StudentsimError) -> str:
        """Show the error under its field, if the page has it; that field's label, or blank."""
        field = getattr(error, "field", "") or ("bank" if isinstance(error, BankError) else "")
        name = re.sub(r"^(dpo|teacher|model_loading)\.", "", field).split(".")[0]
        if name in self._error_slots:
            self._error_slots[name].error(format_problem(error.problem, error.remedy), icon=":material/error:")
        return self._labels.get(name, "")


def format_problem(problem: str, remedy: str) -> str:
    """An error's problem and remedy as Markdown."""
    return f"{formatting.escape_markdown(problem)} {formatting.escape_markdown(remedy)}"


def persisted(field: str) -> dict[str, str]:
    """A field's widget: its key, and that it keeps its value."""
    return {"key": session_key(field), "persist_state": PERSIST_MODE}


def render_setting(
    form: RunForm, name: str, step: float = 1, *, options: Mapping[str, str] | None = None, term: str = ""
) -> None:
    """The field of a setting: its title as label, its description as caption, an error slot between them. Writes its value into ``form``.

    A choice or a number within the setting's bounds, by its type. An exclusive bound (``gt``, ``lt``) can be typed; the form then
    refuses it. ``options`` are labels of a choice's values where they are not those of ``setting_differences``; ``term`` of the
    glossary is a choice's help.
    """
    group = GROUP_BY_SETTING.get(name, "")
    info = setting_field(name)
    label = formatting.capitalize_first(str(info.title))
    full_name = f"{group}.{name}" if group else name
    values = form.dpo if group == "dpo" else form.settings[group] if group else form.settings
    if get_origin(info.annotation) is Literal:
        options = options or {
            value: setting_differences.format_value(full_name, value) for value in get_args(info.annotation)
        }
        values[name] = render_select_field(form, name, label, options, str(info.description), term=term)
        return
    number_type, low, high = number_bounds(name)
    values[name] = st.number_input(
        label, low, high, step=number_type(step), format="%d" if number_type is int else "%g", **persisted(name)
    )
    _end_field(form, name, label, str(info.description))


def render_settings_side_by_side(form: RunForm, *names: str) -> None:
    """Settings whose fields share a row."""
    for column, name in zip(st.columns(len(names)), names, strict=True):
        with column:
            render_setting(form, name)


def setting_field(name: str) -> FieldInfo:
    """The title, description, type and bounds of a setting, nested or not."""
    return (SETTING_GROUPS[GROUP_BY_SETTING[name]] if name in GROUP_BY_SETTING else RunConfig).model_fields[name]


def number_bounds(name: str) -> tuple[type[int] | type[float], float, float]:
    """Type and bounds of a numeric setting."""
    info = setting_field(name)
    bounds = {n: getattr(m, n) for m in info.metadata for n in ("ge", "gt", "le", "lt") if hasattr(m, n)}
    number_type = int if int in (info.annotation, *get_args(info.annotation)) else float
    high = bounds["le"] if "le" in bounds else bounds["lt"] - (number_type is int)
    return number_type, number_type(bounds.get("ge", bounds.get("gt", 0))), number_type(high)


def render_select_field(
    form: RunForm, field: str, label: str, option_labels: Mapping[str, str], caption: str, *, term: str = ""
) -> str:
    """A select box with a caption and an error slot under it; ``term`` of the glossary is its help. Returns the choice."""
    value = st.selectbox(
        label, list(option_labels), format_func=option_labels.__getitem__, help=glossary.term_help(term) if term else None,
        **persisted(field),
    )  # fmt: skip
    _end_field(form, field, label, caption)
    return value


def render_text_field(
    form: RunForm, field: str, label: str, caption: str = "", *, error_label: str = "", **options: Any
) -> str:
    """A text field with an error slot and a caption under it. Returns the text, stripped."""
    text = st.text_input(label, **options, **persisted(field)).strip()
    _end_field(form, field, error_label or label, caption)
    return text


def _end_field(form: RunForm, field: str, label: str, caption: str) -> None:
    form.add_error_slot(field, label)
    if caption:
        st.caption(caption)


def render_choice_button(
    title: str,
    *,
    key: str,
    is_chosen: bool,
    on_click: Callable[..., None],
    args: tuple[str, ...],
    width: Literal["content", "stretch"] = "content",
) -> None:
    """A card's title as its button, styled as a radio button."""
    st.button(
        formatting.escape_markdown(title),
        key=key,
        type="primary" if is_chosen else "secondary",
        icon=":material/radio_button_checked:" if is_chosen else ":material/radio_button_unchecked:",
        wrap=True,
        width=width,
        on_click=on_click,
        args=args,
    )
