"""ARC: grade-school science questions, an easy and a challenge part.

Source: Clark et al. 2018, "Think you have Solved Question Answering? Try ARC, the AI2 Reasoning Challenge", CC BY-SA 4.0,
https://allenai.org/data/arc and https://huggingface.co/datasets/allenai/ai2_arc. The release has one row per line, or
CSV with the options inside the question; Hugging Face's rows are flat:

    {"id": "…", "question": {"stem": "…", "choices": [{"text": "…", "label": "A"}, …]}, "answerKey": "A"}
    questionID,…,AnswerKey,…,question,…        with: What is ice? (A) water (B) salt (C) air (D) rock
    {"id": "…", "question": "…", "choices": {"text": ["…", …], "label": ["A", …]}, "answerKey": "A"}

There are 3 to 5 options, labelled by letters or digits. The category is the part, easy or challenge, if the file's or
configuration's name says so, else science. There is no rationale.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from studentsim.datasets.adapter import (
    DatasetSpec,
    HubDataset,
    ParsedRow,
    get_field,
    normalize_whitespace,
    require_text_field,
    require_text_list,
)
from studentsim.datasets.file_reader import RawRow

_KNOWN_COLUMNS = frozenset(
    {"id", "question", "question_stem", "choices", "answerkey", "questionid", "originalquestionid", "totalpossiblepoint",
     "ismultiplechoicequestion", "includesdiagram", "examname", "schoolgrade", "year", "subject", "category"}
)  # fmt: skip
_STEM_COLUMNS = ("question", "question_stem")
"""The second is OpenBookQA's, which otherwise has ARC's format."""
_INLINE_LABEL = re.compile(r"(?<!\s)\s*\(([A-J]|[1-9])\)\s*")


def parse_row(row: RawRow, seed: int = 0) -> ParsedRow:
    """Parse a row.

    :raises ValueError: a field is wrong.
    """
    problem, options = _parse_stem_and_options(row.values)
    return ParsedRow(
        problem=normalize_whitespace(problem),
        options=tuple((label.strip(), normalize_whitespace(text)) for label, text in options),
        correct_label=require_text_field(row.values, "answerKey").strip(),
        category=_category_from_source(row),
    )


def _parse_stem_and_options(values: Mapping[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    """Stem and (label, text) options, in any of the three formats."""
    question = get_field(values, "question")
    if isinstance(question, Mapping):
        return require_text_field(question, "stem"), _parse_choices(question.get("choices"))
    if "choices" not in values:
        return _parse_inline_options(require_text_field(values, "question"))
    choices = values["choices"]
    if not isinstance(choices, Mapping):
        return require_text_field(values, *_STEM_COLUMNS), _parse_choices(choices)
    labels, option_texts = require_text_list(choices, "label"), require_text_list(choices, "text")
    if len(labels) != len(option_texts):
        raise ValueError(f"'choices' has {len(labels)} labels for {len(option_texts)} texts")
    return require_text_field(values, *_STEM_COLUMNS), list(zip(labels, option_texts, strict=True))


def _parse_choices(choices: Any) -> list[tuple[str, str]]:
    if not isinstance(choices, (list, tuple)) or not all(isinstance(choice, Mapping) for choice in choices):
        raise ValueError(f"'choices' is {repr(choices)[:40]}, not a list of labels and texts")
    return [
        (require_text_field(choice, "label"), require_text_field(choice, "text", allow_blank=True))
        for choice in choices
    ]


def _parse_inline_options(text: str) -> tuple[str, list[tuple[str, str]]]:
    """``What is ice? (A) water (B) salt``: the options are the longest sequence A, B, C … of labels that ends with the last one."""
    matches = list(_INLINE_LABEL.finditer(text))
    for first in reversed(range(max(0, len(matches) - len("ABCDEFGHIJ")), len(matches))):
        labels = "".join(match[1] for match in matches[first:])
        if labels in ("ABCDEFGHIJ"[: len(labels)], "123456789"[: len(labels)]):
            ends = [*(match.start() for match in matches[first + 1 :]), len(text)]
            options = [(match[1], text[match.end() : end]) for match, end in zip(matches[first:], ends, strict=True)]
            return text[: matches[first].start()], options
    raise ValueError("'question' holds no options such as (A) … (B) …")


def _category_from_source(row: RawRow) -> str:
    return next((part for part in ("easy", "challenge") if part in row.source_name.lower()), "science")


def _make_dataset(name: str, title: str, order: int, which: str, *configs: str, part_of: str = "") -> DatasetSpec:
    return DatasetSpec(
        name=name,
        title=title,
        order=order,
        description=f"School science, {which}, mostly four options.",
        part_of=part_of,
        row_description="question (with stem and choices), answerKey; or CSV with question, AnswerKey",
        id_prefix="arc",
        hub=HubDataset("allenai/ai2_arc", configs),
        known_columns=_KNOWN_COLUMNS,
        matches_row=lambda values: (
            get_field(values, "answerKey") is not None and get_field(values, *_STEM_COLUMNS) is not None
        ),
        parse_row=parse_row,
    )


DATASET = _make_dataset("arc", "ARC", 7, "both parts", "ARC-Easy", "ARC-Challenge")
EASY_DATASET = _make_dataset("arc_easy", "ARC easy", 8, "the easier part", "ARC-Easy", part_of=DATASET.name)
CHALLENGE_DATASET = _make_dataset(
    "arc_challenge", "ARC challenge", 9, "the harder part", "ARC-Challenge", part_of=DATASET.name
)
DATASETS = (DATASET, EASY_DATASET, CHALLENGE_DATASET)
