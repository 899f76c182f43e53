"""GSM8K: grade-school word problems with worked solutions, converted to multiple choice (``distractors.py``).

Source: Cobbe et al. 2021, "Training Verifiers to Solve Math Word Problems", MIT, https://github.com/openai/grade-school-math and
https://huggingface.co/datasets/openai/gsm8k. One row per line; the answer ends in the final number:

    {"question": "…", "answer": "She has 3 + 4 = <<3+4=7>>7 eggs.\\n#### 7"}

The options are the final number and three values within 10 of it, shuffled; both depend on the seed and the question's text
alone. It names no category, so all questions get one: word problems.
"""

from __future__ import annotations

import re

from studentsim.datasets.adapter import (
    DatasetSpec,
    HubDataset,
    ParsedRow,
    has_fields,
    normalize_whitespace,
    require_clean_text,
    require_text_field,
)
from studentsim.datasets.distractors import build_number_options
from studentsim.datasets.file_reader import RawRow
from studentsim.rng import derive_rng

CATEGORY = "word problems"
MAX_DISTRACTOR_DISTANCE = 10
"""Largest distance of a distractor from the correct number (P3.5)."""
_FINAL_NUMBER = re.compile(r"(-?)(\d{1,3}(?:,\d{3})+(?:\.\d{1,6})?|\d{1,12}(?:\.\d{1,6})?)\.?")


def parse_row(row: RawRow, seed: int = 0) -> ParsedRow:
    """Parse a row and make up its distractors.

    :raises ValueError: a field is wrong, or the answer does not end in ``####`` and a number.
    """
    problem = require_clean_text(row.values, "question")
    solution, separator, final_answer = require_text_field(row.values, "answer").rpartition("####")
    match = _FINAL_NUMBER.fullmatch(final_answer.strip().lstrip("$"))
    if not separator or not match:
        raise ValueError("'answer' does not end in #### and a number")
    correct_text = match[1] + match[2]
    rng = derive_rng("options", "gsm8k", seed, problem)
    options, correct_label = build_number_options(correct_text, MAX_DISTRACTOR_DISTANCE, rng)
    return ParsedRow(
        problem=problem,
        options=options,
        correct_label=correct_label,
        category=CATEGORY,
        rationale=normalize_whitespace(re.sub(r"<<[^<>]*>>", "", solution)),
        id_text=correct_text,
    )


DATASET = DatasetSpec(
    name="gsm8k",
    title="GSM8K",
    order=3,
    description="Primary-school word problems. Three wrong options are made up near the right number.",
    categories=(CATEGORY,),
    row_description="question, answer (ending in #### and a number)",
    id_prefix="gsm8k",
    hub=HubDataset("openai/gsm8k", ("main",)),
    known_columns=frozenset({"question", "answer"}),
    # A table that has options is not GSM8K: its own options must be asked, not made-up numbers.
    matches_row=has_fields("question", texts=("answer",), without=("choices", "options")),
    parse_row=parse_row,
)
