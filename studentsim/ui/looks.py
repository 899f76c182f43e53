"""One strategy, one look, one name, everywhere: plain words, colour slot, line and marker.

A colour is named by its slot in ``chartCategoricalColors`` of ``.streamlit/config.toml``. In a figure the slot is written as a
placeholder that Streamlit's own chart theme swaps for the colour, light or dark, in the browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

RIGHT, WRONG, HELD_OUT, GUESSING, FAINT = 6, 7, 8, 4, 9
"""Slots that belong to no strategy."""


@dataclass(frozen=True)
class Look:
    """How a strategy is named and drawn. ``dash`` and ``symbol`` are plotly's words."""

    name: str
    summary: str
    when: str
    slot: int
    dash: str
    symbol: str


STRATEGIES: Mapping[str, Look] = {
    "category": Look(
        "Follow the mistakes",
        "More practice in the categories where the last exam went wrong.",
        "When you want the time spent where it is needed.",
        1, "dash", "square",
    ),
    "random": Look(
        "Mixed bag",
        "Any question may come, whatever the student can do already.",
        "The usual worksheet, and the fair thing to compare with.",
        0, "solid", "circle",
    ),
    "log-probability": Look(
        "Where it is unsure",
        "Questions on which the student is in two minds.",
        "When you believe that doubt is the best moment to learn.",
        2, "dot", "diamond",
    ),
    "log-probability+category": Look(
        "Mistakes and unsure",
        "Follows the mistakes, and within them takes the questions it is unsure of.",
        "Both ideas together; choosing takes longer.",
        3, "dashdot", "triangle-up",
    ),
    "likely-wrong": Look(
        "What it would get wrong",
        "The questions it would most probably get wrong, of some drawn from the pool.",
        "When you want every question to be one to learn from, however hard.",
        10, "longdashdot", "star",
    ),
    "none": Look(
        "No teaching",
        "It answers and sits exams, but is never taught.",
        "A control: how it stands without any teaching.",
        4, "longdash", "x",
    ),
    "fixed": Look(
        "Same questions again",
        "The same practice questions in every lesson.",
        "A control: learning by heart against learning.",
        5, "solid", "cross",
    ),
}  # fmt: skip


def look(strategy: str) -> Look:
    """The strategy's look; one that this version does not know is drawn grey under its own id."""
    return STRATEGIES.get(strategy) or Look(strategy, "", "", GUESSING, "solid", "circle")


def colour(slot: int) -> str:
    """The placeholder of a colour slot (0 to 10) for use in a figure.

    Streamlit swaps ten for ``chartCategoricalColors``; the eleventh is where it has the first of ``chartSequentialColors``,
    so that the theme names the same colour in both lists.
    """
    return f"#{slot + 1:06d}"


def shade(share: float) -> str:
    """The placeholder of a cell's colour for a share right of 0 to 1: orange, by way of pale, to blue (``chartDivergingColors``).

    All of them are so pale, or in the dark theme so dark, that a number on them is read.
    """
    return f"#{21 + min(9, int(10 * share)):06d}"
