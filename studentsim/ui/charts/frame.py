"""What all pictures share: size, lines, levels, ticks. No streamlit, no colours: only slots of the theme (looks.py)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from studentsim.ui.charts.picture import Picture
from studentsim.ui.looks import GUESSING, Look, colour

Drawn = Picture | go.Figure

HEIGHT = 340
CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"],
    "displayModeBar": "hover",
}
"""Plotly's own options for every picture of the product."""


def line(shown: Look) -> dict[str, object]:
    """A strategy's colour, dash and marker, as plotly's keywords."""
    c = colour(shown.slot)
    return {
        "line": {"color": c, "width": 2, "dash": shown.dash},
        "marker": {"color": c, "symbol": shown.symbol, "size": 9},
    }


def apart(steps: pd.DataFrame) -> pd.DataFrame:
    """The steps with an empty row after each lesson, so that no line joins one lesson's end to the next one's start."""
    gaps = steps.groupby("turn", as_index=False)["x"].max()
    return pd.concat([steps, gaps]).sort_values(["turn", "step"], na_position="last") if len(steps) else steps


def guessing(figure: Drawn, guessing: float) -> None:
    """The thin labelled line that guessing would reach (``guessing`` 0 to 1), on an axis of 0 to 100."""
    level(figure, 100 * guessing, f"guessing: {round(100 * guessing)}")


def level(figure: Drawn, y: float, label: str) -> None:
    """A thin dotted line across the picture, with its label."""
    style = {"color": colour(GUESSING), "width": 1, "dash": "dot"}
    note = {"text": label, "font": {"size": 12, "color": colour(GUESSING)}, "showarrow": False}
    if isinstance(figure, Picture):
        figure.add_hline(y, line=style, annotation=note)
    else:
        figure.add_hline(y=y, line=style, annotation=note, annotation_position="bottom right")


def end_label(figure: Drawn, x: Sequence[float] | pd.Series, y: pd.Series) -> None:
    """The last value beside its point, so that the picture is read without hovering."""
    if len(y):
        figure.add_annotation(
            x=x.iloc[-1],
            y=y.iloc[-1],
            text=f"<b>{y.iloc[-1]:.0f}</b>",
            showarrow=False,
            xanchor="left",
            xshift=9,
            font={"size": 15},
        )


def ticks(turns: int) -> dict[str, object]:
    """A tick at each lesson up to 10 of them, then every second, fifth, tenth …"""
    step = next((s for s in (1, 2, 5, 10, 20, 50, 100) if turns / s <= 10), 200)
    return {"dtick": step}


def finish(figure: Drawn, revision: str, *, height: int = HEIGHT, **layout: Any) -> go.Figure:
    """The figure, with height, margins and legend as all pictures have them and then what ``layout`` says.

    ``revision`` names what is shown, for zoom to survive.
    """
    figure.update_layout(
        height=height, uirevision=revision, margin={"l": 8, "r": 12, "t": 16, "b": 8}, hovermode="closest",
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0}, transition={"duration": 0},
    )  # fmt: skip
    if isinstance(figure, Picture):
        shown = bool(figure.layout.get("showlegend"))
    else:
        shown = bool(figure.layout.showlegend)
    figure.update_layout(showlegend=shown)
    figure.update_xaxes(zeroline=False)
    figure.update_yaxes(zeroline=False)
    if layout:
        figure.update_layout(**layout)
    return figure.figure() if isinstance(figure, Picture) else figure
