"""AQuA-RAT: algebra word problems with five options and a rationale, the set that MathQA was made from.

Ling et al. 2017, "Program Induction by Rationale Generation: Learning to Solve and Explain Algebraic Word Problems",
Apache-2.0, https://github.com/google-deepmind/AQuA and https://huggingface.co/datasets/deepmind/aqua_rat. A row a line:

    {"question": "…", "options": ["A)5", "B)6", …], "rationale": "… Answer B", "correct": "B"}

It names no category, so all its questions are of one: word problems.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

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

CATEGORY = "word problems"
_LABEL = re.compile(r"\s*\(?([A-Ja-j])\s*\)\s*")


def draft(row: Row, seed: int = 0) -> Draft:
    """What a row of AQuA says.

    :raises ValueError: a field is not sound.
    """
    options = unlabelled(texts(row.values, "options"))
    return Draft(
        problem=prose(field(row.values, "question")),
        options=lettered(options),
        key=field(row.values, "correct").strip().lower(),
        category=CATEGORY,
        rationale=prose(field(row.values, "rationale", blank=True)),
    )


def unlabelled(options: Sequence[str]) -> list[str]:
    """Options without the letters before them.

    :raises ValueError: a letter is not that of its place.
    """
    return [_without_label(text, place) for place, text in enumerate(options)]


def _without_label(text: str, place: int) -> str:
    """``B)6`` as ``6``; an option without its letter is known by its place."""
    match = _LABEL.match(text)
    if not match:
        return text.strip()
    if place >= len(OPTION_LETTERS) or match[1].lower() != OPTION_LETTERS[place]:
        raise ValueError(f"option {place + 1} of 'options' is called {match[1]!r}")
    return text[match.end() :].strip()


SET = QuestionSet(
    name="aqua_rat",
    title="AQuA-RAT",
    rows="question, options (a list), rationale, correct",
    prefix="aqua",
    hub=Hub("deepmind/aqua_rat", ("raw",)),
    columns=frozenset({"question", "options", "rationale", "correct"}),
    fits=lambda values: (
        column(values, "question") is not None
        and is_list_of_texts(column(values, "options"))
        and isinstance(column(values, "correct"), str)
    ),
    draft=draft,
)
