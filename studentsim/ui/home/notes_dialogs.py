"""The dialogs for the name, tags and note that a user gives to runs. A run's id and links do not change."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import StudentsimError
from studentsim.labels import formatting
from studentsim.runs import groups, notes
from studentsim.runs.run_dir import RunFolder, open_run
from studentsim.store.notes import MAX_NOTE_CHARS, MAX_TAG_CHARS, MAX_TAGS, RunNotes
from studentsim.ui import components, data
from studentsim.ui.cards import RunCard

_TAGS_HELP = f"Up to {MAX_TAGS}, of at most {MAX_TAG_CHARS} characters, with commas between them."


@st.dialog("Name, tags and note", icon=":material/edit_note:")
def render_notes_dialog(engine: data.Engine, run: RunCard) -> None:
    """Ask for a run's name, tags and note, and store them. Writes."""
    folder = open_run(engine.data_dir, run.run_id)
    current_notes, key = notes.read_notes(folder), f"home.say.{run.run_id}"
    is_read_only = not _is_writable([folder])
    default_title = formatting.run_title(run.config.model_copy(update={"name": ""})) if run.config else run.title
    st.text_input(
        "Name", run.name, max_chars=_max_name_length(), placeholder=default_title, key=f"{key}.name", disabled=is_read_only,
        help="Its links stay as they are. Leave it blank for the name it had at first.",
    )  # fmt: skip
    st.text_input("Tags", ", ".join(current_notes.tags), key=f"{key}.tags", disabled=is_read_only, help=_TAGS_HELP)
    st.text_area("Note", current_notes.note, max_chars=MAX_NOTE_CHARS, key=f"{key}.note", disabled=is_read_only)
    _render_save_button("Save", key, _save_run_notes, (folder, key), disabled=is_read_only)


@st.dialog("Name and note of all", icon=":material/edit_note:")
def render_group_notes_dialog(engine: data.Engine, runs: Sequence[RunCard]) -> None:
    """Ask for a name, which each run gets with its seed appended, and for a note that all get. Writes."""
    folders, key = [open_run(engine.data_dir, run.run_id) for run in runs], f"home.say.{runs[0].group_id}"
    current_notes = [notes.read_notes(folder) for folder in folders]
    names = {run.name.removesuffix(f", seed {run.seed}") for run in runs}
    note_texts = {run_notes.note for run_notes in current_notes}
    is_read_only = not _is_writable(folders)
    st.text_input(
        "Name",
        names.pop() if len(names) == 1 else "",
        max_chars=_max_name_length() - len(f", seed {groups.MAX_SEED}"),
        key=f"{key}.name",
        disabled=is_read_only,
        help="Each run gets it with its seed. Leave it blank for the names they had at first.",
    )
    st.text_area(
        "Note", note_texts.pop() if len(note_texts) == 1 else "", max_chars=MAX_NOTE_CHARS, key=f"{key}.note", disabled=is_read_only,
        help="In place of each run's own.",
    )  # fmt: skip
    _render_save_button(f"Save for all {len(runs)}", key, _save_group_notes, (folders, key), disabled=is_read_only)


@st.dialog("Tag all of them", icon=":material/label:")
def render_group_tags_dialog(engine: data.Engine, runs: Sequence[RunCard]) -> None:
    """Ask for tags to add to those of each run. Writes."""
    folders, key = [open_run(engine.data_dir, run.run_id) for run in runs], f"home.say.{runs[0].group_id}"
    is_read_only = not _is_writable(folders)
    st.text_input("Tags to add", key=f"{key}.tags", disabled=is_read_only, help=_TAGS_HELP)
    _render_save_button(f"Tag all {len(runs)}", key, _add_tags, (folders, key), disabled=is_read_only)


def _render_save_button(
    label: str, key: str, on_save: Callable[..., None], args: tuple[object, ...], *, disabled: bool
) -> None:
    """Store the fields and close the dialog; an error is shown in it, or on the page if it is closed by then."""
    if not st.button(
        label, type="primary", icon=":material/save:", key=f"{key}.save", disabled=disabled, on_click=on_save, args=args
    ):
        return
    if error := st.session_state.pop("shell.error", None):
        components.render_error(error)
    else:
        st.rerun()


def _save_notes(folders: Sequence[RunFolder], build_notes: Callable[[RunFolder], RunNotes]) -> None:
    """Write each run's notes once all were validated; an error is kept for the page to show."""
    try:
        new_notes = [build_notes(folder) for folder in folders]
        for folder, run_notes in zip(folders, new_notes, strict=True):
            notes.write_notes(folder, run_notes)
    except StudentsimError as error:
        st.session_state["shell.error"] = error


def _save_run_notes(folder: RunFolder, key: str) -> None:
    name, tags, note = (st.session_state[f"{key}.{field}"] for field in ("name", "tags", "note"))
    _save_notes(
        [folder], lambda _: _drop_default_name(folder, RunNotes.make(name=name, note=note, tags=tags.split(",")))
    )


def _save_group_notes(folders: Sequence[RunFolder], key: str) -> None:
    name, note = (st.session_state[f"{key}.{field}"] for field in ("name", "note"))

    def build_notes(folder: RunFolder) -> RunNotes:
        config = folder.read_config()
        shared_name = RunNotes.make(name=name, note=note).name
        (named_config,) = groups.repeat_with_seeds(config.model_copy(update={"name": shared_name}), [config.seed])
        tags = notes.read_notes(folder).tags
        return _drop_default_name(folder, RunNotes.make(name=named_config.name, note=note, tags=tags))

    _save_notes(folders, build_notes)


def _drop_default_name(folder: RunFolder, run_notes: RunNotes) -> RunNotes:
    """``run_notes`` without a name that its config has already."""
    return replace(run_notes, name="") if run_notes.name == folder.read_config().name else run_notes


def _add_tags(folders: Sequence[RunFolder], key: str) -> None:
    tags = st.session_state[f"{key}.tags"].split(",")

    def build_notes(folder: RunFolder) -> RunNotes:
        old = notes.read_notes(folder)
        return RunNotes.make(name=old.name, note=old.note, tags=[*old.tags, *tags])

    _save_notes(folders, build_notes)


def _is_writable(folders: Sequence[RunFolder]) -> bool:
    """Whether notes can be stored in all ``folders``; shows a warning if not."""
    if all(os.access(folder.path, os.W_OK) for folder in folders):
        return True
    st.warning(
        "This can't be changed: the folder of the simulation is read-only here. Whoever looks after this computer can make it writable.",
        icon=":material/lock:",
    )
    return False


def _max_name_length() -> int:
    return next(m.max_length for m in RunConfig.model_fields["name"].metadata if hasattr(m, "max_length"))
