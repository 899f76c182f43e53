"""Name, summary, colour slot, dash and marker of each strategy, the same on every page and chart.

A colour is named by its slot in ``chartCategoricalColors`` of ``.streamlit/config.toml``. In a figure the slot is written as a
placeholder that Streamlit's chart theme replaces by the colour, light or dark, in the browser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

CORRECT_COLOR_SLOT, WRONG_COLOR_SLOT, HELD_OUT_COLOR_SLOT, CHANCE_COLOR_SLOT, FAINT_COLOR_SLOT = 6, 7, 8, 4, 9
"""Slots that belong to no strategy."""


@dataclass(frozen=True)
class StrategyStyle:
    """How a strategy is named and plotted; ``dash`` and ``symbol`` are plotly's."""

    name: str
    summary: str
    when_to_use: str
    color_slot: int
    dash: str
    symbol: str


STRATEGY_STYLES: Mapping[str, StrategyStyle] = {
    "category": StrategyStyle(
        "Follow the mistakes",
        "More practice in the categories where the last exam went wrong.",
        "When you want the time spent where it is needed.",
        1, "dash", "square",
    ),
    "random": StrategyStyle(
        "Mixed bag",
        "Any question may come, whatever the student can do already.",
        "The usual worksheet, and the fair thing to compare with.",
        0, "solid", "circle",
    ),
    "log-probability": StrategyStyle(
        "Where it is unsure",
        "Questions on which the student is in two minds.",
        "When you believe that doubt is the best moment to learn.",
        2, "dot", "diamond",
    ),
    "log-probability+category": StrategyStyle(
        "Mistakes and unsure",
        "Follows the mistakes, and within them takes the questions it is unsure of.",
        "Both ideas together; choosing takes longer.",
        3, "dashdot", "triangle-up",
    ),
    "likely-wrong": StrategyStyle(
        "What it would get wrong",
        "The questions it would most probably get wrong, of some drawn from the pool.",
        "When you want every question to be one to learn from, however hard.",
        10, "longdashdot", "star",
    ),
    "none": StrategyStyle(
        "No teaching",
        "It answers and sits exams, but is never taught.",
        "A control: how it stands without any teaching.",
        4, "longdash", "x",
    ),
    "fixed": StrategyStyle(
        "Same questions again",
        "The same practice questions in every lesson.",
        "A control: learning by heart against learning.",
        5, "solid", "cross",
    ),
}  # fmt: skip


VARIANT_STYLES: Sequence[tuple[int, str, str, str]] = (
    (0, "10px,3px", "triangle-down", "▼"),
    (1, "3px,3px", "triangle-left", "◄"),
    (5, "12px,3px,2px,3px,2px,3px", "triangle-right", "►"),
    (10, "6px,2px", "hexagram", "✶"),
    (2, "14px,4px", "pentagon", "⬟"),
    (4, "2px,5px", "hexagon", "⬢"),
    (8, "8px,3px,3px,3px", "star-square", "❖"),
    (3, "5px,5px", "diamond-tall", "⬧"),
    (1, "16px,3px,2px,3px", "bowtie", "⧓"),
    (0, "4px,2px,1px,2px", "hourglass", "⧗"),
    (5, "1px,3px", "star-triangle-up", "⟁"),
)
"""Colour slot, dash, marker and the marker's character for further groups of a strategy; no strategy has these dashes and
markers."""
_MARKER_CHARACTERS = {
    "square": "■",
    "circle": "●",
    "diamond": "◆",
    "triangle-up": "▲",
    "star": "★",
    "x": "✕",
    "cross": "✚",
}
_CONTRASTING_SLOTS: Mapping[int, Sequence[int]] = {
    0: (1, 5, 10, 4, 3, 2, 8), 1: (0, 5, 10, 4, 3, 2, 8), 2: (10, 0, 5, 8, 3, 1, 4), 3: (1, 5, 10, 4, 0, 2, 8),
    4: (0, 10, 5, 1, 3, 2, 8), 5: (0, 10, 2, 8, 3, 1, 4), 10: (2, 0, 5, 8, 3, 1, 4),
}  # fmt: skip
"""Colour slot -> the others, those first that differ most from it and from one another in both themes, also for colour-blind
readers."""


def strategy_style(strategy: str, variant: int = 0) -> StrategyStyle:
    """The strategy's style; an unknown one is grey and named by its id. ``variant`` is a number of ``assign_variants``."""
    base_style = STRATEGY_STYLES.get(strategy) or StrategyStyle(strategy, "", "", CHANCE_COLOR_SLOT, "solid", "circle")
    if not variant:
        return base_style
    slot, dash, symbol, _ = VARIANT_STYLES[(variant - 1) % len(VARIANT_STYLES)]
    return replace(base_style, color_slot=slot, dash=dash, symbol=symbol)


def marker_character(strategy: str, variant: int = 0) -> str:
    """The strategy's marker as a character, for tables."""
    return (
        VARIANT_STYLES[(variant - 1) % len(VARIANT_STYLES)][3]
        if variant
        else _MARKER_CHARACTERS.get(strategy_style(strategy).symbol, "●")
    )


def assign_variants(strategies: Sequence[str]) -> list[int]:
    """A variant for each of several groups side by side, given their strategies.

    0 is the strategy's own style; where that is taken, n from 1 is ``VARIANT_STYLES[n - 1]``, one with an unused colour as
    long as there is one.
    """
    used_slots = {strategy_style(strategy).color_slot for strategy in strategies}
    assigned: list[int] = []
    for i, strategy in enumerate(strategies):
        if strategy not in strategies[:i]:
            assigned.append(0)
            continue
        slot_order = _CONTRASTING_SLOTS[strategy_style(strategy).color_slot]
        free = [n for n in range(1, len(VARIANT_STYLES) + 1) if n not in assigned]
        new_colored = [n for n in free if VARIANT_STYLES[n - 1][0] not in used_slots]
        best = min(new_colored, key=lambda n: slot_order.index(VARIANT_STYLES[n - 1][0]), default=0)
        assigned.append(best or (free[0] if free else 1 + i % len(VARIANT_STYLES)))
        used_slots.add(VARIANT_STYLES[assigned[-1] - 1][0])
    return assigned


def theme_color(slot: int) -> str:
    """The placeholder of a colour slot (0 to 10) for use in a figure.

    Streamlit replaces ten of them by ``chartCategoricalColors``; the eleventh is the first of ``chartSequentialColors``, so
    the theme lists that colour in both.
    """
    return f"#{slot + 1:06d}"


def diverging_color(fraction: float) -> str:
    """The placeholder of a cell's colour for an accuracy of 0 (orange) to 1 (blue), from ``chartDivergingColors``.

    All are so pale, or in the dark theme so dark, that a number on them is legible.
    """
    return f"#{21 + min(9, int(10 * fraction)):06d}"
