"""Name, summary, colour slot, dash and marker of each strategy (``selection/registry.py``), the same on every page and chart.

A colour is named by its slot in ``chartCategoricalColors`` of ``.streamlit/config.toml``. In a figure the slot is written as a
placeholder that Streamlit's chart theme replaces by the colour, light or dark, in the browser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from studentsim.selection.registry import OFFERED_STRATEGIES, STRATEGIES

CORRECT_COLOR_SLOT, WRONG_COLOR_SLOT, HELD_OUT_COLOR_SLOT, CHANCE_COLOR_SLOT, FAINT_COLOR_SLOT = 6, 7, 8, 4, 9
"""Slots that belong to no strategy of the palette."""


@dataclass(frozen=True)
class StrategyStyle:
    """How a strategy is named and plotted; ``dash`` and ``symbol`` are plotly's."""

    name: str
    summary: str
    when_to_use: str
    color_slot: int
    dash: str
    symbol: str


LineStyle = tuple[int, str, str]
"""Colour slot, dash and marker."""
PALETTE: Sequence[LineStyle] = (
    (0, "solid", "circle"), (1, "dash", "square"), (2, "dot", "diamond"), (3, "dashdot", "triangle-up"),
    (10, "longdashdot", "star"), (4, "longdash", "x"), (5, "solid", "cross"),
)  # fmt: skip
"""The line styles of the first strategies, in order."""
LEGIBLE_SLOTS = (8, 5, 1, 10)
"""Slots whose colours have a contrast of 4.5 to 1 with both grounds of both themes: those of all further strategies."""


def palette_style(index: int) -> LineStyle:
    """The line style of the strategy at ``index``: the palette's, then another dash for each of its markers, in a legible colour.

    The first 147 differ, the first 42 in dash and marker alone.
    """
    if index < len(PALETTE):
        return PALETTE[index]
    dashes = list(dict.fromkeys(dash for _, dash, _ in PALETTE))
    further = [
        (dashes[(dashes.index(dash) + shift) % len(dashes)], symbol)
        for shift in range(1, len(dashes))
        for _, dash, symbol in PALETTE
    ]
    repetition, position = divmod(index - len(PALETTE), len(further))
    return (LEGIBLE_SLOTS[(position + repetition) % len(LEGIBLE_SLOTS)], *further[position])


def _style_strategies() -> dict[str, StrategyStyle]:
    styles = {}
    for strategy in OFFERED_STRATEGIES:
        slot, dash, symbol = palette_style(list(STRATEGIES).index(strategy.id))
        slot = slot if strategy.color_slot is None else strategy.color_slot
        styles[strategy.id] = StrategyStyle(strategy.label, strategy.summary, strategy.when_to_use, slot, dash, symbol)
    return styles


STRATEGY_STYLES: Mapping[str, StrategyStyle] = _style_strategies()
"""Each strategy's style by its id, in the order in which strategies are offered."""


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
    4: (0, 10, 5, 1, 3, 2, 8), 5: (0, 10, 2, 8, 3, 1, 4), 8: (0, 5, 10, 2, 3, 1, 4), 10: (2, 0, 5, 8, 3, 1, 4),
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
