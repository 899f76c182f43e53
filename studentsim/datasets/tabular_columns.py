"""Which column of a table of questions is which, by its name: the question, its options, what says which is right, the rest.

Names are compared without capitals, blanks and signs: ``Option A``, ``option_a`` and ``OPTION-A`` are one name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

QUESTION_COLUMN_NAMES = (
    "question",
    "questiontext",
    "questionstem",
    "problem",
    "prompt",
    "stem",
    "query",
    "item",
    "task",
    "q",
)
PASSAGE_COLUMN_NAMES = ("passage", "context", "article", "body")
OPTION_LIST_COLUMN_NAMES = (
    "options",
    "choices",
    "answers",
    "alternatives",
    "candidates",
    "answeroptions",
    "answerchoices",
)
ANSWER_COLUMN_NAMES = (
    "correct", "correctanswer", "correctoption", "correctchoice", "correctletter", "rightanswer", "answerkey", "key", "answer",
    "label", "gold", "target", "right", "ans", "solution", "correctindex", "correctidx", "answerindex", "answeridx",
    "correctanswerindex", "correctoptionindex", "correctchoiceindex", "cop",
)  # fmt: skip
ZERO_BASED_COLUMN_NAMES = {name for name in ANSWER_COLUMN_NAMES if name.endswith(("index", "idx"))} | {"gold"}
"""Columns that programs write: their numbers count from 0, unless the file shows otherwise."""
CATEGORY_COLUMN_NAMES = ("category", "subject", "subjectname", "type", "area", "chapter", "unit", "theme", "skill")
TOPIC_COLUMN_NAMES = ("topic", "topicname")
RATIONALE_COLUMN_NAMES = ("explanation", "rationale", "working", "solution", "feedback", "support", "exp")
DIFFICULTY_COLUMN_NAMES = ("difficulty", "level")
OTHER_COLUMN_NAMES = ("id", "questionid", "number", "no", "nr", "source", "src", "split")

_WRONG_OPTION_NAME = re.compile(
    r"(?:wrong|incorrect|false|distractor|decoy)(?:answer|option|choice)?s?(?:[a-j]|\d{1,2})?"
)
_OPTION_NAME = re.compile(r"(option|choice|opt|op|answer|ans|alternative|alt|response)?([a-j]|10|[0-9])")


@dataclass(frozen=True)
class TableColumns:
    """The columns of a table, by what they are for; None and () where there is none."""

    question: str | None
    options: tuple[str, ...]
    """One for each option, in their order; or the one column that holds the list of them."""
    has_option_list: bool
    """Whether ``options`` is one column with a list in it."""
    first_option_number: int | None
    """The number of the first option, 0 or 1, where the columns are numbered."""
    answer_columns: tuple[str, ...]
    """Columns that may say which option is right, the likeliest first."""
    passage: str | None = None
    category: str | None = None
    topic: str | None = None
    rationale: str | None = None
    difficulty: str | None = None
    wrong_options: tuple[str, ...] = ()
    """Columns of the wrong options, where these stand apart from the right one; ``options`` is then empty."""

    @property
    def missing_description(self) -> str:
        """What is found and what a table of questions lacks, in words; blank where it lacks nothing.

        >>> detect_columns(["question", "a", "b"]).lacking
        'question and options found, but no column says which option is right'
        """
        parts = {
            "question": self.question,
            "options": self.options or self.wrong_options,
            "answer": self.answer_columns,
        }
        found = [name for name in ("question", "options") if parts[name]]
        missing = [_MISSING_COLUMN_MESSAGES[name] for name, there in parts.items() if not there]
        if not missing:
            return ""
        if self.answer_columns:
            found.append("a column that says which is right")
        return (f"{_join_with_and(found)} found, but " if found else "") + _join_with_and(missing)


_MISSING_COLUMN_MESSAGES = {
    "question": "no column holds the question",
    "options": "no columns hold the options",
    "answer": "no column says which option is right",
}


def _join_with_and(parts: list[str]) -> str:
    return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else "".join(parts)


def normalize_column_name(name: object) -> str:
    """A column's name without capitals, blanks and signs.

    >>> normalize_column_name("Option A"), normalize_column_name("correct_answer")
    ('optiona', 'correctanswer')
    """
    return re.sub(r"[\W_]+", "", str(name)[:80].lower())


def detect_columns(column_names: Iterable[object]) -> TableColumns:
    """The columns of a table with these names."""
    by_normalized_name: dict[str, Any] = {}
    for name in column_names:
        by_normalized_name.setdefault(normalize_column_name(name), name)
    question = _find_first_column(by_normalized_name, QUESTION_COLUMN_NAMES)
    options, first = _detect_option_columns(by_normalized_name)
    listed = not options
    if listed:
        options = tuple(by_normalized_name[name] for name in OPTION_LIST_COLUMN_NAMES if name in by_normalized_name)[:1]
    answers = tuple(
        by_normalized_name[name]
        for name in ANSWER_COLUMN_NAMES
        if name in by_normalized_name and by_normalized_name[name] not in options
    )
    wrong = (
        ()
        if options
        else tuple(column for name, column in by_normalized_name.items() if _WRONG_OPTION_NAME.fullmatch(name))
    )
    rationale = next(
        (
            by_normalized_name[name]
            for name in RATIONALE_COLUMN_NAMES
            if name in by_normalized_name and by_normalized_name[name] not in answers[:1]
        ),
        None,
    )
    return TableColumns(
        question=question,
        options=options,
        has_option_list=listed and bool(options),
        first_option_number=first,
        answer_columns=answers,
        passage=_find_first_column(by_normalized_name, PASSAGE_COLUMN_NAMES),
        category=_find_first_column(by_normalized_name, CATEGORY_COLUMN_NAMES),
        topic=_find_first_column(by_normalized_name, TOPIC_COLUMN_NAMES),
        rationale=rationale,
        difficulty=_find_first_column(by_normalized_name, DIFFICULTY_COLUMN_NAMES),
        wrong_options=wrong,
    )


def filter_known_columns(names: Iterable[object]) -> frozenset[str]:
    """Those of the names that a table of questions gives a meaning, in small letters."""
    known_names = {
        *QUESTION_COLUMN_NAMES,
        *PASSAGE_COLUMN_NAMES,
        *OPTION_LIST_COLUMN_NAMES,
        *ANSWER_COLUMN_NAMES,
        *CATEGORY_COLUMN_NAMES,
        *TOPIC_COLUMN_NAMES,
        *RATIONALE_COLUMN_NAMES,
        *DIFFICULTY_COLUMN_NAMES,
        *OTHER_COLUMN_NAMES,
    }
    return frozenset(
        str(name).lower()
        for name in names
        if (p := normalize_column_name(name)) in known_names
        or _OPTION_NAME.fullmatch(p)
        or _WRONG_OPTION_NAME.fullmatch(p)
    )


def is_header_row(cells: Iterable[str]) -> bool:
    """Whether a table's first line names its columns: one is a question's name, and one an answer's.

    >>> is_header_row(["Prompt", "A", "B", "Key"]), is_header_row(["Which letter comes first?", "A", "B", "A"])
    (True, False)
    """
    names = {normalize_column_name(cell) for cell in cells}
    return bool(names & set(QUESTION_COLUMN_NAMES)) and bool(names & set(ANSWER_COLUMN_NAMES))


def _find_first_column(by_normalized_name: Mapping[str, str], names: Iterable[str]) -> str | None:
    return next((by_normalized_name[name] for name in names if name in by_normalized_name), None)


def _detect_option_columns(by_normalized_name: Mapping[str, str]) -> tuple[tuple[str, ...], int | None]:
    """One column an option: those of a kind (``choice0``, ``choice1`` …) of which most follow one another without a gap."""
    columns_by_kind: dict[tuple[str, bool], dict[str, str]] = {}
    for name, column in by_normalized_name.items():
        if match := _OPTION_NAME.fullmatch(name):
            columns_by_kind.setdefault((match[1] or "", match[2].isdigit()), {})[match[2]] = column
    best: tuple[tuple[str, ...], int | None] = ((), None)
    for (_, digits), found in columns_by_kind.items():
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
