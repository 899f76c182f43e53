"""A run as the table that the source paper (P0) prints. No streamlit here.

For each turn its practice and DPO's metrics, after each exam its mistakes by category and the next mix, P0's "Ratio".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from studentsim.analysis.mix_table import MixRow
from studentsim.config import RunConfig

DPO_METRICS = (
    "rewards_chosen", "rewards_rejected", "rewards_accuracies", "rewards_margins", "logps_chosen", "logps_rejected",
    "logits_chosen", "logits_rejected",
)  # fmt: skip
COLUMN_TITLES: Mapping[str, str] = {
    "turn": "lesson", "epoch": "pass", "correct": "practice: right", "questions": "practice: questions",
    "exam_correct": "exam: right", "exam_questions": "exam: questions", "wrong": "exam: wrong by category", "ratio": "next mix (Ratio)",
    "training_loss": "training loss", "loss": "validation loss",
    **{name: name.replace("_", "/") for name in DPO_METRICS},
    "accuracy": "practice: share right", "ci_low": "practice: 95 % from", "ci_high": "practice: 95 % to",
    "exam_accuracy": "exam: share right", "exam_low": "exam: 95 % from", "exam_high": "exam: 95 % to",
}  # fmt: skip
"""Column -> heading. Rewards, logps and logits are those of the held-out pairs."""
_RESULT_COLUMNS = ("correct", "questions", "accuracy", "ci_low", "ci_high")


def paper_table_frame(
    turns: pd.DataFrame,
    exams: pd.DataFrame,
    mistakes: Sequence[MixRow],
    steps: pd.DataFrame,
    validations: pd.DataFrame,
    epochs: pd.DataFrame,
) -> pd.DataFrame:
    """A row for each turn, or for each epoch where the run recorded epochs; turn 0 is the exam before any practice.

    ``turns`` are of ``practice_accuracy.with_practice_accuracy``, ``mistakes`` of ``practice_mix.build_exam_mix_rows``, the other
    frames of ``queries``. Columns: ``turn``, and those of ``COLUMN_TITLES`` that are not empty.
    """
    trained_turns = {int(turn) for frame in (turns, steps, epochs) for turn in frame.turn}
    exam_by_turn = {int(row["turn"]): row for row in exams.to_dict("records")}
    practice_by_turn = {int(row["turn"]): row for row in turns.to_dict("records")}
    rows = []
    for turn in sorted(trained_turns | set(exam_by_turn)):
        turn_rows = _training_rows(turn, steps, validations, epochs) or [{}]
        if turn in practice_by_turn:
            turn_rows[-1] |= {name: practice_by_turn[turn][name] for name in _RESULT_COLUMNS}
        if turn in exam_by_turn:
            turn_rows[-1] |= _exam_columns(exam_by_turn[turn], mistakes)
        rows += [{"turn": turn, **row} for row in turn_rows]
    frame = pd.DataFrame(rows, columns=list(COLUMN_TITLES))
    return frame[[name for name in COLUMN_TITLES if name == "turn" or frame[name].notna().any()]]


def _training_rows(
    turn: int, steps: pd.DataFrame, validations: pd.DataFrame, epochs: pd.DataFrame
) -> list[dict[str, Any]]:
    """DPO's metrics of a turn, a row an epoch; one row in runs that did not record epochs; none without training."""
    epoch_rows = epochs[epochs.turn == turn].to_dict("records")
    has_several = any(row["epochs"] > 1 for row in epoch_rows)
    if epoch_rows:
        return [
            {
                **({"epoch": f"{row['epoch']} of {row['epochs']}"} if has_several else {}),
                "training_loss": row["training_loss"],
                **{name: row[f"validation_{name}"] for name in ("loss", *DPO_METRICS)},
            }
            for row in epoch_rows
        ]
    turn_steps, turn_validations = steps[steps.turn == turn], validations[validations.turn == turn].to_dict("records")
    row = {"training_loss": turn_steps.loss.mean()} if len(turn_steps) else {}
    if turn_validations:
        row |= {name: turn_validations[-1].get(name) for name in ("loss", *DPO_METRICS)}
    return [row] if row else []


def _exam_columns(exam: Mapping[str, Any], mistakes: Sequence[MixRow]) -> dict[str, Any]:
    by_category = [row for row in mistakes if row["turn"] == exam["turn"]]
    return {f"exam_{name}": exam[name] for name in _RESULT_COLUMNS} | {
        "wrong": ", ".join(str(row["wrong"]) for row in by_category),
        "ratio": ", ".join(str(row["next_mix"]) for row in by_category),
    }


def paper_table_note(config: RunConfig, mistakes: Sequence[MixRow]) -> str:
    """A note on the order of the categories, and on whether the next mix is the one that was practised."""
    order = ", ".join(dict.fromkeys(str(row["category"]) for row in mistakes))
    ratio = (
        "the mix that the mistakes ask for, which the lessons follow"
        if config.follows_mistakes
        else "the mix that the mistakes would ask for: this way of choosing does not follow it"
    )
    return (
        f"Categories in this order: {order}. “Next mix” is {ratio}. Rewards, logps and logits are those of the held-out pairs; the "
        "training loss is the mean of the lesson's steps."
    )
