"""MMLU: four-option questions in 57 subjects, from elementary mathematics to law.

Hendrycks et al. 2021, "Measuring Massive Multitask Language Understanding", MIT, https://github.com/hendrycks/test and
https://huggingface.co/datasets/cais/mmlu. Released as a CSV a subject without a line of names (``astronomy_test.csv``: question,
four options, letter); the hub has rows, and copies call the subject ``type``:

    {"question": "…", "subject": "astronomy", "choices": ["…", "…", "…", "…"], "answer": 2}

The category is the subject: the row's own, else the file's name. There is no rationale. ``mmlu:stem`` and
``mmlu:astronomy,college_physics`` name a part of the hub's set.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from studentsim.bank.draft import OPTION_LETTERS, Draft, Hub, QuestionSet, field, lettered, prose, texts
from studentsim.bank.reading import Row
from studentsim.errors import BankError

STEM = (
    "abstract_algebra", "astronomy", "college_biology", "college_chemistry", "college_computer_science",
    "college_mathematics", "college_physics", "computer_security", "conceptual_physics", "electrical_engineering",
    "elementary_mathematics", "high_school_biology", "high_school_chemistry", "high_school_computer_science",
    "high_school_mathematics", "high_school_physics", "high_school_statistics", "machine_learning",
)  # fmt: skip
"""Its 18 subjects of mathematics, the natural sciences, computing and engineering, as its own code groups them."""


def draft(row: Row, seed: int = 0) -> Draft:
    """What a row of MMLU says.

    :raises ValueError: a field is not sound.
    """
    return Draft(
        problem=prose(field(row.values, "question")),
        options=lettered([prose(text) for text in texts(row.values, "choices")]),
        key=_key(row.values.get("answer")),
        category=subject(row),
    )


def subject(row: Row) -> str:
    """The subject a row belongs to.

    :raises ValueError: the row names one that is no text.
    """
    for name in ("subject", "type"):
        if row.values.get(name):
            return field(row.values, name)
    return re.sub(r"_(test|val|dev)$", "", row.source)


def _key(answer: Any) -> str:
    """The letter: rows of the hub count the options from 0, the CSV names the letter."""
    if answer is None:
        raise ValueError("'answer' is missing")
    if isinstance(answer, int) and not isinstance(answer, bool):
        return OPTION_LETTERS[answer] if 0 <= answer < len(OPTION_LETTERS) else str(answer)
    if not isinstance(answer, str):
        raise ValueError(f"'answer' is {repr(answer)[:40]}, neither a letter nor a whole number")
    return answer.strip().lower()


def subjects(rows: Sequence[Row], wanted: str) -> list[Row]:
    """The rows of some subjects: ``stem``, or names set apart by commas.

    :raises BankError: there is no such subject.
    """
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    names = [one for name in names for one in (STEM if name == "stem" else (name,))]
    there = {row.values.get("subject") for row in rows}
    for name in names:
        if name not in there:
            some = ", ".join(sorted(str(subject) for subject in there if subject)[:60])
            raise BankError(f"MMLU has no subject {name[:60]!r}.", f"Choose 'stem', or among {some}.")
    return [row for row in rows if row.values.get("subject") in names]


SET = QuestionSet(
    name="mmlu",
    title="MMLU",
    rows="question, choices (a list), answer (0, 1, 2 … or a letter), subject; or CSV: question, four options, letter",
    prefix="mmlu",
    hub=Hub("cais/mmlu", ("all",)),
    fits=lambda values: isinstance(values.get("choices"), (list, tuple)) and "answerKey" not in values,
    draft=draft,
)
