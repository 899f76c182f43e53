"""A grader's stored evaluation, as ``python -m studentsim evaluate-grader`` or ``train-grader`` wrote it.

``check.json`` lies beside a grader's weights. ``written`` and each kind of ``hard`` case count ``right_right, right_wrong,
wrong_right, wrong_wrong`` (the key's grade first, then the grader's) and ``naive``, how often exact comparison of the texts
agreed with the key. ``replies`` counts the same by kind of reply, on all answers held out from the grader's fine-tuning.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

import studentsim
from studentsim.analysis.accuracy_bounds import add_wilson_bounds
from studentsim.errors import ConfigError
from studentsim.files import read_regular_file
from studentsim.grader.reply_kinds import ReplyKind
from studentsim.student.huggingface import resolve

EMBEDDED_GRADER = "embedded"
"""The shipped grader's name."""
EMBEDDED_WEIGHTS_DIR = Path(studentsim.__file__).parent / "grader" / "weights"
TRAIN_GRADER_COMMAND = "python -m studentsim train-grader --base google/flan-t5-large --answers RUN --out FOLDER"
"""Command that fine-tunes another grader on the answers of a run's student."""
WEIGHTS_FILE, EVALUATION_FILE = "model.safetensors", "check.json"
CONFUSION_CELLS = ("right_right", "right_wrong", "wrong_right", "wrong_wrong")
AS_WRITTEN = "as written"
MAX_ANSWERS = 10**9
"""Larger counts in a file are refused."""
MAX_EVALUATION_BYTES = 2**20
"""Bytes of the file that are read; a longer one is cut off there, and so is no JSON."""
_DAMAGED_FILE_ERRORS = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError)


@dataclass(frozen=True)
class GraderEvaluation:
    """A grader's agreement with the key."""

    case_counts: pd.DataFrame
    """A row a kind of case, ``AS_WRITTEN`` first: ``kind, answers, agreed``, ``CONFUSION_CELLS``, ``naive, share, ci_low, ci_high``."""
    weights_fingerprint: str = ""
    """The evaluated weights (``resolve.compute_fingerprint``); blank: not recorded, as for the shipped grader."""
    reply_kind_counts: pd.DataFrame | None = None
    """A row a kind of reply, with the columns of ``case_counts``; None where they were not counted."""

    @property
    def written_answers(self) -> pd.Series:
        """The row of answers as students wrote them."""
        return self.case_counts.iloc[0]

    @property
    def hard_cases(self) -> pd.Series:
        """The sums over all hard cases."""
        sums = self.case_counts.iloc[1:][[*CONFUSION_CELLS, "naive", "answers", "agreed"]].sum().to_frame().T
        return add_wilson_bounds(sums, "agreed", "answers").iloc[0]

    @property
    def has_hard_cases(self) -> bool:
        """Whether hard cases were evaluated."""
        return len(self.case_counts) > 1


def is_grader_installed(weights_dir: Path = EMBEDDED_WEIGHTS_DIR) -> bool:
    """Whether the embedded grader is installed."""
    return (weights_dir / WEIGHTS_FILE).is_file()


def load_evaluation(weights_dir: Path = EMBEDDED_WEIGHTS_DIR) -> GraderEvaluation | None:
    """The stored evaluation; None where there is none, it cannot be read, or it is of other weights."""
    return parse_evaluation(read_stored_evaluation(weights_dir))


def read_stored_evaluation(weights_dir: Path) -> dict[str, Any] | None:
    """The content of the evaluation's file, its known fields; None as in ``load_evaluation``."""
    try:
        stored = json.loads(read_regular_file(weights_dir / EVALUATION_FILE, max_bytes=MAX_EVALUATION_BYTES))
        fields = {name: stored[name] for name in ("written", "hard", "replies", "weights") if stored.get(name)}
        fingerprint = fields.get("weights")
        if fingerprint and fingerprint != resolve.compute_fingerprint(weights_dir, resolve.WEIGHT_SUFFIXES):
            return None  # the weights were replaced since
        return fields if parse_evaluation(fields) else None
    except (*_DAMAGED_FILE_ERRORS, OSError, ConfigError):
        return None


def parse_evaluation(stored: dict[str, Any] | None) -> GraderEvaluation | None:
    """The evaluation that ``read_stored_evaluation`` found; None where it found none, or its counts are none."""
    try:
        return stored and _parse_evaluation(stored)
    except _DAMAGED_FILE_ERRORS:
        return None


def _parse_evaluation(stored: dict[str, Any]) -> GraderEvaluation:
    rows = [
        _confusion_row(AS_WRITTEN, stored["written"]),
        *(_confusion_row(kind, counts) for kind, counts in stored.get("hard", {}).items()),
    ]
    frame = pd.DataFrame([row for row in rows if row["answers"]])
    if not stored["written"] or not rows[0]["answers"]:
        raise ValueError("no answers were checked")
    return GraderEvaluation(
        add_wilson_bounds(frame, "agreed", "answers"),
        str(stored.get("weights", "")),
        _reply_kind_counts(stored.get("replies") or {}),
    )


def _reply_kind_counts(stored: dict[str, Any]) -> pd.DataFrame | None:
    rows = [_confusion_row(kind.title, stored[kind]) for kind in ReplyKind if kind in stored]
    frame = pd.DataFrame([row for row in rows if row["answers"]])
    return None if frame.empty else add_wilson_bounds(frame, "agreed", "answers")


def _confusion_row(kind: str, counts: dict[str, Any]) -> dict[str, Any]:
    cells = {name: int(counts[name]) for name in CONFUSION_CELLS}
    if min(cells.values()) < 0 or max(cells.values()) > MAX_ANSWERS:
        raise ValueError(f"{cells} are no counts")
    return {
        "kind": str(kind),
        "answers": sum(cells.values()),
        "agreed": cells["right_right"] + cells["wrong_wrong"],
        **cells,
        "naive": int(counts.get("naive", 0)),
    }
