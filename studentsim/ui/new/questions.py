"""Which questions may be practised: the bank, its categories, difficulties and skills, and how many that leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from studentsim.bank.curriculum import SKILLS
from studentsim.ui import category_names, glossary, words
from studentsim.ui.new.bank import Known, bank
from studentsim.ui.new.form import KEEP, Form

DIFFICULTIES = {1: "1 easy", 2: "2 middle", 3: "3 hard"}
MOST_PILLS = 24
"""Categories that are offered side by side; more of them in a list to search."""


def questions(form: Form) -> Known:
    """Bank, categories, difficulty, skills; what is known of the bank."""
    known = bank(form)
    name = partial(category_names.label, among=known.categories)
    allowed = _several(form, "categories", "Limit to categories", list(known.categories), name)
    difficulties = {difficulty for _, _, difficulty in known.outline.study} if known.outline else {None}
    if len(difficulties) > 1 or None not in difficulties:
        _several(form, "difficulties", "Limit to difficulties", list(DIFFICULTIES), DIFFICULTIES.__getitem__)
    else:
        form.settings["difficulties"] = ()
    if known.outline and any(skill for _, skill, _ in known.outline.study):
        _skills(form, allowed)
    else:
        form.settings["skills"] = ()
    st.caption("These settle what is practised. The exam always covers the whole bank, with questions never practised.")
    return known


def categories(form: Form, known: Known) -> list[str]:
    """The categories that may be practised; empty: not known yet."""
    return list(form.settings["categories"] or known.categories)


def pool(form: Form, known: Known) -> dict[str, int]:
    """How many questions of each category may be practised with these settings; empty: not known."""
    counts: dict[str, int] = {}
    wanted = [form.settings.get(field) or () for field in ("categories", "skills", "difficulties")]
    for kinds, count in known.outline.study.items() if known.outline else ():
        if all(not allowed or kind in allowed for allowed, kind in zip(wanted, kinds, strict=True)):
            counts[kinds[0]] = counts.get(kinds[0], 0) + count
    return counts


def pool_sentence(form: Form, counts: Mapping[str, int], categories: Sequence[str]) -> str:
    """What the pool holds, beside what the run will ask of it; ``categories`` are all of the bank's."""
    size, asked = sum(counts.values()), form.settings["turns"] * form.settings["questions"]
    if not size:
        return ""
    chosen = form.settings["categories"]
    where = (
        f"from {_listed([category_names.in_sentence(name, categories) for name in chosen])}"
        if chosen
        else "from all categories"
    )
    text = f"The pool holds {words.plural(size, 'question')} {where}; this simulation asks {asked:,}"
    return f"{text}, none twice." if asked <= size else f"{text}, so that each comes about {asked / size:.1f} times."


def _listed(names: Sequence[str]) -> str:
    names = [words.literal(name) for name in names]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _several(form: Form, field: str, label: str, options: list[Any], name: Callable[[Any], str]) -> list[Any]:
    """Any of a few; none chosen means all of them, as in RunConfig. What may be practised."""
    key = f"new.{field}"
    if len(options) < 2:  # nothing to choose among
        form.settings[field] = ()
        return options
    st.session_state[key] = [o for o in st.session_state.get(key) or () if o in options]
    help = glossary.help("category") + " " + category_names.unclear(options) if field == "categories" else None
    if len(options) > MOST_PILLS:
        chosen = st.multiselect(
            label, options, format_func=name, key=key, persist_state=KEEP, help=help, placeholder="All of them"
        )
    else:
        chosen = st.pills(
            label, options, selection_mode="multi", format_func=name, key=key, persist_state=KEEP, help=help
        )
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
            format_func=lambda id: f"{category_names.own_label(offered[id].category)}: {offered[id].title}",
            key="new.skills",
            persist_state=KEEP,
            placeholder="All of them",
        )
    form.under("skills", "Skills")
    form.settings["skills"] = tuple(chosen)
