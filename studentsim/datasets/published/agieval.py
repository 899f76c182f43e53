"""AGIEval: questions of admission and qualification tests, among them the SAT's mathematics, the LSAT and the gaokao.

Source: Zhong et al. 2023, "AGIEval: A Human-Centric Benchmark for Evaluating Foundation Models", MIT,
https://github.com/ruixiangcui/AGIEval. One file per test (``sat-math.jsonl``), one row per line:

    {"passage": null, "question": "…", "options": ["(A)12", "(B)15", …], "label": "B", "other": {"solution": "…"}}

Some tests have a passage before the question, some an ``explanation``. Questions with an open answer (no options) are skipped.
The category is the test, from the file's name.
"""

from __future__ import annotations

from collections.abc import Mapping

from studentsim.datasets.adapter import (
    DatasetSpec,
    ParsedRow,
    category_from_file_name,
    get_clean_text,
    get_field,
    get_text_field,
    has_fields,
    label_options,
    normalize_whitespace,
    require_clean_text,
    require_text_field,
    require_text_list,
)
from studentsim.datasets.file_reader import RawRow
from studentsim.datasets.published.aqua import strip_option_labels


def parse_row(row: RawRow, seed: int = 0) -> ParsedRow:
    """Parse a row.

    :raises ValueError: a field is wrong.
    """
    passage = get_clean_text(row.values, "passage")
    question = require_clean_text(row.values, "question")
    return ParsedRow(
        problem=f"{passage}\n{question}" if passage else question,
        options=label_options(
            [normalize_whitespace(text) for text in strip_option_labels(require_text_list(row.values, "options"))]
        ),
        correct_label=require_text_field(row.values, "label").strip().strip("()").lower(),
        category=get_text_field(row.values, "category", "subject") or category_from_file_name(row),
        rationale=normalize_whitespace(_get_solution(row)),
    )


def _get_solution(row: RawRow) -> str:
    """The worked solution, from whichever field the test has; "" if none."""
    other = get_field(row.values, "other")
    solution = get_text_field(other, "solution") if isinstance(other, Mapping) else ""
    return solution or get_text_field(row.values, "explanation", "solution")


DATASET = DatasetSpec(
    name="agieval",
    title="AGIEval",
    order=11,
    row_description="passage, question, options (a list: (A)…, (B)…), label, other or explanation",
    id_prefix="agieval",
    hub=None,
    known_columns=frozenset({"passage", "question", "options", "label", "other", "explanation", "answer", "solution"}),
    matches_row=has_fields("question", texts=("label",), lists=("options",)),
    parse_row=parse_row,
)
