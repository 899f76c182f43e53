"""The report's appendix: a training's figures lesson by lesson, in the form in which the source paper (P0) prints them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from studentsim.config import RunConfig
from studentsim.ui.report.text import escape, paragraph, table

HEADS = {
    "rewards_chosen": "rewards/ chosen", "rewards_rejected": "rewards/ rejected", "rewards_accuracies": "rewards/ accuracies",
    "rewards_margins": "rewards/ margins", "logps_chosen": "logps/ chosen", "logps_rejected": "logps/ rejected",
    "logits_chosen": "logits/ chosen", "logits_rejected": "logits/ rejected",
}  # fmt: skip
"""TRL's names of the figures; the blank lets a narrow column break."""
ROWS = 200
"""Rows of the table; a longer run's first ones are left out."""
NOTE = (
    "Training loss is the mean of the optimiser steps of a pass over the lesson's pairs. Rewards are beta times the log-ratio to the "
    "reference, accuracies the share of pairs whose chosen answer has the larger one; logps are summed natural log-probabilities, "
    "logits means over the vocabulary."
)


def section(config: RunConfig, epochs: pd.DataFrame, trained: Sequence[int]) -> str:
    """The appendix. ``epochs`` is ``queries.epochs``, ``trained`` the complete lessons in which
    something was learnt. Blank before the first."""
    missing = sorted(set(map(int, trained)) - set(map(int, epochs.turn)))
    if epochs.empty:
        if config.strategy == "none":
            return _section(paragraph("The student of this run is never trained.", "note"))
        return _section(paragraph(_missing(missing), "note")) if missing else ""
    seen = epochs.validation_loss.notna()
    source = "validation" if seen.any() else "training"
    shown, several = epochs.tail(ROWS), bool((epochs.epochs > 1).any())
    rows: list[list[object]] = [
        [
            row["turn"],
            *([f"{row['epoch']} of {row['epochs']}"] if several else []),
            _number(row["training_loss"], 4),
            _number(row["validation_loss"], 4),
            *(_number(row[f"{source}_{name}"], 1 if name.startswith("logps") else 3) for name in HEADS),
        ]
        for row in shown.to_dict("records")
    ]
    caption = "Figures of the held-out pairs, which are never trained on, after each pass"
    if source == "training":
        caption = "No held-out pairs were looked at: all figures are means of the training steps"
    elif not seen.all():
        caption += "; a dash: nobody looked at them then"
    if len(shown) < len(epochs):
        caption += f". The last {len(shown)} rows of {len(epochs)}"
    heads = ["lesson", *(["pass"] if several else []), "training loss", "validation loss", *HEADS.values()]
    numbers = table(heads, rows, caption=caption, numbers=frozenset(range(1, len(heads))))
    unknown = paragraph(_missing(missing), "note") if missing else ""
    return _section(
        paragraph(NOTE, "note"),
        unknown,
        f'<div class="figures" tabindex="0" role="region" aria-label="Figures">{numbers}</div>',
    )


def _missing(lessons: Sequence[int]) -> str:
    """Lessons were taught, but by a version that did not record these figures."""
    which = f"lesson {lessons[0]}" if len(lessons) == 1 else f"lessons {lessons[0]} to {lessons[-1]}"
    return f"Not recorded by this run for {which}: versions before 0.2 did not keep these figures."


def _number(value: object, digits: int) -> str:
    return "–" if value is None or pd.isna(value) else f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def _section(*inside: str) -> str:
    title = "The training's figures, lesson by lesson"
    return f"<section>\n<h2>{escape(title)}</h2>\n{''.join(inside)}\n</section>"
