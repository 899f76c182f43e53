"""What a student is meant to know."""

from __future__ import annotations

import html
from collections.abc import Mapping

import plotly.graph_objects as go

from studentsim.ui.charts.frame import finish
from studentsim.ui.charts.picture import Picture
from studentsim.ui.looks import RIGHT, colour


def mastery(by_category: Mapping[str, float], *, revision: str = "") -> go.Figure:
    """A student's intended mastery (0 to 1) by category, as short bars with their numbers."""
    names = [html.escape(name) for name in by_category]
    values = [round(100 * v) for v in by_category.values()]
    figure = Picture(
        go.Bar(
            x=values, y=list(range(len(names))), hovertext=names, orientation="h", text=values, textposition="outside",
            cliponaxis=False, constraintext="none", textfont={"size": 12},
            marker={"color": colour(RIGHT)}, hovertemplate="%{hovertext}: about %{x} of 100<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(range=[0, 112], visible=False, fixedrange=True)
    figure.update_yaxes(
        range=[len(names) - 0.5, -0.5], tickvals=list(range(len(names))), ticktext=names, fixedrange=True, showgrid=False, ticks="",
    )  # fmt: skip
    plain = {"margin": {"r": 8, "t": 2, "b": 2}, "bargap": 0.35, "font": {"size": 12}}
    return finish(figure, f"mastery-{revision}", height=112, **plain)
