"""ASDiv: primary-school word problems with the answer's unit and the formula, turned into multiple choice as P3 did GSM8K.

Miao, Liang and Su 2020, "A Diverse Corpus for Evaluating and Developing English Math Word Problem Solvers", CC BY-NC 4.0
(not for commercial use), https://github.com/chaochun/nlu-asdiv-dataset; as rows:

    {"body": "Seven red apples and two green apples are in the basket.", "question": "How many apples are in the basket?",
     "answer": "9 (apples)", "formula": "7+2=9", "solution_type": "Addition"}

SVAMP (Patel et al. 2021) has the same form, with ``Equation`` and ``Type``. The options are the number and three values within
10 of it, as GSM8K's. Answers that are no single number (a ratio, a name, several numbers) give no question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from studentsim.datasets.adapter import (
    DatasetSpec,
    ParsedRow,
    category_from_file_name,
    check_text,
    get_field,
    get_text_field,
    label_options,
    normalize_whitespace,
    require_text_field,
)
from studentsim.datasets.distractors import make_number_formatter, parse_decimal, sample_distractors, shuffle_options
from studentsim.datasets.file_reader import RawRow
from studentsim.datasets.gsm8k import MAX_DISTRACTOR_DISTANCE
from studentsim.rng import derive_rng

_NUMBER_WITH_UNIT = re.compile(r"\$?(-?(?:\d{1,3}(?:,\d{3})+|\d{1,12})(?:\.\d{1,6})?)(?:\s*\([^()]*\))?")


def parse_row(row: RawRow, seed: int = 0) -> ParsedRow | None:
    """What a row of ASDiv says, with options made up; None where its answer is no single number.

    :raises ValueError: a field is not sound.
    """
    body, question = (
        normalize_whitespace(get_text_field(row.values, "body")),
        normalize_whitespace(require_text_field(row.values, "question")),
    )
    problem = f"{body} {question}".strip()
    match = _NUMBER_WITH_UNIT.fullmatch(_answer_text(row.values).strip())
    if not match:
        return None
    correct_text = match[1]
    format_number, rng = (
        make_number_formatter(correct_text.lstrip("-")),
        derive_rng("options", "asdiv", seed, problem),
    )
    distractors = [
        format_number(number)
        for number in sample_distractors(parse_decimal(correct_text), MAX_DISTRACTOR_DISTANCE, rng)
    ]
    options = label_options(shuffle_options(correct_text, distractors, rng)[0])
    return ParsedRow(
        problem=problem,
        options=options,
        correct_label=next(label for label, text in options if text == correct_text),
        category=get_text_field(row.values, "solution_type", "solution-type", "type") or category_from_file_name(row),
        rationale=normalize_whitespace(get_text_field(row.values, "formula", "equation")),
        id_text=correct_text,
    )


def _answer_text(values: Mapping[str, Any]) -> str:
    """The answer as text; a whole number may come as 8.0."""
    found = get_field(values, "answer")
    if isinstance(found, int | float) and not isinstance(found, bool):
        return f"{found:g}" if abs(found) < 10**6 else str(found)
    if isinstance(found, str):
        check_text(found, "'answer'")
    return require_text_field(values, "answer")


DATASET = DatasetSpec(
    name="asdiv",
    title="ASDiv",
    row_description="body, question, answer (a number, its unit in brackets), formula, solution_type",
    id_prefix="asdiv",
    hub=None,
    known_columns=frozenset(
        {"body", "question", "answer", "formula", "solution_type", "solution-type", "equation", "type", "grade", "id"}
    ),
    matches_row=lambda values: (
        isinstance(get_field(values, "body"), str)
        and get_field(values, "question") is not None
        and get_field(values, "answer") is not None
        and get_field(values, "choices", "options") is None
    ),
    parse_row=parse_row,
)
