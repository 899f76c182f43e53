"""Help: how often the trained grader agrees with the key."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from studentsim.analysis import grader_evaluation
from studentsim.analysis.grader_evaluation import TRAIN_GRADER_COMMAND
from studentsim.narration import teaching_summary
from studentsim.ui import literal

CASE_COLUMN_TITLES = {
    "kind": "kind of case", "answers": "answers", "share": "as the key, of 100", "bounds": "95 % interval",
    "right_right": "right, called right", "right_wrong": "right, called wrong", "wrong_right": "wrong, called right",
    "wrong_wrong": "wrong, called wrong", "naive": "comparing texts, of 100",
}  # fmt: skip


def render_grader_section() -> None:
    """The evaluation's figures, or the command that makes them."""
    st.header("How good is the trained marker?", anchor="marker")
    _render_embedded_grader()
    st.markdown(
        "Another marker can be made of the answers that a student gave in your simulations: a model that reads and writes (a T5 or a BART) "
        "learns from some of them what the answer key says, and is tested on others, to questions it has not seen. It needs 900 answers "
        "of a student, some right and some wrong, and it ends in a folder, which *New simulation* takes as “Another model”:"
    )
    literal.code(TRAIN_GRADER_COMMAND)
    st.markdown(
        "From the marker that comes with the app (`--base embedded`) another is made in a minute or two: of a language model's answers, "
        "say, which are of kinds that it has not met. How it does by kind of reply (letter and value disagree, working first, cut off) is "
        "shown where it is chosen."
    )


def _render_embedded_grader() -> None:
    evaluation = grader_evaluation.load_evaluation()
    if evaluation is None:
        is_installed = grader_evaluation.is_grader_installed()
        status, verb = ("has not been checked", "check") if is_installed else ("is not installed", "make")
        st.markdown(f"It {status}. To {verb} it:")
        command = "evaluate-grader" if is_installed else "train-grader"
        literal.code(f"python -m studentsim {command}")
        return
    literal.markdown(teaching_summary.describe_grader_evaluation(evaluation))
    st.dataframe(
        case_frame(evaluation).rename(columns=CASE_COLUMN_TITLES), width="stretch", hide_index=True, key="help.marker"
    )
    st.caption(
        "The key is right by definition. Comparing texts: how often it would do to ask whether the student's last line is the right "
        "option's text, letter for letter. Where a trained marker decides, its errors are counted as the teacher's."
    )


def case_frame(evaluation: grader_evaluation.GraderEvaluation) -> pd.DataFrame:
    """The confusion matrix by kind of case; ``share`` and ``naive`` in percent."""
    cases = evaluation.case_counts
    return pd.DataFrame({
        **{name: cases[name] for name in ("kind", "answers")},
        "share": (100 * cases.share).round(1),
        "bounds": [f"{100 * a:.1f} to {100 * b:.1f}" for a, b in zip(cases.ci_low, cases.ci_high, strict=True)],
        **{name: cases[name] for name in grader_evaluation.CONFUSION_CELLS},
        "naive": (100 * cases.naive / cases.answers).round(1),
    })  # fmt: skip
