"""AGIEval: questions of admission and qualification tests, among them the SAT's mathematics, the LSAT and the gaokao.

Zhong et al. 2023, "AGIEval: A Human-Centric Benchmark for Evaluating Foundation Models", MIT,
https://github.com/ruixiangcui/AGIEval. A file a test (``sat-math.jsonl``), a row a line:

    {"passage": null, "question": "…", "options": ["(A)12", "(B)15", …], "label": "B", "other": {"solution": "…"}}

Some tests have a passage before the question, some an ``explanation``. Questions with an open answer (no options) are not
taken. The category is the test, as the file is named.
"""

from __future__ import annotations

from collections.abc import Mapping

from studentsim.bank.aqua import unlabelled
from studentsim.bank.draft import (
    Draft,
    QuestionSet,
    column,
    field,
    is_list_of_texts,
    lettered,
    named_by_file,
    prose,
    text_field,
    texts,
)
from studentsim.bank.reading import Row


def draft(row: Row, seed: int = 0) -> Draft:
    """What a row of AGIEval says.

    :raises ValueError: a field is not sound.
    """
    passage, question = prose(text_field(row.values, "passage")), prose(field(row.values, "question"))
    return Draft(
        problem=f"{passage}\n{question}" if passage else question,
        options=lettered([prose(text) for text in unlabelled(texts(row.values, "options"))]),
        key=field(row.values, "label").strip().strip("()").lower(),
        category=text_field(row.values, "category", "subject") or named_by_file(row),
        rationale=prose(_solution(row)),
    )


def _solution(row: Row) -> str:
    """The worked solution, wherever the test keeps it."""
    other = column(row.values, "other")
    found = text_field(other, "solution") if isinstance(other, Mapping) else ""
    return found or text_field(row.values, "explanation", "solution")


SET = QuestionSet(
    name="agieval",
    title="AGIEval",
    rows="passage, question, options (a list: (A)…, (B)…), label, other or explanation",
    prefix="agieval",
    hub=None,
    columns=frozenset({"passage", "question", "options", "label", "other", "explanation", "answer", "solution"}),
    fits=lambda values: (
        column(values, "question") is not None
        and is_list_of_texts(column(values, "options"))
        and isinstance(column(values, "label"), str)
    ),
    draft=draft,
)
