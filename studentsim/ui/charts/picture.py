"""A picture being drawn up. Plotly's own names and arguments, but the Figure is made once, when all is said.

Each change of a plotly Figure checks and merges what is there already: a simple picture took ten to fifty milliseconds, most of
them for its layout, and a page with seven of them noticeably long. Made in one go it takes a tenth of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go


class FigureBuilder:
    """Takes traces and settings as ``go.Figure`` does; ``build`` makes it."""

    def __init__(self, *traces: go.Scatter | go.Bar) -> None:
        self.traces = list(traces)
        self.layout: dict[str, Any] = {}

    def add_scatter(self, **settings: Any) -> None:
        """A line or points."""
        self.traces.append(go.Scatter(**settings))

    def add_bar(self, **settings: Any) -> None:
        """Bars."""
        self.traces.append(go.Bar(**settings))

    def add_annotation(self, **settings: Any) -> None:
        """Text at a point."""
        self.layout.setdefault("annotations", []).append(settings)

    def add_hline(self, y: float, *, line: dict[str, Any], annotation: dict[str, Any]) -> None:
        """A line across the whole width, labelled at its right end, below it."""
        self._add_line_shape(line, x0=0, x1=1, xref="x domain", y0=y, y1=y, yref="y")
        self.add_annotation(
            x=1, xref="x domain", xanchor="right", y=y, yref="y", yanchor="top", **annotation
        )  # fmt: skip

    def add_vline(self, x: float, *, line: dict[str, Any], annotation: dict[str, Any]) -> None:
        """A line across the whole height, labelled at its top, to its right unless the annotation says otherwise."""
        self._add_line_shape(line, x0=x, x1=x, xref="x", y0=0, y1=1, yref="y domain")
        defaults = {"xanchor": "left", "yanchor": "top"}
        self.add_annotation(x=x, xref="x", y=1, yref="y domain", **{**defaults, **annotation})

    def add_leader_line(self, points: Sequence[tuple[float, float]], *, line: dict[str, Any]) -> None:
        """A thin line through these points, below all else, that is nobody's curve; its name is "thread"."""
        path = "M" + "L".join(f"{x:g},{y:g}" for x, y in points)
        shape = {
            "type": "path",
            "path": path,
            "line": line,
            "layer": "below",
            "name": "thread",
            "xref": "x",
            "yref": "y",
        }
        self.layout.setdefault("shapes", []).append(shape)

    def update_xaxes(self, **settings: Any) -> None:
        """Settings of the x axis."""
        self.update_layout(xaxis=settings)

    def update_yaxes(self, **settings: Any) -> None:
        """Settings of the y axis."""
        self.update_layout(yaxis=settings)

    def update_layout(self, **settings: Any) -> None:
        """Settings of the whole, merged into what is said already."""
        _deep_merge(self.layout, settings)

    def build(self) -> go.Figure:
        """Plotly's figure of it, checked by plotly."""
        return go.Figure(self.traces, self.layout)

    def _add_line_shape(self, line: dict[str, Any], **ends: Any) -> None:
        self.layout.setdefault("shapes", []).append({"type": "line", "line": line, **ends})


def _deep_merge(target: dict[str, Any], settings: dict[str, Any]) -> None:
    for name, value in settings.items():
        if isinstance(value, dict) and isinstance(target.get(name), dict):
            _deep_merge(target[name], value)
        else:
            target[name] = dict(value) if isinstance(value, dict) else value
