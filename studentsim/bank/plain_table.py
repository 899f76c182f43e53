"""A table of questions as teachers and programs write it: a question, its options, and what says which of them is right.

CSV with a line of names, or JSON rows:

    question,a,b,c,d,answer                          Which is a prime?,4,7,9,15,B
    question,choice0,choice1,choice2,choice3,answer  (MMLU with a line of names: the answer counts from 0)
    {"question": "…", "options": ["…", …], "correct_answer": "…"}
    question,correct answer,wrong answer 1,wrong answer 2   (in an order by chance, as SciQ's)

Options stand in columns of their own (``A``, ``Option B``, ``choice2``) or as a list in one column: JSON, the text of a Python
list, or set apart by ``|``. The answer is a letter, an option's text or its number. Further columns that are used: passage,
category (or subject, type), topic, explanation (or rationale), difficulty. A table that names no category has one: its file's name.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from studentsim import luck
from studentsim.bank.draft import (
    MAX_CATEGORY,
    OPTION_LETTERS,
    Draft,
    QuestionSet,
    check_text,
    lettered,
    named_by_file,
    prose,
)
from studentsim.bank.mmlu import file_subject, topic
from studentsim.bank.near import shuffled
from studentsim.bank.plain_columns import FROM_ZERO, Columns, columns_of, plain_name
from studentsim.bank.plain_key import TEXT, KeyWay, key_way, written
from studentsim.bank.reading import Row

LOOKED_AT = 1000
"""Rows that decide how a file says which option is right, spread over it evenly."""
AS_OFTEN = 0.8
"""A second column that names an option in this share of the rows in which the first one does is taken for a key too."""
NAMED_BY = 50
"""Rows whose fields are the file's columns."""
HARDNESS = {"easy": 1, "medium": 2, "hard": 3, "1": 1, "2": 2, "3": 3}
_INLINE = re.compile(r"(?:^|(?<=\s))\(?([A-Ja-j])[).:]\s")
_LABEL = re.compile(r"\(?([A-Ja-j])\s*(?:\)\s*|[.:](?:\s+|(?=[\d$(+-])))(?=\S)")
"""``A) 5``, ``(a)5``, ``A. five``, ``A.5``, but not ``A.B``, which may be an answer."""


@dataclass(frozen=True)
class Layout:
    """What a file's columns are, which of them says what is right, and how."""

    columns: Columns
    answer: str
    key: KeyWay


def layout_of(rows: Sequence[Row]) -> Layout:
    """The layout of a file.

    :raises ValueError: it is no table of questions, or nobody can tell which options are right; in words.
    """
    tables = [row for row in rows[:: max(1, len(rows) // LOOKED_AT)] if isinstance(row.values, Mapping)]
    if not tables:
        raise ValueError("no row has columns")
    # A field that a row lacks is no column that the file lacks.
    columns = columns_of(dict.fromkeys(name for row in tables[:NAMED_BY] for name in row.values))
    if columns.lacking:
        raise ValueError(columns.lacking)
    if columns.wrong:
        return Layout(columns, columns.answers[0], KeyWay(TEXT))
    asked_of = [(options, row) for row in tables if (options := _options_or_none(columns, row))]
    if not asked_of:
        _options(columns, tables[0].values)  # says why
    found = [_by_column(columns, answer, asked_of) for answer in columns.answers]
    best = max(found, key=lambda layout: (bool(layout.key.way), layout.key.rows))
    if not best.key.way:
        raise ValueError(f"in the column {best.answer[:40]!r} {best.key.why}")
    _refuse_contradiction(best, [other for other in found if other.key.way and other is not best], asked_of)
    return best


def _by_column(columns: Columns, answer: str, asked_of: Sequence[tuple[tuple[str, ...], Row]]) -> Layout:
    """The layout if this column says which option is right."""
    asked = [(options, _one(row.values.get(answer))) for options, row in asked_of]
    return Layout(columns, answer, key_way(asked, first=columns.first, from_zero=plain_name(answer) in FROM_ZERO))


def _refuse_contradiction(
    best: Layout, others: Sequence[Layout], asked_of: Sequence[tuple[tuple[str, ...], Row]]
) -> None:
    """:raises ValueError: another column says as often which option is right, and says otherwise."""
    for other in others:
        if other.key.rows < AS_OFTEN * best.key.rows:
            continue
        for options, row in asked_of:
            one, two = (x.key.place(options, _one(row.values.get(x.answer))) for x in (best, other))
            if one is not None and two is not None and one != two:
                raise ValueError(
                    f"the columns {best.answer[:40]!r} and {other.answer[:40]!r} both say which option is right, and differ "
                    f"(first in row {row.number}); take one of them out"
                )


def draft(layout: Layout, row: Row, seed: int = 0) -> Draft:
    """What a row of a table says.

    :raises ValueError: a cell is not sound.
    """
    columns, values = layout.columns, row.values
    problem, passage = _cell(values, columns.question), _cell(values, columns.passage)
    if not problem:
        raise ValueError(f"{columns.question!r} is blank")
    answer = _one(values.get(layout.answer))
    options = _right_and_wrong(layout, values) if columns.wrong else _options(columns, values)
    if not written(answer).strip():
        raise ValueError(f"{layout.answer!r} is blank, so that nothing says which option is right")
    problem = f"{passage}\n{problem}" if passage else problem
    if columns.wrong:
        options, place = shuffled(options[0], options[1:], luck.stream("options", "plain", seed, problem))
    else:
        place = layout.key.place(options, answer)
    return Draft(
        problem=problem,
        options=lettered(options),
        key=OPTION_LETTERS[place] if place is not None else written(answer).strip(),
        category=_cell(values, columns.category) or _cell(values, columns.topic) or named_by_file(row),
        rationale=_cell(values, columns.rationale) if columns.rationale != layout.answer else "",
        difficulty=HARDNESS.get(_cell(values, columns.difficulty).lower()),
        topic=" ".join(_cell(values, columns.topic).split()).lower()[:MAX_CATEGORY] or _mmlu_topic(columns, row),
    )


def _mmlu_topic(columns: Columns, row: Row) -> str:
    """P3's topic, where a table of MMLU names its subject in a column or by its file."""
    if plain_name(columns.category) == "subject":
        return topic(_cell(row.values, columns.category))
    return topic(file_subject(row.source)) if re.search(r"_(test|val|dev)$", row.source) else ""


def _one(answer: Any) -> Any:
    """An answer that stands in a list of its own: ``[2]``."""
    return answer[0] if isinstance(answer, list) and len(answer) == 1 else answer


def _cell(values: Mapping[str, Any], name: str | None) -> str:
    """A cell's text; blank where there is no such column.

    :raises ValueError: it is too long, or holds what is no text.
    """
    text = written(values.get(name)) if name else ""
    check_text(text, repr(name))
    return prose(text)


def _options_or_none(columns: Columns, row: Row) -> tuple[str, ...] | None:
    try:
        return tuple(_options(columns, row.values))
    except ValueError:
        return None


def _options(columns: Columns, values: Mapping[str, Any]) -> list[str]:
    """The texts of a row's options; cells left blank at the end are none.

    :raises ValueError: there are not at least two, or one between others is blank.
    """
    name = columns.options[0]
    found = _list(values.get(name), name) if columns.listed else [_cell(values, one) for one in columns.options]
    found = [prose(text) for text in found]
    while found and not found[-1]:
        found.pop()
    if not 2 <= len(found) <= len(OPTION_LETTERS):
        raise ValueError(f"it has {len(found)} options, not 2 to {len(OPTION_LETTERS)}")
    if "" in found:
        raise ValueError(f"option {OPTION_LETTERS[found.index('')]} is blank")
    return _unlabelled(found)


def _unlabelled(options: list[str]) -> list[str]:
    """Without the letters before them, where all have one.

    :raises ValueError: they have the letters of each other's places.
    """
    matches = [match for text in options if (match := _LABEL.match(text))]
    labels = [match[1].lower() for match in matches]
    expected = list(OPTION_LETTERS[: len(options)])
    if labels == expected:
        return [text[match.end() :] for text, match in zip(options, matches, strict=True)]
    if sorted(labels) == expected:
        raise ValueError(f"its options are called {', '.join(labels)}, in this order")
    return options


def _right_and_wrong(layout: Layout, values: Mapping[str, Any]) -> list[str]:
    """The right option and the wrong ones, of a table that has them apart.

    :raises ValueError: one of them is blank.
    """
    columns = layout.columns
    found = [_cell(values, name) for name in columns.wrong if isinstance(values.get(name), str | int | float)]
    only = values.get(columns.wrong[0])
    if len(columns.wrong) == 1 and (not isinstance(only, str) or only.lstrip()[:1] == "[" or "|" in only):
        found = [prose(text) for text in _list(only, columns.wrong[0])]
    while found and not found[-1]:
        found.pop()
    if not found or not all(found):
        raise ValueError(f"a wrong option is blank ({', '.join(columns.wrong)[:80]})")
    return [_cell(values, layout.answer), *found]


def _list(value: Any, name: str) -> list[str]:
    """The options that one cell holds.

    :raises ValueError: it is no list that can be read.
    """
    if isinstance(value, str):
        check_text(value, repr(name))
        value = _parsed(value.strip(), name)
    if isinstance(value, Mapping):  # by letter: {"A": "…", "B": "…"}
        marks = [str(mark)[:2].lower() for mark in value]
        if marks != list(OPTION_LETTERS[: len(marks)]):
            raise ValueError(f"{name!r} has the options {', '.join(marks)[:40]}, not a, b, c …")
        value = list(value.values())
    if isinstance(value, list) and value and all(isinstance(part, Mapping) and "text" in part for part in value):
        value = _by_label(value, name)
    if not isinstance(value, list | tuple) or not all(isinstance(part, str | int | float) for part in value):
        raise ValueError(f"{name!r} is no list of options")
    for part in value:
        check_text(written(part), "an option")
    return [written(part) for part in value]


def _by_label(options: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """The texts of options that are each an object: ``{"label": "A", "text": "…"}``.

    :raises ValueError: their labels are not a, b, c … in this order.
    """
    named = next((mark for mark in ("label", "letter", "key", "id") if mark in options[0]), None)
    if named:
        marks = [str(option.get(named))[:2].lower() for option in options]
        if marks != list(OPTION_LETTERS[: len(marks)]):
            raise ValueError(f"{name!r} has the options {', '.join(marks)[:40]}, not a, b, c …")
    return [option["text"] for option in options]


_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)


def _parsed(text: str, name: str) -> Any:
    if text[:1] in ("[", "{", "("):
        for read in (json.loads, _literals, ast.literal_eval):  # literals alone: nothing in it is run
            try:
                return read(text)
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                continue
    for mark in ("|", "\n", ";"):
        if mark in text:
            return text.split(mark)
    if found := _in_line(text):
        return found
    raise ValueError(f"{name!r} is {text[:40]!r}, no list of options")


def _in_line(text: str) -> list[str]:
    """The options of ``A) 17 B) 60 C) 30``; empty where the text does not begin with A, or the letters are not in order."""
    marks = list(_INLINE.finditer(text))
    letters = "".join(mark[1] for mark in marks).lower()
    if len(marks) < 2 or marks[0].start() or letters != OPTION_LETTERS[: len(marks)]:
        return []
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return [text[mark.end() : end].strip().rstrip(",").strip() for mark, end in zip(marks, ends, strict=True)]


def _literals(text: str) -> list[str]:
    """The texts of a Python list, also of one that numpy wrote, without commas: Python would take such for a single text.

    :raises ValueError: something else stands in the list.
    """
    if re.sub(r"[\s,]", "", _LITERAL.sub("", text)) not in ("[]", "()"):
        raise ValueError("not a list of texts alone")
    return [str(ast.literal_eval(found[0])) for found in _LITERAL.finditer(text)]


def _refused(why: str, row: Row, seed: int = 0) -> Draft:
    raise ValueError(why)


def _fitted(rows: Sequence[Row]) -> QuestionSet:
    """The set as it reads one file; where its layout cannot be told, one that says of every row why."""
    try:
        return replace(SET, draft=partial(draft, layout_of(rows)))
    except ValueError as error:
        return replace(SET, draft=partial(_refused, str(error)))


SET = QuestionSet(
    name="plain",
    title="a plain table",
    rows="question, options (columns such as a, b, c, d, or a list), answer (a letter, a number or an option's text)",
    prefix="plain",
    hub=None,
    columns=frozenset(),
    fits=lambda values: not columns_of(values).lacking,
    draft=lambda row, seed: draft(layout_of([row]), row, seed),
    fitted=_fitted,
)
