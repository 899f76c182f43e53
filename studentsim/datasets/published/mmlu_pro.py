"""MMLU-Pro: questions of up to ten options in 14 subjects, harder than MMLU's.

Source: Wang et al. 2024, "MMLU-Pro: A More Robust and Challenging Multi-Task Language Understanding Benchmark", MIT,
https://github.com/TIGER-AI-Lab/MMLU-Pro and https://huggingface.co/datasets/TIGER-Lab/MMLU-Pro. A row:

    {"question_id": 70, "question": "…", "options": ["…", …], "answer": "I", "answer_index": 8, "cot_content": "A: Let's …",
     "category": "business", "src": "…"}

The letter and the index (from 0) must agree.
"""

from __future__ import annotations

from studentsim.datasets.adapter import (
    OPTION_LETTERS,
    DatasetSpec,
    HubDataset,
    ParsedRow,
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


def parse_row(row: RawRow, seed: int = 0) -> ParsedRow:
    """Parse a row.

    :raises ValueError: a field is wrong, or the answer's letter and index differ.
    """
    values = row.values
    answer_letter, index = require_text_field(values, "answer").strip().lower(), get_field(values, "answer_index")
    if isinstance(index, int) and OPTION_LETTERS[index : index + 1] != answer_letter:
        raise ValueError(
            f"'answer' is {answer_letter[:20]!r}, but 'answer_index' is {str(index)[:20]} (counted from 0)"
        )
    return ParsedRow(
        problem=require_clean_text(values, "question"),
        options=label_options([normalize_whitespace(text) for text in require_text_list(values, "options")]),
        correct_label=answer_letter,
        category=get_text_field(values, "category"),
        rationale=get_clean_text(values, "cot_content").removeprefix("A: "),
    )


DATASET = DatasetSpec(
    name="mmlu_pro",
    title="MMLU-Pro",
    order=6,
    description="14 subjects, harder than MMLU, up to ten options.",
    row_description="question, options (a list of up to ten), answer (a letter), answer_index, category",
    id_prefix="mmlupro",
    hub=HubDataset("TIGER-Lab/MMLU-Pro"),
    known_columns=frozenset(
        {"question_id", "question", "options", "answer", "answer_index", "cot_content", "category", "src"}
    ),
    matches_row=has_fields("answer_index", "question", texts=("answer",), lists=("options",)),
    parse_row=parse_row,
)
