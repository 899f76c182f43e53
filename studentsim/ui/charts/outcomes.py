"""What was chosen in each exam on one kind of question: the correct option, misconceptions, nothing."""

from __future__ import annotations

import html
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from studentsim.labels.strategy_styles import (
    CHANCE_COLOR_SLOT,
    CORRECT_COLOR_SLOT,
    FAINT_COLOR_SLOT,
    WRONG_COLOR_SLOT,
    theme_color,
)
from studentsim.ui.charts.figure_builder import FigureBuilder
from studentsim.ui.charts.frame import finish_figure, ticks_at, wrap_label

MAX_LEGEND_CHARS = 44
"""Characters per line of the legend."""

_OUTCOME_STYLES = {
    "right": (CORRECT_COLOR_SLOT, ""),
    "slip": (WRONG_COLOR_SLOT, "/"),
    "slip2": (WRONG_COLOR_SLOT, "x"),
    "other": (FAINT_COLOR_SLOT, "."),
    "nothing": (CHANCE_COLOR_SLOT, ""),
}
"""Colour slot and hatching of each outcome; further misconceptions look like the second."""


def outcomes_figure(frame: pd.DataFrame, *, names: Sequence[tuple[str, str, str]], revision: str = "") -> go.Figure:
    """Answers by outcome in each exam, stacked; ``frame`` has ``turn, outcome, answers``.

    ``names`` has each outcome's id, label and kind (``right``, ``slip``, ``other``, ``nothing``), from the bottom up. A bar's
    ``customdata`` is ``outcome, turn``, for selection.
    """
    turns = sorted(frame.turn.unique())
    figure = FigureBuilder()
    misconception_count = 0
    for outcome, name, kind in names:
        rows = frame[frame.outcome == outcome].set_index("turn").answers.reindex(turns).fillna(0).astype(int)
        misconception_count += kind == "slip"
        slot, shape = _OUTCOME_STYLES["slip2" if kind == "slip" and misconception_count > 1 else kind]
        figure.add_bar(
            x=list(range(len(turns))), y=rows, name=wrap_label(name, MAX_LEGEND_CHARS),
            marker={"color": theme_color(slot), "line": {"width": 0},
                    "pattern": {"shape": shape, "fillmode": "overlay", "size": 7, "solidity": 0.25}},
            customdata=[(outcome, int(t)) for t in turns], width=0.8,
            hovertemplate="after lesson %{customdata[1]}: %{y} answers<extra>" + html.escape(name) + "</extra>",
        )  # fmt: skip
    figure.update_xaxes(title="lessons so far", fixedrange=True, **ticks_at([str(turn) for turn in turns]))
    max_answers = max(frame.groupby("turn").answers.sum().max(), 1) if len(frame) else 1
    figure.update_yaxes(title="answers", fixedrange=True, range=[0, 1.05 * max_answers])
    figure.update_layout(barmode="stack", dragmode=False, showlegend=True)
    legend = {"orientation": "v", "yanchor": "top", "y": -0.28, "x": 0, "traceorder": "reversed"}
    return finish_figure(figure, f"ticked-{revision}", height=300 + 24 * len(names), legend=legend)
