"""A small static figure of lines, bars, markers and texts, without axes, hover or zoom.

For cards and lists, of which a page has many: plotly takes some 50 ms for each, these a few (``ui/svg_component.py``). x is in percent
of the plot's width, so that it fits any card; y is in pixels from the top. No streamlit.
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
"""Plotly's dash names as SVG dash arrays, in pixels."""

TextAnchor = Literal["start", "middle", "end"]
Point = tuple[float, float]
"""x in percent, y in pixels."""


class SvgSketch:
    """Collects shapes and texts; a colour is a slot of the theme (labels/strategy_styles.py). ``to_dict`` is what the browser draws.

    ``height`` of the whole, and the margins ``left`` and ``right`` for texts, are in pixels.
    """

    def __init__(self, height: float, *, left: float = 0, right: float = 0) -> None:
        self.size = {"height": height, "left": left, "right": right}
        self.items: list[dict[str, Any]] = []

    def add_line(self, start: Point, end: Point, slot: int, *, width: float = 2, dash: str = "solid") -> None:
        """A straight line between two points."""
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
        """A bar from the left: its top ``y`` and ``height`` in pixels, its ``length`` in percent."""
        self._add_item("rect", slot, x=0, y=y, width=_format_percent(length), height=height)

    def add_marker(self, point: Point, symbol: str, slot: int) -> None:
        """A marker by plotly's name; ``cap`` is the end of an interval."""
        self._add_item("mark", slot, x=_format_percent(point[0]), y=point[1], symbol=symbol)

    def add_text(self, point: Point, text: str, *, offset_px: float = 0, anchor: TextAnchor = "start") -> None:
        """Plain text on a baseline, moved right by ``offset_px``."""
        self._add_item("text", None, x=_format_percent(point[0]), y=point[1], dx=offset_px, anchor=anchor, text=text)

    def to_dict(self) -> dict[str, Any]:
        """Size and items as plain data, for JSON."""
        return {**self.size, "items": self.items}

    def _add_item(self, kind: str, slot: int | None, **settings: Any) -> None:
        self.items.append({"kind": kind, "slot": slot, **settings})


def _format_percent(share: float) -> str:
    return f"{share:.2f}%"
