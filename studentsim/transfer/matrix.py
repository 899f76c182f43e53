"""The transfer matrix as figures: a row for each category practised, a column for each category examined. No torch, no pandas.

Both exams of a run ask the same questions with the same luck, so each gain is a difference of paired proportions. Its 95 %
interval is Bonett and Price's (2012, adjusted Wald): ``studentsim.exam.paired_interval``. Categories share no question, so the
interval of a row's mean is put together from its gains' own (MOVER, Zou and Donner 2008). Rows share their questions and their
first exam, so the interval of the mean of all gains off the diagonal goes by question (``_off_diagonal``).
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean, pvariance
from typing import Any

import studentsim
from studentsim.errors import StoreError
from studentsim.exam import Z95, paired_interval

RECORDED = Path(studentsim.__file__).parent / "recorded" / "transfer.json"
"""Matrices that come with the product; absent: none do."""
FORMAT = 1
"""Of the JSON, raised when it changes."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Marked:
    """One exam question: whether it was answered rightly before the practice and after it."""

    question_id: str
    category: str
    before: bool
    after: bool


@dataclass(frozen=True)
class Cell:
    """What came of practising one category alone: every exam question, and the seconds it took."""

    practised: str
    marked: tuple[Marked, ...]
    seconds: float


@dataclass(frozen=True)
class Estimate:
    """A gain with its 95 % interval, in points: of 100 questions, -100 to 100."""

    points: float
    low: float
    high: float


@dataclass(frozen=True)
class Gain:
    """One entry: of ``questions`` in the category examined, how many were right in both exams, and in one of them alone."""

    questions: int
    both: int
    only_before: int
    only_after: int

    @property
    def before(self) -> int:
        """Right in the exam before any practice."""
        return self.both + self.only_before

    @property
    def after(self) -> int:
        """Right in the exam after the last lesson."""
        return self.both + self.only_after

    @cached_property
    def estimate(self) -> Estimate:
        """The gain, with its interval for paired proportions (Bonett and Price 2012)."""
        low, high = paired_interval(self.only_after, self.only_before, self.questions)
        return Estimate(100 * (self.only_after - self.only_before) / self.questions, 100 * low, 100 * high)


@dataclass(frozen=True)
class Matrix:
    """All gains by (practised, examined). ``config`` is the runs' RunConfig as plain figures, but for the mix of each."""

    categories: tuple[str, ...]
    gains: Mapping[tuple[str, str], Gain]
    others: Estimate
    """The mean of all gains off the diagonal."""
    config: Mapping[str, Any]
    software: str
    seconds: float = 0.0

    def alike(self, other: Matrix, *but: str) -> bool:
        """Whether both have the same categories and settings, ``but`` those named, the runs' name, and the version of the weights."""
        left_out = {*but, "name", "weights"}
        one, two = ({k: v for k, v in m.config.items() if k not in left_out} for m in (self, other))
        return self.categories == other.categories and one == two

    def own(self, practised: str) -> Estimate:
        """What practising a category did for that category."""
        return self.gains[practised, practised].estimate

    def rest(self, practised: str) -> Estimate:
        """What practising a category did for the others, on their mean."""
        return mean_estimate([self.gains[practised, c].estimate for c in self.categories if c != practised])

    @cached_property
    def diagonal(self) -> Estimate:
        """The mean gain of a category that was itself practised."""
        return mean_estimate([self.own(category) for category in self.categories])

    @cached_property
    def largest_other(self) -> tuple[str, str]:
        """Practised and examined, of the largest gain off the diagonal."""
        away = [key for key in self.gains if key[0] != key[1]]
        return max(away, key=lambda key: self.gains[key].estimate.points)

    def rows(self) -> list[dict[str, Any]]:
        """A row for each entry: ``practised, examined, questions, before, after, only_before, only_after, points, low, high``."""
        return [_row(p, e, self.gains[p, e]) for p in self.categories for e in self.categories]

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON's own types; ``own``, ``rest``, ``points`` and bounds are told for readers and made anew by ``of_json``."""
        return {
            "format": FORMAT,
            "software": self.software,
            "seconds": round(self.seconds, 1),
            "config": dict(self.config),
            "categories": list(self.categories),
            "diagonal": _told(self.diagonal),
            "others": _told(self.others),
            "largest_other": list(self.largest_other),
            "rows": [
                {
                    "practised": practised,
                    "own": _told(self.own(practised)),
                    "rest": _told(self.rest(practised)),
                    "gains": {
                        examined: {**_counts(gain), **_told(gain.estimate)}
                        for examined in self.categories
                        for gain in [self.gains[practised, examined]]
                    },
                }
                for practised in self.categories
            ],
        }

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> Matrix:
        """The matrix that ``to_json`` told of.

        :raises StoreError: it is not one, or of another format.
        """
        try:
            if told["format"] != FORMAT:
                raise ValueError(f"format {told['format']!r}")
            categories = tuple(map(str, told["categories"]))
            gains = {
                (str(row["practised"]), str(examined)): _gain(entry)
                for row in told["rows"]
                for examined, entry in row["gains"].items()
            }
            if len(categories) < 2 or set(gains) != {(p, e) for p in categories for e in categories}:
                raise ValueError("some gains are missing")
            others = Estimate(*(float(told["others"][name]) for name in ("points", "low", "high")))
            return cls(categories, gains, others, dict(told["config"]), str(told["software"]), float(told["seconds"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreError(
                f"This is no transfer matrix ({error}).", "Make it anew: python -m studentsim transfer."
            ) from error


def matrix_of(cells: Sequence[Cell], *, config: Mapping[str, Any]) -> Matrix:
    """The matrix of finished cells, two or more, one a category; their order is the table's.

    :raises StoreError: a cell examined no question of one of the categories, or other questions than the first cell.
    """
    categories = tuple(cell.practised for cell in cells)
    asked = [m.question_id for m in cells[0].marked]
    gains = {}
    for cell in cells:
        if [m.question_id for m in cell.marked] != asked:
            raise StoreError(
                f"The exam around {cell.practised} asked other questions than the first.",
                "Remove the folder 'transfer' from the data folder, and start again.",
            )
        for category in categories:
            gains[cell.practised, category] = _counted(cell, category)
    return Matrix(
        categories,
        gains,
        _off_diagonal(cells, categories),
        config,
        studentsim.__version__,
        sum(cell.seconds for cell in cells),
    )


def recorded(path: Path | None = None) -> tuple[Matrix, ...]:
    """The matrices that come with the product, none where there is no such file or it is damaged (then a line in the log)."""
    path = path or RECORDED
    try:
        return tuple(Matrix.of_json(told) for told in json.loads(path.read_text(encoding="utf-8"))["matrices"])
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError, StoreError) as error:
        log.warning("the recorded transfer matrices in %s are left out: %r", path, error)
        return ()


def mean_estimate(parts: Sequence[Estimate]) -> Estimate:
    """The mean of independent estimates, its interval from theirs (MOVER: Zou and Donner 2008, Statistics in Medicine 27).

    >>> mean_estimate([Estimate(10, 4, 16), Estimate(20, 12, 28)])
    Estimate(points=15.0, low=10.0, high=20.0)
    """
    n, mean = len(parts), fmean(part.points for part in parts)
    below = math.hypot(*(part.points - part.low for part in parts)) / n
    above = math.hypot(*(part.high - part.points for part in parts)) / n
    return Estimate(mean, mean - below, mean + above)


# ------------------------------------------------------------------ pieces


def _counted(cell: Cell, category: str) -> Gain:
    marked = [m for m in cell.marked if m.category == category]
    if not marked:
        raise StoreError(f"The exam asks nothing in {category}.", "Ask for a longer exam, or leave the category out.")
    return Gain(
        len(marked),
        sum(m.before and m.after for m in marked),
        sum(m.before and not m.after for m in marked),
        sum(m.after and not m.before for m in marked),
    )


def _off_diagonal(cells: Sequence[Cell], categories: Sequence[str]) -> Estimate:
    """The mean over categories of what the other rows did for each, over questions, each with its mean over those rows.

    As in Bonett and Price's interval, of which this is the one for several rows, each category gets two questions more for the
    interval, one that was won and one that was lost: so it is not empty where nothing moved.
    """
    means, centres, variances = [], [], []
    for category in categories:
        rows = [[m for m in cell.marked if m.category == category] for cell in cells if cell.practised != category]
        moved = [fmean(int(m.after) - int(m.before) for m in same) for same in zip(*rows, strict=True)]
        adjusted = [*moved, 1.0, -1.0]
        means.append(fmean(moved))
        centres.append(fmean(adjusted))
        variances.append(pvariance(adjusted) / len(adjusted))
    half = Z95 * math.sqrt(sum(variances)) / len(categories)
    low, high = fmean(centres) - half, fmean(centres) + half
    return Estimate(100 * fmean(means), 100 * max(-1.0, low), 100 * min(1.0, high))


def _counts(gain: Gain) -> dict[str, int]:
    """A gain's counts by name."""
    return {name: getattr(gain, name) for name in ("questions", "both", "only_before", "only_after")}


def _gain(told: Mapping[str, Any]) -> Gain:
    counts = [int(told[name]) for name in ("questions", "both", "only_before", "only_after")]
    if counts[0] < 1 or min(counts) < 0 or sum(counts[1:]) > counts[0]:
        raise ValueError(f"counts {counts}")
    return Gain(*counts)


def _row(practised: str, examined: str, gain: Gain) -> dict[str, Any]:
    return {
        "practised": practised, "examined": examined, "questions": gain.questions, "before": gain.before, "after": gain.after,
        "only_before": gain.only_before, "only_after": gain.only_after, **_told(gain.estimate),
    }  # fmt: skip


def _told(estimate: Estimate) -> dict[str, float]:
    return {name: round(getattr(estimate, name), 2) for name in ("points", "low", "high")}
