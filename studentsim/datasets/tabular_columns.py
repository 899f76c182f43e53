"""Recognises the columns of a table of questions by their names: question, options, answer key and the rest.

Names are compared in lower case without spaces and punctuation: ``Option A``, ``option_a`` and ``OPTION-A`` are one name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
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
"""Names that programs give to answer columns; their numbers count from 0 unless the file shows otherwise."""
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
    """The columns of a table by their purpose; None or () if there is none."""

    question: str | None
    options: tuple[str, ...]
    """One column per option in order, or the one column with the list of options."""
    has_option_list: bool
    """Whether ``options`` is one column with a list."""
    first_option_number: int | None
    """The number in the first option's column name, 0 or 1; None: the columns are not numbered."""
    answer_columns: tuple[str, ...]
    """Columns that may be the answer key, the likeliest first."""
    passage: str | None = None
    category: str | None = None
    topic: str | None = None
    rationale: str | None = None
    difficulty: str | None = None
    wrong_options: tuple[str, ...] = ()
    """Columns of the wrong options in a table that has the correct one in the answer column; ``options`` is then empty."""

    @property
    def missing_description(self) -> str:
        """A phrase for users on what was found and what is missing; "": nothing is missing.

        >>> detect_columns(["question", "a", "b"]).missing_description
        'question and options found, but no column says which option is right'
        """
        columns = {
            "question": self.question,
            "options": self.options or self.wrong_options,
            "answer": self.answer_columns,
        }
        found = [name for name in ("question", "options") if columns[name]]
        missing = [_MISSING_COLUMN_MESSAGES[name] for name, column in columns.items() if not column]
        if not missing:
            return ""
        if self.answer_columns:
            found.append("a column that says which is right")
        return (f"{join_with_and(found)} found, but " if found else "") + join_with_and(missing)


_MISSING_COLUMN_MESSAGES = {
    "question": "no column holds the question",
    "options": "no columns hold the options",
    "answer": "no column says which option is right",
}


def join_with_and(parts: Sequence[str]) -> str:
    """``a, b and c``."""
    return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else "".join(parts)


def normalize_column_name(name: object) -> str:
    """A column's name in lower case, without spaces and punctuation.

    >>> normalize_column_name("Option A"), normalize_column_name("correct_answer")
    ('optiona', 'correctanswer')
    """
    return re.sub(r"[\W_]+", "", str(name)[:80].lower())


def detect_columns(column_names: Iterable[object]) -> TableColumns:
    """Recognise the columns of a table by their names."""
    by_normalized_name: dict[str, Any] = {}
    for name in column_names:
        by_normalized_name.setdefault(normalize_column_name(name), name)

    def find_all(names: Iterable[str], exclude: Sequence[str] = ()) -> tuple[str, ...]:
        columns = (by_normalized_name[name] for name in names if name in by_normalized_name)
        return tuple(column for column in columns if column not in exclude)

    def find_first(names: Iterable[str], exclude: Sequence[str] = ()) -> str | None:
        return next(iter(find_all(names, exclude)), None)

    options, first_option_number = _detect_option_columns(by_normalized_name)
    has_option_columns = bool(options)
    options = options or find_all(OPTION_LIST_COLUMN_NAMES)[:1]
    answer_columns = find_all(ANSWER_COLUMN_NAMES, exclude=options)
    wrong_options = (column for name, column in by_normalized_name.items() if _WRONG_OPTION_NAME.fullmatch(name))
    return TableColumns(
        question=find_first(QUESTION_COLUMN_NAMES),
        options=options,
        has_option_list=bool(options) and not has_option_columns,
        first_option_number=first_option_number,
        answer_columns=answer_columns,
        passage=find_first(PASSAGE_COLUMN_NAMES),
        category=find_first(CATEGORY_COLUMN_NAMES),
        topic=find_first(TOPIC_COLUMN_NAMES),
        rationale=find_first(RATIONALE_COLUMN_NAMES, exclude=answer_columns[:1]),
        difficulty=find_first(DIFFICULTY_COLUMN_NAMES),
        wrong_options=() if options else tuple(wrong_options),
    )


def filter_known_columns(names: Iterable[object]) -> frozenset[str]:
    """The names, in lower case, that have a meaning in a table of questions."""
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
        if (normalized := normalize_column_name(name)) in known_names
        or _OPTION_NAME.fullmatch(normalized)
        or _WRONG_OPTION_NAME.fullmatch(normalized)
    )


def is_header_row(cells: Iterable[str]) -> bool:
    """Whether a table's first line is a header: it has names of a question column and of an answer column.

    >>> is_header_row(["Prompt", "A", "B", "Key"]), is_header_row(["Which letter comes first?", "A", "B", "A"])
    (True, False)
    """
    names = {normalize_column_name(cell) for cell in cells}
    return bool(names & set(QUESTION_COLUMN_NAMES)) and bool(names & set(ANSWER_COLUMN_NAMES))


def _detect_option_columns(by_normalized_name: Mapping[str, str]) -> tuple[tuple[str, ...], int | None]:
    """The columns that hold one option each, and the first one's number (None: letters).

    They share a prefix (``choice0``, ``choice1`` …), and their letters or numbers follow one another; the longest such run wins.
    """
    columns_by_prefix: dict[tuple[str, bool], dict[str, str]] = {}
    for name, column in by_normalized_name.items():
        if match := _OPTION_NAME.fullmatch(name):
            columns_by_prefix.setdefault((match[1] or "", match[2].isdigit()), {})[match[2]] = column
    best: tuple[tuple[str, ...], int | None] = ((), None)
    for (_, is_numbered), columns in columns_by_prefix.items():
        for first in (0, 1) if is_numbered else (None,):
            labels = "abcdefghij" if first is None else [str(first + n) for n in range(10)]
            run = tuple(columns[label] for label in takewhile(columns.__contains__, labels))
            if len(run) >= 2 and len(run) > len(best[0]):
                best = run, first
    return best
