"""How many questions a bank has."""

from __future__ import annotations

import html
from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from studentsim.ui import category_names
from studentsim.ui.charts.frame import NAME, finish, wrapped
from studentsim.ui.charts.picture import Picture
from studentsim.ui.looks import FAINT, GUESSING, RIGHT, colour

_STYLES = {1: (FAINT, "."), 2: (RIGHT, ""), 3: (GUESSING, "/")}
"""Slot and hatching of each difficulty."""


def coverage(frame: pd.DataFrame, *, names: Mapping[int, str], revision: str = "") -> go.Figure:
    """Questions by category, stacked by difficulty: ``category, difficulty, skills, questions``. A bar's ``customdata`` is
    ``category, difficulty``, for selection.
    """
    figure = Picture()
    totals = frame.groupby("category", sort=False).questions.sum()
    places = {category: place for place, category in enumerate(totals.index)}
    for difficulty, name in names.items():
        rows = frame[frame.difficulty == difficulty]
        slot, pattern = _STYLES.get(difficulty, (FAINT, ""))
        figure.add_bar(
            y=rows.category.map(places), x=rows.questions, orientation="h", name=name,
            marker={"color": colour(slot), "pattern": {"shape": pattern, "size": 5, "solidity": 0.25}},
            customdata=rows[["category", "difficulty", "skills"]],
            hovertext=[html.escape(category_names.label(c, places)) for c in rows.category],
            hovertemplate="%{hovertext}, " + name + ": %{x} questions on %{customdata[2]} skills<extra></extra>",
        )  # fmt: skip
    for category, total in totals.items():
        figure.add_annotation(x=total, y=places[category], text=f"{total:,}", showarrow=False, xanchor="left", xshift=6)
    figure.update_layout(barmode="stack", bargap=0.3, showlegend=True)
    figure.update_xaxes(title="questions", range=[0, 1.12 * float(totals.max() if len(totals) else 1)], fixedrange=True)
    figure.update_yaxes(
        range=[len(places) - 0.5, -0.5], fixedrange=True, showgrid=False, ticks="",
        tickvals=list(places.values()), ticktext=[wrapped(category_names.label(str(c), places), NAME) for c in places],
    )  # fmt: skip
    return finish(
        figure, f"coverage-{revision}", height=300, legend={"traceorder": "normal"}, margin={"t": 40, "r": 44}
    )
