"""SciQ: crowd-sourced science exam questions with three distractors and mostly a supporting text.

Source: Welbl, Liu and Gardner 2017, "Crowdsourcing Multiple Choice Science Questions", CC BY-NC 3.0 (not for commercial use),
https://allenai.org/data/sciq and https://huggingface.co/datasets/allenai/sciq. A JSON list:

    {"question": "…", "distractor1": "…", "distractor2": "…", "distractor3": "…", "correct_answer": "…", "support": "…"}

The options have no letters: they are shuffled, depending on the seed and the question's text alone. The support is the rationale.
It names no category, so all questions get one: science.
"""

from __future__ import annotations

from studentsim.datasets.adapter import (
    DatasetSpec,
    HubDataset,
    ParsedRow,
    get_clean_text,
    has_fields,
    label_options,
    require_clean_text,
)
from studentsim.datasets.distractors import shuffle_options
from studentsim.datasets.file_reader import RawRow
from studentsim.rng import derive_rng

CATEGORY = "science"


def parse_row(row: RawRow, seed: int = 0) -> ParsedRow:
    """Parse a row and shuffle its options.

    :raises ValueError: a field is wrong.
    """
    problem = require_clean_text(row.values, "question")
    correct_text = require_clean_text(row.values, "correct_answer")
    distractors = [require_clean_text(row.values, f"distractor{n}") for n in (1, 2, 3)]
    rng = derive_rng("options", "sciq", seed, problem)
    option_texts, correct_index = shuffle_options(correct_text, distractors, rng)
    options = label_options(option_texts)
    return ParsedRow(
        problem=problem,
        options=options,
        correct_label=options[correct_index][0],
        category=CATEGORY,
        rationale=get_clean_text(row.values, "support"),
        id_text="\n".join([correct_text, *distractors]),
    )


DATASET = DatasetSpec(
    name="sciq",
    title="SciQ",
    order=10,
    description="Science exam questions, four options.",
    categories=(CATEGORY,),
    row_description="question, correct_answer, distractor1 to distractor3, support",
    id_prefix="sciq",
    hub=HubDataset("allenai/sciq"),
    known_columns=frozenset({"question", "correct_answer", "distractor1", "distractor2", "distractor3", "support"}),
    matches_row=has_fields("correct_answer", "distractor1"),
    parse_row=parse_row,
)
