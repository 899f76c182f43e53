"""The report's first page, one sheet of A4: where the student stands, the two pictures, what to practise next. All else is appendix."""

from __future__ import annotations

import textwrap

from studentsim.ui.report import svg
from studentsim.ui.report.text import inline, paragraph
from studentsim.ui.weaknesses import practice, sentences
from studentsim.ui.weaknesses.findings import Findings, order

ROWS = 8
"""Categories of the picture; of a bank with more of them it stands in the appendix alone."""
NEXT = 3
"""Lines of what to practise next."""
LONG = 230
"""Characters of a sentence: what is longer is whole in the appendix."""


def summary(found: Findings) -> str:
    """All that follows the opening sentence on the first page."""
    names = categories(found)
    pictures = [
        _figure(
            svg.accuracy(found.exams, guessing=found.guessing),
            "Right answers of 100 in each exam, with 95 % intervals.",
        )
    ]
    if names:
        pictures.append(_figure(svg.heatmap(found.categories, names=names), "Right of 100 by category, exam by exam."))
    return f"{''.join(pictures)}{_next(found)}{_slips(found)}"


def categories(found: Findings) -> dict[str, str]:
    """The rows of the first page's heatmap; empty: too many for it."""
    names = order(list(found.categories.row.unique()))
    return {name: found.label(name) for name in names} if len(names) <= ROWS else {}


def short(text: str) -> str:
    """``text``, cut at a word where it is longer than a line or two."""
    return textwrap.shorten(text, LONG, placeholder=" …")


def _next(found: Findings) -> str:
    lines = practice.advice(found)
    if not lines:
        return _titled("What to practise next", paragraph(short(practice.nothing(found))))
    points = "".join(
        f"<li><strong>{inline(short(line.what))}.</strong> {inline(short(line.why[0]))}</li>" for line in lines[:NEXT]
    )
    asked = next((line.ask for line in lines if line.ask), "")
    return _titled(
        "What to practise next",
        paragraph(practice.lead(lines)),
        f"<ol>{points}</ol>",
        paragraph(short(asked), "ask") if asked else "",
    )


def _slips(found: Findings) -> str:
    told = sentences.slips(found, found.slips)
    return _titled("Slips (misconceptions)", paragraph(short(told))) if told else ""


def _figure(picture: str, caption: str) -> str:
    return f"<figure>{picture}<figcaption>{inline(caption)}</figcaption></figure>"


def _titled(title: str, *inside: str) -> str:
    return f"<h2>{inline(title)}</h2>{''.join(inside)}"
