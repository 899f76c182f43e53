"""Compared groups of runs: exam accuracy by turn, and one exam by category."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pandas as pd
import plotly.graph_objects as go

from studentsim.labels.formatting import round_percent
from studentsim.labels.strategy_styles import StrategyStyle, strategy_style, theme_color
from studentsim.selection.registry import find_strategy
from studentsim.types import FIVE_OPTION_CHANCE
from studentsim.ui.charts.figure_builder import FigureBuilder
from studentsim.ui.charts.frame import (
    add_chance_line,
    finish_figure,
    interval_bars,
    line_style,
    set_lesson_axes,
    ticks_at,
    wrap_row_labels,
)
from studentsim.ui.charts.labels import spread_labels

COMPARISON_HEIGHT_PX = 440
PLOT_HEIGHT_PX = COMPARISON_HEIGHT_PX - 70
"""Height of the plot itself, about, without margins and axis title."""
MAX_INTERVAL_BANDS = 4
"""With more groups than this, the last exam alone shows its interval, instead of a band along the line."""
END_LABEL_WRAP_CHARS = 15
"""Characters per line of a label at a line's end, so that a phone has room for the plot."""
END_LABEL_LINES, MAX_END_LABEL_LINES, FEW_END_LABELS = 3, 6, 4
"""Lines of such a label, and those of labels that would otherwise be alike, or of up to ``FEW_END_LABELS`` labels."""
CROWDED_POINT_COUNT = 12
"""With more points than this on a line, its markers are smaller."""


class _LineEnd(NamedTuple):
    """A line's last point and its label; ``slot`` is the colour's, ``show_value``: with its value."""

    label: str
    x: float
    y: float
    slot: int
    show_value: bool


def comparison_figure(
    means: pd.DataFrame,
    singles: pd.DataFrame,
    *,
    turns: int,
    chance: float | None = FIVE_OPTION_CHANCE,
    published: pd.DataFrame | None = None,
    bands: int = MAX_INTERVAL_BANDS,
    revision: str = "",
) -> go.Figure:
    """Exam accuracy by turn, a line per group, labelled at its end, with its 95 % interval as a band.

    ``means`` are group means (``label, strategy, variant, turn, correct, questions, accuracy, ci_low, ci_high, runs``), ``singles`` the
    runs behind them (with ``group``), as thin lines for groups of several. ``published`` curves (``analysis/paper_curves.py``) have
    open markers and bars. With more than ``bands`` groups only the last exam shows its interval, as a bar.
    """
    figure = FigureBuilder()
    groups = [g for _, g in means.groupby("label", sort=False)]
    if published is not None:
        turns = max(turns, int(published.turn.max()))
    for i, group in enumerate(groups):
        _add_interval(figure, group, as_band=len(groups) <= bands, x_offset=(i - (len(groups) - 1) / 2) * turns * 0.008)
    for label, runs in singles.groupby("group", sort=False):
        if runs.label.nunique() > 1:
            _add_run_lines(figure, str(label), runs)
    ends = [] if published is None else list(_add_published_curves(figure, published, turns))
    labels = _end_label_texts([str(group.label.iloc[0]) for group in groups], label_count=len(groups) + len(ends))
    for group, label in zip(groups, labels, strict=True):
        group_style = _group_style(group.iloc[0])
        _add_group_line(figure, group, group_style)
        end = group.iloc[-1]
        ends.append(_LineEnd(label, end.turn, 100 * end.accuracy, group_style.color_slot, True))
    if chance is not None:
        add_chance_line(figure, chance)
    _add_end_labels(figure, ends, turns)
    set_lesson_axes(figure, turns, range=[-0.4, turns + max(0.3, turns * 0.02)])
    longest = max((len(text) for end in ends for text in end.label.split("<br>")), default=0)
    return finish_figure(figure, f"compare-{revision}", height=COMPARISON_HEIGHT_PX, margin={"r": 34 + 6.4 * longest})


def category_accuracy_figure(
    frame: pd.DataFrame, *, chance: float | None = FIVE_OPTION_CHANCE, revision: str = ""
) -> go.Figure:
    """One exam's accuracy by category: a row per category, in it a marker with its 95 % interval for each group."""
    figure = FigureBuilder()
    order = list(frame.category.drop_duplicates())
    labels = list(frame.label.drop_duplicates())
    for i, (label, group) in enumerate(frame.groupby("label", sort=False)):
        group_style = _group_style(group.iloc[0])
        style = line_style(group_style)
        step = 0.7 / max(1, len(labels))
        figure.add_scatter(
            x=100 * group.accuracy, y=[order.index(c) + (i - (len(labels) - 1) / 2) * step for c in group.category],
            mode="markers", name=html.escape(str(label)), marker=style["marker"], cliponaxis=False,
            error_x=interval_bars(group, thickness=1.5, width=0, color=theme_color(group_style.color_slot)),
            customdata=_hover_data(group), hovertemplate=f"<b>%{{customdata[5]}}</b><br>{html.escape(str(label))}: {_HOVER_TEMPLATE}",
        )  # fmt: skip
    if chance is not None:
        add_chance_line(figure, chance, vertical=True)
    figure.update_xaxes(title="right, of 100 questions", range=[0, 100], dtick=20, side="bottom")
    figure.update_yaxes(range=[len(order) - 0.4, -0.6], **ticks_at(wrap_row_labels(order)))
    figure.update_layout(showlegend=len(labels) > 1)
    height = (120 if len(labels) > 1 else 80) + len(order) * max(34, 15 * len(labels))
    legend = {"orientation": "h", "yref": "container", "y": 0.995, "yanchor": "top"}
    return finish_figure(
        figure, f"categories-{revision}", height=height, legend=legend, margin={"t": 64 if len(labels) > 1 else 24}
    )


_HOVER_TEMPLATE = (
    "%{customdata[0]} of %{customdata[1]} right%{customdata[4]}<br>"
    "%{customdata[6]:.0f} of 100 (%{customdata[2]:.0f} to %{customdata[3]:.0f})<extra></extra>"
)


def _hover_data(group: pd.DataFrame) -> list[tuple[object, ...]]:
    """``customdata`` of each row: correct, questions, bounds in percent, number of runs in words, category, accuracy in percent."""
    runs = group.runs if "runs" in group else pd.Series(1, index=group.index)
    names = group.category if "category" in group else pd.Series("", index=group.index)
    return [
        (int(c), int(q), 100 * low, 100 * high, f" in {int(n)} runs" if n > 1 else "", html.escape(str(name)), 100 * a)
        for c, q, low, high, n, name, a in zip(
            group.correct, group.questions, group.ci_low, group.ci_high, runs, names, group.accuracy, strict=True
        )
    ]


def _group_style(row: pd.Series) -> StrategyStyle:
    """A group's style: its strategy's, or a variant of it where the strategy has several groups."""
    return strategy_style(row.strategy, int(row.variant))


def _add_interval(figure: FigureBuilder, group: pd.DataFrame, *, as_band: bool, x_offset: float) -> None:
    """The group's intervals as a band along its line, or as one bar at its last exam, shifted by ``x_offset`` turns."""
    color = theme_color(_group_style(group.iloc[0]).color_slot)
    if as_band and len(group) > 1:
        x = [*group.turn, *group.turn[::-1]]
        y = [*(100 * group.ci_high), *(100 * group.ci_low)[::-1]]
        figure.add_scatter(
            x=x, y=y, fill="toself", fillcolor=color, mode="lines", line={"width": 0, "color": color}, opacity=0.16,
            hoverinfo="skip", showlegend=False,
        )  # fmt: skip
        return
    last = group.iloc[-1:]
    figure.add_scatter(
        x=last.turn + x_offset, y=100 * last.accuracy, mode="markers", marker={"color": color, "size": 1}, hoverinfo="skip",
        error_y=interval_bars(last, thickness=1.5, width=4, color=color),
    )  # fmt: skip


def _add_group_line(figure: FigureBuilder, group: pd.DataFrame, group_style: StrategyStyle) -> None:
    label = html.escape(group.label.iloc[0])
    style: dict[str, object] = line_style(group_style)
    if len(group) > CROWDED_POINT_COUNT:
        style["marker"] = {**style["marker"], "size": 6}  # type: ignore[dict-item]
    figure.add_scatter(
        x=group.turn, y=100 * group.accuracy, mode="lines+markers", name=label, customdata=_hover_data(group),
        hovertemplate=f"<b>{label}</b>, after lesson %{{x}}<br>{_HOVER_TEMPLATE}", **style,
    )  # fmt: skip


def _add_run_lines(figure: FigureBuilder, label: str, runs: pd.DataFrame) -> None:
    color = theme_color(_group_style(runs.iloc[0]).color_slot)
    for name, run in runs.groupby("label", sort=False):
        figure.add_scatter(
            x=run.turn, y=100 * run.accuracy, mode="lines", name=html.escape(str(name)), opacity=0.55,
            line={"color": color, "width": 1}, customdata=_hover_data(run),
            hovertemplate=f"{html.escape(str(name))}, after lesson %{{x}}<br>{_HOVER_TEMPLATE}",
        )  # fmt: skip


def _add_published_curves(figure: FigureBuilder, published: pd.DataFrame, turns: int) -> Iterable[_LineEnd]:
    """The published curves, their bars side by side; yields their line ends."""
    curves = list(published.groupby("strategy", sort=False))
    for i, (strategy, curve) in enumerate(curves):
        published_style = strategy_style(str(strategy))
        color = theme_color(published_style.color_slot)
        x_offset = (i - (len(curves) - 1) / 2) * turns * 0.009
        figure.add_scatter(
            x=curve.turn + x_offset, y=100 * curve.accuracy, mode="markers", opacity=0.4, marker={"color": color, "size": 1},
            hoverinfo="skip", error_y=interval_bars(curve, thickness=1, width=0, color=color),
        )  # fmt: skip
        figure.add_scatter(
            x=curve.turn + x_offset, y=100 * curve.accuracy, mode="lines+markers", opacity=0.75,
            line={"color": color, "width": 1.2, "dash": "dot"},
            marker={"color": color, "symbol": f"{published_style.symbol}-open", "size": 6},
            customdata=_hover_data(curve), hovertemplate=f"<b>Paper: {strategy}</b> (published)<br>{_HOVER_TEMPLATE}",
        )  # fmt: skip
        label = f"Paper: {find_strategy(str(strategy)).short_label or strategy}"
        yield _LineEnd(
            _wrap_end_label(label),
            curve.turn.iloc[-1],
            100 * curve.accuracy.iloc[-1],
            published_style.color_slot,
            False,
        )


def _end_label_texts(labels: Sequence[str], *, label_count: int) -> list[str]:
    """The groups' labels, wrapped in enough lines that no two are alike; ``label_count``: with those of published curves."""
    short = [_wrap_end_label(label) for label in labels]
    long = [_wrap_end_label(label, MAX_END_LABEL_LINES) for label in labels]
    if label_count <= FEW_END_LABELS:
        return long
    return [b if short.count(a) > 1 else a for a, b in zip(short, long, strict=True)]


def _wrap_end_label(label: str, lines: int = END_LABEL_LINES) -> str:
    parts = textwrap.wrap(label, END_LABEL_WRAP_CHARS, max_lines=lines, placeholder=" …") or [""]
    return "<br>".join(html.escape(text) for text in parts)


def _add_end_labels(figure: FigureBuilder, ends: Sequence[_LineEnd], turns: int) -> None:
    """A label at each line's end, spread where they would overlap, with a thin arrow to the point."""
    for in_last_part in (True, False):
        bucket = [end for end in ends if (end.x > 0.85 * turns) == in_last_part]
        desired = [end.y / 100 * PLOT_HEIGHT_PX for end in bucket]
        heights = [15.0 * (end.label.count("<br>") + 1) + 4 for end in bucket]
        centres, shrink = spread_labels(desired, heights, high=PLOT_HEIGHT_PX)
        for end, point_px, centre in zip(bucket, desired, centres, strict=True):
            figure.add_annotation(
                x=end.x, y=end.y, text=f"{end.label} <b>{round_percent(end.y / 100)}</b>" if end.show_value else end.label, align="left",
                font={"size": 12 * shrink}, showarrow=True, arrowhead=0, arrowwidth=1, arrowcolor=theme_color(end.slot), xanchor="left",
                ax=22, ay=point_px - centre, standoff=6,
            )  # fmt: skip
