"""Display names of a bank's categories. No streamlit here.

The categories of MathQA, and so of the curriculum, have the data set's names, three of which tell a teacher nothing. These
are shown by their contents; another bank's categories are shown by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from studentsim.curriculum.generator import BANK_NAME as CURRICULUM
from studentsim.types import CATEGORIES

CATEGORY_CONTENTS: Mapping[str, str] = {
    "general": "averages, ages, ratios, work shared out, mixtures",
    "physics": "speed, distance and time; tanks and pipes",
    "gain": "profit, discount and interest",
    "geometry": "angles, perimeters, areas and volumes",
    "other": "sequences, counting ways and games, maps, percent up and down",
    "probability": "the chance of one event, and of several together",
}
"""What the built-in curriculum's questions of each category are about."""

SHORT_CATEGORY_CONTENTS: Mapping[str, str] = {
    "general": "averages, ages, ratios",
    "gain": "profit, discount, interest",
    "other": "sequences, counting, percent",
}
"""The contents of the categories whose names do not say what they are about, shown in place of the names."""


def describe_category(category: str) -> str | None:
    """A category's contents in a few words; None for a category of another bank."""
    return f"{category.capitalize()}: {CATEGORY_CONTENTS[category]}." if category in CATEGORY_CONTENTS else None


def bank_categories(bank: str, default: Iterable[str] = ()) -> tuple[str, ...]:
    """All categories of the built-in curriculum; ``default`` for any other bank (a value of the setting ``bank``)."""
    return CATEGORIES if bank == CURRICULUM else tuple(default)


def are_mathqa_categories(categories: Iterable[str]) -> bool:
    """Whether a bank's categories are those of MathQA and the curriculum: in another bank "general" may mean anything."""
    names = set(categories)
    return "gain" in names and names <= set(CATEGORY_CONTENTS)


def category_label(category: str, all_categories: Iterable[str]) -> str:
    """A category in a heading or a label: its contents where its name does not tell them, else its name.

    ``all_categories`` are the bank's, by which MathQA's are recognised.
    """
    return (
        SHORT_CATEGORY_CONTENTS[category]
        if category in SHORT_CATEGORY_CONTENTS and are_mathqa_categories(all_categories)
        else category
    )


def curriculum_category_label(category: str) -> str:
    """``category_label`` for a category of the built-in curriculum."""
    return category_label(category, CATEGORIES)


def brief_category_label(category: str, all_categories: Iterable[str]) -> str:
    """``category_label`` where there is little room: the first of its contents, with an ellipsis for the rest."""
    full_label = category_label(category, all_categories)
    return full_label if full_label == category else f"{full_label.partition(',')[0]} …"


def inline_category_label(category: str, all_categories: Iterable[str]) -> str:
    """``category_label`` within a sentence: in quotes where it is a list of contents, or "other"."""
    text = category_label(category, all_categories)
    return f"“{text}”" if text != category or category == "other" else category


def explain_category_names(categories: Iterable[str]) -> str:
    """A sentence on the categories whose names do not tell their contents; blank where there are none, or for another bank."""
    names = set(categories)
    explanations = [
        f"{name} ({contents})"
        for name, contents in SHORT_CATEGORY_CONTENTS.items()
        if name in names and are_mathqa_categories(names)
    ]
    return f"The data set's own names: {', '.join(explanations)}." if explanations else ""
