"""Where questions can come from, in plain words, and how a bank is asked for: what New simulation and Check questions share."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from studentsim.config import RunConfig
from studentsim.curriculum import generator
from studentsim.datasets import aqua, gsm8k, mathqa, mmlu, sciq
from studentsim.datasets.registry import FILE_DATASETS, HUB_DATASETS, has_hub_dataset, split_source_names
from studentsim.datasets.resolve import SOURCE_SEPARATOR
from studentsim.errors import ConfigError

HUB_DATASET_CATEGORIES = {
    "math_qa": mathqa.DATASET.allowed_categories, "aqua_rat": (aqua.CATEGORY,), "gsm8k": (gsm8k.CATEGORY,), "sciq": (sciq.CATEGORY,),
}  # fmt: skip
"""Categories of sets of the hub that are known before anything is downloaded."""
PERSIST_IN_SESSION = "session"
PENDING_BANK_KEY = "banks.wanted"
"""Where the session holds what ``set_pending_bank`` was given."""
HUB_DATASET, LOCAL_FILE = "set", "file"
"""Kinds of source besides the built-in curriculum, of which there is one."""
SOURCE_KINDS = {
    generator.BANK_NAME: "The built-in curriculum",
    HUB_DATASET: "A public set",
    LOCAL_FILE: "A file or folder on this computer",
}
DATASET_DESCRIPTIONS = {
    "math_qa": "Maths word problems in six categories, five options. In a third of its rows key and worked formula disagree.",
    "aqua_rat": "Maths word problems, five options.",
    "gsm8k": "Primary-school word problems. Three wrong options are made up near the right number.",
    "math": "Competition maths in seven subjects. The wrong options are made up from the right one.",
    "mmlu": "57 subjects from elementary mathematics to law, four options.",
    "mmlu_pro": "14 subjects, harder than MMLU, up to ten options.",
    "arc": "School science, both parts, mostly four options.",
    "arc_easy": "School science, the easier part, mostly four options.",
    "arc_challenge": "School science, the harder part, mostly four options.",
    "sciq": "Science exam questions, four options.",
}
"""A sentence on each set of the hub."""
EXAMPLE_PATH = "C:\\Users\\me\\questions.json" if os.name == "nt" else "/home/me/questions.json"
FORMATS_HELP = (
    "JSON, JSON lines or CSV, or a folder of such files. A table of your own needs a question, its options and what says which "
    "is right, with a line of names: question, a, b, c, d, answer. MathQA, AQuA-RAT, GSM8K, MATH, MMLU, MMLU-Pro, ARC, SciQ, "
    "AGIEval and ASDiv are read as they were published."
)
JOINED_SOURCES_HELP = f"Several are joined with “{SOURCE_SEPARATOR}” between them, sets by their names too: gsm8k{SOURCE_SEPARATOR}{EXAMPLE_PATH}."


def source_kind(source: str) -> str:
    """Which of ``SOURCE_KINDS`` a bank's name or path is of; several that are joined are asked for as a path is."""
    if source == generator.BANK_NAME:
        return source
    if len(split_source_names(source)) > 1:
        return LOCAL_FILE
    return HUB_DATASET if has_hub_dataset(source) else LOCAL_FILE


def bank_title(source: str) -> str:
    """A bank as people call it: the set's title, or the file's name. To be shown literally."""
    if len(parts := split_source_names(source)) > 1:
        return " and ".join(bank_title(part) for part in parts)
    kind = source_kind(source)
    if kind == LOCAL_FILE:
        return Path(source).name or source
    if kind == generator.BANK_NAME:
        return SOURCE_KINDS[kind].lower()
    name, _, part = source.partition(":")
    dataset_title = next(one.title for one in HUB_DATASETS if one.name == name)
    return f"{dataset_title}, {', '.join(subject_label(one) for one in part.split(','))}" if part else dataset_title


def subject_label(name: str) -> str:
    """A subject of MMLU as people read it."""
    if name == "p3":
        return f"{len(mmlu.P3_SUBJECTS)} in five topics (P3)"
    return f"all {len(mmlu.STEM_SUBJECTS)} of science and maths" if name == "stem" else name.replace("_", " ")


def known_categories(source: str, category: str = "") -> tuple[str, ...]:
    """The categories of a set of the hub, as far as they are known before anything is downloaded."""
    if category:
        return (category,)
    if len(split_source_names(source)) > 1:
        return ()
    name, _, part = source.partition(":")
    names = [one for name in part.split(",") for one in mmlu.SUBJECT_GROUPS.get(name, (name,)) if one]
    return tuple(one.replace("_", " ") for one in names) or HUB_DATASET_CATEGORIES.get(name, ())


def validate_path(text: str) -> str:
    """A path as a simulation takes it, or several that are joined.

    :raises ConfigError: (``bank``) it is blank, or climbs; the remedy has the path that may be used.
    """
    if not text:
        raise ConfigError(
            "No file is named yet.", f"Give the path of a file or folder, such as {EXAMPLE_PATH}.", field="bank"
        )
    if len(parts := split_source_names(text)) > 1:
        return RunConfig.make(
            bank=SOURCE_SEPARATOR.join(p if has_hub_dataset(p) else validate_path(p) for p in parts)
        ).bank
    if ".." in re.split(r"[\\/]", text):
        whole = Path(os.path.abspath(Path(text).expanduser()))
        raise ConfigError("A path that climbs with “..” is not taken.", f"Write it whole: {whole}", field="bank")
    return RunConfig.make(bank=str(Path(text).expanduser()) if text.startswith("~") else text).bank


def render_dataset_picker(key: str) -> str:
    """A set of the hub, and subjects of MMLU; the bank's name. Fields keep their values under ``key``."""
    name = st.selectbox(
        "Which set?", list(DATASET_DESCRIPTIONS), format_func={one.name: one.title for one in HUB_DATASETS}.__getitem__, key=f"{key}.set",
        persist_state=PERSIST_IN_SESSION,
    )  # fmt: skip
    st.caption(
        f"{DATASET_DESCRIPTIONS[name]} It comes from the hub (huggingface.co): the first time a network is needed."
    )
    if name != mmlu.DATASET.name:
        return name
    st.session_state.setdefault(f"{key}.subjects", ["stem"])
    chosen = st.multiselect(
        "Subjects", [*mmlu.SUBJECT_GROUPS, *mmlu.STEM_SUBJECTS, *_extra_subjects(st.session_state[f"{key}.subjects"])], format_func=subject_label,
        key=f"{key}.subjects", persist_state=PERSIST_IN_SESSION, placeholder="All 57",
    )  # fmt: skip
    return f"{name}:{','.join(chosen)}" if chosen else name


def prefill_picker(key: str, source: str) -> None:
    """Put a bank into the fields of a chooser."""
    kind = source_kind(source)
    name, _, part = source.partition(":") if kind == HUB_DATASET else (next(iter(DATASET_DESCRIPTIONS)), "", "")
    st.session_state[key] = kind
    st.session_state[f"{key}.set"] = name
    st.session_state[f"{key}.subjects"] = [one for one in part.split(",") if one] if kind == HUB_DATASET else ["stem"]
    st.session_state[f"{key}.path"] = source if kind == LOCAL_FILE else ""


def _extra_subjects(chosen: Sequence[str]) -> list[str]:
    """Subjects outside the sciences that a run was made with."""
    return [one for one in chosen if one not in (*mmlu.SUBJECT_GROUPS, *mmlu.STEM_SUBJECTS)]


def set_pending_bank(source: str, category: str = "", dataset_name: str = "") -> None:
    """Have New simulation begin with this bank, when it is opened next."""
    st.session_state[PENDING_BANK_KEY] = source, category, dataset_name


def dataset_titles() -> dict[str, str]:
    """The sets that a file may be said to be of, by name; blank: nobody says."""
    return {"": "as its rows look", **{one.name: one.title for one in (*HUB_DATASETS, *FILE_DATASETS)}}
