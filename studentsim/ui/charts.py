"""Pictures: DataFrame in, plotly Figure out. No streamlit, no colours: only slots of the theme (looks.py)."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import pandas as pd
import plotly.graph_objects as go

from studentsim.ui.looks import GUESSING, HELD_OUT, RIGHT, WRONG, Look, colour, look
from studentsim.ui.rewards import RewardView

HEIGHT = 340
CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"],
    "displayModeBar": "hover",
}
"""Plotly's own options for every picture of the product."""


def exam_accuracy(
    exams: pd.DataFrame, *, strategy: str, turns: int, guessing: float = 0.2, revision: str = ""
) -> go.Figure:
    """Exam accuracy by lesson: a point with its 95 % bar for each exam, and the line that guessing would reach.

    ``revision`` names what is shown: while it stays the same, zoom survives new data.
    """
    shown = look(strategy)
    figure = go.Figure()
    figure.add_scatter(
        x=exams.turn, y=100 * exams.accuracy, mode="lines+markers", name=shown.name,
        error_y={"type": "data", "symmetric": False, "thickness": 1.5, "width": 4,
                 "array": 100 * (exams.high - exams.accuracy), "arrayminus": 100 * (exams.accuracy - exams.low)},
        customdata=exams[["correct", "questions", "low", "high"]].assign(low=100 * exams.low, high=100 * exams.high),
        hovertemplate="after lesson %{x}: %{customdata[0]} of %{customdata[1]} right<br>"
                      "%{y:.0f} of 100 (%{customdata[2]:.0f} to %{customdata[3]:.0f})<extra></extra>",
        **_line(shown),
    )  # fmt: skip
    _guessing(figure, guessing)
    _end_label(figure, exams.turn, 100 * exams.accuracy)
    figure.update_xaxes(title="lessons so far", range=[-0.4, turns + max(0.9, turns * 0.06)], tick0=0, **_ticks(turns))
    figure.update_yaxes(title="right, of 100 questions", range=[0, 100], dtick=20)
    return _finish(figure, f"exam-{revision}")


def training(
    steps: pd.DataFrame, validations: pd.DataFrame, view: RewardView, *, turns: int, revision: str = ""
) -> go.Figure:
    """One view of the training, step by step, and the same figure on held-out pairs after each lesson."""
    factor = 100 if view.percent else 1
    steps = _apart(steps)
    figure = go.Figure()
    slots = (RIGHT, WRONG)
    for (column, label), slot, dash in zip(view.columns.items(), slots, ("solid", "dash"), strict=False):
        figure.add_scatter(
            x=steps.x, y=factor * steps[column], mode="lines", name=label, line={"color": colour(slot), "width": 2, "dash": dash},
            customdata=steps[["turn", "step", "steps"]],
            hovertemplate="lesson %{customdata[0]}, step %{customdata[1]} of %{customdata[2]}: %{y:.2f}<extra>" + label + "</extra>",
        )  # fmt: skip
        if not validations.empty:
            symbol = "circle" if slot == RIGHT else "x"
            figure.add_scatter(
                x=validations.turn, y=factor * validations[column], mode="lines+markers", name=f"{label}, held-out pairs",
                line={"color": colour(HELD_OUT), "width": 1.5, "dash": "dot"}, marker={"symbol": symbol, "size": 7},
                hovertemplate="after lesson %{x}: %{y:.2f}<extra>held-out pairs</extra>",
            )  # fmt: skip
    figure.update_xaxes(title="lesson", range=[0, turns], **_ticks(turns))
    figure.update_yaxes(title=view.unit, range=[0, 100] if view.percent else None)
    if view.percent:
        _level(figure, 50, "a coin")
    figure.update_layout(showlegend=True)
    return _finish(figure, f"rewards-{view.term}-{revision}")


def mastery(by_category: Mapping[str, float], *, revision: str = "") -> go.Figure:
    """A student's intended mastery (0 to 1) by category, as short bars with their numbers."""
    names = [html.escape(name) for name in by_category]
    values = [round(100 * v) for v in by_category.values()]
    figure = go.Figure(
        go.Bar(
            x=values, y=names, orientation="h", text=values, textposition="outside", cliponaxis=False,
            marker={"color": colour(RIGHT)}, hovertemplate="%{y}: about %{x} of 100<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(range=[0, 112], visible=False, fixedrange=True)
    figure.update_yaxes(autorange="reversed", fixedrange=True, title=None, showgrid=False)
    _finish(figure, f"mastery-{revision}", height=190)
    figure.update_layout(margin={"l": 0, "r": 8, "t": 4, "b": 4}, bargap=0.35)
    return figure


# ------------------------------------------------------------------ shared parts


def _line(shown: Look) -> dict[str, object]:
    c = colour(shown.slot)
    return {
        "line": {"color": c, "width": 2, "dash": shown.dash},
        "marker": {"color": c, "symbol": shown.symbol, "size": 9},
    }


def _apart(steps: pd.DataFrame) -> pd.DataFrame:
    """The steps with an empty row after each lesson, so that no line joins one lesson's end to the next one's start."""
    gaps = steps.groupby("turn", as_index=False)["x"].max()
    return pd.concat([steps, gaps]).sort_values(["turn", "step"], na_position="last") if len(steps) else steps


def _guessing(figure: go.Figure, guessing: float) -> None:
    _level(figure, 100 * guessing, f"guessing: {round(100 * guessing)}")


def _level(figure: go.Figure, y: float, label: str) -> None:
    figure.add_hline(
        y=y, line={"color": colour(GUESSING), "width": 1, "dash": "dot"},
        annotation={"text": label, "font": {"size": 12, "color": colour(GUESSING)}, "showarrow": False},
        annotation_position="bottom right",
    )  # fmt: skip


def _end_label(figure: go.Figure, x: Sequence[float] | pd.Series, y: pd.Series) -> None:
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


def _ticks(turns: int) -> dict[str, object]:
    """A tick at each lesson up to 10 of them, then every second, fifth, tenth …"""
    step = next((s for s in (1, 2, 5, 10, 20, 50, 100) if turns / s <= 10), 200)
    return {"dtick": step}


def _finish(figure: go.Figure, revision: str, *, height: int = HEIGHT) -> go.Figure:
    figure.update_layout(
        height=height, uirevision=revision, margin={"l": 8, "r": 12, "t": 16, "b": 8}, hovermode="closest",
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0}, transition={"duration": 0},
    )  # fmt: skip
    figure.update_layout(showlegend=bool(figure.layout.showlegend))
    figure.update_xaxes(zeroline=False)
    figure.update_yaxes(zeroline=False)
    return figure
