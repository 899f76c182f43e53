"""The report's table of training figures turn by turn, in the form of the source paper (P0)."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from studentsim.config import RunConfig
from studentsim.reporting.html_text import paragraph_html, section_html, table_html

SECTION_TITLE = "The training's figures, lesson by lesson"
FIGURE_LABELS = {
    "rewards_chosen": "rewards/ chosen", "rewards_rejected": "rewards/ rejected", "rewards_accuracies": "rewards/ accuracies",
    "rewards_margins": "rewards/ margins", "logps_chosen": "logps/ chosen", "logps_rejected": "logps/ rejected",
    "logits_chosen": "logits/ chosen", "logits_rejected": "logits/ rejected",
}  # fmt: skip
"""TRL's names of the figures by column suffix; the blank lets a narrow column break."""
MAX_TABLE_ROWS = 200
"""Rows of the table at most; a longer run's first ones are left out."""
FIGURES_NOTE = (
    "Training loss is the mean of the optimiser steps of a pass over the lesson's pairs. Rewards are beta times the log-ratio to the "
    "reference, accuracies the share of pairs whose chosen answer has the larger one; logps are summed natural log-probabilities, "
    "logits means over the vocabulary."
)


def training_figures_html(config: RunConfig, epochs: pd.DataFrame, trained_turns: Sequence[int]) -> str:
    """The section; blank before the first training. ``epochs`` is ``queries.fetch_epochs``, ``trained_turns`` are the complete turns
    with a training step.
    """
    missing = sorted(set(map(int, trained_turns)) - set(map(int, epochs.turn)))
    if epochs.empty:
        if not config.trains:
            return section_html(SECTION_TITLE, paragraph_html("The student of this run is never trained.", "note"))
        return section_html(SECTION_TITLE, paragraph_html(_describe_missing(missing), "note")) if missing else ""
    has_validation = epochs.validation_loss.notna()
    source = "validation" if has_validation.any() else "training"
    shown_epochs, has_passes = epochs.tail(MAX_TABLE_ROWS), bool((epochs.epochs > 1).any())
    rows: list[list[object]] = [
        [
            row["turn"],
            *([f"{row['epoch']} of {row['epochs']}"] if has_passes else []),
            _format_number(row["training_loss"], 4),
            _format_number(row["validation_loss"], 4),
            *(_format_number(row[f"{source}_{name}"], 1 if name.startswith("logps") else 3) for name in FIGURE_LABELS),
        ]
        for row in shown_epochs.to_dict("records")
    ]
    caption = "Figures of the held-out pairs, which are never trained on, after each pass"
    if source == "training":
        caption = "No held-out pairs were looked at: all figures are means of the training steps"
    elif not has_validation.all():
        caption += "; a dash: nobody looked at them then"
    if len(shown_epochs) < len(epochs):
        caption += f". The last {len(shown_epochs)} rows of {len(epochs)}"
    heads = ["lesson", *(["pass"] if has_passes else []), "training loss", "validation loss", *FIGURE_LABELS.values()]
    figures_table = table_html(heads, rows, caption=caption, numeric_columns=frozenset(range(1, len(heads))))
    missing_note = paragraph_html(_describe_missing(missing), "note") if missing else ""
    return section_html(
        SECTION_TITLE,
        paragraph_html(FIGURES_NOTE, "note"),
        missing_note,
        f'<div class="figures" tabindex="0" role="region" aria-label="Figures">{figures_table}</div>',
    )


def _describe_missing(lessons: Sequence[int]) -> str:
    """That an older version, which did not record these figures, trained these turns."""
    lessons_text = f"lesson {lessons[0]}" if len(lessons) == 1 else f"lessons {lessons[0]} to {lessons[-1]}"
    return f"Not recorded by this run for {lessons_text}: versions before 0.2 did not keep these figures."


def _format_number(value: object, digits: int) -> str:
    return "–" if value is None or pd.isna(value) else f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")
