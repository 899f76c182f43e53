"""The report's first page, one sheet of A4: where the student stands, the two pictures, what to practise next. All else is appendix."""

from __future__ import annotations

import re
import textwrap

from studentsim.analysis import advice
from studentsim.analysis.findings import ExamFindings, order_categories
from studentsim.analysis.last_exam import margin_of_error_note
from studentsim.labels.formatting import EXAM_SCOPE_NOTE
from studentsim.narration import weaknesses_summary
from studentsim.reporting import svg
from studentsim.reporting.html_text import inline_html, paragraph_html

MAX_HEATMAP_ROWS = 8
"""Categories of the picture; of a bank with more of them it stands in the appendix alone."""
MAX_ADVICE_LINES = 3
"""Lines of what to practise next."""
MAX_PARAGRAPH_CHARS, MAX_MISCONCEPTIONS_CHARS = 230, 460
"""Characters of a paragraph, and of that about the slips: what is longer is whole in the appendix."""


def summary_html(findings: ExamFindings) -> str:
    """All that follows the opening sentence on the first page."""
    names = heatmap_labels(findings)
    pictures = [
        _figure_html(
            svg.accuracy_svg(findings.exams, guessing_accuracy=findings.chance_accuracy),
            f"Right answers of 100 in each exam, with 95 % intervals. {EXAM_SCOPE_NOTE if findings.skills.row.any() else ''}".strip(),
        )
    ]
    if names:
        pictures.append(
            _figure_html(
                svg.heatmap_svg(findings.categories, row_labels=names),
                f"Right of 100 by category, exam by exam{margin_of_error_note(findings.categories)}.",
            )
        )
    return f"{''.join(pictures)}{_advice_html(findings)}{_misconceptions_html(findings)}"


def heatmap_labels(findings: ExamFindings) -> dict[str, str]:
    """The rows of the first page's heatmap; empty: too many for it."""
    names = order_categories(list(findings.categories.row.unique()))
    return {name: findings.category_label(name) for name in names} if len(names) <= MAX_HEATMAP_ROWS else {}


def shorten_to_sentences(text: str, max_chars: int = MAX_PARAGRAPH_CHARS) -> str:
    """``text``, or as many of its sentences as fit; a first sentence that is too long by itself is cut at a word."""
    shortened = ""
    for sentence in re.split(r"(?<=[.!?]) (?=[A-Z])", text):
        if len(shortened) + len(sentence) > max_chars:
            break
        shortened = f"{shortened} {sentence}".strip()
    return shortened or textwrap.shorten(text, max_chars, placeholder=" …")


def _advice_html(findings: ExamFindings) -> str:
    lines = advice.build_advice(findings)
    if not lines:
        return _titled_html(
            "What to practise next", paragraph_html(shorten_to_sentences(advice.describe_no_advice(findings)))
        )
    points = "".join(
        f"<li><strong>{inline_html(shorten_to_sentences(line.title))}.</strong> {inline_html(shorten_to_sentences(line.evidence[0]))}</li>"
        for line in lines[:MAX_ADVICE_LINES]
    )
    question_text = next((line.teacher_prompt for line in lines if line.teacher_prompt), "")
    return _titled_html(
        "What to practise next",
        paragraph_html(advice.describe_advice_basis(lines)),
        f"<ol>{points}</ol>",
        paragraph_html(shorten_to_sentences(question_text), "ask") if question_text else "",
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
