"""ASDiv: primary-school word problems with the answer's unit and the formula, turned into multiple choice as P3 did GSM8K.

Miao, Liang and Su 2020, "A Diverse Corpus for Evaluating and Developing English Math Word Problem Solvers", CC BY-NC 4.0
(not for commercial use), https://github.com/chaochun/nlu-asdiv-dataset; as rows:

    {"body": "Seven red apples and two green apples are in the basket.", "question": "How many apples are in the basket?",
     "answer": "9 (apples)", "formula": "7+2=9", "solution_type": "Addition"}

SVAMP (Patel et al. 2021) has the same form, with ``Equation`` and ``Type``. The options are the number and three values within
10 of it, as GSM8K's. Answers that are no single number (a ratio, a name, several numbers) give no question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from studentsim import luck
from studentsim.bank.draft import (
    Draft,
    QuestionSet,
    check_text,
    column,
    field,
    lettered,
    named_by_file,
    prose,
    text_field,
)
from studentsim.bank.gsm8k import REACH
from studentsim.bank.near import like, near, plain, shuffled
from studentsim.bank.reading import Row

_ANSWER = re.compile(r"\$?(-?(?:\d{1,3}(?:,\d{3})+|\d{1,12})(?:\.\d{1,6})?)(?:\s*\([^()]*\))?")


def draft(row: Row, seed: int = 0) -> Draft | None:
    """What a row of ASDiv says, with options made up; None where its answer is no single number.

    :raises ValueError: a field is not sound.
    """
    body, question = prose(text_field(row.values, "body")), prose(field(row.values, "question"))
    problem = f"{body} {question}".strip()
    match = _ANSWER.fullmatch(_answer(row.values).strip())
    if not match:
        return None
    written = match[1]
    write, rng = like(written.lstrip("-")), luck.stream("options", "asdiv", seed, problem)
    wrong = [write(number) for number in near(plain(written), REACH, rng)]
    options = lettered(shuffled(written, wrong, rng)[0])
    return Draft(
        problem=problem,
        options=options,
        key=next(label for label, text in options if text == written),
        category=text_field(row.values, "solution_type", "solution-type", "type") or named_by_file(row),
        rationale=prose(text_field(row.values, "formula", "equation")),
        identity=written,
    )


def _answer(values: Mapping[str, Any]) -> str:
    """The answer as text; a whole number may come as 8.0."""
    found = column(values, "answer")
    if isinstance(found, int | float) and not isinstance(found, bool):
        return f"{found:g}" if abs(found) < 10**6 else str(found)
    if isinstance(found, str):
        check_text(found, "'answer'")
    return field(values, "answer")


SET = QuestionSet(
    name="asdiv",
    title="ASDiv",
    rows="body, question, answer (a number, its unit in brackets), formula, solution_type",
    prefix="asdiv",
    hub=None,
    columns=frozenset(
        {"body", "question", "answer", "formula", "solution_type", "solution-type", "equation", "type", "grade", "id"}
    ),
    fits=lambda values: (
        isinstance(column(values, "body"), str)
        and column(values, "question") is not None
        and column(values, "answer") is not None
        and column(values, "choices", "options") is None
    ),
    draft=draft,
)
