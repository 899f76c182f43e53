"""Slips over the exams: how often one was made, and what a kind of question drew."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from studentsim.ui.charts.frame import finish
from studentsim.ui.charts.picture import Picture
from studentsim.ui.looks import FAINT, GUESSING, RIGHT, WRONG, colour

SMALL = 150
"""Height in pixels of one of many small pictures."""
WIDEST = 44
"""Characters of a legend's line."""

_STYLES = {
    "right": (RIGHT, ""),
    "slip": (WRONG, "/"),
    "slip2": (WRONG, "x"),
    "other": (FAINT, "."),
    "nothing": (GUESSING, ""),
}
"""Slot and hatching of each outcome; further slips look like the second."""


def slip_trend(exams: pd.DataFrame, *, turns: Sequence[int], revision: str = "") -> go.Figure:
    """How often one slip was made: ``turn, made, offered, low, high``, an exam a row; the share of 100 with its
    95 % bar. Small and still: for a card that says the counts in words.
    """
    share = 100 * exams.made / exams.offered
    figure = Picture(
        go.Scatter(
            x=exams.turn, y=share, mode="lines+markers", cliponaxis=False,
            line={"color": colour(WRONG), "width": 2}, marker={"color": colour(WRONG), "symbol": "x", "size": 8},
            error_y={"type": "data", "symmetric": False, "thickness": 1, "width": 3,
                     "array": 100 * exams.high - share, "arrayminus": share - 100 * exams.low},
        )
    )  # fmt: skip
    reach = max([*turns, 1])
    figure.update_xaxes(
        range=[-0.06 * reach, 1.06 * reach], tickvals=[turns[0], turns[-1]] if len(turns) else [], fixedrange=True
    )
    figure.update_yaxes(range=[0, 104], tickvals=[0, 50, 100], fixedrange=True)
    return finish(figure, f"slip-{revision}", height=SMALL, margin={"r": 8, "t": 4})


def ticked(frame: pd.DataFrame, *, names: Sequence[tuple[str, str, str]], revision: str = "") -> go.Figure:
    """What was ticked in each exam, stacked: ``turn, outcome, answers``. ``names`` gives each outcome's id, its name and its
    kind (``right``, ``slip``, ``other``, ``nothing``), from the bottom up. A bar's ``customdata`` is ``outcome, turn``, for selection.
    """
    turns = sorted(frame.turn.unique())
    figure = Picture()
    slips = 0
    for outcome, name, kind in names:
        rows = frame[frame.outcome == outcome].set_index("turn").answers.reindex(turns).fillna(0).astype(int)
        slips += kind == "slip"
        slot, shape = _STYLES["slip2" if kind == "slip" and slips > 1 else kind]
        figure.add_bar(
            x=list(range(len(turns))), y=rows, name=wrapped(name, WIDEST),
            marker={"color": colour(slot), "line": {"width": 0},
                    "pattern": {"shape": shape, "fillmode": "overlay", "size": 7, "solidity": 0.25}},
            customdata=[(outcome, int(t)) for t in turns], width=0.8,
            hovertemplate="after lesson %{customdata[1]}: %{y} answers<extra>" + html.escape(name) + "</extra>",
        )  # fmt: skip
    figure.update_xaxes(
        title="lessons so far", tickvals=list(range(len(turns))), ticktext=[str(t) for t in turns], fixedrange=True
    )
    figure.update_yaxes(title="answers", fixedrange=True)
    figure.update_layout(barmode="stack", dragmode=False, showlegend=True)
    legend = {"orientation": "v", "yanchor": "top", "y": -0.28, "x": 0, "traceorder": "reversed"}
    return finish(figure, f"ticked-{revision}", height=300 + 24 * len(names), legend=legend)


def wrapped(text: str, widest: int) -> str:
    """``text`` in lines of at most so many characters, for a label in a picture: shown as it is, whatever it holds."""
    return "<br>".join(html.escape(line) for line in textwrap.wrap(text, widest)) or " "
