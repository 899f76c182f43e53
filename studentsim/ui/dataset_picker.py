"""Choosing a dataset: sources, their titles, and the fields that New simulation and Check questions share."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from studentsim.config import RunConfig
from studentsim.curriculum import generator
from studentsim.datasets import tabular
from studentsim.datasets.published import mmlu
from studentsim.datasets.resolve import SOURCE_SEPARATOR, has_hub_dataset, split_source_names
from studentsim.datasets.specs import FILE_DATASETS, HUB_DATASETS, RECOGNIZABLE_DATASETS, get_dataset, is_hub_dataset
from studentsim.errors import ConfigError
from studentsim.labels import formatting
from studentsim.plain_text import strip_control_characters

PERSIST_IN_SESSION = "session"
"""Streamlit's ``persist_state``: the widget keeps its value while other pages are shown."""
PENDING_BANK_KEY = "banks.wanted"
"""Session key of what ``set_pending_bank`` was given."""
HUB_DATASET, LOCAL_FILE = "set", "file"
"""Kinds of source besides the built-in curriculum."""
SOURCE_KINDS = {
    generator.BANK_NAME: "The built-in curriculum",
    HUB_DATASET: "A public set",
    LOCAL_FILE: "A file or folder on this computer",
}
EXAMPLE_PATH = "C:\\Users\\me\\questions.json" if os.name == "nt" else "/home/me/questions.json"
_TITLES = [dataset.title for dataset in RECOGNIZABLE_DATASETS if dataset is not tabular.DATASET]
FORMATS_HELP = (
    "JSON, JSON lines or CSV, or a folder of such files. A table of your own needs a question, its options and what says which "
    "is right, with a line of names: question, a, b, c, d, answer. "
    f"{', '.join(_TITLES[:-1])} and {_TITLES[-1]} are read as they were published."
)
JOINED_SOURCES_HELP = (
    f"Several are joined with “{SOURCE_SEPARATOR}” between them, sets by their names too: "
    f"gsm8k{SOURCE_SEPARATOR}{EXAMPLE_PATH}."
)


CATEGORY_LABEL, FORMAT_LABEL = "One category for all of them", "The file is of the set"


def source_kind(source: str) -> str:
    """The key of ``SOURCE_KINDS`` of a dataset's name or path; joined sources count as a path."""
    if source == generator.BANK_NAME:
        return source
    if len(split_source_names(source)) > 1:
        return LOCAL_FILE
    return HUB_DATASET if has_hub_dataset(source) else LOCAL_FILE


def bank_title(source: str) -> str:
    """A dataset's title, or the file's name; plain text."""
    if len(parts := split_source_names(source)) > 1:
        return " and ".join(bank_title(part) for part in parts)
    source = parts[0]  # without a separator at its end
    kind = source_kind(source)
    if kind == LOCAL_FILE:
        return strip_control_characters(Path(source).name or source)
    if kind == generator.BANK_NAME:
        return SOURCE_KINDS[kind].lower()
    name, _, part = source.partition(":")
    title = get_dataset(name).title
    return f"{title}, {', '.join(subject_label(subject) for subject in part.split(','))}" if part else title


def subject_label(name: str) -> str:
    """The label of an MMLU subject, or of a group of subjects."""
    if name == "p3":
        return f"{len(mmlu.P3_SUBJECTS)} in five topics (P3)"
    return f"all {len(mmlu.STEM_SUBJECTS)} of science and maths" if name == "stem" else name.replace("_", " ")


def known_categories(source: str, category: str = "") -> tuple[str, ...]:
    """The categories of a Hub dataset, as far as they are known before anything is downloaded; ``category`` replaces them all."""
    if category:
        return (category,)
    if len(split_source_names(source)) > 1:
        return ()
    name, _, part = source.partition(":")
    subjects = [s for group in part.split(",") for s in mmlu.SUBJECT_GROUPS.get(group, (group,)) if s]
    if subjects or not is_hub_dataset(name):
        return tuple(subject.replace("_", " ") for subject in subjects)
    dataset = get_dataset(name)
    return dataset.categories or dataset.allowed_categories


def validate_path(text: str) -> str:
    """A path, or several joined, as ``RunConfig.bank`` takes it, with ``~`` expanded.

    :raises ConfigError: (field ``bank``) when it is blank or contains ``..``; the remedy has the path that may be used.
    """
    if not text:
        raise ConfigError(
            "No file is named yet.", f"Give the path of a file or folder, such as {EXAMPLE_PATH}.", field="bank"
        )
    if len(parts := split_source_names(text)) > 1:
        return RunConfig.make(
            bank=SOURCE_SEPARATOR.join(p if has_hub_dataset(p) else validate_path(p) for p in parts)
        ).bank
    refuse_climbing_path(text, field="bank")
    return RunConfig.make(bank=str(Path(text).expanduser()) if text.startswith("~") else text).bank


def refuse_climbing_path(text: str, *, field: str) -> None:
    """Check a path of the user's.

    :raises ConfigError: it contains ``..``; the remedy has the path that may be used.
    """
    if ".." in re.split(r"[\\/]", text):
        whole = Path(os.path.abspath(Path(text).expanduser()))
        raise ConfigError("A path that climbs with “..” is not taken.", f"Write it whole: {whole}", field=field)


def render_dataset_picker(key: str) -> str:
    """Fields for a Hub dataset and MMLU's subjects, kept in the session under ``key``; returns the dataset's name."""
    name = st.selectbox(
        "Which set?",
        [dataset.name for dataset in HUB_DATASETS],
        format_func=lambda name: get_dataset(name).title,
        key=f"{key}.set",
        persist_state=PERSIST_IN_SESSION,
    )
    origin = "It comes from the hub (huggingface.co): the first time a network is needed."
    st.caption(f"{get_dataset(name).description} {origin}".strip())
    if name != mmlu.DATASET.name:
        return name
    st.session_state.setdefault(f"{key}.subjects", ["stem"])
    chosen = st.multiselect(
        "Subjects",
        [*mmlu.SUBJECT_GROUPS, *mmlu.STEM_SUBJECTS, *_extra_subjects(st.session_state[f"{key}.subjects"])],
        format_func=subject_label,
        key=f"{key}.subjects",
        persist_state=PERSIST_IN_SESSION,
        placeholder="All 57",
    )
    return f"{name}:{','.join(chosen)}" if chosen else name


def render_path_field(key: str) -> str:
    """A field for a path, kept in the session under ``key``, with what may be there; returns it, not validated."""
    text = st.text_input(
        "Path of the file or folder on this computer", key=f"{key}.path", max_chars=1000, persist_state=PERSIST_IN_SESSION,
        placeholder=EXAMPLE_PATH,
    ).strip()  # fmt: skip
    st.caption(f"{FORMATS_HELP} {formatting.escape_markdown(JOINED_SOURCES_HELP)}")
    return text


def render_category_field(key: str) -> str:
    """A field for a category of all questions; returns it, or blank."""
    return st.text_input(
        CATEGORY_LABEL, key=key, persist_state=PERSIST_IN_SESSION, max_chars=80, placeholder="blank: the set's own"
    ).strip()


def render_format_field(key: str) -> str:
    """A field for the dataset whose format a file has; returns its name, blank for one to be detected."""
    names = dataset_titles()
    return st.selectbox(
        FORMAT_LABEL, list(names), format_func=names.__getitem__, key=key, persist_state=PERSIST_IN_SESSION
    )


def prefill_picker(key: str, source: str) -> None:
    """Set the picker's fields under ``key`` to a dataset's name or path."""
    names = split_source_names(source)
    source = names[0] if len(names) == 1 else source
    kind = source_kind(source)
    name, _, part = source.partition(":") if kind == HUB_DATASET else (HUB_DATASETS[0].name, "", "")
    st.session_state[key] = kind
    st.session_state[f"{key}.set"] = name
    st.session_state[f"{key}.subjects"] = (
        [subject for subject in part.split(",") if subject] if kind == HUB_DATASET else ["stem"]
    )
    st.session_state[f"{key}.path"] = source if kind == LOCAL_FILE else ""


def _extra_subjects(chosen: Sequence[str]) -> list[str]:
    """Those of the chosen MMLU subjects that are not STEM, so not offered otherwise."""
    return [subject for subject in chosen if subject not in (*mmlu.SUBJECT_GROUPS, *mmlu.STEM_SUBJECTS)]


def set_pending_bank(source: str, category: str = "", dataset_name: str = "") -> None:
    """Have New simulation start with this dataset when it is opened next."""
    st.session_state[PENDING_BANK_KEY] = source, category, dataset_name


def dataset_titles() -> dict[str, str]:
    """The datasets whose format a file may have, by name; blank: it is detected."""
    return {"": "as its rows look", **{dataset.name: dataset.title for dataset in (*HUB_DATASETS, *FILE_DATASETS)}}
