"""What the categories of a bank are called on the pages. No streamlit here.

The names of MathQA's categories, and so of the curriculum's, come from the data set, and three of them tell a teacher nothing. They
are shown by what they hold; another bank's are shown as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from studentsim.bank.curriculum import NAME as CURRICULUM
from studentsim.records import CATEGORIES

HOLDS: Mapping[str, str] = {
    "general": "averages, ages, ratios, work shared out, mixtures",
    "physics": "speed, distance and time; tanks and pipes",
    "gain": "profit, discount and interest",
    "geometry": "angles, perimeters, areas and volumes",
    "other": "sequences, counting ways and games, maps, percent up and down",
    "probability": "the chance of one event, and of several together",
}
"""What the built-in curriculum's questions of each category are about."""

SHORT: Mapping[str, str] = {
    "general": "averages, ages, ratios",
    "gain": "profit, discount, interest",
    "other": "sequences, counting, percent",
}
"""What those hold whose own name does not say what they are about: they are shown by it."""


def about(category: str) -> str | None:
    """What a category holds, in a few words; None: one of another bank."""
    return f"{category.capitalize()}: {HOLDS[category]}." if category in HOLDS else None


def of_bank(bank: str, otherwise: Iterable[str] = ()) -> tuple[str, ...]:
    """All categories of a bank by the name of its setting, as far as that tells them: the built-in curriculum's; else ``otherwise``."""
    return CATEGORIES if bank == CURRICULUM else tuple(otherwise)


def are_mathqas(names: Iterable[str]) -> bool:
    """Whether a bank's categories are MathQA's, and the curriculum's: with a bank of one's own, "general" or "other" may mean anything."""
    given = set(names)
    return "gain" in given and given <= set(HOLDS)


def label(category: str, among: Iterable[str]) -> str:
    """A category as a heading or a label says it: by what it holds, where its own name does not tell. ``among``: all of the bank's
    categories, by which MathQA's are known.
    """
    return SHORT[category] if category in SHORT and are_mathqas(among) else category


def own_label(category: str) -> str:
    """``label`` for a category of the built-in curriculum."""
    return label(category, CATEGORIES)


def brief(category: str, among: Iterable[str]) -> str:
    """``label`` where there is little room: the first of what it holds, with dots for the rest."""
    said = label(category, among)
    return said if said == category else f"{said.partition(',')[0]} …"


def in_sentence(category: str, among: Iterable[str]) -> str:
    """The same within a sentence: in quotes where it is a list, or no subject."""
    said = label(category, among)
    return f"“{said}”" if said != category or category == "other" else category


def unclear(names: Iterable[str]) -> str:
    """What those of a bank's categories hold whose own name does not say it; blank where there are none, or they are another bank's."""
    given = set(names)
    told = [f"{name} ({holds})" for name, holds in SHORT.items() if name in given and are_mathqas(given)]
    return f"The data set's own names: {', '.join(told)}." if told else ""
