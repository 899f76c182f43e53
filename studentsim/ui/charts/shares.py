"""Shares as bars: correct options by letter, questions by category."""

from __future__ import annotations

import html
from collections.abc import Sequence

import plotly.graph_objects as go

from studentsim.labels.formatting import round_percent
from studentsim.labels.strategy_styles import CORRECT_COLOR_SLOT, theme_color
from studentsim.ui.charts.figure_builder import FigureBuilder
from studentsim.ui.charts.frame import add_chance_line, finish_figure, set_rows, wrap_row_labels


def shares_figure(
    names: Sequence[str], counts: Sequence[int], *, total: int, even: float | None = None, axis: str
) -> go.Figure:
    """A bar per name: its share of ``total`` in percent, labelled; ``even`` (0 to 1) is a line at the chance level."""
    values = [100 * count / total if total else 0.0 for count in counts]
    labels = [html.escape(name) for name in names]
    wrapped_labels = wrap_row_labels(names)
    value_texts = [str(round_percent(value / 100)) if value >= 1 or not value else "under 1" for value in values]
    figure = FigureBuilder(
        go.Bar(
            x=values, y=list(range(len(labels))), orientation="h", marker={"color": theme_color(CORRECT_COLOR_SLOT)},
            customdata=list(counts), hovertext=labels, text=value_texts, textposition="outside", cliponaxis=False,
            hovertemplate="%{hovertext}: %{customdata:,} questions, %{x:.1f} of 100<extra></extra>",
        )
    )  # fmt: skip
    if even is not None:
        add_chance_line(figure, even, vertical=True, xanchor="center", yanchor="bottom")
    figure.update_xaxes(title=axis, range=[0, 1.15 * max([*values, 100 * (even or 0), 1])], fixedrange=True)
    set_rows(figure, wrapped_labels)
    lines = sum(1 + label.count("<br>") for label in wrapped_labels)
    return finish_figure(figure, f"shares-{axis}", height=90 + 26 * max(lines, 3), bargap=0.3, margin={"t": 28})
