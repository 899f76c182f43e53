"""How a bank's right answers fall on the letters."""

from __future__ import annotations

import html
from collections.abc import Sequence

import plotly.graph_objects as go

from studentsim.ui.charts.frame import NAME, finish, wrapped
from studentsim.ui.charts.picture import Picture
from studentsim.ui.looks import GUESSING, RIGHT, colour
from studentsim.ui.words import hundred


def shares(
    names: Sequence[str], counts: Sequence[int], *, total: int, even: float | None = None, axis: str
) -> go.Figure:
    """A bar for each name: its share of ``total``, in hundredths, with the share on it. ``even`` (0 to 1) is a thin line."""
    values = [100 * count / total if total else 0.0 for count in counts]
    labels = [html.escape(name) for name in names]
    shown = [wrapped(name, NAME) for name in names]
    places = list(range(len(labels)))
    told = [str(hundred(value / 100)) if value >= 1 or not value else "under 1" for value in values]
    figure = Picture(
        go.Bar(
            x=values, y=places, orientation="h", marker={"color": colour(RIGHT)}, customdata=list(counts), hovertext=labels,
            text=told, textposition="outside", cliponaxis=False,
            hovertemplate="%{hovertext}: %{customdata:,} questions, %{x:.1f} of 100<extra></extra>",
        )
    )  # fmt: skip
    if even is not None:
        figure.add_vline(
            100 * even, line={"color": colour(GUESSING), "width": 1, "dash": "dot"},
            annotation={"text": f"guessing: {hundred(even)}", "font": {"size": 12, "color": colour(GUESSING)}, "showarrow": False,
                        "xanchor": "center", "yanchor": "bottom"},
        )  # fmt: skip
    figure.update_xaxes(title=axis, range=[0, 1.15 * max([*values, 100 * (even or 0), 1])], fixedrange=True)
    figure.update_yaxes(
        range=[len(labels) - 0.5, -0.5], tickvals=places, ticktext=shown, fixedrange=True, showgrid=False, ticks=""
    )
    lines = sum(1 + label.count("<br>") for label in shown)
    return finish(
        figure,
        f"shares-{axis}",
        height=90 + 26 * max(lines, 3),
        bargap=0.3,
        margin={"t": 28},
    )
