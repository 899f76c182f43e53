"""MMLU: four-option questions in 57 subjects, from elementary mathematics to law.

Hendrycks et al. 2021, "Measuring Massive Multitask Language Understanding", MIT, https://github.com/hendrycks/test and
https://huggingface.co/datasets/cais/mmlu. Released as a CSV a subject without a line of names (``astronomy_test.csv``: question,
four options, letter); the hub has rows, and copies call the subject ``type``:

    {"question": "…", "subject": "astronomy", "choices": ["…", "…", "…", "…"], "answer": 2}

The category is the subject: the row's own, else the file's name. There is no rationale. ``mmlu:stem``, ``mmlu:p3`` and
``mmlu:astronomy,college_physics`` name a part of the hub's set. A file with a line of names is a plain table
(``plain_table.py``).

P3 asks 23 of the subjects, in five topics (P3.6); a question of one of these bears its topic, from whatever file it comes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

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
    texts,
)
from studentsim.bank.reading import Row
from studentsim.errors import BankError

STEM = (
    "abstract_algebra", "astronomy", "college_biology", "college_chemistry", "college_computer_science",
    "college_mathematics", "college_physics", "computer_security", "conceptual_physics", "electrical_engineering",
    "elementary_mathematics", "high_school_biology", "high_school_chemistry", "high_school_computer_science",
    "high_school_mathematics", "high_school_physics", "high_school_statistics", "machine_learning",
)  # fmt: skip
"""Its 18 subjects of mathematics, the natural sciences, computing and engineering, as its own code groups them."""

P3_TOPICS: Mapping[str, tuple[str, ...]] = {
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
"""P3's 23 subjects by topic (P3.6)."""
P3 = tuple(subject for subjects in P3_TOPICS.values() for subject in subjects)
GROUPS: Mapping[str, tuple[str, ...]] = {"stem": STEM, "p3": P3}
"""Names that stand for several subjects."""
_TOPIC = {subject.replace("_", " "): topic for topic, subjects in P3_TOPICS.items() for subject in subjects}


def draft(row: Row, seed: int = 0) -> Draft:
    """What a row of MMLU says.

    :raises ValueError: a field is not sound.
    """
    category = subject(row)
    return Draft(
        problem=prose(field(row.values, "question")),
        options=lettered([prose(text) for text in texts(row.values, "choices")]),
        key=_key(column(row.values, "answer")),
        category=category,
        topic=topic(category),
    )


def topic(subject: str) -> str:
    """P3's topic of a subject, however it is written; blank: P3 does not ask it.

    >>> topic("college_physics"), topic("Machine learning"), topic("philosophy")
    ('natural sciences', 'computer science', '')
    """
    return _TOPIC.get(" ".join(subject.replace("_", " ").lower().split()), "")


def subject(row: Row) -> str:
    """The subject a row belongs to.

    :raises ValueError: the row names one that is no text.
    """
    for name in ("subject", "type"):
        if column(row.values, name):
            return field(row.values, name)
    return file_subject(row.source)


def file_subject(source: str) -> str:
    """The subject that a file of the release names: ``astronomy_test`` is of astronomy."""
    return re.sub(r"_(test|val|dev)$", "", source)


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
    """The rows of some subjects: ``stem``, ``p3``, or names set apart by commas.

    :raises BankError: there is no such subject.
    """
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    names = [one for name in names for one in GROUPS.get(name, (name,))]
    there = {row.values.get("subject") for row in rows}
    for name in names:
        if name not in there:
            some = ", ".join(sorted(str(subject) for subject in there if subject)[:60])
            raise BankError(
                f"MMLU has no subject {name[:60]!r}.", f"Choose {' or '.join(map(repr, GROUPS))}, or among {some}."
            )
    return [row for row in rows if row.values.get("subject") in names]


SET = QuestionSet(
    name="mmlu",
    title="MMLU",
    rows="question, choices (a list), answer (0, 1, 2 … or a letter), subject; or CSV: question, four options, letter",
    prefix="mmlu",
    hub=Hub("cais/mmlu", ("all",)),
    columns=frozenset({"question", "choices", "answer", "subject", "type"}),
    fits=lambda values: (
        column(values, "question") is not None
        and is_list_of_texts(column(values, "choices"))
        and column(values, "answerKey") is None
    ),
    draft=draft,
)
