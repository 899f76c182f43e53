"""A fine-tuned grader's agreement with the key by kind of reply; a language model's replies take many forms."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from studentsim.analysis.grader_evaluation import GraderEvaluation

REPLY_COLUMN_TITLES = {
    "kind": "kind of reply", "answers": "answers", "right": "right by the key", "share": "as the key, of 100",
    "bounds": "95 % interval", "wrong_right": "wrong, called right", "right_wrong": "right, called wrong",
}  # fmt: skip


def reply_kind_frame(replies: pd.DataFrame) -> pd.DataFrame:
    """The columns of ``REPLY_COLUMN_TITLES``, a row per kind; ``share`` in percent."""
    return pd.DataFrame({
        "kind": replies.kind,
        "answers": replies.answers,
        "right": replies.right_right + replies.right_wrong,
        "share": (100 * replies.share).round(1),
        "bounds": [f"{100 * a:.1f} to {100 * b:.1f}" for a, b in zip(replies.ci_low, replies.ci_high, strict=True)],
        "wrong_right": replies.wrong_right,
        "right_wrong": replies.right_wrong,
    })  # fmt: skip


def render_reply_kinds(evaluation: GraderEvaluation, key: str) -> None:
    """The table in an expander; nothing where kinds of reply were not counted."""
    if evaluation.reply_kind_counts is None:
        return
    total = int(evaluation.reply_kind_counts.answers.sum())
    with st.expander(f"By kind of reply: {total:,} answers to questions it had not seen"):
        st.dataframe(
            reply_kind_frame(evaluation.reply_kind_counts).rename(columns=REPLY_COLUMN_TITLES),
            width="stretch",
            hide_index=True,
            key=key,
        )
        st.caption("A few answers say little: look at the interval.")
