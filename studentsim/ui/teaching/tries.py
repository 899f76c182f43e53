"""Marks, second tries and doubts of runs as frames; shares and their 95 % bounds (Wilson) are fractions 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from studentsim.exam import wilson
from studentsim.store import queries
from studentsim.store.database import Database
from studentsim.ui.charts.heatmap import FEW
from studentsim.ui.teaching.names import SAID

__all__ = ["FEW", "Tries", "beside", "bounded", "by_lesson", "by_said", "gather", "rates"]


@dataclass(frozen=True)
class Tries:
    """What the teachers of one or more runs did; frames are those of ``store/queries/teaching.py``."""

    revisions: pd.DataFrame
    doubts: pd.DataFrame
    lasting: pd.DataFrame

    @property
    def any(self) -> bool:
        """Whether anybody tried anything again."""
        return bool(len(self.revisions) or len(self.doubts))

    @property
    def tried(self) -> int:
        """Questions got wrong at first and tried again."""
        return int(self.revisions.tried.sum())

    @property
    def mended(self) -> int:
        """Those of them that were right in the end."""
        return int(self.revisions.mended.sum())

    @property
    def doubted(self) -> int:
        """Right answers that were called wrong, on purpose or in error, and tried again."""
        return int(self.doubts.doubted.sum())

    @property
    def flipped(self) -> int:
        """Those of them that were wrong in the end: the student gave way."""
        return int(self.doubts.flipped.sum())

    def within(self, category: str, skill: str) -> pd.DataFrame:
        """``revisions`` of one category, or of one skill; blank: all."""
        frame = self.revisions
        if skill:
            return frame[frame.skill == skill]
        return frame[frame.category == category] if category else frame


def gather(database: Database, run_ids: Sequence[str]) -> Tries:
    """What there is of these runs; empty frames for runs in which nobody tried again."""
    ids = list(run_ids)
    return Tries(queries.revisions(database, ids), queries.doubts(database, ids), queries.lasting(database, ids))


def rates(frame: pd.DataFrame, by: str, *, count: str = "mended", of: str = "tried") -> pd.DataFrame:
    """``by, tried, mended, share, low, high`` (or as ``count`` and ``of`` name them), most tried first. A missing value is ""."""
    told = frame.assign(**{by: frame[by].astype(object).where(frame[by].notna(), "")})
    told = told.groupby(by, as_index=False)[[of, count]].sum()
    return bounded(told.sort_values([of, by], ascending=[False, True], kind="stable", ignore_index=True), count, of)


def bounded(frame: pd.DataFrame, count: str, of: str) -> pd.DataFrame:
    """The frame with ``share, low, high`` of ``count`` in ``of``."""
    bounds = [wilson(int(k), int(n)) for k, n in zip(frame[count], frame[of], strict=True)]
    return frame.assign(
        share=frame[count] / frame[of], low=[low for low, _ in bounds], high=[high for _, high in bounds]
    )


def by_lesson(tries: Tries) -> pd.DataFrame:
    """``turn, tried, mended, share, low, high``, by lesson."""
    return rates(tries.revisions, "turn").sort_values("turn", ignore_index=True)


def by_said(frame: pd.DataFrame) -> pd.DataFrame:
    """``revisions`` by what the teacher's first words held, from less to more, with its name ``said``."""
    found = rates(frame, "feedback_level")
    order = {level: i for i, level in enumerate(SAID)}
    found = found.sort_values("feedback_level", key=lambda s: s.map(order), ignore_index=True)
    return found.assign(said=found.feedback_level.map(SAID).fillna(found.feedback_level))


def beside(tries: Tries) -> pd.DataFrame:
    """``what, count, of, share, low, high``: mending after a true "wrong", and giving way to a false one; those there are."""
    rows = [("mended", tries.mended, tries.tried), ("gave way", tries.flipped, tries.doubted)]
    return bounded(pd.DataFrame([r for r in rows if r[2]], columns=["what", "count", "of"]), "count", "of")
