"""The user's words about a run: its name, tags and a note. They lie beside the run; its id and its links stay as they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import StudentsimError
from studentsim.runs import groups, notes
from studentsim.runs.folder import RunFolder, open_run
from studentsim.store.notes import LONGEST_NOTE, LONGEST_TAG, MOST_TAGS, Notes
from studentsim.ui import components, data, words
from studentsim.ui.cards import RunCard

_TAGS = f"Up to {MOST_TAGS}, of at most {LONGEST_TAG} characters, with commas between them."


@st.dialog("Name, tags and note", icon=":material/edit_note:")
def about(engine: data.Engine, run: RunCard) -> None:
    """Asks for all three, and keeps them. Writes."""
    folder = open_run(engine.folder, run.run_id)
    known, key = notes.read(folder), f"home.say.{run.run_id}"
    fixed = not _writable([folder])
    unnamed = words.title(run.config.model_copy(update={"name": ""})) if run.config else run.title
    st.text_input(
        "Name", run.name, max_chars=_longest_name(), placeholder=unnamed, key=f"{key}.name", disabled=fixed,
        help="Its links stay as they are. Leave it blank for the name it had at first.",
    )  # fmt: skip
    st.text_input("Tags", ", ".join(known.tags), key=f"{key}.tags", disabled=fixed, help=_TAGS)
    st.text_area("Note", known.note, max_chars=LONGEST_NOTE, key=f"{key}.note", disabled=fixed)
    _save_button("Save", key, _save, (folder, key), disabled=fixed)


@st.dialog("Name and note of all", icon=":material/edit_note:")
def about_all(engine: data.Engine, runs: Sequence[RunCard]) -> None:
    """Asks for a name, which each of these runs gets with its seed, and for a note that all of them get. Writes."""
    folders, key = [open_run(engine.folder, run.run_id) for run in runs], f"home.say.{runs[0].group}"
    known = [notes.read(folder) for folder in folders]
    names = {run.name.removesuffix(f", seed {run.seed}") for run in runs}
    said = {one.note for one in known}
    fixed = not _writable(folders)
    st.text_input(
        "Name", names.pop() if len(names) == 1 else "", max_chars=_longest_name() - len(f", seed {groups.LARGEST_SEED}"), key=f"{key}.name",
        disabled=fixed, help="Each run gets it with its seed. Leave it blank for the names they had at first.",
    )  # fmt: skip
    note = said.pop() if len(said) == 1 else ""
    st.text_area(
        "Note", note, max_chars=LONGEST_NOTE, key=f"{key}.note", disabled=fixed, help="In place of each run's own."
    )
    _save_button(f"Save for all {len(runs)}", key, _save_all, (folders, key), disabled=fixed)


@st.dialog("Tag all of them", icon=":material/label:")
def tag_all(engine: data.Engine, runs: Sequence[RunCard]) -> None:
    """Asks for tags that all these runs get, beside those each has. Writes."""
    folders, key = [open_run(engine.folder, run.run_id) for run in runs], f"home.say.{runs[0].group}"
    fixed = not _writable(folders)
    st.text_input("Tags to add", key=f"{key}.tags", disabled=fixed, help=_TAGS)
    _save_button(f"Tag all {len(runs)}", key, _tag, (folders, key), disabled=fixed)


def _save_button(label: str, key: str, save: Callable[..., None], args: tuple[object, ...], *, disabled: bool) -> None:
    """Keeps what was said and closes the dialog; what is wrong is said in it, or, where it is gone by then, on the page."""
    if not st.button(
        label, type="primary", icon=":material/save:", key=f"{key}.save", disabled=disabled, on_click=save, args=args
    ):
        return
    if error := st.session_state.pop("shell.error", None):
        components.problem(error)
    else:
        st.rerun()


def _save(folder: RunFolder, key: str) -> None:
    said = {field: st.session_state[f"{key}.{field}"] for field in ("name", "tags", "note")}
    try:
        notes.write(folder, _without_its_own(folder, Notes.make(**{**said, "tags": said["tags"].split(",")})))
    except StudentsimError as error:
        st.session_state["shell.error"] = error


def _save_all(folders: Sequence[RunFolder], key: str) -> None:
    name, note = (st.session_state[f"{key}.{field}"] for field in ("name", "note"))
    try:
        said = Notes.make(name=name, note=note)
        new = []
        for folder in folders:
            config = folder.config()
            (named,) = groups.repeated(config.model_copy(update={"name": said.name}), [config.seed])
            own = Notes.make(name=named.name, note=said.note, tags=notes.read(folder).tags)
            new.append(_without_its_own(folder, own))
        for folder, words_of_it in zip(folders, new, strict=True):  # only where all of them can have them
            notes.write(folder, words_of_it)
    except StudentsimError as error:
        st.session_state["shell.error"] = error


def _without_its_own(folder: RunFolder, said: Notes) -> Notes:
    """The same, without a name that is the run's own anyway."""
    return replace(said, name="") if said.name == folder.config().name else said


def _tag(folders: Sequence[RunFolder], key: str) -> None:
    tags = st.session_state[f"{key}.tags"].split(",")
    try:
        known = [notes.read(folder) for folder in folders]
        new = [Notes.make(name=said.name, note=said.note, tags=[*said.tags, *tags]) for said in known]
        for folder, said in zip(folders, new, strict=True):  # only where all of them can have the tags
            notes.write(folder, said)
    except StudentsimError as error:
        st.session_state["shell.error"] = error


def _writable(folders: Sequence[RunFolder]) -> bool:
    """Whether what is said can be kept; says why where it cannot."""
    if all(os.access(folder.path, os.W_OK) for folder in folders):
        return True
    st.warning(
        "This can't be changed: the folder of the simulation is read-only here. Whoever looks after this computer can make it writable.",
        icon=":material/lock:",
    )
    return False


def _longest_name() -> int:
    return next(m.max_length for m in RunConfig.model_fields["name"].metadata if hasattr(m, "max_length"))
