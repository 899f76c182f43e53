"""The transfer matrix: a row for each category practised, a column for each category examined. No torch, no pandas.

Both exams of a run ask the same questions with the same random seeds, so each gain is a difference of paired proportions. Its
95 % interval is the adjusted Wald interval (Bonett and Price 2012): ``studentsim.exam.paired_difference_interval``. Categories
share no question, so the interval of a row's mean follows from its gains' intervals (MOVER, Zou and Donner 2008). Rows share
their questions and their first exam, so the interval of the off-diagonal mean is computed over questions
(``_estimate_off_diagonal_mean``).
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from statistics import fmean, pvariance
from typing import Any

import studentsim
from studentsim.errors import StoreError
from studentsim.exam import Z95, paired_difference_interval
from studentsim.legacy_names import upgrade_settings

BUNDLED_MATRICES_PATH = Path(studentsim.__file__).parent / "recorded" / "transfer.json"
"""The matrices that come with the product, if the file exists."""
FORMAT_VERSION = 1
"""Version of the JSON's format."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PairedOutcome:
    """Whether one exam question was answered correctly before and after the practice."""

    question_id: str
    category: str
    was_correct_before: bool
    was_correct_after: bool


@dataclass(frozen=True)
class CategoryResult:
    """The outcome of practising one category alone: both answers to every exam question, and the seconds that it took."""

    practised_category: str
    outcomes: tuple[PairedOutcome, ...]
    seconds: float


@dataclass(frozen=True)
class GainEstimate:
    """A gain with its 95 % interval, in percentage points (-100 to 100)."""

    points: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class PairedGain:
    """One entry: of ``questions`` in the category examined, how many were correct in both exams, and in only one of them."""

    questions: int
    both: int
    only_before: int
    only_after: int

    @property
    def correct_before(self) -> int:
        """Correct answers in the exam before any practice."""
        return self.both + self.only_before

    @property
    def correct_after(self) -> int:
        """Correct answers in the exam after the last turn."""
        return self.both + self.only_after

    @cached_property
    def estimate(self) -> GainEstimate:
        """The gain, with its interval for paired proportions."""
        low, high = paired_difference_interval(self.only_after, self.only_before, self.questions)
        return GainEstimate(100 * (self.only_after - self.only_before) / self.questions, 100 * low, 100 * high)


@dataclass(frozen=True)
class TransferMatrix:
    """All gains by (practised, examined); ``config`` is the runs' RunConfig as JSON, without their mixes."""

    categories: tuple[str, ...]
    gains: Mapping[tuple[str, str], PairedGain]
    off_diagonal_mean: GainEstimate
    """The mean of all gains off the diagonal."""
    config: Mapping[str, Any]
    software_version: str
    seconds: float = 0.0

    def has_same_settings(self, other: TransferMatrix, *ignoring: str) -> bool:
        """Whether both have the same categories and settings, except names, weights and the settings in ``ignoring``."""
        ignored = {*ignoring, "name", "weights"}
        settings, others = ({k: v for k, v in m.config.items() if k not in ignored} for m in (self, other))
        return self.categories == other.categories and settings == others

    def own_gain(self, practised: str) -> GainEstimate:
        """What practising a category did for the category itself."""
        return self.gains[practised, practised].estimate

    def mean_gain_of_others(self, practised: str) -> GainEstimate:
        """What practising a category did for the others on average."""
        return average_estimates([self.gains[practised, c].estimate for c in self.categories if c != practised])

    @cached_property
    def diagonal_mean(self) -> GainEstimate:
        """The mean of the gains on the diagonal: of categories that were themselves practised."""
        return average_estimates([self.own_gain(category) for category in self.categories])

    @cached_property
    def largest_off_diagonal_pair(self) -> tuple[str, str]:
        """The categories (practised, examined) of the largest gain off the diagonal."""
        off_diagonal_pairs = [key for key in self.gains if key[0] != key[1]]
        return max(off_diagonal_pairs, key=lambda key: self.gains[key].estimate.points)

    def to_rows(self) -> list[dict[str, Any]]:
        """A row for each entry: ``practised, examined, questions, before, after, only_before, only_after, points, low, high``."""
        return [_build_gain_row(p, e, self.gains[p, e]) for p in self.categories for e in self.categories]

    def to_json(self) -> dict[str, Any]:
        """The matrix as JSON; means, points and intervals are for readers: ``from_json`` computes all but ``others`` from the counts."""
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
                        examined: {**asdict(gain), **_estimate_to_json(gain.estimate)}
                        for examined in self.categories
                        for gain in [self.gains[practised, examined]]
                    },
                }
                for practised in self.categories
            ],
        }

    @classmethod
    def from_json(cls, payload: Mapping[str, Any]) -> TransferMatrix:
        """The matrix of a ``to_json``.

        :raises StoreError: the payload is no matrix, or of another format version.
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
                upgrade_settings(payload["config"]),
                str(payload["software"]),
                float(payload["seconds"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreError(
                f"This is no transfer matrix ({error}).", "Make it anew: python -m studentsim transfer."
            ) from error


def build_transfer_matrix(results: Sequence[CategoryResult], *, config: Mapping[str, Any]) -> TransferMatrix:
    """The matrix of two or more finished results, one for each category, in their order.

    :raises StoreError: an exam asked no question of one of the categories, or other questions than the first exam.
    """
    categories = tuple(result.practised_category for result in results)
    question_ids = [outcome.question_id for outcome in results[0].outcomes]
    gains = {}
    for result in results:
        if [outcome.question_id for outcome in result.outcomes] != question_ids:
            raise StoreError(
                f"The exam around {result.practised_category} asked other questions than the first.",
                "Remove the folder 'transfer' from the data folder, and start again.",
            )
        for category in categories:
            gains[result.practised_category, category] = _count_gain(result, category)
    return TransferMatrix(
        categories,
        gains,
        _estimate_off_diagonal_mean(results, categories),
        config,
        studentsim.__version__,
        sum(result.seconds for result in results),
    )


def load_bundled_matrices(path: Path | None = None) -> tuple[TransferMatrix, ...]:
    """The matrices that come with the product; none if the file is missing or damaged (then logged)."""
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
    GainEstimate(points=15.0, low=10.0, high=20.0)
    """
    n, mean = len(estimates), fmean(e.points for e in estimates)
    below = math.hypot(*(e.points - e.ci_low for e in estimates)) / n
    above = math.hypot(*(e.ci_high - e.points for e in estimates)) / n
    return GainEstimate(mean, mean - below, mean + above)


# ------------------------------------------------------------------ helpers


def _count_gain(result: CategoryResult, category: str) -> PairedGain:
    outcomes = [outcome for outcome in result.outcomes if outcome.category == category]
    if not outcomes:
        raise StoreError(f"The exam asks nothing in {category}.", "Ask for a longer exam, or leave the category out.")
    return PairedGain(
        len(outcomes),
        both=sum(o.was_correct_before and o.was_correct_after for o in outcomes),
        only_before=sum(o.was_correct_before and not o.was_correct_after for o in outcomes),
        only_after=sum(o.was_correct_after and not o.was_correct_before for o in outcomes),
    )


def _estimate_off_diagonal_mean(results: Sequence[CategoryResult], categories: Sequence[str]) -> GainEstimate:
    """The mean over categories, then questions, of the mean change by practising each of the other categories.

    As in Bonett and Price's interval, which this extends to several rows, the interval counts two more questions for each
    category, one gained and one lost, so that it is not empty if nothing changed.
    """
    means, centres, variances = [], [], []
    for category in categories:
        rows = [
            [int(o.was_correct_after) - int(o.was_correct_before) for o in result.outcomes if o.category == category]
            for result in results
            if result.practised_category != category
        ]
        mean_changes = [fmean(changes) for changes in zip(*rows, strict=True)]
        adjusted = [*mean_changes, 1.0, -1.0]
        means.append(fmean(mean_changes))
        centres.append(fmean(adjusted))
        variances.append(pvariance(adjusted) / len(adjusted))
    half_width = Z95 * math.sqrt(sum(variances)) / len(categories)
    low, high = fmean(centres) - half_width, fmean(centres) + half_width
    return GainEstimate(100 * fmean(means), 100 * max(-1.0, low), 100 * min(1.0, high))


def _gain_from_json(payload: Mapping[str, Any]) -> PairedGain:
    counts = [int(payload[field.name]) for field in fields(PairedGain)]
    if counts[0] < 1 or min(counts) < 0 or sum(counts[1:]) > counts[0]:
        raise ValueError(f"counts {counts}")
    return PairedGain(*counts)


def _build_gain_row(practised: str, examined: str, gain: PairedGain) -> dict[str, Any]:
    return {
        "practised": practised, "examined": examined, "questions": gain.questions, "before": gain.correct_before,
        "after": gain.correct_after, "only_before": gain.only_before, "only_after": gain.only_after, **_estimate_to_json(gain.estimate),
    }  # fmt: skip


def _estimate_to_json(estimate: GainEstimate) -> dict[str, float]:
    return {"points": round(estimate.points, 2), "low": round(estimate.ci_low, 2), "high": round(estimate.ci_high, 2)}
