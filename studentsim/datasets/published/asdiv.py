"""ASDiv: primary-school word problems with the answer's unit and the formula, converted to multiple choice like GSM8K.

Source: Miao, Liang and Su 2020, "A Diverse Corpus for Evaluating and Developing English Math Word Problem Solvers", CC BY-NC 4.0
(not for commercial use), https://github.com/chaochun/nlu-asdiv-dataset; as rows:

    {"body": "Seven red apples and two green apples are in the basket.", "question": "How many apples are in the basket?",
     "answer": "9 (apples)", "formula": "7+2=9", "solution_type": "Addition"}

SVAMP (Patel et al. 2021) has the same format, with ``Equation`` and ``Type``. The options are the number and three values within
10 of it (``distractors.py``). Answers that are not a single number (a ratio, a name, several numbers) give no question.
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
    get_clean_text,
    get_field,
    get_text_field,
    has_fields,
    require_clean_text,
    require_text_field,
)
from studentsim.datasets.distractors import build_number_options
from studentsim.datasets.file_reader import RawRow
from studentsim.datasets.published.gsm8k import MAX_DISTRACTOR_DISTANCE
from studentsim.rng import derive_rng

_NUMBER_WITH_UNIT = re.compile(r"\$?(-?(?:\d{1,3}(?:,\d{3})+|\d{1,12})(?:\.\d{1,6})?)(?:\s*\([^()]*\))?")


def parse_row(row: RawRow, seed: int = 0) -> ParsedRow | None:
    """Parse a row and make up its distractors; None if its answer is not a single number.

    :raises ValueError: a field is wrong.
    """
    body = get_clean_text(row.values, "body")
    question = require_clean_text(row.values, "question")
    problem = f"{body} {question}".strip()
    match = _NUMBER_WITH_UNIT.fullmatch(_answer_text(row.values).strip())
    if not match:
        return None
    correct_text = match[1]
    rng = derive_rng("options", "asdiv", seed, problem)
    options, correct_label = build_number_options(correct_text, MAX_DISTRACTOR_DISTANCE, rng)
    return ParsedRow(
        problem=problem,
        options=options,
        correct_label=correct_label,
        category=get_text_field(row.values, "solution_type", "solution-type", "type") or category_from_file_name(row),
        rationale=get_clean_text(row.values, "formula", "equation"),
        id_text=correct_text,
    )


def _answer_text(values: Mapping[str, Any]) -> str:
    """The answer as text; a whole number may be stored as 8.0."""
    answer = get_field(values, "answer")
    if isinstance(answer, int | float) and not isinstance(answer, bool):
        return f"{answer:g}" if abs(answer) < 10**6 else str(answer)
    if isinstance(answer, str):
        check_text(answer, "'answer'")
    return require_text_field(values, "answer")


DATASET = DatasetSpec(
    name="asdiv",
    title="ASDiv",
    order=12,
    row_description="body, question, answer (a number, its unit in brackets), formula, solution_type",
    id_prefix="asdiv",
    hub=None,
    known_columns=frozenset(
        {"body", "question", "answer", "formula", "solution_type", "solution-type", "equation", "type", "grade", "id"}
    ),
    matches_row=has_fields("question", "answer", texts=("body",), without=("choices", "options")),
    parse_row=parse_row,
)
