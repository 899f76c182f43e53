"""What training needs of a student to score preference pairs. No torch here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from studentsim.types import Pair, PairScore

TokenizedPair = dict[str, list[int]]
"""A pair's token ids, ``prompt_ids``, ``chosen_ids`` and ``rejected_ids``, and masks, ``chosen_mask`` and ``rejected_mask``.

A mask is 1 for each token that the student chose, 0 for each that the calculator forced: these count in no log-probability.
"""

PairLogps = Sequence[tuple[float, float]]
"""Of each pair the summed natural log-probabilities (at most 0) of chosen and rejected."""


class PairScorer(Protocol):
    """Tokenises preference pairs and computes their log-probabilities."""

    def pair_ids(self, pair: Pair) -> TokenizedPair:
        """A pair's token ids and masks."""
        ...

    def pair_logps(self, rows: Sequence[TokenizedPair], *, base: bool = False) -> list[tuple[float, float]]:
        """Log-probabilities of chosen and rejected, by the current student or, with ``base``, by the untrained one."""
        ...

    def pair_scores(self, rows: Sequence[TokenizedPair]) -> list[PairScore]:
        """Log-probabilities of chosen and rejected by the current student, and their mean logits."""
        ...
