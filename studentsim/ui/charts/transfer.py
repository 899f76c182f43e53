"""The transfer matrix: what each category's practice moved, a cell for each pair of categories with its number in it."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from studentsim.ui.charts.frame import CHARACTER, NAME, PAD, TITLE, finish, wrapped
from studentsim.ui.charts.heatmap import GAP, ROW
from studentsim.ui.charts.picture import Picture
from studentsim.ui.looks import colour, shade
from studentsim.ui.transfer import points

FULL = 60.0
"""A gain (or loss) of so many points or more has the full colour."""
OWN = 5
"""Colour slot of the frame around what was itself practised: black, or white in the dark."""
LONGEST = 28
"""Characters of a column's name at most, as many as the built-in categories' need; the whole name is in the hover text."""
SLANT = 40
"""Degrees by which the columns' names are turned, so that they fit a phone."""


def transfer(frame: pd.DataFrame, *, categories: Sequence[str], revision: str = "") -> go.Figure:
    """A row for each category practised, a column for each examined, the gain in points in each cell.

    ``frame`` has ``practised, examined, questions, before, after, points, low, high``. Gains are blue, losses orange, both with
    their sign; cells of what was itself practised have a frame and bold figures. A point's ``customdata`` is ``practised, examined,
    before, after, questions, gain, low, high``, all but the names as they are shown.
    """
    place = {category: i for i, category in enumerate(categories)}
    own = [p == e for p, e in zip(frame.practised, frame.examined, strict=True)]
    labels = [points(value) for value in frame.points]
    figure = Picture(
        go.Bar(
            x=[place[e] for e in frame.examined], width=1 - GAP,
            base=[place[p] - 0.5 + GAP / 2 for p in frame.practised], y=[1 - GAP] * len(frame),
            marker={"color": [hue(value) for value in frame.points],
                    "line": {"width": [2 if o else 0 for o in own], "color": colour(OWN)}},
            text=[f"<b>{label}</b>" if o else label for label, o in zip(labels, own, strict=True)],
            textposition="inside", insidetextanchor="middle", textangle=0,
            customdata=[_told(row) for row in frame.itertuples()],
            hovertemplate="Practised %{customdata[0]}, examined %{customdata[1]}: %{customdata[5]} points<br>95 % interval: "
                          "%{customdata[6]} to %{customdata[7]}<br>right of %{customdata[4]}: %{customdata[2]} before, "
                          "%{customdata[3]} after<extra></extra>",
        )
    )  # fmt: skip
    count = len(categories)
    names = [html.escape(c if len(c) <= LONGEST else f"{c[: LONGEST - 1]}…") for c in categories]
    figure.update_xaxes(
        title="examined", range=[-0.5, count - 0.5], showgrid=False, fixedrange=True, ticks="", tickangle=-SLANT,
        tickvals=list(range(count)), ticktext=names,
    )  # fmt: skip
    figure.update_yaxes(
        title="practised", range=[count - 0.5, -0.5], showgrid=False, fixedrange=True, ticks="",
        tickvals=list(range(count)), ticktext=[wrapped(category, NAME) for category in categories],
    )  # fmt: skip
    widest = max(min(len(category), LONGEST) for category in categories)
    below = PAD + TITLE + 12 + round(CHARACTER * widest * math.sin(math.radians(SLANT)))
    return finish(
        figure, f"transfer-{revision}", height=ROW * count + below + 16, barmode="overlay", dragmode=False, margin={"b": below}
    )  # fmt: skip


def hue(value: float) -> str:
    """The placeholder of a cell's colour for a gain in points: orange for losses, pale for nothing, blue for gains."""
    return shade(min(1.0, max(0.0, 0.5 + value / (2 * FULL))))


def _told(row: object) -> tuple[str, str, int, int, int, str, str, str]:
    gain, low, high = (points(getattr(row, name)) for name in ("points", "low", "high"))
    return (
        html.escape(row.practised),
        html.escape(row.examined),
        row.before,
        row.after,
        row.questions,
        gain,
        low,
        high,
    )  # type: ignore[attr-defined]
