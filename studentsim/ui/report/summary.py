"""The report's first page, one sheet of A4: where the student stands, the two pictures, what to practise next. All else is appendix."""

from __future__ import annotations

import re
import textwrap

from studentsim.ui.report import svg
from studentsim.ui.report.text import inline, paragraph
from studentsim.ui.weak import known_to
from studentsim.ui.weaknesses import practice, sentences
from studentsim.ui.weaknesses.findings import Findings, order
from studentsim.ui.words import OF_KNOWN_KINDS

ROWS = 8
"""Categories of the picture; of a bank with more of them it stands in the appendix alone."""
NEXT = 3
"""Lines of what to practise next."""
LONG, SLIPS = 230, 460
"""Characters of a paragraph, and of that about the slips: what is longer is whole in the appendix."""


def summary(found: Findings) -> str:
    """All that follows the opening sentence on the first page."""
    names = categories(found)
    pictures = [
        _figure(
            svg.accuracy(found.exams, guessing=found.guessing),
            f"Right answers of 100 in each exam, with 95 % intervals. {OF_KNOWN_KINDS if found.skills.row.any() else ''}".strip(),
        )
    ]
    if names:
        pictures.append(
            _figure(
                svg.heatmap(found.categories, names=names),
                f"Right of 100 by category, exam by exam{known_to(found.categories)}.",
            )
        )
    return f"{''.join(pictures)}{_next(found)}{_slips(found)}"


def categories(found: Findings) -> dict[str, str]:
    """The rows of the first page's heatmap; empty: too many for it."""
    names = order(list(found.categories.row.unique()))
    return {name: found.label(name) for name in names} if len(names) <= ROWS else {}


def short(text: str, longest: int = LONG) -> str:
    """``text``, or as many of its sentences as fit; a first sentence that is too long by itself is cut at a word."""
    kept = ""
    for sentence in re.split(r"(?<=[.!?]) (?=[A-Z])", text):
        if len(kept) + len(sentence) > longest:
            break
        kept = f"{kept} {sentence}".strip()
    return kept or textwrap.shorten(text, longest, placeholder=" …")


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
    return _titled("Slips (misconceptions)", paragraph(short(told, SLIPS))) if told else ""


def _figure(picture: str, caption: str) -> str:
    return f"<figure>{picture}<figcaption>{inline(caption)}</figcaption></figure>"


def _titled(title: str, *inside: str) -> str:
    return f"<h2>{inline(title)}</h2>{''.join(inside)}"
