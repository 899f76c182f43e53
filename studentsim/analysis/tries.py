"""Further attempts after feedback, and challenged answers, of runs as frames.

Shares and their 95 % bounds (Wilson) are fractions 0 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from studentsim.analysis.accuracy_bounds import add_wilson_bounds
from studentsim.labels.teacher_settings import FEEDBACK_CONTENT_LABELS
from studentsim.store import queries
from studentsim.store.database import Database


@dataclass(frozen=True)
class RetryResults:
    """Attempts after feedback in one or more runs; the frames are those of ``store/queries/teaching.py``."""

    revisions: pd.DataFrame
    challenges: pd.DataFrame
    retention: pd.DataFrame

    @property
    def has_retries(self) -> bool:
        """Whether any question was tried again."""
        return bool(len(self.revisions) or len(self.challenges))

    @property
    def tried(self) -> int:
        """Questions wrong at the first attempt and tried again."""
        return int(self.revisions.tried.sum())

    @property
    def corrected(self) -> int:
        """Those of them that were right at the last attempt."""
        return int(self.revisions.mended.sum())

    @property
    def challenged(self) -> int:
        """Right answers that were graded wrong, on purpose or in error, and tried again."""
        return int(self.challenges.challenged.sum())

    @property
    def gave_way(self) -> int:
        """Those of them that were wrong at the last attempt: the student gave way."""
        return int(self.challenges.flipped.sum())


def query_retry_results(database: Database, run_ids: Sequence[str]) -> RetryResults:
    """The results of these runs; frames are empty where no question was tried again."""
    ids = list(run_ids)
    return RetryResults(
        queries.fetch_revisions(database, ids),
        queries.fetch_challenges(database, ids),
        queries.fetch_retention(database, ids),
    )


def success_rates_by(
    frame: pd.DataFrame, by: str, *, count_column: str = "mended", total_column: str = "tried"
) -> pd.DataFrame:
    """``by, tried, mended, share, ci_low, ci_high`` (or ``total_column``, ``count_column``), most tried first; missing values are ""."""
    sums = frame.assign(**{by: frame[by].astype(object).where(frame[by].notna(), "")})
    sums = sums.groupby(by, as_index=False)[[total_column, count_column]].sum()
    return add_wilson_bounds(
        sums.sort_values([total_column, by], ascending=[False, True], kind="stable", ignore_index=True),
        count_column,
        total_column,
    )


def retry_rates_by_lesson(tries: RetryResults) -> pd.DataFrame:
    """``turn, tried, mended, share, ci_low, ci_high``, by turn."""
    return success_rates_by(tries.revisions, "turn").sort_values("turn", ignore_index=True)


def retry_rates_by_feedback(frame: pd.DataFrame) -> pd.DataFrame:
    """``revisions`` by the level of the first feedback, from least to most, with its label as the column ``said``."""
    rates = success_rates_by(frame, "feedback_level")
    order = {level: i for i, level in enumerate(FEEDBACK_CONTENT_LABELS)}
    rates = rates.sort_values("feedback_level", key=lambda s: s.map(order), ignore_index=True)
    return rates.assign(said=rates.feedback_level.map(FEEDBACK_CONTENT_LABELS).fillna(rates.feedback_level))


def correction_and_giving_way_frame(tries: RetryResults) -> pd.DataFrame:
    """``what, count, of, share, ci_low, ci_high``: corrections after a true "wrong", and giving way to a false one, where any."""
    rows = [("mended", tries.corrected, tries.tried), ("gave way", tries.gave_way, tries.challenged)]
    return add_wilson_bounds(pd.DataFrame([r for r in rows if r[2]], columns=["what", "count", "of"]), "count", "of")
