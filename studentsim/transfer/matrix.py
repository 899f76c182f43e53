"""The transfer matrix as figures: a row for each category practised, a column for each category examined. No torch, no pandas.

Both exams of a run ask the same questions with the same luck, so each gain is a difference of paired proportions. Its 95 %
interval is Bonett and Price's (2012, adjusted Wald): ``studentsim.exam.paired_difference_interval``. Categories share no question, so the
interval of a row's mean is put together from its gains' own (MOVER, Zou and Donner 2008). Rows share their questions and their
first exam, so the interval of the mean of all gains off the diagonal goes by question (``_estimate_off_diagonal_mean``).
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
from studentsim.exam import Z95, paired_difference_interval

BUNDLED_MATRICES_PATH = Path(studentsim.__file__).parent / "recorded" / "transfer.json"
"""Matrices that come with the product; absent: none do."""
FORMAT_VERSION = 1
"""Of the JSON, raised when it changes."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PairedOutcome:
    """One exam question: whether it was answered rightly before the practice and after it."""

    question_id: str
    category: str
    was_correct_before: bool
    was_correct_after: bool


@dataclass(frozen=True)
class CategoryResult:
    """What came of practising one category alone: every exam question, and the seconds it took."""

    practised_category: str
    outcomes: tuple[PairedOutcome, ...]
    seconds: float


@dataclass(frozen=True)
class GainEstimate:
    """A gain with its 95 % interval, in points: of 100 questions, -100 to 100."""

    points: float
    low: float
    high: float


@dataclass(frozen=True)
class PairedGain:
    """One entry: of ``questions`` in the category examined, how many were right in both exams, and in one of them alone."""

    questions: int
    both: int
    only_before: int
    only_after: int

    @property
    def correct_before(self) -> int:
        """Right in the exam before any practice."""
        return self.both + self.only_before

    @property
    def correct_after(self) -> int:
        """Right in the exam after the last lesson."""
        return self.both + self.only_after

    @cached_property
    def estimate(self) -> GainEstimate:
        """The gain, with its interval for paired proportions (Bonett and Price 2012)."""
        low, high = paired_difference_interval(self.only_after, self.only_before, self.questions)
        return GainEstimate(100 * (self.only_after - self.only_before) / self.questions, 100 * low, 100 * high)


@dataclass(frozen=True)
class TransferMatrix:
    """All gains by (practised, examined). ``config`` is the runs' RunConfig as plain figures, but for the mix of each."""

    categories: tuple[str, ...]
    gains: Mapping[tuple[str, str], PairedGain]
    off_diagonal_mean: GainEstimate
    """The mean of all gains off the diagonal."""
    config: Mapping[str, Any]
    software_version: str
    seconds: float = 0.0

    def has_same_settings(self, other: TransferMatrix, *ignoring: str) -> bool:
        """Whether both have the same categories and settings, ``ignoring`` those named, the runs' name, and the version of the weights."""
        ignored = {*ignoring, "name", "weights"}
        one, two = ({k: v for k, v in m.config.items() if k not in ignored} for m in (self, other))
        return self.categories == other.categories and one == two

    def own_gain(self, practised: str) -> GainEstimate:
        """What practising a category did for that category."""
        return self.gains[practised, practised].estimate

    def mean_gain_of_others(self, practised: str) -> GainEstimate:
        """What practising a category did for the others, on their mean."""
        return average_estimates([self.gains[practised, c].estimate for c in self.categories if c != practised])

    @cached_property
    def diagonal_mean(self) -> GainEstimate:
        """The mean gain of a category that was itself practised."""
        return average_estimates([self.own_gain(category) for category in self.categories])

    @cached_property
    def largest_off_diagonal_pair(self) -> tuple[str, str]:
        """Practised and examined, of the largest gain off the diagonal."""
        off_diagonal_pairs = [key for key in self.gains if key[0] != key[1]]
        return max(off_diagonal_pairs, key=lambda key: self.gains[key].estimate.points)

    def to_rows(self) -> list[dict[str, Any]]:
        """A row for each entry: ``practised, examined, questions, before, after, only_before, only_after, points, low, high``."""
        return [_build_gain_row(p, e, self.gains[p, e]) for p in self.categories for e in self.categories]

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON's own types; ``own_gain``, ``mean_gain_of_others``, ``points`` and bounds are told for readers and made anew by ``from_json``."""
        return {
            "format": FORMAT_VERSION,
            "software": self.software_version,
            "seconds": round(self.seconds, 1),
            "config": dict(self.config),
            "categories": list(self.categories),
            "diagonal": _estimate_to_json(self.diagonal_mean),
            "others": _estimate_to_json(self.off_diagonal_mean),
            "largest_other": list(self.largest_off_diagonal_pair),
            "rows": [
                {
                    "practised": practised,
                    "own": _estimate_to_json(self.own_gain(practised)),
                    "rest": _estimate_to_json(self.mean_gain_of_others(practised)),
                    "gains": {
                        examined: {**_gain_counts_to_json(gain), **_estimate_to_json(gain.estimate)}
                        for examined in self.categories
                        for gain in [self.gains[practised, examined]]
                    },
                }
                for practised in self.categories
            ],
        }

    @classmethod
    def from_json(cls, payload: Mapping[str, Any]) -> TransferMatrix:
        """The matrix that ``to_json`` told of.

        :raises StoreError: it is not one, or of another format.
        """
        try:
            if payload["format"] != FORMAT_VERSION:
                raise ValueError(f"format {payload['format']!r}")
            categories = tuple(map(str, payload["categories"]))
            gains = {
                (str(row["practised"]), str(examined)): _gain_from_json(entry)
                for row in payload["rows"]
                for examined, entry in row["gains"].items()
            }
            if len(categories) < 2 or set(gains) != {(p, e) for p in categories for e in categories}:
                raise ValueError("some gains are missing")
            off_diagonal_mean = GainEstimate(*(float(payload["others"][name]) for name in ("points", "low", "high")))
            return cls(
                categories,
                gains,
                off_diagonal_mean,
                dict(payload["config"]),
                str(payload["software"]),
                float(payload["seconds"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreError(
                f"This is no transfer matrix ({error}).", "Make it anew: python -m studentsim transfer."
            ) from error


def build_transfer_matrix(results: Sequence[CategoryResult], *, config: Mapping[str, Any]) -> TransferMatrix:
    """The matrix of finished cells, two or more, one a category; their order is the table's.

    :raises StoreError: a cell examined no question of one of the categories, or other questions than the first cell.
    """
    categories = tuple(cell.practised_category for cell in results)
    question_ids = [m.question_id for m in results[0].outcomes]
    gains = {}
    for cell in results:
        if [m.question_id for m in cell.outcomes] != question_ids:
            raise StoreError(
                f"The exam around {cell.practised_category} asked other questions than the first.",
                "Remove the folder 'transfer' from the data folder, and start again.",
            )
        for category in categories:
            gains[cell.practised_category, category] = _count_gain(cell, category)
    return TransferMatrix(
        categories,
        gains,
        _estimate_off_diagonal_mean(results, categories),
        config,
        studentsim.__version__,
        sum(cell.seconds for cell in results),
    )


def load_bundled_matrices(path: Path | None = None) -> tuple[TransferMatrix, ...]:
    """The matrices that come with the product, none where there is no such file or it is damaged (then a line in the log)."""
    path = path or BUNDLED_MATRICES_PATH
    try:
        return tuple(
            TransferMatrix.from_json(payload) for payload in json.loads(path.read_text(encoding="utf-8"))["matrices"]
        )
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError, StoreError) as error:
        log.warning("the recorded transfer matrices in %s are left out: %r", path, error)
        return ()


def average_estimates(estimates: Sequence[GainEstimate]) -> GainEstimate:
    """The mean of independent estimates, its interval from theirs (MOVER: Zou and Donner 2008, Statistics in Medicine 27).

    >>> average_estimates([GainEstimate(10, 4, 16), GainEstimate(20, 12, 28)])
    Estimate(points=15.0, low=10.0, high=20.0)
    """
    n, mean = len(estimates), fmean(part.points for part in estimates)
    below = math.hypot(*(part.points - part.low for part in estimates)) / n
    above = math.hypot(*(part.high - part.points for part in estimates)) / n
    return GainEstimate(mean, mean - below, mean + above)


# ------------------------------------------------------------------ pieces


def _count_gain(result: CategoryResult, category: str) -> PairedGain:
    outcomes = [m for m in result.outcomes if m.category == category]
    if not outcomes:
        raise StoreError(f"The exam asks nothing in {category}.", "Ask for a longer exam, or leave the category out.")
    return PairedGain(
        len(outcomes),
        sum(m.was_correct_before and m.was_correct_after for m in outcomes),
        sum(m.was_correct_before and not m.was_correct_after for m in outcomes),
        sum(m.was_correct_after and not m.was_correct_before for m in outcomes),
    )


def _estimate_off_diagonal_mean(results: Sequence[CategoryResult], categories: Sequence[str]) -> GainEstimate:
    """The mean over categories of what the other rows did for each, over questions, each with its mean over those rows.

    As in Bonett and Price's interval, of which this is the one for several rows, each category gets two questions more for the
    interval, one that was won and one that was lost: so it is not empty where nothing moved.
    """
    means, centres, variances = [], [], []
    for category in categories:
        rows = [
            [m for m in cell.outcomes if m.category == category]
            for cell in results
            if cell.practised_category != category
        ]
        mean_changes = [fmean(int(m.after) - int(m.before) for m in same) for same in zip(*rows, strict=True)]
        adjusted = [*mean_changes, 1.0, -1.0]
        means.append(fmean(mean_changes))
        centres.append(fmean(adjusted))
        variances.append(pvariance(adjusted) / len(adjusted))
    half_width = Z95 * math.sqrt(sum(variances)) / len(categories)
    low, high = fmean(centres) - half_width, fmean(centres) + half_width
    return GainEstimate(100 * fmean(means), 100 * max(-1.0, low), 100 * min(1.0, high))


def _gain_counts_to_json(gain: PairedGain) -> dict[str, int]:
    """A gain's counts by name."""
    return {name: getattr(gain, name) for name in ("questions", "both", "only_before", "only_after")}


def _gain_from_json(payload: Mapping[str, Any]) -> PairedGain:
    counts = [int(payload[name]) for name in ("questions", "both", "only_before", "only_after")]
    if counts[0] < 1 or min(counts) < 0 or sum(counts[1:]) > counts[0]:
        raise ValueError(f"counts {counts}")
    return PairedGain(*counts)


def _build_gain_row(practised: str, examined: str, gain: PairedGain) -> dict[str, Any]:
    return {
        "practised": practised, "examined": examined, "questions": gain.questions, "before": gain.correct_before, "after": gain.correct_after,
        "only_before": gain.only_before, "only_after": gain.only_after, **_estimate_to_json(gain.estimate),
    }  # fmt: skip


def _estimate_to_json(estimate: GainEstimate) -> dict[str, float]:
    return {name: round(getattr(estimate, name), 2) for name in ("points", "low", "high")}
