"""Which trained marker: the one that comes with the product, or another model; what is known of it, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from studentsim.config import Teaching
from studentsim.errors import ConfigError
from studentsim.runs import teachers
from studentsim.student.hub import source
from studentsim.ui import words
from studentsim.ui.new.form import KEEP, Form, key
from studentsim.ui.teaching import check, replies
from studentsim.ui.teaching import sentences as said

OWN = "own"
KINDS = {check.EMBEDDED: "The one that comes with the app", OWN: "Another model"}


def fill(teaching: Mapping[str, Any]) -> None:
    """Put a run's marker into the fields."""
    own = teaching["marker"] not in ("", check.EMBEDDED)
    st.session_state[key("which")] = OWN if own else check.EMBEDDED
    st.session_state[key("marker")] = teaching["marker"] if own else ""
    st.session_state[key("marker_revision")] = teaching.get("marker_revision", "") if own else ""


def settings() -> dict[str, str]:
    """The fields as settings of a run's teacher, unchecked."""
    if st.session_state[key("which")] != OWN:
        return {"marker": check.EMBEDDED, "marker_revision": ""}
    return {field: str(st.session_state[key(field)] or "").strip() for field in ("marker", "marker_revision")}


def choice(form: Form, *, decides: bool) -> None:
    """The choice, what is known of the marker, and what its errors come to."""
    st.selectbox(
        "Which trained marker", list(KINDS), format_func=KINDS.__getitem__, key=key("which"), persist_state=KEEP
    )  # fmt: skip
    if st.session_state[key("which")] == OWN:
        _own(form)
    else:
        _embedded(form)
    if decides:
        st.caption("What it gets wrong is counted, and shown as errors of the teacher.")


def _embedded(form: Form) -> None:
    if (found := check.known()) is not None:
        st.caption(words.literal(said.marker_check(found)))
    form.under("marker", "Who marks practice")
    if not check.is_here():
        form.refuse(
            ConfigError(
                "The trained marker is not installed.",
                "Let the answer key mark, or make the marker first: python -m studentsim train-teacher.",
                field="teaching.marker",
            )
        )


def _own(form: Form) -> None:
    """Another model by name: looked at at once where it is a folder, and else when the simulation is started."""
    name = st.text_input(
        "Its folder on this computer, or its name at the hub", key=key("marker"), persist_state=KEEP, max_chars=300,
        placeholder="/home/me/my-marker", on_change=_another,
    ).strip()  # fmt: skip
    form.under("marker", "The marker's folder or name")
    st.caption(
        "A T5 or BART that has learnt to say Correct or Wrong, as in the paper. Make one from a student's own answers, in a terminal:"
    )
    st.code(check.MAKE, language=None, wrap_lines=True)
    version = st.text_input(
        "Its version", key=key("marker_revision"), persist_state=KEEP, max_chars=100, placeholder="blank: today's"
    ).strip()  # fmt: skip
    form.under("marker_revision", "Its version")
    try:
        _look(name, version)
    except ConfigError as error:
        form.refuse(error)


def _look(name: str, version: str) -> None:
    """Say what is known of it.

    :raises ConfigError: it is not there, or cannot be a marker.
    """
    if not name:
        raise ConfigError(
            "No marker is named yet.",
            "Give its folder, or choose the one that comes with the app.",
            field="teaching.marker",
        )
    if name == check.EMBEDDED:
        raise ConfigError(
            "“embedded” is the one that comes with the app.",
            "Choose it above, or name another.",
            field="teaching.marker",
        )
    if not source.is_folder(name):
        st.caption("It is looked for when you start, here and at the hub, and downloaded if it is not here.")
        return
    found = teachers.find_marker(Teaching.model_construct(marker=name, marker_revision=version))
    figures = check.known(found.folder) if found.folder else None
    st.caption(
        words.literal(said.marker_check(figures))
        if figures
        else "How often it marks as the key does is not known. This tells: "
        f"python -m studentsim check-teacher --marker {words.literal(str(Path(name)))}"
    )
    if figures:
        replies.show(figures, key("marker_replies"))


def _another() -> None:
    """Another name's version is another."""
    st.session_state[key("marker_revision")] = ""
