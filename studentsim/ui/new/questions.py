"""Which questions may be practised: the bank, its categories, difficulties and skills, and how many that leaves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from studentsim.curriculum.generator import SKILLS
from studentsim.labels import category_names, formatting
from studentsim.ui import glossary
from studentsim.ui.new.bank import BankInfo, render_bank_choice
from studentsim.ui.new.form import PERSIST_MODE, RunForm

DIFFICULTY_LABELS = {1: "1 easy", 2: "2 middle", 3: "3 hard"}
MAX_PILLS = 24
"""Categories that are offered side by side; more of them in a list to search."""


def render_question_choice(form: RunForm) -> BankInfo:
    """Bank, categories, difficulty, skills; what is known of the bank."""
    bank_info = render_bank_choice(form)
    category_label = partial(category_names.category_label, all_categories=bank_info.categories)
    selected_categories = _render_multiselect(
        form, "categories", "Limit to categories", list(bank_info.categories), category_label
    )
    difficulties = {difficulty for _, _, difficulty in bank_info.outline.study} if bank_info.outline else {None}
    if len(difficulties) > 1 or None not in difficulties:
        _render_multiselect(
            form, "difficulties", "Limit to difficulties", list(DIFFICULTY_LABELS), DIFFICULTY_LABELS.__getitem__
        )
    else:
        form.settings["difficulties"] = ()
    if bank_info.outline and any(skill for _, skill, _ in bank_info.outline.study):
        _render_skill_choice(form, selected_categories)
    else:
        form.settings["skills"] = ()
    st.caption("These settle what is practised. The exam always covers the whole bank, with questions never practised.")
    return bank_info


def practice_categories(form: RunForm, bank_info: BankInfo) -> list[str]:
    """The categories that may be practised; empty: not known yet."""
    return list(form.settings["categories"] or bank_info.categories)


def count_pool(form: RunForm, bank_info: BankInfo) -> dict[str, int]:
    """How many questions of each category may be practised with these settings; empty: not known."""
    counts: dict[str, int] = {}
    limits = [form.settings.get(field) or () for field in ("categories", "skills", "difficulties")]
    for kinds, count in bank_info.outline.study.items() if bank_info.outline else ():
        if all(not allowed or kind in allowed for allowed, kind in zip(limits, kinds, strict=True)):
            counts[kinds[0]] = counts.get(kinds[0], 0) + count
    return counts


def describe_pool(form: RunForm, pool_counts: Mapping[str, int], all_categories: Sequence[str]) -> str:
    """What the pool holds, beside what the run will ask of it; ``all_categories`` are all of the bank's."""
    size, asked_count = sum(pool_counts.values()), form.settings["turns"] * form.settings["questions"]
    if not size:
        return ""
    chosen = form.settings["categories"]
    scope_text = (
        f"from {_join_names([category_names.inline_category_label(name, all_categories) for name in chosen])}"
        if chosen
        else "from all categories"
    )
    text = f"The pool holds {formatting.pluralize(size, 'question')} {scope_text}; this simulation asks {asked_count:,}"
    return (
        f"{text}, none twice."
        if asked_count <= size
        else f"{text}, so that each comes about {asked_count / size:.1f} times."
    )


def _join_names(names: Sequence[str]) -> str:
    names = [formatting.escape_markdown(name) for name in names]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _render_multiselect(
    form: RunForm, field: str, label: str, options: list[Any], option_label: Callable[[Any], str]
) -> list[Any]:
    """Any of a few; none chosen means all of them, as in RunConfig. What may be practised."""
    key = f"new.{field}"
    if len(options) < 2:  # nothing to choose among
        form.settings[field] = ()
        return options
    st.session_state[key] = [o for o in st.session_state.get(key) or () if o in options]
    help = (
        glossary.term_help("category") + " " + category_names.explain_category_names(options)
        if field == "categories"
        else None
    )
    if len(options) > MAX_PILLS:
        chosen = st.multiselect(
            label,
            options,
            format_func=option_label,
            key=key,
            persist_state=PERSIST_MODE,
            help=help,
            placeholder="All of them",
        )
    else:
        chosen = st.pills(
            label,
            options,
            selection_mode="multi",
            format_func=option_label,
            key=key,
            persist_state=PERSIST_MODE,
            help=help,
        )
    form.add_error_slot(field, label)
    form.settings[field] = tuple(o for o in options if o in chosen)
    return list(chosen or options)


def _render_skill_choice(form: RunForm, categories: Sequence[str]) -> None:
    """Single skills, folded away: few will want them."""
    offered = {skill.id: skill for skill in SKILLS.values() if skill.category in categories}
    selected_skills = [id for id in st.session_state.get("new.skills") or () if id in offered]
    st.session_state["new.skills"] = selected_skills
    label = "Only some skills" + (
        f": {len(selected_skills)} of {len(offered)} chosen" if selected_skills else f" (all {len(offered)} are in)"
    )
    with st.expander(label, key="new.skills.fold"):
        chosen = st.multiselect(
            "Skills",
            list(offered),
            format_func=lambda id: (
                f"{category_names.curriculum_category_label(offered[id].category)}: {offered[id].title}"
            ),
            key="new.skills",
            persist_state=PERSIST_MODE,
            placeholder="All of them",
        )
    form.add_error_slot("skills", "Skills")
    form.settings["skills"] = tuple(chosen)
