"""Where questions can come from, in plain words, and how a bank is asked for: what New simulation and Check questions share."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from studentsim.bank import aqua, curriculum, gsm8k, mathqa, mmlu, sciq
from studentsim.bank.parts import SEPARATOR
from studentsim.bank.sources import FILE_SETS, SETS, is_on_hub, names_of
from studentsim.config import RunConfig
from studentsim.errors import ConfigError

CATEGORIES = {
    "math_qa": mathqa.SET.categories, "aqua_rat": (aqua.CATEGORY,), "gsm8k": (gsm8k.CATEGORY,), "sciq": (sciq.CATEGORY,),
}  # fmt: skip
"""Categories of sets of the hub that are known before anything is downloaded."""
KEEP = "session"
WANTED = "banks.wanted"
"""Where the session holds what ``use`` was given."""
SET, FILE = "set", "file"
"""Kinds of source besides the built-in curriculum, of which there is one."""
KINDS = {
    curriculum.NAME: "The built-in curriculum",
    SET: "A public set",
    FILE: "A file or folder on this computer",
}
ABOUT = {
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
EXAMPLE = "C:\\Users\\me\\questions.json" if os.name == "nt" else "/home/me/questions.json"
FORMATS = (
    "JSON, JSON lines or CSV, or a folder of such files. A table of your own needs a question, its options and what says which "
    "is right, with a line of names: question, a, b, c, d, answer. MathQA, AQuA-RAT, GSM8K, MATH, MMLU, MMLU-Pro, ARC, SciQ, "
    "AGIEval and ASDiv are read as they were published."
)
SEVERAL = f"Several are joined with “{SEPARATOR}” between them, sets by their names too: gsm8k{SEPARATOR}{EXAMPLE}."


def kind_of(source: str) -> str:
    """Which of ``KINDS`` a bank's name or path is of; several that are joined are asked for as a path is."""
    if source == curriculum.NAME:
        return source
    if len(names_of(source)) > 1:
        return FILE
    return SET if is_on_hub(source) else FILE


def title(source: str) -> str:
    """A bank as people call it: the set's title, or the file's name. To be shown literally."""
    if len(parts := names_of(source)) > 1:
        return " and ".join(title(part) for part in parts)
    kind = kind_of(source)
    if kind == FILE:
        return Path(source).name or source
    if kind == curriculum.NAME:
        return KINDS[kind].lower()
    name, _, part = source.partition(":")
    of = next(one.title for one in SETS if one.name == name)
    return f"{of}, {', '.join(subject(one) for one in part.split(','))}" if part else of


def subject(name: str) -> str:
    """A subject of MMLU as people read it."""
    if name == "p3":
        return f"{len(mmlu.P3)} in five topics (P3)"
    return f"all {len(mmlu.STEM)} of science and maths" if name == "stem" else name.replace("_", " ")


def categories(source: str, category: str = "") -> tuple[str, ...]:
    """The categories of a set of the hub, as far as they are known before anything is downloaded."""
    if category:
        return (category,)
    if len(names_of(source)) > 1:
        return ()
    name, _, part = source.partition(":")
    names = [one for name in part.split(",") for one in mmlu.GROUPS.get(name, (name,)) if one]
    return tuple(one.replace("_", " ") for one in names) or CATEGORIES.get(name, ())


def checked_path(text: str) -> str:
    """A path as a simulation takes it, or several that are joined.

    :raises ConfigError: (``bank``) it is blank, or climbs; the remedy has the path that may be used.
    """
    if not text:
        raise ConfigError(
            "No file is named yet.", f"Give the path of a file or folder, such as {EXAMPLE}.", field="bank"
        )
    if len(parts := names_of(text)) > 1:
        return RunConfig.make(bank=SEPARATOR.join(p if is_on_hub(p) else checked_path(p) for p in parts)).bank
    if ".." in re.split(r"[\\/]", text):
        whole = Path(os.path.abspath(Path(text).expanduser()))
        raise ConfigError("A path that climbs with “..” is not taken.", f"Write it whole: {whole}", field="bank")
    return RunConfig.make(bank=str(Path(text).expanduser()) if text.startswith("~") else text).bank


def choose_set(key: str) -> str:
    """A set of the hub, and subjects of MMLU; the bank's name. Fields keep their values under ``key``."""
    name = st.selectbox(
        "Which set?", list(ABOUT), format_func={one.name: one.title for one in SETS}.__getitem__, key=f"{key}.set",
        persist_state=KEEP,
    )  # fmt: skip
    st.caption(f"{ABOUT[name]} It comes from the hub (huggingface.co): the first time a network is needed.")
    if name != mmlu.SET.name:
        return name
    st.session_state.setdefault(f"{key}.subjects", ["stem"])
    chosen = st.multiselect(
        "Subjects", [*mmlu.GROUPS, *mmlu.STEM, *_others(st.session_state[f"{key}.subjects"])], format_func=subject,
        key=f"{key}.subjects", persist_state=KEEP, placeholder="All 57",
    )  # fmt: skip
    return f"{name}:{','.join(chosen)}" if chosen else name


def fill(key: str, source: str) -> None:
    """Put a bank into the fields of a chooser."""
    kind = kind_of(source)
    name, _, part = source.partition(":") if kind == SET else (next(iter(ABOUT)), "", "")
    st.session_state[key] = kind
    st.session_state[f"{key}.set"] = name
    st.session_state[f"{key}.subjects"] = [one for one in part.split(",") if one] if kind == SET else ["stem"]
    st.session_state[f"{key}.path"] = source if kind == FILE else ""


def _others(chosen: Sequence[str]) -> list[str]:
    """Subjects outside the sciences that a run was made with."""
    return [one for one in chosen if one not in (*mmlu.GROUPS, *mmlu.STEM)]


def use(source: str, category: str = "", set_name: str = "") -> None:
    """Have New simulation begin with this bank, when it is opened next."""
    st.session_state[WANTED] = source, category, set_name


def set_names() -> dict[str, str]:
    """The sets that a file may be said to be of, by name; blank: nobody says."""
    return {"": "as its rows look", **{one.name: one.title for one in (*SETS, *FILE_SETS)}}
