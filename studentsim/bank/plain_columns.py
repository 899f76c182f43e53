"""Which column of a table of questions is which, by its name: the question, its options, what says which is right, the rest.

Names are compared without capitals, blanks and signs: ``Option A``, ``option_a`` and ``OPTION-A`` are one name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

QUESTION = ("question", "questiontext", "questionstem", "problem", "prompt", "stem", "query", "item", "task", "q")
PASSAGE = ("passage", "context", "article", "body")
LIST = ("options", "choices", "answers", "alternatives", "candidates", "answeroptions", "answerchoices")
ANSWER = (
    "correct", "correctanswer", "correctoption", "correctchoice", "correctletter", "rightanswer", "answerkey", "key", "answer",
    "label", "gold", "target", "right", "ans", "solution", "correctindex", "correctidx", "answerindex", "answeridx",
    "correctanswerindex", "correctoptionindex", "correctchoiceindex", "cop",
)  # fmt: skip
FROM_ZERO = {name for name in ANSWER if name.endswith(("index", "idx"))} | {"gold"}
"""Columns that programs write: their numbers count from 0, unless the file shows otherwise."""
CATEGORY = ("category", "subject", "subjectname", "type", "area", "chapter", "unit", "theme", "skill")
TOPIC = ("topic", "topicname")
RATIONALE = ("explanation", "rationale", "working", "solution", "feedback", "support", "exp")
DIFFICULTY = ("difficulty", "level")
OTHERS = ("id", "questionid", "number", "no", "nr", "source", "src", "split")

_WRONG = re.compile(r"(?:wrong|incorrect|false|distractor|decoy)(?:answer|option|choice)?s?(?:[a-j]|\d{1,2})?")
_OPTION = re.compile(r"(option|choice|opt|op|answer|ans|alternative|alt|response)?([a-j]|10|[0-9])")


@dataclass(frozen=True)
class Columns:
    """The columns of a table, by what they are for; None and () where there is none."""

    question: str | None
    options: tuple[str, ...]
    """One for each option, in their order; or the one column that holds the list of them."""
    listed: bool
    """Whether ``options`` is one column with a list in it."""
    first: int | None
    """The number of the first option, 0 or 1, where the columns are numbered."""
    answers: tuple[str, ...]
    """Columns that may say which option is right, the likeliest first."""
    passage: str | None = None
    category: str | None = None
    topic: str | None = None
    rationale: str | None = None
    difficulty: str | None = None
    wrong: tuple[str, ...] = ()
    """Columns of the wrong options, where these stand apart from the right one; ``options`` is then empty."""

    @property
    def lacking(self) -> str:
        """What is found and what a table of questions lacks, in words; blank where it lacks nothing.

        >>> columns_of(["question", "a", "b"]).lacking
        'question and options found, but no column says which option is right'
        """
        parts = {"question": self.question, "options": self.options or self.wrong, "answer": self.answers}
        found = [name for name in ("question", "options") if parts[name]]
        missing = [_MISSING[name] for name, there in parts.items() if not there]
        if not missing:
            return ""
        if self.answers:
            found.append("a column that says which is right")
        return (f"{_listed(found)} found, but " if found else "") + _listed(missing)


_MISSING = {
    "question": "no column holds the question",
    "options": "no columns hold the options",
    "answer": "no column says which option is right",
}


def _listed(parts: list[str]) -> str:
    return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else "".join(parts)


def plain_name(name: object) -> str:
    """A column's name without capitals, blanks and signs.

    >>> plain_name("Option A"), plain_name("correct_answer")
    ('optiona', 'correctanswer')
    """
    return re.sub(r"[\W_]+", "", str(name)[:80].lower())


def columns_of(names: Iterable[object]) -> Columns:
    """The columns of a table with these names."""
    by: dict[str, Any] = {}
    for name in names:
        by.setdefault(plain_name(name), name)
    question = _first(by, QUESTION)
    options, first = _numbered(by)
    listed = not options
    if listed:
        options = tuple(by[name] for name in LIST if name in by)[:1]
    answers = tuple(by[name] for name in ANSWER if name in by and by[name] not in options)
    wrong = () if options else tuple(column for name, column in by.items() if _WRONG.fullmatch(name))
    rationale = next((by[name] for name in RATIONALE if name in by and by[name] not in answers[:1]), None)
    return Columns(
        question=question,
        options=options,
        listed=listed and bool(options),
        first=first,
        answers=answers,
        passage=_first(by, PASSAGE),
        category=_first(by, CATEGORY),
        topic=_first(by, TOPIC),
        rationale=rationale,
        difficulty=_first(by, DIFFICULTY),
        wrong=wrong,
    )


def names_known(names: Iterable[object]) -> frozenset[str]:
    """Those of the names that a table of questions gives a meaning, in small letters."""
    known = {*QUESTION, *PASSAGE, *LIST, *ANSWER, *CATEGORY, *TOPIC, *RATIONALE, *DIFFICULTY, *OTHERS}
    return frozenset(
        str(name).lower()
        for name in names
        if (p := plain_name(name)) in known or _OPTION.fullmatch(p) or _WRONG.fullmatch(p)
    )


def is_heading(cells: Iterable[str]) -> bool:
    """Whether a table's first line names its columns: one is a question's name, and one an answer's.

    >>> is_heading(["Prompt", "A", "B", "Key"]), is_heading(["Which letter comes first?", "A", "B", "A"])
    (True, False)
    """
    names = {plain_name(cell) for cell in cells}
    return bool(names & set(QUESTION)) and bool(names & set(ANSWER))


def _first(by: Mapping[str, str], names: Iterable[str]) -> str | None:
    return next((by[name] for name in names if name in by), None)


def _numbered(by: Mapping[str, str]) -> tuple[tuple[str, ...], int | None]:
    """One column an option: those of a kind (``choice0``, ``choice1`` …) of which most follow one another without a gap."""
    kinds: dict[tuple[str, bool], dict[str, str]] = {}
    for name, column in by.items():
        if match := _OPTION.fullmatch(name):
            kinds.setdefault((match[1] or "", match[2].isdigit()), {})[match[2]] = column
    best: tuple[tuple[str, ...], int | None] = ((), None)
    for (_, digits), found in kinds.items():
        for first in (0, 1) if digits else (None,):
            order = [str(first + n) for n in range(10)] if first is not None else list("abcdefghij")
            run = []
            for mark in order:
                if mark not in found:
                    break
                run.append(found[mark])
            if len(run) >= 2 and len(run) > len(best[0]):
                best = tuple(run), first
    return best
