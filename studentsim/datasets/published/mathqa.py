"""MathQA: multiple-choice problems in six categories, with annotated formulas.

Source: Amini et al. 2019, "MathQA: Towards Interpretable Math Word Problem Solving with Operation-Based Formalisms", Apache-2.0,
https://math-qa.github.io and https://huggingface.co/datasets/allenai/math_qa. A row of its JSON lists:

    {"Problem": "…", "Rationale": "\\"… answer : c .\\"", "options": "a ) 24 , b ) 25 , 5 , …", "correct": "c",
     "annotated_formula": "add(3, 4)", "linear_formula": "add(n0,n1)|", "category": "general"}

Copies have field names in lower case and call the category ``type`` (math-evaluation-harness).

The options are one text, in some rows that of a Python list, and may contain commas. In a few rows two options have the correct
text, so answers are graded by letter. The keys are noisy: the annotated formula's value is the keyed option in about 60 % of the rows
(``formula_check.py``).
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
    has_fields,
    require_text_field,
)
from studentsim.datasets.file_reader import RawRow
from studentsim.datasets.formula import MAX_FORMULA_CHARS
from studentsim.types import CATEGORIES, LETTERS

_OPTION_LABEL = re.compile(r"(?:^|(?<!\s)\s*,\s*)([a-e]) \) ?")
"""Matches from the first of several blanks only; otherwise a text of blanks would take quadratic time."""


def parse_row(row: RawRow, seed: int = 0) -> ParsedRow:
    """Parse a row.

    :raises ValueError: a field is wrong.
    """
    problem = require_text_field(row.values, "Problem")
    rationale = require_text_field(row.values, "Rationale", allow_blank=True)
    options = require_text_field(row.values, "options")
    correct = require_text_field(row.values, "correct")
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
    """(letter, text) of each option, from MathQA's one text for all of them. A text may be blank.

    :raises ValueError: the letters are not exactly a to e.
    """
    if text.lstrip().startswith("["):
        try:
            parts = ast.literal_eval(text.strip())  # literals only: no code is run
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
    """The annotated formula; "" if there is none, it is too long to be evaluated, or holds what cannot be stored."""
    text = annotated.strip() if isinstance(annotated, str) and len(annotated) <= MAX_FORMULA_CHARS else ""
    return text if text.isprintable() else ""


def _strip_quotes(text: str) -> str:
    """Strip the quotation marks around most rationales, and collapse whitespace."""
    text = " ".join(text.split())
    return text.strip('"').strip() if text.startswith('"') or text.endswith('"') else text


DATASET = DatasetSpec(
    name="math_qa",
    title="MathQA",
    order=1,
    description="Maths word problems in six categories, five options. In a third of its rows key and worked formula disagree.",
    row_description="Problem, Rationale, options (one text), correct, category",
    id_prefix="mathqa",
    # The main branch is a script, which ``datasets`` 4 and later refuses to run; this one has Parquet files.
    hub=HubDataset("allenai/math_qa", revision="refs/convert/parquet"),
    known_columns=frozenset(
        {"problem", "rationale", "options", "correct", "annotated_formula", "linear_formula", "category", "type"}
    ),
    matches_row=has_fields("correct", texts=("problem", "options")),
    parse_row=parse_row,
    allowed_categories=CATEGORIES,
)
