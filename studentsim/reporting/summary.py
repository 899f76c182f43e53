"""The report's first page, one sheet of A4: two figures, what to practise next, the misconceptions. All else is appendix."""

from __future__ import annotations

import re
import textwrap

from studentsim.analysis import advice
from studentsim.analysis.findings import ExamFindings, order_categories
from studentsim.analysis.last_exam import margin_of_error_note
from studentsim.labels.formatting import EXAM_SCOPE_NOTE
from studentsim.narration import weaknesses_summary
from studentsim.reporting import svg
from studentsim.reporting.html_text import inline_html, paragraph_html, paragraphs_html

MAX_HEATMAP_ROWS = 8
"""Categories of the heatmap at most; with more it stands in the appendix alone."""
MAX_ADVICE_LINES = 3
"""Pieces of advice on the first page."""
MAX_PARAGRAPH_CHARS, MAX_MISCONCEPTIONS_CHARS = 230, 460
"""Characters of a paragraph, and of that about misconceptions; longer ones stand in full in the appendix."""


def summary_html(findings: ExamFindings) -> str:
    """The first page below its opening sentence: figures, advice, misconceptions."""
    names = heatmap_labels(findings)
    scope_note = EXAM_SCOPE_NOTE if findings.skills.row.any() else ""
    curve = svg.accuracy_svg(findings.exams, guessing_accuracy=findings.chance_accuracy)
    caption = f"Right answers of 100 in each exam, with 95 % intervals. {scope_note}".strip()
    heatmap = ""
    if names:
        heatmap = _figure_html(
            svg.heatmap_svg(findings.categories, row_labels=names),
            f"Right of 100 by category, exam by exam{margin_of_error_note(findings.categories)}.",
        )
    return f"{_figure_html(curve, caption)}{heatmap}{_advice_html(findings)}{_misconceptions_html(findings)}"


def heatmap_labels(findings: ExamFindings) -> dict[str, str]:
    """Each category and its label, the heatmap's rows; empty where there are more than ``MAX_HEATMAP_ROWS``."""
    names = order_categories(list(findings.categories.row.unique()))
    return {name: findings.category_label(name) for name in names} if len(names) <= MAX_HEATMAP_ROWS else {}


def shorten_to_sentences(text: str, max_chars: int = MAX_PARAGRAPH_CHARS) -> str:
    """As many whole sentences of ``text`` as fit in ``max_chars``; a first sentence that is too long is cut at a word."""
    shortened = ""
    for sentence in re.split(r"(?<=[.!?]) (?=[A-Z])", text):
        if len(shortened) + len(sentence) > max_chars:
            break
        shortened = f"{shortened} {sentence}".strip()
    return shortened or textwrap.shorten(text, max_chars, placeholder=" …")


def _advice_html(findings: ExamFindings) -> str:
    lines = advice.build_advice(findings)
    if not lines:
        reason = shorten_to_sentences(advice.describe_no_advice(findings))
        return _titled_html("What to practise next", paragraph_html(reason))
    list_items = "".join(
        f"<li><strong>{inline_html(shorten_to_sentences(line.title))}.</strong> {inline_html(shorten_to_sentences(line.evidence[0]))}</li>"
        for line in lines[:MAX_ADVICE_LINES]
    )
    question_text = next((line.teacher_prompt for line in lines if line.teacher_prompt), "")
    return _titled_html(
        "What to practise next",
        paragraph_html(advice.describe_advice_basis(lines)),
        f"<ol>{list_items}</ol>",
        paragraphs_html(shorten_to_sentences(question_text), css_class="ask"),
    )


def _misconceptions_html(findings: ExamFindings) -> str:
    text = weaknesses_summary.describe_misconceptions(findings, findings.judged_misconceptions)
    return (
        _titled_html("Slips (misconceptions)", paragraph_html(shorten_to_sentences(text, MAX_MISCONCEPTIONS_CHARS)))
        if text
        else ""
    )


def _figure_html(picture: str, caption: str) -> str:
    return f"<figure>{picture}<figcaption>{inline_html(caption)}</figcaption></figure>"


def _titled_html(title: str, *blocks: str) -> str:
    return f"<h2>{inline_html(title)}</h2>{''.join(blocks)}"
