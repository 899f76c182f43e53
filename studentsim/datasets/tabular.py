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

from studentsim.datasets.adapter import (
    MAX_CATEGORY_CHARS,
    OPTION_LETTERS,
    DatasetSpec,
    ParsedRow,
    category_from_file_name,
    check_text,
    label_options,
    normalize_whitespace,
)
from studentsim.datasets.distractors import shuffle_options
from studentsim.datasets.file_reader import RawRow
from studentsim.datasets.mmlu import find_p3_topic, subject_from_file_name
from studentsim.datasets.tabular_columns import (
    ZERO_BASED_COLUMN_NAMES,
    TableColumns,
    detect_columns,
    normalize_column_name,
)
from studentsim.datasets.tabular_key import BY_TEXT, AnswerKeyFormat, cell_to_text, detect_answer_key_format
from studentsim.rng import derive_rng

MAX_LAYOUT_ROWS = 1000
"""Rows that decide how a file says which option is right, spread over it evenly."""
MIN_SECOND_KEY_SHARE = 0.8
"""A second column that names an option in this share of the rows in which the first one does is taken for a key too."""
MAX_COLUMN_NAME_ROWS = 50
"""Rows whose fields are the file's columns."""
DIFFICULTY_BY_LABEL = {"easy": 1, "medium": 2, "hard": 3, "1": 1, "2": 2, "3": 3}
_INLINE_LABEL = re.compile(r"(?:^|(?<=\s))\(?([A-Ja-j])[).:]\s")
_OPTION_LABEL = re.compile(r"\(?([A-Ja-j])\s*(?:\)\s*|[.:](?:\s+|(?=[\d$(+-])))(?=\S)")
"""``A) 5``, ``(a)5``, ``A. five``, ``A.5``, but not ``A.B``, which may be an answer."""


@dataclass(frozen=True)
class TableLayout:
    """What a file's columns are, which of them says what is right, and how."""

    columns: TableColumns
    answer_column: str
    key_format: AnswerKeyFormat


def detect_layout(rows: Sequence[RawRow]) -> TableLayout:
    """The layout of a file.

    :raises ValueError: it is no table of questions, or nobody can tell which options are right; in words.
    """
    mapping_rows = [row for row in rows[:: max(1, len(rows) // MAX_LAYOUT_ROWS)] if isinstance(row.values, Mapping)]
    if not mapping_rows:
        raise ValueError("no row has columns")
    # A field that a row lacks is no column that the file lacks.
    columns = detect_columns(dict.fromkeys(name for row in mapping_rows[:MAX_COLUMN_NAME_ROWS] for name in row.values))
    if columns.missing_description:
        raise ValueError(columns.missing_description)
    if columns.wrong_options:
        return TableLayout(columns, columns.answer_columns[0], AnswerKeyFormat(BY_TEXT))
    options_and_rows = [(options, row) for row in mapping_rows if (options := _read_options_or_none(columns, row))]
    if not options_and_rows:
        _read_options(columns, mapping_rows[0].values)  # says why
    layouts = [_layout_for_answer_column(columns, answer, options_and_rows) for answer in columns.answer_columns]
    best = max(layouts, key=lambda layout: (bool(layout.key_format.name), layout.key_format.matched_rows))
    if not best.key_format.name:
        raise ValueError(f"in the column {best.answer_column[:40]!r} {best.key_format.failure_reason}")
    _check_contradiction(
        best, [other for other in layouts if other.key_format.name and other is not best], options_and_rows
    )
    return best


def _layout_for_answer_column(
    columns: TableColumns, answer_column: str, options_and_rows: Sequence[tuple[tuple[str, ...], RawRow]]
) -> TableLayout:
    """The layout if this column says which option is right."""
    options_and_answers = [
        (options, _unwrap_single_answer(row.values.get(answer_column))) for options, row in options_and_rows
    ]
    return TableLayout(
        columns,
        answer_column,
        detect_answer_key_format(
            options_and_answers,
            first_option_number=columns.first_option_number,
            has_zero_based_name=normalize_column_name(answer_column) in ZERO_BASED_COLUMN_NAMES,
        ),
    )


def _check_contradiction(
    best: TableLayout, others: Sequence[TableLayout], options_and_rows: Sequence[tuple[tuple[str, ...], RawRow]]
) -> None:
    """:raises ValueError: another column says as often which option is right, and says otherwise."""
    for other in others:
        if other.key_format.matched_rows < MIN_SECOND_KEY_SHARE * best.key_format.matched_rows:
            continue
        for options, row in options_and_rows:
            first_index, second_index = (
                x.key_format.find_correct_index(options, _unwrap_single_answer(row.values.get(x.answer_column)))
                for x in (best, other)
            )
            if first_index is not None and second_index is not None and first_index != second_index:
                raise ValueError(
                    f"the columns {best.answer_column[:40]!r} and {other.answer_column[:40]!r} both say which option is right, and differ "
                    f"(first in row {row.number}); take one of them out"
                )


def parse_table_row(layout: TableLayout, row: RawRow, seed: int = 0) -> ParsedRow:
    """What a row of a table says.

    :raises ValueError: a cell is not sound.
    """
    columns, values = layout.columns, row.values
    problem, passage = _get_cell_text(values, columns.question), _get_cell_text(values, columns.passage)
    if not problem:
        raise ValueError(f"{columns.question!r} is blank")
    answer = _unwrap_single_answer(values.get(layout.answer_column))
    options = _read_correct_and_wrong(layout, values) if columns.wrong_options else _read_options(columns, values)
    if not cell_to_text(answer).strip():
        raise ValueError(f"{layout.answer_column!r} is blank, so that nothing says which option is right")
    problem = f"{passage}\n{problem}" if passage else problem
    if columns.wrong_options:
        options, correct_index = shuffle_options(options[0], options[1:], derive_rng("options", "plain", seed, problem))
    else:
        correct_index = layout.key_format.find_correct_index(options, answer)
    return ParsedRow(
        problem=problem,
        options=label_options(options),
        correct_label=OPTION_LETTERS[correct_index] if correct_index is not None else cell_to_text(answer).strip(),
        category=_get_cell_text(values, columns.category)
        or _get_cell_text(values, columns.topic)
        or category_from_file_name(row),
        rationale=_get_cell_text(values, columns.rationale) if columns.rationale != layout.answer_column else "",
        difficulty=DIFFICULTY_BY_LABEL.get(_get_cell_text(values, columns.difficulty).lower()),
        topic=" ".join(_get_cell_text(values, columns.topic).split()).lower()[:MAX_CATEGORY_CHARS]
        or _find_mmlu_topic(columns, row),
    )


def _find_mmlu_topic(columns: TableColumns, row: RawRow) -> str:
    """P3's topic, where a table of MMLU names its subject in a column or by its file."""
    if normalize_column_name(columns.category) == "subject":
        return find_p3_topic(_get_cell_text(row.values, columns.category))
    return (
        find_p3_topic(subject_from_file_name(row.source_name))
        if re.search(r"_(test|val|dev)$", row.source_name)
        else ""
    )


def _unwrap_single_answer(answer: Any) -> Any:
    """An answer that stands in a list of its own: ``[2]``."""
    return answer[0] if isinstance(answer, list) and len(answer) == 1 else answer


def _get_cell_text(values: Mapping[str, Any], name: str | None) -> str:
    """A cell's text; blank where there is no such column.

    :raises ValueError: it is too long, or holds what is no text.
    """
    text = cell_to_text(values.get(name)) if name else ""
    check_text(text, repr(name))
    return normalize_whitespace(text)


def _read_options_or_none(columns: TableColumns, row: RawRow) -> tuple[str, ...] | None:
    try:
        return tuple(_read_options(columns, row.values))
    except ValueError:
        return None


def _read_options(columns: TableColumns, values: Mapping[str, Any]) -> list[str]:
    """The texts of a row's options; cells left blank at the end are none.

    :raises ValueError: there are not at least two, or one between others is blank.
    """
    name = columns.options[0]
    found = (
        _parse_option_list(values.get(name), name)
        if columns.has_option_list
        else [_get_cell_text(values, one) for one in columns.options]
    )
    found = [normalize_whitespace(text) for text in found]
    while found and not found[-1]:
        found.pop()
    if not 2 <= len(found) <= len(OPTION_LETTERS):
        raise ValueError(f"it has {len(found)} options, not 2 to {len(OPTION_LETTERS)}")
    if "" in found:
        raise ValueError(f"option {OPTION_LETTERS[found.index('')]} is blank")
    return _strip_option_labels(found)


def _strip_option_labels(options: list[str]) -> list[str]:
    """Without the letters before them, where all have one.

    :raises ValueError: they have the letters of each other's places.
    """
    matches = [match for text in options if (match := _OPTION_LABEL.match(text))]
    labels = [match[1].lower() for match in matches]
    expected = list(OPTION_LETTERS[: len(options)])
    if labels == expected:
        return [text[match.end() :] for text, match in zip(options, matches, strict=True)]
    if sorted(labels) == expected:
        raise ValueError(f"its options are called {', '.join(labels)}, in this order")
    return options


def _read_correct_and_wrong(layout: TableLayout, values: Mapping[str, Any]) -> list[str]:
    """The right option and the wrong ones, of a table that has them apart.

    :raises ValueError: one of them is blank.
    """
    columns = layout.columns
    found = [
        _get_cell_text(values, name)
        for name in columns.wrong_options
        if isinstance(values.get(name), str | int | float)
    ]
    only = values.get(columns.wrong_options[0])
    if len(columns.wrong_options) == 1 and (not isinstance(only, str) or only.lstrip()[:1] == "[" or "|" in only):
        found = [normalize_whitespace(text) for text in _parse_option_list(only, columns.wrong_options[0])]
    while found and not found[-1]:
        found.pop()
    if not found or not all(found):
        raise ValueError(f"a wrong option is blank ({', '.join(columns.wrong_options)[:80]})")
    return [_get_cell_text(values, layout.answer_column), *found]


def _parse_option_list(value: Any, name: str) -> list[str]:
    """The options that one cell holds.

    :raises ValueError: it is no list that can be read.
    """
    if isinstance(value, str):
        check_text(value, repr(name))
        value = _parse_list_text(value.strip(), name)
    if isinstance(value, Mapping):  # by letter: {"A": "…", "B": "…"}
        marks = [str(mark)[:2].lower() for mark in value]
        if marks != list(OPTION_LETTERS[: len(marks)]):
            raise ValueError(f"{name!r} has the options {', '.join(marks)[:40]}, not a, b, c …")
        value = list(value.values())
    if isinstance(value, list) and value and all(isinstance(part, Mapping) and "text" in part for part in value):
        value = _texts_of_labelled_options(value, name)
    if not isinstance(value, list | tuple) or not all(isinstance(part, str | int | float) for part in value):
        raise ValueError(f"{name!r} is no list of options")
    for part in value:
        check_text(cell_to_text(part), "an option")
    return [cell_to_text(part) for part in value]


def _texts_of_labelled_options(options: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """The texts of options that are each an object: ``{"label": "A", "text": "…"}``.

    :raises ValueError: their labels are not a, b, c … in this order.
    """
    label_key = next((mark for mark in ("label", "letter", "key", "id") if mark in options[0]), None)
    if label_key:
        marks = [str(option.get(label_key))[:2].lower() for option in options]
        if marks != list(OPTION_LETTERS[: len(marks)]):
            raise ValueError(f"{name!r} has the options {', '.join(marks)[:40]}, not a, b, c …")
    return [option["text"] for option in options]


_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)


def _parse_list_text(text: str, name: str) -> Any:
    if text[:1] in ("[", "{", "("):
        for read in (json.loads, _parse_text_literals, ast.literal_eval):  # literals alone: nothing in it is run
            try:
                return read(text)
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                continue
    for mark in ("|", "\n", ";"):
        if mark in text:
            return text.split(mark)
    if found := _parse_inline_options(text):
        return found
    raise ValueError(f"{name!r} is {text[:40]!r}, no list of options")


def _parse_inline_options(text: str) -> list[str]:
    """The options of ``A) 17 B) 60 C) 30``; empty where the text does not begin with A, or the letters are not in order."""
    matches = list(_INLINE_LABEL.finditer(text))
    letters = "".join(mark[1] for mark in matches).lower()
    if len(matches) < 2 or matches[0].start() or letters != OPTION_LETTERS[: len(matches)]:
        return []
    ends = [mark.start() for mark in matches[1:]] + [len(text)]
    return [text[mark.end() : end].strip().rstrip(",").strip() for mark, end in zip(matches, ends, strict=True)]


def _parse_text_literals(text: str) -> list[str]:
    """The texts of a Python list, also of one that numpy wrote, without commas: Python would take such for a single text.

    :raises ValueError: something else stands in the list.
    """
    if re.sub(r"[\s,]", "", _LITERAL.sub("", text)) not in ("[]", "()"):
        raise ValueError("not a list of texts alone")
    return [str(ast.literal_eval(found[0])) for found in _LITERAL.finditer(text)]


def _raise_unreadable_row(reason: str, row: RawRow, seed: int = 0) -> ParsedRow:
    raise ValueError(reason)


def _fit_to_file(rows: Sequence[RawRow]) -> DatasetSpec:
    """The set as it reads one file; where its layout cannot be told, one that says of every row why."""
    try:
        return replace(DATASET, parse_row=partial(parse_table_row, detect_layout(rows)))
    except ValueError as error:
        return replace(DATASET, parse_row=partial(_raise_unreadable_row, str(error)))


DATASET = DatasetSpec(
    name="plain",
    title="a plain table",
    row_description="question, options (columns such as a, b, c, d, or a list), answer (a letter, a number or an option's text)",
    id_prefix="plain",
    hub=None,
    known_columns=frozenset(),
    matches_row=lambda values: not detect_columns(values).missing_description,
    parse_row=lambda row, seed: parse_table_row(detect_layout([row]), row, seed),
    fit_to_file=_fit_to_file,
)
