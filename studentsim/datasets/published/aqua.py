"""AQuA-RAT: algebra word problems with five options and a rationale; MathQA was made from it.

Source: Ling et al. 2017, "Program Induction by Rationale Generation: Learning to Solve and Explain Algebraic Word Problems",
Apache-2.0, https://github.com/google-deepmind/AQuA and https://huggingface.co/datasets/deepmind/aqua_rat. One row per line:

    {"question": "…", "options": ["A)5", "B)6", …], "rationale": "… Answer B", "correct": "B"}

It names no category, so all questions get one: word problems.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from studentsim.datasets.adapter import (
    OPTION_LETTERS,
    DatasetSpec,
    HubDataset,
    ParsedRow,
    has_fields,
    label_options,
    require_clean_text,
    require_text_field,
    require_text_list,
)
from studentsim.datasets.file_reader import RawRow

CATEGORY = "word problems"
_OPTION_LABEL = re.compile(r"\s*\(?([A-Ja-j])\s*\)\s*")


def parse_row(row: RawRow, seed: int = 0) -> ParsedRow:
    """Parse a row.

    :raises ValueError: a field is wrong.
    """
    options = strip_option_labels(require_text_list(row.values, "options"))
    return ParsedRow(
        problem=require_clean_text(row.values, "question"),
        options=label_options(options),
        correct_label=require_text_field(row.values, "correct").strip().lower(),
        category=CATEGORY,
        rationale=require_clean_text(row.values, "rationale", allow_blank=True),
    )


def strip_option_labels(options: Sequence[str]) -> list[str]:
    """Options without their letters.

    :raises ValueError: an option has another letter than that of its position.
    """
    return [_strip_option_label(text, index) for index, text in enumerate(options)]


def _strip_option_label(text: str, index: int) -> str:
    """``B)6`` as ``6``; an option without a letter is returned as it is."""
    match = _OPTION_LABEL.match(text)
    if not match:
        return text.strip()
    if index >= len(OPTION_LETTERS) or match[1].lower() != OPTION_LETTERS[index]:
        raise ValueError(f"option {index + 1} of 'options' is called {match[1]!r}")
    return text[match.end() :].strip()


DATASET = DatasetSpec(
    name="aqua_rat",
    title="AQuA-RAT",
    order=2,
    description="Maths word problems, five options.",
    categories=(CATEGORY,),
    row_description="question, options (a list), rationale, correct",
    id_prefix="aqua",
    hub=HubDataset("deepmind/aqua_rat", ("raw",)),
    known_columns=frozenset({"question", "options", "rationale", "correct"}),
    matches_row=has_fields("question", texts=("correct",), lists=("options",)),
    parse_row=parse_row,
)
