"""An epoch's metrics, as in P0's table: the means of its optimiser steps'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

from studentsim.events import PreferenceMetrics
from studentsim.types import PairScore


@dataclass(frozen=True)
class EpochEnd:
    """An epoch that is not the turn's last has ended; ``scores``: the held-out pairs' scores at its end, if computed."""

    scores: Sequence[PairScore] | None = None


@dataclass
class EpochMeans:
    """Means of an epoch's steps, weighted by their pairs: the last step of an epoch may have fewer."""

    pair_count: int
    """Pairs of the turn."""
    batch_size: int
    """Pairs of a full step."""
    epoch: int = 1
    """The current epoch, from 1."""
    _steps: list[PreferenceMetrics] = field(default_factory=list)

    def add_step(self, step: PreferenceMetrics) -> None:
        """Add the next step's metrics."""
        self._steps.append(step)

    def finish_epoch(self) -> PreferenceMetrics:
        """The current epoch's means; the next epoch begins."""
        weights = [max(1, min(self.batch_size, self.pair_count - k * self.batch_size)) for k in range(len(self._steps))]
        means = weighted_mean_metrics(self._steps, weights)
        self._steps, self.epoch = [], self.epoch + 1
        return means


def weighted_mean_metrics(metrics: Sequence[PreferenceMetrics], weights: Sequence[float]) -> PreferenceMetrics:
    """Each metric's weighted mean; None where a value is None. ``rehearsal``: the plain mean of the steps that have it."""
    total = sum(weights)

    def mean(name: str) -> float | None:
        values = [getattr(m, name) for m in metrics]
        if name == "rehearsal":
            present = [v for v in values if v is not None]
            return sum(present) / len(present) if present else None
        return None if None in values else sum(w * v for w, v in zip(weights, values, strict=True)) / total

    return PreferenceMetrics(**{f.name: mean(f.name) for f in fields(PreferenceMetrics)})  # type: ignore[arg-type]
