"""MMLU-Pro: questions of up to ten options in 14 subjects, harder than MMLU's.

Wang et al. 2024, "MMLU-Pro: A More Robust and Challenging Multi-Task Language Understanding Benchmark", MIT,
https://github.com/TIGER-AI-Lab/MMLU-Pro and https://huggingface.co/datasets/TIGER-Lab/MMLU-Pro. A row:

    {"question_id": 70, "question": "…", "options": ["…", …], "answer": "I", "answer_index": 8, "cot_content": "A: Let's …",
     "category": "business", "src": "…"}

The letter and the index (from 0) say the same; where they do not, the row is not sound.
"""

from __future__ import annotations

from studentsim.bank.draft import (
    OPTION_LETTERS,
    Draft,
    Hub,
    QuestionSet,
    column,
    field,
    is_list_of_texts,
    lettered,
    prose,
    text_field,
    texts,
)
from studentsim.bank.reading import Row


def draft(row: Row, seed: int = 0) -> Draft:
    """What a row of MMLU-Pro says.

    :raises ValueError: a field is not sound, or letter and index of the answer differ.
    """
    values = row.values
    key, index = field(values, "answer").strip().lower(), column(values, "answer_index")
    if isinstance(index, int) and OPTION_LETTERS[index : index + 1] != key:
        raise ValueError(f"'answer' is {key[:20]!r}, but 'answer_index' is {str(index)[:20]} (counted from 0)")
    return Draft(
        problem=prose(field(values, "question")),
        options=lettered([prose(text) for text in texts(values, "options")]),
        key=key,
        category=text_field(values, "category"),
        rationale=prose(text_field(values, "cot_content")).removeprefix("A: "),
    )


SET = QuestionSet(
    name="mmlu_pro",
    title="MMLU-Pro",
    rows="question, options (a list of up to ten), answer (a letter), answer_index, category",
    prefix="mmlupro",
    hub=Hub("TIGER-Lab/MMLU-Pro"),
    columns=frozenset(
        {"question_id", "question", "options", "answer", "answer_index", "cot_content", "category", "src"}
    ),
    fits=lambda values: (
        is_list_of_texts(column(values, "options"))
        and isinstance(column(values, "answer"), str)
        and column(values, "answer_index") is not None
        and column(values, "question") is not None
    ),
    draft=draft,
)
