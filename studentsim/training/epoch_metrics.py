"""P0's table of figures: what the optimiser steps of one pass over a turn's pairs told, taken together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

from studentsim.events import PreferenceMetrics
from studentsim.types import PairScore


@dataclass(frozen=True)
class EpochEnd:
    """A turn's epoch, but not its last, is over; ``scores`` of the held-out pairs, where they were looked at then."""

    scores: Sequence[PairScore] | None = None


@dataclass
class EpochMeans:
    """The means of an epoch's steps, weighted by the pairs of each: the last step of an epoch may have fewer."""

    pair_count: int
    """Pairs of the turn."""
    batch_size: int
    """Pairs of a full step."""
    epoch: int = 1
    """The epoch that is under way, from 1."""
    _steps: list[PreferenceMetrics] = field(default_factory=list)

    def add_step(self, step: PreferenceMetrics) -> None:
        """Take the next step's figures in."""
        self._steps.append(step)

    def finish_epoch(self) -> PreferenceMetrics:
        """The means of the epoch that is over; the next one begins."""
        weights = [max(1, min(self.batch_size, self.pair_count - k * self.batch_size)) for k in range(len(self._steps))]
        means = weighted_mean_metrics(self._steps, weights)
        self._steps, self.epoch = [], self.epoch + 1
        return means


def weighted_mean_metrics(metrics: Sequence[PreferenceMetrics], weights: Sequence[float]) -> PreferenceMetrics:
    """Each figure's weighted mean; None where one of them is not known. Rehearsal's is that of the steps which rehearsed."""
    total = sum(weights)

    def mean(name: str) -> float | None:
        values = [getattr(m, name) for m in metrics]
        if name == "rehearsal":
            present = [v for v in values if v is not None]
            return sum(present) / len(present) if present else None
        return None if None in values else sum(w * v for w, v in zip(weights, values, strict=True)) / total

    return PreferenceMetrics(**{f.name: mean(f.name) for f in fields(PreferenceMetrics)})  # type: ignore[arg-type]
