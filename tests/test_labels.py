"""Labels at the lines' ends: none upon another, none outside the axis, whatever the lines do."""

from __future__ import annotations

import pandas as pd
from hypothesis import example, given
from hypothesis import strategies as st

from studentsim.labels import strategy_styles
from studentsim.ui import charts
from studentsim.ui.charts.labels import spread_labels
from studentsim.ui.charts.race import LINE_HEIGHT_EM, PLOT_HEIGHT_PX

LABELS = st.lists(st.tuples(st.floats(-20, 120), st.floats(0.5, 40)), max_size=14)
NEAR = 1e-6


def parts(labels: list[tuple[float, float]], low: float, high: float) -> tuple[list[tuple[float, float]], float]:
    """Of each label where it begins and ends, from the lowest up, and how much they shrank."""
    wanted, heights = [w for w, _ in labels], [h for _, h in labels]
    centres, shrink = spread_labels(wanted, heights, low=low, high=high)
    return sorted((c - shrink * h / 2, c + shrink * h / 2) for c, h in zip(centres, heights, strict=True)), shrink


@given(LABELS, st.floats(-10, 10), st.floats(20, 200))
@example([(97.9, 15), (96.6, 15)], 0, 100)
@example([(0, 15), (1, 15), (100, 15)], 0, 100)
@example([(50, 40)] * 9, 0, 100)
def test_labels_lie_apart_and_inside_the_axis_at_both_ends(labels: list[tuple[float, float]], low: float, room: float):
    high = low + room
    placed, shrink = parts(labels, low, high)
    assert all(one[1] <= other[0] + NEAR for one, other in zip(placed, placed[1:], strict=False))
    assert all(low - NEAR <= begin and end <= high + NEAR for begin, end in placed)
    assert shrink == 1 if sum(h for _, h in labels) <= room else shrink < 1


@given(LABELS, st.floats(20, 200))
def test_labels_keep_their_lines_order_and_those_with_room_stay_where_they_are(
    labels: list[tuple[float, float]], high: float
):
    wanted, heights = [w for w, _ in labels], [h for _, h in labels]
    centres, _ = spread_labels(wanted, heights, high=high)
    assert all(
        centres[i] <= centres[j] + NEAR for i in range(len(labels)) for j in range(len(labels)) if wanted[i] < wanted[j]
    )
    ideal = sorted((w - h / 2, w + h / 2) for w, h in labels)
    apart = all(one[1] <= other[0] for one, other in zip(ideal, ideal[1:], strict=False))
    if apart and all(begin >= 0 and end <= high for begin, end in ideal):
        assert all(abs(c - w) < NEAR for c, w in zip(centres, wanted, strict=True))


def test_those_in_each_others_way_part_evenly():
    assert spread_labels([10, 50, 51], [6, 6, 6], high=100) == ([10, 47.5, 53.5], 1)
    assert spread_labels([51, 10, 50], [6, 6, 6], high=100) == ([53.5, 10, 47.5], 1)


def exams(*marks: int) -> pd.DataFrame:
    frame = pd.DataFrame({"turn": range(len(marks)), "correct": marks, "questions": 240})
    share = frame.correct / 240
    return frame.assign(accuracy=share, ci_low=share - 0.02, ci_high=share + 0.02)


@given(st.lists(st.tuples(st.integers(0, 240), st.text(max_size=80)), min_size=1, max_size=4))
def test_a_race_s_names_lie_apart_and_inside_the_axis_whatever_they_are(racers: list[tuple[int, str]]):
    figure = charts.race_figure(
        [(name, strategy_styles.strategy_style("random"), exams(100, mark)) for mark, name in racers], turns=4
    )
    notes = [note for note in figure.layout.annotations if note.name == "end"]
    assert len(notes) == len(racers) and [end["y"] for end in figure.layout.meta["ends"]] == [
        100 * (mark / 240) for mark, _ in racers
    ]
    pixel = 100 / PLOT_HEIGHT_PX
    halves = [pixel * note.font.size * LINE_HEIGHT_EM * len(note.text.split("<br>")) / 2 for note in notes]
    placed = sorted((note.y - half, note.y + half) for note, half in zip(notes, halves, strict=True))
    assert placed[0][0] >= -NEAR and placed[-1][1] <= 100 + NEAR
    assert all(one[1] <= other[0] + NEAR for one, other in zip(placed, placed[1:], strict=False))
