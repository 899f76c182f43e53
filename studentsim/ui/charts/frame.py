"""What all figures share: sizes, line styles, intervals, ticks, margins. Colours are slots of the theme (labels/strategy_styles.py)."""

from __future__ import annotations

import html
import textwrap
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from studentsim.labels.formatting import round_percent
from studentsim.labels.strategy_styles import CHANCE_COLOR_SLOT, StrategyStyle, theme_color
from studentsim.ui.charts.figure_builder import FigureBuilder

FIGURE_HEIGHT_PX = 340
CHAR_WIDTH_PX, LINE_HEIGHT_PX = 6.6, 17
"""Width of a character, about, and height of a line of a tick label at the theme's font size."""
LABEL_PADDING_PX = 10
"""Distance between the plot and its tick labels."""
TITLE_STANDOFF_PX = 6
"""Distance between tick labels and axis title."""
AXIS_TITLE_PX = TITLE_STANDOFF_PX + 20
"""Space that an axis title takes."""
MAX_ROW_LABEL_CHARS = 22
"""Characters per line of a row's label."""
PLOTLY_CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"],
    "displayModeBar": "hover",
}
"""Plotly's ``config`` of every figure."""


def line_style(style: StrategyStyle) -> dict[str, object]:
    """A strategy's ``line`` and ``marker`` for a plotly trace."""
    color = theme_color(style.color_slot)
    return {
        "line": {"color": color, "width": 2, "dash": style.dash},
        "marker": {"color": color, "symbol": style.symbol, "size": 9},
    }


def interval_bars(frame: pd.DataFrame, column: str = "accuracy", **style: object) -> dict[str, Any]:
    """Plotly's ``error_x`` or ``error_y``, in percent, from the shares ``column, ci_low, ci_high`` of ``frame``; ``style`` is merged in."""
    return {
        "type": "data", "symmetric": False, **style,
        "array": 100 * (frame.ci_high - frame[column]), "arrayminus": 100 * (frame[column] - frame.ci_low),
    }  # fmt: skip


def hover_columns(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """``customdata`` for hover texts: ``columns``, then ``ci_low`` and ``ci_high`` in percent."""
    return frame[[*columns, "ci_low", "ci_high"]].assign(ci_low=100 * frame.ci_low, ci_high=100 * frame.ci_high)


def insert_lesson_gaps(steps: pd.DataFrame) -> pd.DataFrame:
    """The training steps with an empty row after each turn, so that no line joins one turn's last step to the next one's first."""
    gaps = steps.groupby("turn", as_index=False)["x"].max()
    return pd.concat([steps, gaps]).sort_values(["turn", "step"], na_position="last") if len(steps) else steps


def add_chance_line(figure: FigureBuilder, chance: float, *, vertical: bool = False, **annotation: Any) -> None:
    """A labelled line at the chance level (0 to 1), on an axis of 0 to 100."""
    add_level_line(figure, 100 * chance, f"guessing: {round_percent(chance)}", vertical=vertical, **annotation)


def add_level_line(
    figure: FigureBuilder, level: float, label: str, *, vertical: bool = False, dash: str = "dot", **annotation: Any
) -> None:
    """A thin grey line across the figure, with its label; ``annotation`` places that otherwise."""
    grey = theme_color(CHANCE_COLOR_SLOT)
    note = {"text": label, "font": {"size": 12, "color": grey}, "showarrow": False, **annotation}
    add_line = figure.add_vline if vertical else figure.add_hline
    add_line(level, line={"color": grey, "width": 1, "dash": dash}, annotation=note)


def ticks_at(labels: Sequence[str]) -> dict[str, Any]:
    """Ticks with these labels at 0, 1, 2 …"""
    return {"tickvals": list(range(len(labels))), "ticktext": list(labels)}


def wrap_row_labels(names: Iterable[object]) -> list[str]:
    """Labels of rows, wrapped."""
    return [wrap_label(str(name), MAX_ROW_LABEL_CHARS) for name in names]


def set_rows(figure: FigureBuilder, labels: Sequence[str], **settings: Any) -> None:
    """The y axis of a figure with a labelled row for each of ``labels``, from top to bottom."""
    rows = {"range": [len(labels) - 0.5, -0.5], "showgrid": False, "fixedrange": True, "ticks": "", **ticks_at(labels)}
    figure.update_yaxes(**rows, **settings)


def set_lesson_axes(
    figure: FigureBuilder,
    turns: int,
    *,
    x: str = "lessons so far",
    y: str = "right, of 100 questions",
    **x_settings: Any,
) -> None:
    """The axes of a figure by turn, in percent; ``x`` and ``y`` are their titles."""
    lessons = {"range": [-0.4, turns + max(0.9, turns * 0.06)], "tick0": 0, **lesson_ticks(turns), **x_settings}
    figure.update_xaxes(title=x, **lessons)
    figure.update_yaxes(title=y, range=[0, 100], dtick=20)


def add_end_label(figure: FigureBuilder, x: Sequence[float] | pd.Series, y: pd.Series) -> None:
    """The last value beside its point, to be read without hovering."""
    if len(y):
        figure.add_annotation(
            name="end",
            x=x.iloc[-1],
            y=y.iloc[-1],
            text=f"<b>{round_percent(y.iloc[-1] / 100)}</b>",
            showarrow=False,
            xanchor="left",
            xshift=9,
            font={"size": 15},
        )


def lesson_ticks(turns: int) -> dict[str, object]:
    """Ticks at every turn up to 10 turns, then at every second, fifth, tenth …"""
    step = next((s for s in (1, 2, 5, 10, 20, 50, 100) if turns / s <= 10), 200)
    return {"dtick": step}


def finish_figure(figure: FigureBuilder, revision: str, *, height: int = FIGURE_HEIGHT_PX, **layout: Any) -> go.Figure:
    """The figure with the common height, margins and legend, then the settings of ``layout``.

    ``revision`` names what is shown, so that zoom survives. Margins are computed from the axes' labels and titles: plotly's
    ``automargin`` draws a figure twice to find them, in twice the time. No ``transition``, not even of 0: with one plotly keeps an
    axis without a range as it was first rendered, whatever data follow.
    """
    axis_settings = figure.layout
    x, y = axis_settings.get("xaxis", {}), axis_settings.get("yaxis", {})
    figure.update_layout(
        height=height, uirevision=revision, hovermode="closest", showlegend=bool(axis_settings.get("showlegend")),
        margin={"l": _left_margin(y), "r": 12, "t": 16, "b": _bottom_margin(x)},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
    )  # fmt: skip
    for axis, update in ((x, figure.update_xaxes), (y, figure.update_yaxes)):
        update(zeroline=False, automargin=False)
        if axis.get("title"):
            update(title={"text": axis["title"], "standoff": TITLE_STANDOFF_PX})
    if layout:
        figure.update_layout(**layout)
    return figure.build()


def wrap_label(text: str, max_chars: int) -> str:
    """``text`` as a figure's label: escaped, in lines of at most ``max_chars``."""
    return "<br>".join(html.escape(line) for line in textwrap.wrap(text, max_chars)) or " "


def _left_margin(axis: dict[str, Any]) -> int:
    """Pixels for the tick labels and the title left of the plot."""
    if axis.get("visible") is False:
        return 0
    names = axis.get("ticktext") or ["100" if axis.get("range") else "-0.0000"]
    widest = max((_display_width(html.unescape(line)) for name in names for line in str(name).split("<br>")), default=0)
    return round(LABEL_PADDING_PX + CHAR_WIDTH_PX * widest + (AXIS_TITLE_PX if axis.get("title") else 0))


def _display_width(text: str) -> int:
    """Width in Latin characters; East Asian wide ones count two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _bottom_margin(axis: dict[str, Any]) -> int:
    """Pixels for the tick labels and the title below the plot."""
    if axis.get("visible") is False:
        return 0
    return LABEL_PADDING_PX + LINE_HEIGHT_PX + (AXIS_TITLE_PX if axis.get("title") else 0)
