"""How good a marker is, as ``python -m studentsim check-teacher`` or ``train-teacher`` found.

``check.json`` lies beside a marker's weights: ``written`` and each kind of ``hard`` case count ``right_right, right_wrong,
wrong_right, wrong_wrong`` (what the key says first, then the marker), and ``naive``: how often comparing texts letter for
letter agreed with the key. ``replies`` counts so by kind of reply, on all answers held out from a marker's fine-tuning.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

import studentsim
from studentsim.analysis.reply_kinds import ReplyKind
from studentsim.errors import ConfigError
from studentsim.student.hub import source
from studentsim.ui.teaching.tries import bounded

EMBEDDED = "embedded"
"""The shipped marker's name."""
WEIGHTS = Path(studentsim.__file__).parent / "teacher" / "weights"
MAKE = "python -m studentsim train-teacher --base google/flan-t5-large --answers RUN --out FOLDER"
"""Makes another marker of the answers of a run's student."""
MODEL, FIGURES = "model.safetensors", "check.json"
CELLS = ("right_right", "right_wrong", "wrong_right", "wrong_wrong")
WRITTEN = "as written"
MOST = 10**9
"""Answers that may have been counted."""


@dataclass(frozen=True)
class Check:
    """``cases`` has a row a kind, answers as they were written first: ``kind, answers, agreed, share, low, high``, ``CELLS``, ``naive``."""

    cases: pd.DataFrame
    weights: str = ""
    """Which weights were checked (``source.fingerprint``); blank: not told, as of the shipped marker."""
    replies: pd.DataFrame | None = None
    """A row a kind of reply, as ``cases``; None where they were not counted."""

    @property
    def written(self) -> pd.Series:
        """Answers as students wrote them."""
        return self.cases.iloc[0]

    @property
    def hard(self) -> pd.Series:
        """All hard cases together."""
        sums = self.cases.iloc[1:][[*CELLS, "naive", "answers", "agreed"]].sum().to_frame().T
        return bounded(sums, "agreed", "answers").iloc[0]

    @property
    def has_hard(self) -> bool:
        """Whether hard cases were checked."""
        return len(self.cases) > 1


def is_here(weights: Path = WEIGHTS) -> bool:
    """Whether the embedded marker is installed."""
    return (weights / MODEL).is_file()


def known(weights: Path = WEIGHTS) -> Check | None:
    """What the check found; None where there are no figures, none that can be read, or only those of other weights."""
    file = weights / FIGURES
    try:
        found = _read(file, file.stat().st_mtime_ns)
        if found.weights and found.weights != source.fingerprint(weights, source.WEIGHTS):
            return None  # other weights were put there since
        return found
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError, ConfigError):
        return None


@lru_cache(maxsize=2)
def _read(file: Path, changed: int) -> Check:
    told = json.loads(file.read_text(encoding="utf-8"))
    rows = [_row(WRITTEN, told["written"]), *(_row(kind, counts) for kind, counts in told.get("hard", {}).items())]
    frame = pd.DataFrame([row for row in rows if row["answers"]])
    if not told["written"] or not rows[0]["answers"]:
        raise ValueError("no answers were checked")
    return Check(bounded(frame, "agreed", "answers"), str(told.get("weights", "")), _replies(told.get("replies") or {}))


def _replies(told: dict[str, Any]) -> pd.DataFrame | None:
    rows = [_row(kind.title, told[kind]) for kind in ReplyKind if kind in told]
    frame = pd.DataFrame([row for row in rows if row["answers"]])
    return None if frame.empty else bounded(frame, "agreed", "answers")


def _row(kind: str, counts: dict[str, Any]) -> dict[str, Any]:
    cells = {name: int(counts[name]) for name in CELLS}
    if min(cells.values()) < 0 or max(cells.values()) > MOST:
        raise ValueError(f"{cells} are no counts")
    return {
        "kind": str(kind), "answers": sum(cells.values()), "agreed": cells["right_right"] + cells["wrong_wrong"], **cells,
        "naive": int(counts.get("naive", 0)),
    }  # fmt: skip
