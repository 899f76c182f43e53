"""Builds a plotly Figure in one go, with plotly's own method names and arguments.

Each change of a plotly Figure validates and merges everything again: a simple figure took 10 to 50 ms, most of it for the layout, and
a page with seven of them noticeably long. Built at once it takes a tenth of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go


class FigureBuilder:
    """Collects traces and layout settings as ``go.Figure`` does; ``build`` makes the figure."""

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
        """A line across the whole width, labelled below its right end."""
        self._add_shape("line", line, x0=0, x1=1, xref="x domain", y0=y, y1=y, yref="y")
        self.add_annotation(
            x=1, xref="x domain", xanchor="right", y=y, yref="y", yanchor="top", **annotation
        )  # fmt: skip

    def add_vline(self, x: float, *, line: dict[str, Any], annotation: dict[str, Any]) -> None:
        """A line across the whole height, labelled to the right of its top unless the annotation says otherwise."""
        self._add_shape("line", line, x0=x, x1=x, xref="x", y0=0, y1=1, yref="y domain")
        defaults = {"xanchor": "left", "yanchor": "top"}
        self.add_annotation(x=x, xref="x", y=1, yref="y domain", **{**defaults, **annotation})

    def add_leader_line(self, points: Sequence[tuple[float, float]], *, line: dict[str, Any]) -> None:
        """A leader line through these points, below all traces; plot.js finds it by its name "thread"."""
        path = "M" + "L".join(f"{x:g},{y:g}" for x, y in points)
        self._add_shape("path", line, path=path, layer="below", name="thread", xref="x", yref="y")

    def update_xaxes(self, **settings: Any) -> None:
        """Settings of the x axis."""
        self.update_layout(xaxis=settings)

    def update_yaxes(self, **settings: Any) -> None:
        """Settings of the y axis."""
        self.update_layout(yaxis=settings)

    def update_layout(self, **settings: Any) -> None:
        """Settings of the layout, merged into those there are."""
        _deep_merge(self.layout, settings)

    def build(self) -> go.Figure:
        """The figure, validated by plotly."""
        return go.Figure(self.traces, self.layout)

    def _add_shape(self, kind: str, line: dict[str, Any], **settings: Any) -> None:
        self.layout.setdefault("shapes", []).append({"type": kind, "line": line, **settings})


def _deep_merge(target: dict[str, Any], settings: dict[str, Any]) -> None:
    for name, value in settings.items():
        if isinstance(value, dict) and isinstance(target.get(name), dict):
            _deep_merge(target[name], value)
        else:
            target[name] = dict(value) if isinstance(value, dict) else value
