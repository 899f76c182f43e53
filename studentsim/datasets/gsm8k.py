"""GSM8K: grade-school word problems with worked solutions, turned into multiple choice as P3 did.

Cobbe et al. 2021, "Training Verifiers to Solve Math Word Problems", MIT, https://github.com/openai/grade-school-math and
https://huggingface.co/datasets/openai/gsm8k. A row a line; the answer ends in the final number:

    {"question": "…", "answer": "She has 3 + 4 = <<3+4=7>>7 eggs.\\n#### 7"}

The options are the final number and three values within 10 of it, in an order by chance; both depend on the seed and the
row's question alone. It names no category, so all its questions are of one: word problems.
"""

from __future__ import annotations

import re

from studentsim.datasets.adapter import (
    DatasetSpec,
    HubDataset,
    ParsedRow,
    get_field,
    label_options,
    normalize_whitespace,
    require_text_field,
)
from studentsim.datasets.distractors import make_number_formatter, parse_decimal, sample_distractors, shuffle_options
from studentsim.datasets.file_reader import RawRow
from studentsim.rng import derive_rng

CATEGORY = "word problems"
MAX_DISTRACTOR_DISTANCE = 10
"""How far wrong options lie from the right one, at most (P3)."""
_FINAL_NUMBER = re.compile(r"(-?)(\d{1,3}(?:,\d{3})+(?:\.\d{1,6})?|\d{1,12}(?:\.\d{1,6})?)\.?")


def parse_row(row: RawRow, seed: int = 0) -> ParsedRow:
    """What a row of GSM8K says, with options made up.

    :raises ValueError: a field is not sound, or the answer does not end in ``####`` and a number.
    """
    problem = normalize_whitespace(require_text_field(row.values, "question"))
    solution, separator, final_answer = require_text_field(row.values, "answer").rpartition("####")
    match = _FINAL_NUMBER.fullmatch(final_answer.strip().lstrip("$"))
    if not separator or not match:
        raise ValueError("'answer' does not end in #### and a number")
    correct_text = match[1] + match[2]
    format_number, rng = make_number_formatter(match[2]), derive_rng("options", "gsm8k", seed, problem)
    distractors = [
        format_number(number)
        for number in sample_distractors(parse_decimal(correct_text), MAX_DISTRACTOR_DISTANCE, rng)
    ]
    options = label_options(shuffle_options(correct_text, distractors, rng)[0])
    return ParsedRow(
        problem=problem,
        options=options,
        correct_label=next(label for label, text in options if text == correct_text),
        category=CATEGORY,
        rationale=normalize_whitespace(re.sub(r"<<[^<>]*>>", "", solution)),
        id_text=correct_text,
    )


DATASET = DatasetSpec(
    name="gsm8k",
    title="GSM8K",
    row_description="question, answer (ending in #### and a number)",
    id_prefix="gsm8k",
    hub=HubDataset("openai/gsm8k", ("main",)),
    known_columns=frozenset({"question", "answer"}),
    # Who has options of his own wants them asked, not three numbers made up.
    matches_row=lambda values: (
        get_field(values, "question") is not None
        and isinstance(get_field(values, "answer"), str)
        and get_field(values, "choices", "options") is None
    ),
    parse_row=parse_row,
)
