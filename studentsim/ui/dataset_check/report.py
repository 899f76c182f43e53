"""The findings of a check, from the summary sentence to the numbers."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from studentsim.datasets.resolve import SOURCE_SEPARATOR
from studentsim.datasets.validation import ISSUE_KINDS
from studentsim.labels import formatting
from studentsim.ui import components, dataset_picker, literal
from studentsim.ui.charts.shares import shares_figure
from studentsim.ui.dataset_check import sentences
from studentsim.ui.dataset_check.choose import CheckRequest
from studentsim.ui.dataset_check.listing import render_issue_list
from studentsim.ui.dataset_check.sentences import Report
from studentsim.ui.layout import NEW_SIMULATION_PAGE


def render_report(request: CheckRequest, report: Report) -> None:
    """The whole report."""
    literal.header(formatting.capitalize_first(f"{report['title']}: {sentences.describe_report(report)}"))
    st.markdown(
        f"{formatting.escape_markdown(sentences.describe_contents(report))} {sentences.describe_options(report)}"
    )
    literal.caption(sentences.describe_recognition(report))
    literal.caption(sentences.describe_topics(report))
    _render_next_steps(request, report)
    if report["doubtful_rows"]:
        _render_issues(report)
    else:
        st.caption(f"Looked for: {'; '.join(ISSUE_KINDS.values())}.")
    if text := sentences.describe_annotation(report):
        st.markdown(text)
    render_issue_list(report, request.title)
    if report["questions"]:
        _render_share_figures(report)


def _render_next_steps(request: CheckRequest, report: Report) -> None:
    if request.source != "curriculum":
        st.caption(
            "The embedded student knows the built-in curriculum alone: these questions are for a language model."
        )
    if request.files:
        st.caption(
            "To practise with these questions, keep the file on this computer and give its path in New simulation."
            + (
                f" Several paths are joined with “{formatting.escape_markdown(SOURCE_SEPARATOR)}” between them."
                if len(request.files) > 1
                else ""
            )
        )
    elif st.button("Use them in a new simulation", key="check.use", icon=":material/add_circle:"):
        dataset_picker.set_pending_bank(request.source, request.category, request.dataset_name)
        st.switch_page(NEW_SIMULATION_PAGE)
    unreadable = report["by_kind"]["unreadable"] + report["by_kind"]["key"]
    if unreadable:
        st.warning(
            f"{formatting.pluralize(unreadable, 'row')} can't be asked at all. A simulation takes this bank only with “Leave out "
            "doubtful rows” switched on, or once they are mended.", icon=":material/warning:",
        )  # fmt: skip


def _render_issues(report: Report) -> None:
    literal.subheader("What is doubtful?")
    counts = {kind: count for kind, count in report["by_kind"].items() if count}
    rows = [
        (formatting.capitalize_first(ISSUE_KINDS[kind]), f"{count:,}", f"{100 * count / report['rows']:.1f}")
        for kind, count in counts.items()
    ]
    # a plain table: its words wrap on a phone
    st.table(pd.DataFrame(rows, columns=["what", "rows", "of 100 rows"]).set_index("what"))
    if text := sentences.describe_value_duplicates(report):
        st.caption(text)
    if absent_kinds := [ISSUE_KINDS[kind] for kind in ISSUE_KINDS if kind not in counts]:
        st.caption(f"Also looked for, and not found: {'; '.join(absent_kinds)}.")


def _render_share_figures(report: Report) -> None:
    total = report["questions"]
    left, right = st.columns(2, gap="medium")
    with left:
        counts = {entry["letter"]: entry["right"] for entry in report["letters"]}
        options: Mapping[str, int] = report["option_counts"]
        even = sum(count / int(number) for number, count in options.items()) / total
        _render_share_figure(
            "Is one letter right more often?", counts, total, "letters", "always ticking it scores, of 100", even=even
        )
        st.caption(sentences.describe_letter_bias(report))
        if text := sentences.describe_size_bias(report):
            st.caption(text)
    with right:
        _render_share_figure("What are they about?", report["categories"], total, "categories", "of 100 questions")


def _render_share_figure(
    question: str, counts: Mapping[str, int], total: int, name: str, axis: str, *, even: float | None = None
) -> None:
    frame = pd.DataFrame({"name": list(counts), "questions": list(counts.values())})
    frame["share"] = (100 * frame.questions / total).round(1)
    components.render_figure(
        question, shares_figure(list(counts), list(counts.values()), total=total, even=even, axis=axis), frame, key=f"check.{name}",
        alt=f"{question} " + ", ".join(f"{label} {count:,}" for label, count in counts.items()),
        columns={"name": name, "questions": "questions", "share": axis},
    )  # fmt: skip
