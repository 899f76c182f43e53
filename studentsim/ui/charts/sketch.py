"""A small still picture being drawn up: lines, bars, marks and texts, without axes, hover or zoom.

For cards and lists, where many stand on one page: plotly takes some fifty milliseconds for each, these a few (``ui/still.py``).
Across, places are percent of the plot's width, so that it fits any card; down, they are pixels from the top. No streamlit here.
"""

from __future__ import annotations

from typing import Any, Literal

DASH_PATTERNS = {
    "solid": "",
    "dash": "6 4",
    "dot": "2 3",
    "dashdot": "6 3 2 3",
    "longdash": "10 4",
    "longdashdot": "10 3 2 3",
}
"""Plotly's names of dashes, as lengths in pixels."""

TextAnchor = Literal["start", "middle", "end"]
Point = tuple[float, float]
"""Across in percent, down in pixels."""


class SvgSketch:
    """Takes shapes and texts; a colour is a slot of the theme (looks.py). ``to_dict`` is what the browser draws.

    ``height`` is of the whole, ``left`` and ``right`` are kept free for texts: pixels.
    """

    def __init__(self, height: float, *, left: float = 0, right: float = 0) -> None:
        self.size = {"height": height, "left": left, "right": right}
        self.items: list[dict[str, Any]] = []

    def add_line(self, start: Point, end: Point, slot: int, *, width: float = 2, dash: str = "solid") -> None:
        """A straight line from one place to another."""
        (x1, y1), (x2, y2) = start, end
        self._add_item(
            "line",
            slot,
            x1=_format_percent(x1),
            y1=y1,
            x2=_format_percent(x2),
            y2=y2,
            width=width,
            dash=DASH_PATTERNS[dash],
        )

    def add_bar(self, y: float, length: float, height: float, slot: int) -> None:
        """A bar from the left: its top, how far it reaches (percent) and its height."""
        self._add_item("rect", slot, x=0, y=y, width=_format_percent(length), height=height)

    def add_marker(self, point: Point, symbol: str, slot: int) -> None:
        """A strategy's marker by plotly's name; ``cap`` is an interval's end."""
        self._add_item("mark", slot, x=_format_percent(point[0]), y=point[1], symbol=symbol)

    def add_text(self, point: Point, text: str, *, offset_px: float = 0, anchor: TextAnchor = "start") -> None:
        """Text on a baseline, moved ``offset_px`` by so many pixels, shown as it is."""
        self._add_item("text", None, x=_format_percent(point[0]), y=point[1], dx=offset_px, anchor=anchor, text=text)

    def to_dict(self) -> dict[str, Any]:
        """Size and items as plain data, for JSON."""
        return {**self.size, "items": self.items}

    def _add_item(self, kind: str, slot: int | None, **settings: Any) -> None:
        self.items.append({"kind": kind, "slot": slot, **settings})


def _format_percent(share: float) -> str:
    return f"{share:.2f}%"
