"""MathQA: multiple-choice problems in six categories, with annotated formulas.

Amini et al. 2019, "MathQA: Towards Interpretable Math Word Problem Solving with Operation-Based Formalisms", Apache-2.0,
https://math-qa.github.io and https://huggingface.co/datasets/allenai/math_qa. A row of its JSON lists:

    {"Problem": "…", "Rationale": "\\"… answer : c .\\"", "options": "a ) 24 , b ) 25 , 5 , …", "correct": "c",
     "annotated_formula": "add(3, 4)", "linear_formula": "add(n0,n1)|", "category": "general"}

Copies write the names in small letters and call the category ``type`` (math-evaluation-harness).

Options come as one text, some as the text of a Python list, and hold commas themselves. In a few rows the right option's
text stands twice, so answers are marked by letter. Keys are not clean: evaluating the annotated formula agrees with the
keyed option in about 60 % of rows (``annotation.py``).
"""

from __future__ import annotations

import ast
import re

from studentsim.datasets.adapter import (
    DatasetSpec,
    HubDataset,
    ParsedRow,
    get_field,
    get_text_field,
    require_text_field,
)
from studentsim.datasets.file_reader import RawRow
from studentsim.datasets.formula import MAX_FORMULA_CHARS
from studentsim.types import CATEGORIES, LETTERS

_OPTION_LABEL = re.compile(r"(?:^|(?<!\s)\s*,\s*)([a-e]) \) ?")
"""Begins at the first of several blanks alone, or a text of blanks would take time by the square of its length."""


def parse_row(row: RawRow, seed: int = 0) -> ParsedRow:
    """What a row of MathQA says.

    :raises ValueError: a field is not sound.
    """
    problem, rationale = (
        require_text_field(row.values, "Problem"),
        require_text_field(row.values, "Rationale", allow_blank=True),
    )
    options, correct = require_text_field(row.values, "options"), require_text_field(row.values, "correct")
    return ParsedRow(
        problem=" ".join(problem.split()),
        options=parse_options(options),
        correct_label=correct.strip().lower(),
        category=get_text_field(row.values, "category", "type"),
        rationale=_strip_quotes(rationale),
        formula=_usable_formula(get_field(row.values, "annotated_formula")),
        id_text=options,
    )


def parse_options(text: str) -> tuple[tuple[str, str], ...]:
    """Letter and text of each option, from MathQA's one text for all of them. A text may be blank, a letter not missing.

    :raises ValueError: they are not exactly a to e.
    """
    if text.lstrip().startswith("["):
        try:
            parts = ast.literal_eval(text.strip())  # literals alone: nothing in it is run
        except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
            raise ValueError(f"options are no list that can be read: {text[:80]!r}") from error
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise ValueError(f"options are no list of texts: {text[:80]!r}")
        text = " , ".join(parts)
    pieces = _OPTION_LABEL.split(text.strip())
    letters, texts = tuple(pieces[1::2]), tuple(piece.strip() for piece in pieces[2::2])
    if pieces[0].strip() or letters != LETTERS:
        raise ValueError(f"options are not exactly a to e: {text[:80]!r}")
    return tuple(zip(letters, texts, strict=True))


def _usable_formula(annotated: object) -> str:
    """The annotated formula; blank where there is none, or one that nothing can be made of."""
    return annotated.strip() if isinstance(annotated, str) and len(annotated) <= MAX_FORMULA_CHARS else ""


def _strip_quotes(text: str) -> str:
    """Without the quotation marks that most rationales are wrapped in, and with plain spaces."""
    text = " ".join(text.split())
    return text.strip('"').strip() if text.startswith('"') or text.endswith('"') else text


DATASET = DatasetSpec(
    name="math_qa",
    title="MathQA",
    row_description="Problem, Rationale, options (one text), correct, category",
    id_prefix="mathqa",
    # Its main branch is a script, which ``datasets`` 4 and later rightly refuses to run; the other has plain files.
    hub=HubDataset("allenai/math_qa", revision="refs/convert/parquet"),
    known_columns=frozenset(
        {"problem", "rationale", "options", "correct", "annotated_formula", "linear_formula", "category", "type"}
    ),
    matches_row=lambda values: (
        isinstance(get_field(values, "problem"), str)
        and isinstance(get_field(values, "options"), str)
        and get_field(values, "correct") is not None
    ),
    parse_row=parse_row,
    allowed_categories=CATEGORIES,
)
