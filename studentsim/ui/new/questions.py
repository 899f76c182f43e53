"""Which questions may be practised: the bank, its categories, difficulties and skills, and how many that leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from studentsim.bank.curriculum import SKILLS
from studentsim.config import RunConfig
from studentsim.errors import BankError, ConfigError
from studentsim.records import CATEGORIES
from studentsim.runs.preflight import Outline, outline
from studentsim.ui import words
from studentsim.ui.new.fill import FILE
from studentsim.ui.new.form import KEEP, Form

BANKS = {"curriculum": "The built-in curriculum", FILE: "A MathQA file", "math_qa": "MathQA from the hub"}
DIFFICULTIES = {1: "1 easy", 2: "2 middle", 3: "3 hard"}
OTHER_BANK = (
    "The embedded student was taught the built-in curriculum alone. Other questions are put to it, but it can hardly read "
    "them: expect results near guessing, and little learning."
)


def questions(form: Form) -> Outline | None:
    """Bank, categories, difficulty, skills; the bank's outline, None where it cannot be known before the start."""
    found = _bank(form)
    categories = _several(
        form, "categories", "Limit to categories", list(found.categories if found else CATEGORIES), str
    )
    if found and any(difficulty for _, _, difficulty in found.study):
        _several(form, "difficulties", "Limit to difficulties", list(DIFFICULTIES), DIFFICULTIES.__getitem__)
        _skills(form, categories)
    else:
        form.settings |= {"difficulties": (), "skills": ()}
    st.caption("These settle what is practised. The exam always covers the whole bank, with questions never practised.")
    return found


def categories(form: Form, found: Outline | None) -> list[str]:
    """The categories that may be practised."""
    return list(form.settings["categories"] or (found.categories if found else CATEGORIES))


def pool(form: Form, found: Outline | None) -> dict[str, int]:
    """How many questions of each category may be practised with these settings; empty: not known."""
    counts: dict[str, int] = {}
    wanted = [form.settings.get(field) or () for field in ("categories", "skills", "difficulties")]
    for kinds, count in found.study.items() if found else ():
        if all(not allowed or kind in allowed for allowed, kind in zip(wanted, kinds, strict=True)):
            counts[kinds[0]] = counts.get(kinds[0], 0) + count
    return counts


def pool_sentence(form: Form, counts: Mapping[str, int]) -> str:
    """What the pool holds, beside what the run will ask of it."""
    size, asked = sum(counts.values()), form.settings["turns"] * form.settings["questions"]
    if not size:
        return ""
    chosen = form.settings["categories"]
    where = f"from {_listed(chosen)}" if chosen else "from all categories"
    text = f"The pool holds {words.plural(size, 'question')} {where}; this simulation asks {asked:,}"
    return f"{text}, none twice." if asked <= size else f"{text}, so that each comes about {asked / size:.1f} times."


def _listed(names: Sequence[str]) -> str:
    names = [words.literal(name) for name in names]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _bank(form: Form) -> Outline | None:
    kind = st.segmented_control(
        "Bank of questions", list(BANKS), format_func=BANKS.__getitem__, required=True, key="new.bank", persist_state=KEEP,
        wrap=True,
    )  # fmt: skip
    source = str(kind)
    if kind == FILE:
        source = st.text_input(
            "Path of the file on this computer", key="new.path", persist_state=KEEP, placeholder="/home/me/train.json"
        ).strip()
        st.caption("One of the JSON files of MathQA (math-qa.github.io), as they come.")
    form.under("bank", "Bank of questions")
    if kind != "curriculum":
        st.warning(OTHER_BANK, icon=":material/info:")
    form.settings["bank"] = source
    if kind == FILE and not source:
        form.refuse(ConfigError("No file is named yet.", "Give the path of a MathQA JSON file.", field="bank"))
        return None
    if kind == "math_qa":
        st.caption("How many questions it has is looked up when the simulation starts.")
        return None
    try:
        RunConfig.make(bank=source)  # a path that may not be used is not even looked at
        return outline(source)
    except (ConfigError, BankError) as error:
        form.refuse(ConfigError(error.problem, error.remedy, field="bank"))
        return None


def _several(form: Form, field: str, label: str, options: list[Any], name: Callable[[Any], str]) -> list[Any]:
    """Any of a few; none chosen means all of them, as in RunConfig. What may be practised."""
    key = f"new.{field}"
    st.session_state[key] = [o for o in st.session_state.get(key) or () if o in options]
    chosen = st.pills(label, options, selection_mode="multi", format_func=name, key=key, persist_state=KEEP)
    form.under(field, label)
    form.settings[field] = tuple(o for o in options if o in chosen)
    return list(chosen or options)


def _skills(form: Form, categories: Sequence[str]) -> None:
    """Single skills, folded away: few will want them."""
    offered = {skill.id: skill for skill in SKILLS.values() if skill.category in categories}
    kept = [id for id in st.session_state.get("new.skills") or () if id in offered]
    st.session_state["new.skills"] = kept
    label = "Only some skills" + (
        f": {len(kept)} of {len(offered)} chosen" if kept else f" (all {len(offered)} are in)"
    )
    with st.expander(label, key="new.skills.fold"):
        chosen = st.multiselect(
            "Skills",
            list(offered),
            format_func=lambda id: f"{offered[id].category}: {offered[id].title}",
            key="new.skills",
            persist_state=KEEP,
            placeholder="All of them",
        )
    form.under("skills", "Skills")
    form.settings["skills"] = tuple(chosen)
