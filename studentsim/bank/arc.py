"""ARC: grade-school science questions, an easy and a challenge part.

Clark et al. 2018, "Think you have Solved Question Answering? Try ARC, the AI2 Reasoning Challenge", CC BY-SA 4.0,
https://allenai.org/data/arc and https://huggingface.co/datasets/allenai/ai2_arc. The release has a row a line, or CSV in
which the options stand in the question; the hub's rows are flat:

    {"id": "…", "question": {"stem": "…", "choices": [{"text": "…", "label": "A"}, …]}, "answerKey": "A"}
    questionID,…,AnswerKey,…,question,…        with: What is ice? (A) water (B) salt (C) air (D) rock
    {"id": "…", "question": "…", "choices": {"text": ["…", …], "label": ["A", …]}, "answerKey": "A"}

Labels are letters or figures, of 3 to 5 options. The category is the part, easy or challenge, as the file or
configuration is named; else science. There is no rationale.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from studentsim.bank.draft import Draft, Hub, QuestionSet, column, field, prose, texts
from studentsim.bank.reading import Row

_COLUMNS = frozenset(
    {"id", "question", "question_stem", "choices", "answerkey", "questionid", "originalquestionid", "totalpossiblepoint",
     "ismultiplechoicequestion", "includesdiagram", "examname", "schoolgrade", "year", "subject", "category"}
)  # fmt: skip
_STEM = ("question", "question_stem")
"""The second is OpenBookQA's, which else has ARC's form."""
_LABEL = re.compile(r"(?<!\s)\s*\(([A-J]|[1-9])\)\s*")


def draft(row: Row, seed: int = 0) -> Draft:
    """What a row of ARC says.

    :raises ValueError: a field is not sound.
    """
    problem, options = _asked(row.values)
    return Draft(
        problem=prose(problem),
        options=tuple((label.strip(), prose(text)) for label, text in options),
        key=field(row.values, "answerKey").strip(),
        category=_part(row),
    )


def _asked(values: Mapping[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    """Stem and labelled options, in any of the three forms."""
    question = column(values, "question")
    if isinstance(question, Mapping):
        return field(question, "stem"), _pairs(question.get("choices"))
    if "choices" not in values:
        return _in_line(field(values, "question"))
    choices = values["choices"]
    if not isinstance(choices, Mapping):
        return field(values, *_STEM), _pairs(choices)
    labels, found = texts(choices, "label"), texts(choices, "text")
    if len(labels) != len(found):
        raise ValueError(f"'choices' has {len(labels)} labels for {len(found)} texts")
    return field(values, *_STEM), list(zip(labels, found, strict=True))


def _pairs(choices: Any) -> list[tuple[str, str]]:
    if not isinstance(choices, (list, tuple)) or not all(isinstance(choice, Mapping) for choice in choices):
        raise ValueError(f"'choices' is {repr(choices)[:40]}, not a list of labels and texts")
    return [(field(choice, "label"), field(choice, "text", blank=True)) for choice in choices]


def _in_line(text: str) -> tuple[str, list[tuple[str, str]]]:
    """``What is ice? (A) water (B) salt``: the last run of labels in their order that reaches the end."""
    marks = list(_LABEL.finditer(text))
    for first in reversed(range(max(0, len(marks) - len("ABCDEFGHIJ")), len(marks))):
        labels = "".join(mark[1] for mark in marks[first:])
        if labels in ("ABCDEFGHIJ"[: len(labels)], "123456789"[: len(labels)]):
            ends = [*(mark.start() for mark in marks[first + 1 :]), len(text)]
            found = [(mark[1], text[mark.end() : end]) for mark, end in zip(marks[first:], ends, strict=True)]
            return text[: marks[first].start()], found
    raise ValueError("'question' holds no options such as (A) … (B) …")


def _part(row: Row) -> str:
    return next((part for part in ("easy", "challenge") if part in row.source.lower()), "science")


def _set(name: str, title: str, *configs: str) -> QuestionSet:
    return QuestionSet(
        name=name,
        title=title,
        rows="question (with stem and choices), answerKey; or CSV with question, AnswerKey",
        prefix="arc",
        hub=Hub("allenai/ai2_arc", configs),
        columns=_COLUMNS,
        fits=lambda values: column(values, "answerKey") is not None and column(values, *_STEM) is not None,
        draft=draft,
    )


SET = _set("arc", "ARC", "ARC-Easy", "ARC-Challenge")
EASY = _set("arc_easy", "ARC easy", "ARC-Easy")
CHALLENGE = _set("arc_challenge", "ARC challenge", "ARC-Challenge")
