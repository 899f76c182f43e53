"""MMLU: four-option questions in 57 subjects, from elementary mathematics to law.

Source: Hendrycks et al. 2021, "Measuring Massive Multitask Language Understanding", MIT, https://github.com/hendrycks/test and
https://huggingface.co/datasets/cais/mmlu. Released as one CSV per subject without a header (``astronomy_test.csv``: question,
four options, letter); Hugging Face has rows, and copies call the subject ``type``:

    {"question": "…", "subject": "astronomy", "choices": ["…", "…", "…", "…"], "answer": 2}

The category is the subject: the row's own, else the file's name. There is no rationale. ``mmlu:stem``, ``mmlu:p3`` and
``mmlu:astronomy,college_physics`` name a part of the dataset on Hugging Face. A file with a header is a plain table
(``tabular.py``).

"P3" are the 23 subjects in five topics of the course report "ProbLLMs" (P3.6); their questions get its topic, also from files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from studentsim.datasets.adapter import (
    OPTION_LETTERS,
    DatasetSpec,
    HubDataset,
    ParsedRow,
    get_field,
    has_fields,
    label_options,
    normalize_whitespace,
    require_clean_text,
    require_text_field,
    require_text_list,
)
from studentsim.datasets.file_reader import RawRow
from studentsim.errors import BankError

STEM_SUBJECTS = (
    "abstract_algebra", "astronomy", "college_biology", "college_chemistry", "college_computer_science",
    "college_mathematics", "college_physics", "computer_security", "conceptual_physics", "electrical_engineering",
    "elementary_mathematics", "high_school_biology", "high_school_chemistry", "high_school_computer_science",
    "high_school_mathematics", "high_school_physics", "high_school_statistics", "machine_learning",
)  # fmt: skip
"""The 18 subjects that MMLU's own code groups as STEM."""

P3_SUBJECTS_BY_TOPIC: Mapping[str, tuple[str, ...]] = {
    "math": (
        "abstract_algebra", "elementary_mathematics", "college_mathematics", "high_school_mathematics", "formal_logic",
        "high_school_statistics",
    ),
    "natural sciences": (
        "anatomy", "astronomy", "college_biology", "high_school_biology", "college_chemistry", "high_school_chemistry",
        "conceptual_physics", "college_physics", "high_school_physics", "virology", "medical_genetics",
    ),
    "computer science": (
        "college_computer_science", "high_school_computer_science", "machine_learning", "computer_security",
    ),
    "engineering": ("electrical_engineering",),
    "other": ("logical_fallacies",),
}  # fmt: skip
"""Source: P3.6, 23 subjects by topic."""
P3_SUBJECTS = tuple(subject for subjects in P3_SUBJECTS_BY_TOPIC.values() for subject in subjects)
SUBJECT_GROUPS: Mapping[str, tuple[str, ...]] = {"stem": STEM_SUBJECTS, "p3": P3_SUBJECTS}
"""Names for groups of subjects."""
_P3_TOPIC_BY_SUBJECT = {
    subject.replace("_", " "): topic for topic, subjects in P3_SUBJECTS_BY_TOPIC.items() for subject in subjects
}


def parse_row(row: RawRow, seed: int = 0) -> ParsedRow:
    """Parse a row.

    :raises ValueError: a field is wrong.
    """
    category = get_subject(row)
    return ParsedRow(
        problem=require_clean_text(row.values, "question"),
        options=label_options([normalize_whitespace(text) for text in require_text_list(row.values, "choices")]),
        correct_label=_parse_answer_letter(get_field(row.values, "answer")),
        category=category,
        topic=find_p3_topic(category),
    )


def find_p3_topic(subject: str) -> str:
    """P3's topic of a subject, in any case and with spaces or underscores; "" if it is not one of P3's.

    >>> find_p3_topic("college_physics"), find_p3_topic("Machine learning"), find_p3_topic("philosophy")
    ('natural sciences', 'computer science', '')
    """
    return _P3_TOPIC_BY_SUBJECT.get(" ".join(subject.replace("_", " ").lower().split()), "")


def get_subject(row: RawRow) -> str:
    """A row's subject: its own field's, else its file's.

    :raises ValueError: the field is not a text.
    """
    for name in ("subject", "type"):
        if get_field(row.values, name):
            return require_text_field(row.values, name)
    return subject_from_file_name(row.source_name)


def subject_from_file_name(file_stem: str) -> str:
    """The subject in the name of a released file: ``astronomy`` of ``astronomy_test``."""
    return re.sub(r"_(test|val|dev)$", "", file_stem)


def _parse_answer_letter(answer: Any) -> str:
    """The correct letter: Hugging Face's rows have an index from 0, the CSV a letter."""
    if answer is None:
        raise ValueError("'answer' is missing")
    if isinstance(answer, int) and not isinstance(answer, bool):
        return OPTION_LETTERS[answer] if 0 <= answer < len(OPTION_LETTERS) else str(answer)
    if not isinstance(answer, str):
        raise ValueError(f"'answer' is {repr(answer)[:40]}, neither a letter nor a whole number")
    return answer.strip().lower()


def filter_rows_by_subject(rows: Sequence[RawRow], subject_names: str) -> list[RawRow]:
    """The rows of some subjects, given as a comma-separated list of subjects or groups (``stem``, ``p3``).

    :raises BankError: there is no such subject.
    """
    names = [name.strip() for name in subject_names.split(",") if name.strip()]
    subjects = [subject for name in names for subject in SUBJECT_GROUPS.get(name, (name,))]
    available = {row.values.get("subject") for row in rows}
    for subject in subjects:
        if subject not in available:
            some = ", ".join(sorted(str(one) for one in available if one)[:60])
            raise BankError(
                f"MMLU has no subject {subject[:60]!r}.",
                f"Choose {' or '.join(map(repr, SUBJECT_GROUPS))}, or among {some}.",
            )
    return [row for row in rows if row.values.get("subject") in subjects]


DATASET = DatasetSpec(
    name="mmlu",
    title="MMLU",
    order=5,
    description="57 subjects from elementary mathematics to law, four options.",
    row_description="question, choices (a list), answer (0, 1, 2 … or a letter), subject; or CSV: question, four options, letter",
    id_prefix="mmlu",
    hub=HubDataset("cais/mmlu", ("all",)),
    known_columns=frozenset({"question", "choices", "answer", "subject", "type"}),
    matches_row=has_fields("question", lists=("choices",), without=("answerKey",)),
    parse_row=parse_row,
)
