"""How many questions a bank has."""

from __future__ import annotations

import html
from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from studentsim.ui.charts.frame import finish
from studentsim.ui.looks import FAINT, GUESSING, RIGHT, colour

_STYLES = {1: (FAINT, "."), 2: (RIGHT, ""), 3: (GUESSING, "/")}
"""Slot and hatching of each difficulty."""


def coverage(frame: pd.DataFrame, *, names: Mapping[int, str], revision: str = "") -> go.Figure:
    """Questions by category, stacked by difficulty: ``category, difficulty, skills, questions``. A bar's ``customdata`` is
    ``category, difficulty``, for selection.
    """
    figure = go.Figure()
    for difficulty, name in names.items():
        rows = frame[frame.difficulty == difficulty]
        slot, pattern = _STYLES.get(difficulty, (FAINT, ""))
        figure.add_bar(
            y=[html.escape(c) for c in rows.category], x=rows.questions, orientation="h", name=name,
            marker={"color": colour(slot), "pattern": {"shape": pattern, "size": 5, "solidity": 0.25}},
            customdata=rows[["category", "difficulty", "skills"]],
            hovertemplate="%{y}, " + name + ": %{x} questions on %{customdata[2]} skills<extra></extra>",
        )  # fmt: skip
    totals = frame.groupby("category", sort=False).questions.sum()
    for category, total in totals.items():
        figure.add_annotation(
            x=total, y=html.escape(str(category)), text=f"{total:,}", showarrow=False, xanchor="left", xshift=6
        )
    figure.update_layout(barmode="stack", bargap=0.3, showlegend=True)
    figure.update_xaxes(title="questions", range=[0, 1.12 * float(totals.max() if len(totals) else 1)], fixedrange=True)
    figure.update_yaxes(autorange="reversed", fixedrange=True, showgrid=False)
    finish(figure, f"coverage-{revision}", height=300)
    figure.update_layout(legend_traceorder="normal")
    return figure
