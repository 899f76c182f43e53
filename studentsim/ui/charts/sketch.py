"""A small still picture being drawn up: lines, bars, marks and texts, without axes, hover or zoom.

For cards and lists, where many stand on one page: plotly takes some fifty milliseconds for each, these a few (``ui/still.py``).
Across, places are percent of the plot's width, so that it fits any card; down, they are pixels from the top. No streamlit here.
"""

from __future__ import annotations

from typing import Any, Literal

DASHES = {"solid": "", "dash": "6 4", "dot": "2 3", "dashdot": "6 3 2 3", "longdash": "10 4", "longdashdot": "10 3 2 3"}
"""Plotly's names of dashes, as lengths in pixels."""

Anchor = Literal["start", "middle", "end"]
Place = tuple[float, float]
"""Across in percent, down in pixels."""


class Sketch:
    """Takes shapes and texts; a colour is a slot of the theme (looks.py). ``told`` is what the browser draws.

    ``height`` is of the whole, ``left`` and ``right`` are kept free for texts: pixels.
    """

    def __init__(self, height: float, *, left: float = 0, right: float = 0) -> None:
        self.size = {"height": height, "left": left, "right": right}
        self.items: list[dict[str, Any]] = []

    def line(self, start: Place, end: Place, slot: int, *, width: float = 2, dash: str = "solid") -> None:
        """A straight line from one place to another."""
        (x1, y1), (x2, y2) = start, end
        self._add("line", slot, x1=_percent(x1), y1=y1, x2=_percent(x2), y2=y2, width=width, dash=DASHES[dash])

    def bar(self, y: float, length: float, height: float, slot: int) -> None:
        """A bar from the left: its top, how far it reaches (percent) and its height."""
        self._add("rect", slot, x=0, y=y, width=_percent(length), height=height)

    def mark(self, at: Place, symbol: str, slot: int) -> None:
        """A strategy's marker by plotly's name; ``cap`` is an interval's end."""
        self._add("mark", slot, x=_percent(at[0]), y=at[1], symbol=symbol)

    def text(self, at: Place, text: str, *, aside: float = 0, anchor: Anchor = "start") -> None:
        """Text on a baseline, moved ``aside`` by so many pixels, shown as it is."""
        self._add("text", None, x=_percent(at[0]), y=at[1], dx=aside, anchor=anchor, text=text)

    def told(self) -> dict[str, Any]:
        """Size and items as plain data, for JSON."""
        return {**self.size, "items": self.items}

    def _add(self, kind: str, slot: int | None, **settings: Any) -> None:
        self.items.append({"kind": kind, "slot": slot, **settings})


def _percent(share: float) -> str:
    return f"{share:.2f}%"
