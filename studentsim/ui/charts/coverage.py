"""How many questions a dataset has, by category and difficulty."""

from __future__ import annotations

import html
from collections.abc import Mapping

import pandas as pd
import plotly.graph_objects as go

from studentsim.labels import category_names
from studentsim.labels.strategy_styles import CHANCE_COLOR_SLOT, CORRECT_COLOR_SLOT, FAINT_COLOR_SLOT, theme_color
from studentsim.ui.charts.figure_builder import FigureBuilder
from studentsim.ui.charts.frame import finish_figure, set_rows, wrap_row_labels

_DIFFICULTY_STYLES = {1: (FAINT_COLOR_SLOT, "."), 2: (CORRECT_COLOR_SLOT, ""), 3: (CHANCE_COLOR_SLOT, "/")}
"""Colour slot and hatching of each difficulty."""


def coverage_figure(frame: pd.DataFrame, *, names: Mapping[int, str], revision: str = "") -> go.Figure:
    """Questions by category, stacked by difficulty; ``frame`` has ``category, difficulty, skills, questions``.

    ``names`` are the difficulties' labels. A bar's ``customdata`` is ``category, difficulty, skills``, for selection.
    """
    figure = FigureBuilder()
    totals = frame.groupby("category", sort=False).questions.sum()
    positions = {category: position for position, category in enumerate(totals.index)}
    for difficulty, name in names.items():
        rows = frame[frame.difficulty == difficulty]
        slot, pattern = _DIFFICULTY_STYLES.get(difficulty, (FAINT_COLOR_SLOT, ""))
        figure.add_bar(
            y=rows.category.map(positions), x=rows.questions, orientation="h", name=name,
            marker={"color": theme_color(slot), "pattern": {"shape": pattern, "size": 5, "solidity": 0.25}},
            customdata=rows[["category", "difficulty", "skills"]],
            hovertext=[html.escape(category_names.category_label(c, positions)) for c in rows.category],
            hovertemplate="%{hovertext}, " + name + ": %{x} questions on %{customdata[2]} skills<extra></extra>",
        )  # fmt: skip
    for category, total in totals.items():
        figure.add_annotation(
            x=total, y=positions[category], text=f"{total:,}", showarrow=False, xanchor="left", xshift=6
        )
    labels = [category_names.category_label(str(category), positions) for category in positions]
    figure.update_layout(barmode="stack", bargap=0.3, showlegend=True)
    figure.update_xaxes(title="questions", range=[0, 1.12 * float(totals.max() if len(totals) else 1)], fixedrange=True)
    set_rows(figure, wrap_row_labels(labels))
    return finish_figure(
        figure, f"coverage-{revision}", height=300, legend={"traceorder": "normal"}, margin={"t": 40, "r": 44}
    )
