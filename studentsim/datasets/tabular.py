"""Plain tables, as teachers and programs write them: a question, its options, and a column that says which option is correct.

CSV with a header, or JSON rows:

    question,a,b,c,d,answer                          Which is a prime?,4,7,9,15,B
    question,choice0,choice1,choice2,choice3,answer  (MMLU with a header: the answer counts from 0)
    {"question": "…", "options": ["…", …], "correct_answer": "…"}
    question,correct answer,wrong answer 1,wrong answer 2   (shuffled, as in SciQ)

Options have a column each (``A``, ``Option B``, ``choice2``), or are a list in one column: JSON, the text of a Python list, or
separated by ``|``. The answer is a letter, an option's text or its number. Further columns: passage, category (or subject, type),
topic, explanation (or rationale), difficulty. The category of a table that names none is its file's name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from studentsim.datasets.adapter import (
    OPTION_LETTERS,
    DatasetSpec,
    ParsedRow,
    category_from_file_name,
    check_text,
    fault_as_value_error,
    label_options,
    normalize_whitespace,
)
from studentsim.datasets.distractors import shuffle_options
from studentsim.datasets.file_reader import RawRow
from studentsim.datasets.limits import MAX_CATEGORY_CHARS
from studentsim.datasets.published.mmlu import find_p3_topic, subject_from_file_name
from studentsim.datasets.tabular_columns import (
    ZERO_BASED_COLUMN_NAMES,
    TableColumns,
    detect_columns,
    normalize_column_name,
)
from studentsim.datasets.tabular_key import BY_TEXT, AnswerKeyFormat, cell_to_text, detect_answer_key_format
from studentsim.datasets.tabular_options import parse_option_list, strip_option_labels
from studentsim.rng import derive_rng

MAX_LAYOUT_ROWS = 1000
"""Rows, evenly spaced, from which the format of the answer column is detected."""
MIN_SECOND_KEY_SHARE = 0.8
"""A second column counts as an answer key, too, if it names an option in this share of the rows in which the best one does."""
MAX_COLUMN_NAME_ROWS = 50
"""Rows whose fields together are the file's columns."""
DIFFICULTY_BY_LABEL = {"easy": 1, "medium": 2, "hard": 3, "1": 1, "2": 2, "3": 3}


@dataclass(frozen=True)
class TableLayout:
    """A file's columns, the one that is the answer key, and the key's format."""

    columns: TableColumns
    answer_column: str
    key_format: AnswerKeyFormat


def detect_layout(rows: Sequence[RawRow]) -> TableLayout:
    """Detect a file's layout.

    :raises ValueError: it is not a table of questions, or the answer key is missing or ambiguous; the message is for users.
    """
    mapping_rows = [row for row in rows[:: max(1, len(rows) // MAX_LAYOUT_ROWS)] if isinstance(row.values, Mapping)]
    if not mapping_rows:
        raise ValueError("no row has columns")
    # The union over several rows, since JSON rows may lack fields.
    columns = detect_columns(dict.fromkeys(name for row in mapping_rows[:MAX_COLUMN_NAME_ROWS] for name in row.values))
    if columns.missing_description:
        raise ValueError(columns.missing_description)
    if columns.wrong_options:
        return TableLayout(columns, columns.answer_columns[0], AnswerKeyFormat(BY_TEXT))
    options_and_rows = [(options, row) for row in mapping_rows if (options := _read_options_or_none(columns, row))]
    if not options_and_rows:
        _read_options(columns, mapping_rows[0].values)  # raises, naming the reason
    layouts = [_layout_for_answer_column(columns, answer, options_and_rows) for answer in columns.answer_columns]
    best = max(layouts, key=lambda layout: (bool(layout.key_format.name), layout.key_format.matched_rows))
    if not best.key_format.name:
        raise ValueError(f"in the column {best.answer_column[:40]!r} {best.key_format.failure_reason}")
    others = [layout for layout in layouts if layout.key_format.name and layout is not best]
    _check_contradiction(best, others, options_and_rows)
    return best


def _layout_for_answer_column(
    columns: TableColumns, answer_column: str, options_and_rows: Sequence[tuple[tuple[str, ...], RawRow]]
) -> TableLayout:
    """The layout if this column is the answer key."""
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
    """Check that no other answer key contradicts the best one.

    :raises ValueError: one does, and matches about as many rows (``MIN_SECOND_KEY_SHARE``).
    """
    for other in others:
        if other.key_format.matched_rows < MIN_SECOND_KEY_SHARE * best.key_format.matched_rows:
            continue
        for options, row in options_and_rows:
            first_index, second_index = (
                x.key_format.find_correct_index(options, _unwrap_single_answer(row.values.get(x.answer_column)))
                for x in (best, other)
            )
            if first_index is not None and second_index is not None and first_index != second_index:
                names = f"{best.answer_column[:40]!r} and {other.answer_column[:40]!r}"
                raise ValueError(
                    f"the columns {names} both say which option is right, and differ "
                    f"(first in row {row.number}); take one of them out"
                )


def parse_table_row(layout: TableLayout, row: RawRow, seed: int = 0) -> ParsedRow:
    """Parse a row of a table.

    :raises ValueError: a cell is wrong.
    """
    columns, values = layout.columns, row.values
    problem = _get_cell_text(values, columns.question)
    passage = _get_cell_text(values, columns.passage)
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
    """P3's topic (``mmlu.py``) of the subject in a column or in a file's name like ``astronomy_test``; "" if there is none."""
    if normalize_column_name(columns.category) == "subject":
        return find_p3_topic(_get_cell_text(row.values, columns.category))
    subject = subject_from_file_name(row.source_name)
    return find_p3_topic(subject) if subject != row.source_name else ""


def _unwrap_single_answer(answer: Any) -> Any:
    """The element of a list with one element, such as ``[2]``; any other answer as it is."""
    return answer[0] if isinstance(answer, list) and len(answer) == 1 else answer


def _get_cell_text(values: Mapping[str, Any], name: str | None) -> str:
    """A cell's text with normalised whitespace; "" if there is no such column.

    :raises ValueError: it fails ``check_text``.
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
    """The texts of a row's options, without blank cells at the end.

    :raises ValueError: there are not 2 to 10, or one between others is blank.
    """
    if columns.has_option_list:
        texts = parse_option_list(values.get(columns.options[0]), columns.options[0])
    else:
        texts = [_get_cell_text(values, name) for name in columns.options]
    options = _strip_blank_end([normalize_whitespace(text) for text in texts])
    if not 2 <= len(options) <= len(OPTION_LETTERS):
        raise ValueError(f"it has {len(options)} options, not 2 to {len(OPTION_LETTERS)}")
    if "" in options:
        raise ValueError(f"option {OPTION_LETTERS[options.index('')]} is blank")
    return strip_option_labels(options)


def _strip_blank_end(texts: list[str]) -> list[str]:
    while texts and not texts[-1]:
        texts.pop()
    return texts


def _read_correct_and_wrong(layout: TableLayout, values: Mapping[str, Any]) -> list[str]:
    """The correct option, then the wrong ones, of a table that has separate columns for them.

    :raises ValueError: there is no wrong option, or one is blank.
    """
    names = layout.columns.wrong_options
    texts = [_get_cell_text(values, name) for name in names if isinstance(values.get(name), str | int | float)]
    first = values.get(names[0])
    if len(names) == 1 and (not isinstance(first, str) or first.lstrip()[:1] == "[" or "|" in first):
        texts = [normalize_whitespace(text) for text in parse_option_list(first, names[0])]
    wrong_options = _strip_blank_end(texts)
    if not wrong_options or not all(wrong_options):
        raise ValueError(f"a wrong option is blank ({', '.join(names)[:80]})")
    return [_get_cell_text(values, layout.answer_column), *wrong_options]


def refuse_row(reason: str, row: RawRow, seed: int = 0) -> ParsedRow:
    """A ``DatasetSpec.parse_row``, with ``reason`` bound, for a file that cannot be parsed at all.

    :raises ValueError: always, with the reason.
    """
    raise ValueError(reason)


def _fit_to_file(rows: Sequence[RawRow]) -> DatasetSpec:
    """The dataset with a file's layout; if that cannot be detected, one that refuses every row with the reason."""
    try:
        with fault_as_value_error():
            return replace(DATASET, parse_row=partial(parse_table_row, detect_layout(rows)))
    except ValueError as error:
        return replace(DATASET, parse_row=partial(refuse_row, str(error)))


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
