"""What the categories of a bank are called on the pages. No streamlit here.

The names of MathQA's categories, and so of the curriculum's, come from the data set, and three of them tell a teacher nothing. They
are shown by what they hold; another bank's are shown as they are.
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
"""What those hold whose own name does not say what they are about: they are shown by it."""


def describe_category(category: str) -> str | None:
    """What a category holds, in a few words; None: one of another bank."""
    return f"{category.capitalize()}: {CATEGORY_CONTENTS[category]}." if category in CATEGORY_CONTENTS else None


def bank_categories(bank: str, default: Iterable[str] = ()) -> tuple[str, ...]:
    """All categories of a bank by the name of its setting, as far as that tells them: the built-in curriculum's; else ``default``."""
    return CATEGORIES if bank == CURRICULUM else tuple(default)


def are_mathqa_categories(categories: Iterable[str]) -> bool:
    """Whether a bank's categories are MathQA's, and the curriculum's: with a bank of one's own, "general" or "other" may mean anything."""
    given = set(categories)
    return "gain" in given and given <= set(CATEGORY_CONTENTS)


def category_label(category: str, all_categories: Iterable[str]) -> str:
    """A category as a heading or a label says it: by what it holds, where its own name does not tell. ``all_categories``: all of the bank's
    categories, by which MathQA's are known.
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
    """``category_label`` where there is little room: the first of what it holds, with dots for the rest."""
    full_label = category_label(category, all_categories)
    return full_label if full_label == category else f"{full_label.partition(',')[0]} …"


def inline_category_label(category: str, all_categories: Iterable[str]) -> str:
    """The same within a sentence: in quotes where it is a list, or no subject."""
    text = category_label(category, all_categories)
    return f"“{text}”" if text != category or category == "other" else category


def explain_category_names(categories: Iterable[str]) -> str:
    """What those of a bank's categories hold whose own name does not say it; blank where there are none, or they are another bank's."""
    given = set(categories)
    explanations = [
        f"{name} ({holds})"
        for name, holds in SHORT_CATEGORY_CONTENTS.items()
        if name in given and are_mathqa_categories(given)
    ]
    return f"The data set's own names: {', '.join(explanations)}." if explanations else ""
