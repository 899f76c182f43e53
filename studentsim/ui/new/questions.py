"""Which questions may be practised: the bank, its categories, difficulties and skills, and the size of that pool."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from studentsim.curriculum.generator import SKILLS
from studentsim.labels import category_names, formatting
from studentsim.ui import glossary
from studentsim.ui.new.bank import BankInfo, render_bank_choice
from studentsim.ui.new.form import RunForm, persisted

DIFFICULTY_LABELS = {1: "1 easy", 2: "2 middle", 3: "3 hard"}
MAX_PILLS = 24
"""Categories offered as pills at most; more are offered in a searchable list."""


def render_question_choice(form: RunForm) -> BankInfo:
    """Fields for bank, categories, difficulties and skills. Writes these into ``form.settings``; returns what is known of the bank."""
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
    """The categories that may be practised; empty if not known yet."""
    return list(form.settings["categories"] or bank_info.categories)


def count_pool(form: RunForm, bank_info: BankInfo) -> dict[str, int]:
    """Questions of each category that may be practised with these settings; empty if not known."""
    counts: dict[str, int] = {}
    limits = [form.settings.get(field) or () for field in ("categories", "skills", "difficulties")]
    for kinds, count in bank_info.outline.study.items() if bank_info.outline else ():
        if all(not allowed or kind in allowed for allowed, kind in zip(limits, kinds, strict=True)):
            counts[kinds[0]] = counts.get(kinds[0], 0) + count
    return counts


def describe_pool(form: RunForm, pool_counts: Mapping[str, int], all_categories: Sequence[str]) -> str:
    """The pool's size against the questions that the run will ask; ``all_categories`` are all of the bank's."""
    size, practice_count = sum(pool_counts.values()), form.settings["turns"] * form.settings["questions_per_turn"]
    if not size:
        return ""
    chosen = form.settings["categories"]
    labels = [formatting.escape_markdown(category_names.inline_category_label(c, all_categories)) for c in chosen]
    scope_text = f"from {formatting.join_with_and(labels) or 'all categories'}"
    text = (
        f"The pool holds {formatting.pluralize(size, 'question')} {scope_text}; this simulation asks {practice_count:,}"
    )
    return (
        f"{text}, none twice."
        if practice_count <= size
        else f"{text}, so that each comes about {practice_count / size:.1f} times."
    )


def _render_multiselect(
    form: RunForm, field: str, label: str, options: list[Any], option_label: Callable[[Any], str]
) -> list[Any]:
    """A field for any of ``options``; none chosen means all, as in ``RunConfig``. Returns those in force."""
    key = f"new.{field}"
    if len(options) < 2:  # nothing to choose among
        form.settings[field] = ()
        return options
    st.session_state[key] = [o for o in st.session_state.get(key) or () if o in options]
    help_text = (
        glossary.term_help("category") + " " + category_names.explain_category_names(options)
        if field == "categories"
        else None
    )
    settings = {"format_func": option_label, "help": help_text, **persisted(field)}
    if len(options) > MAX_PILLS:
        chosen = st.multiselect(label, options, placeholder="All of them", **settings)
    else:
        settings["format_func"] = lambda option: formatting.escape_markdown(option_label(option))
        chosen = st.pills(label, options, selection_mode="multi", **settings)
    form.add_error_slot(field, label)
    form.settings[field] = tuple(o for o in options if o in chosen)
    return list(chosen or options)


def _render_skill_choice(form: RunForm, categories: Sequence[str]) -> None:
    """A field for single skills, in an expander."""
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
            placeholder="All of them",
            **persisted("skills"),
        )
    form.add_error_slot("skills", "Skills")
    form.settings["skills"] = tuple(chosen)
