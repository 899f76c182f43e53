"""Reads files of questions as rows: a JSON list, JSON Lines, CSV, or a folder of such files.

A row's meaning is up to its dataset (adapter.py). A file that is no regular file, not text or too large (limits.py) is refused before it
is parsed.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from studentsim.datasets.limits import (
    MAX_BYTES,
    MAX_COLUMNS,
    MAX_FILES,
    MAX_LINES,
    MAX_ROW_CHARS,
    MAX_ROWS,
    MAX_TEXT_CHARS,
    MAX_VALUES,
)
from studentsim.datasets.tabular_columns import is_header_row
from studentsim.errors import BankError, first_line
from studentsim.files import read_regular_file
from studentsim.plain_text import strip_control_characters

FILE_SUFFIXES = (".json", ".jsonl", ".csv")
_FORMAT_ADVICE = "Give JSON (a list, or an object a line), or CSV with commas, in UTF-8."


class RowFault(str):
    """In the place of a row's fields: why they are not looked at, for users; begins in lower case."""


@dataclass(frozen=True)
class RawRow:
    """One row as read. ``number`` counts from 1 within ``part``: a file of a folder, a split on Hugging Face, or "" (the whole)."""

    number: int
    values: Any
    """A mapping of fields, unless the row is malformed."""
    part: str = ""
    source_name: str = ""
    """The file's name without suffix, or the Hugging Face configuration: some datasets give the subject only there."""
    split: str | None = None
    """The dataset's own split of the row; None: its text decides (``splits.assign_split``)."""

    @property
    def label(self) -> str:
        """The row's name in messages.

        >>> RawRow(3, {}).label, RawRow(3, {}, "train").label
        ('Row 3', 'Row 3 of train')
        """
        return f"Row {self.number}{f' of {self.part}' if self.part else ''}"


def read_rows(path: str | Path) -> list[RawRow]:
    """Read the rows of a file, or of all files of a folder in the order of their paths.

    :raises BankError: a file is missing, too large, not UTF-8, neither JSON nor CSV, or there is no row.
    """
    path = Path(path)
    rows: list[RawRow] = []
    for file, part in _list_labelled_files(path):
        try:
            values = _parse_rows(_read_text(file), file)
        except BankError:
            raise
        except Exception as error:  # whatever else is wrong with a file, it is named
            raise BankError(
                f"{file} cannot be read ({type(error).__name__}: {first_line(error)}).", _FORMAT_ADVICE
            ) from error
        check_row_limit(range(len(rows) + len(values)))
        name = strip_control_characters(file.stem)
        rows += [RawRow(n, _find_row_fault(value) or value, part, name) for n, value in enumerate(values, start=1)]
    if not rows:
        raise BankError(f"There is not a single row in {path}.", "Give a file with at least some questions.")
    return rows


def check_row_limit(rows: Sequence[object]) -> None:
    """Check the number of rows.

    :raises BankError: there are more than ``MAX_ROWS``.
    """
    if len(rows) > MAX_ROWS:
        raise BankError(f"There are more than {MAX_ROWS:,} rows.", "Use a part of them.")


def _find_row_fault(value: Any) -> RowFault | None:
    """Why a row is too large to be looked at; None: it is not."""
    field_count, char_count, pending = 0, 0, [value]
    while pending:
        item = pending.pop()
        char_count += 1
        if isinstance(item, str):
            char_count += len(item)
        elif isinstance(item, dict):
            field_count += len(item)
            pending += (*item, *item.values())
        elif isinstance(item, list):
            pending += item
    if field_count > MAX_COLUMNS:
        return RowFault(f"it has {field_count:,} fields, more than {MAX_COLUMNS:,}")
    if char_count <= MAX_ROW_CHARS:
        return None
    fields = value.items() if isinstance(value, dict) else ()
    long_text = next(((n, t) for n, t in fields if isinstance(t, str) and len(t) > MAX_TEXT_CHARS), None)
    if long_text:
        return RowFault(f"{long_text[0][:40]!r} has {len(long_text[1]):,} characters, more than {MAX_TEXT_CHARS:,}")
    return RowFault(f"it has {char_count:,} characters, more than {MAX_ROW_CHARS:,}")


def list_question_files(folder: Path) -> list[Path]:
    """A folder's files with one of ``FILE_SUFFIXES``, sorted by path; without hidden files, and links to folders are not followed.

    :raises BankError: the folder cannot be read, or has more than ``MAX_FILES`` entries.
    """
    files: list[Path] = []
    folders, entry_count = [folder], 0
    try:
        while folders:
            for entry in os.scandir(folders.pop()):
                entry_count += 1
                if entry_count > MAX_FILES:  # perhaps a whole disk
                    raise BankError(
                        f"The folder {folder} holds more than {MAX_FILES:,} files.", "Name one further down."
                    )
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                elif entry.name.lower().endswith(FILE_SUFFIXES) and not entry.name.startswith("."):
                    files.append(Path(entry.path))
    except OSError as error:
        raise BankError(f"The folder {folder} cannot be read: {error.strerror}.", "Check its path.") from error
    return sorted(files)


def _list_labelled_files(path: Path) -> list[tuple[Path, str]]:
    """(file, unique name in messages) of each file to read; the name of a single file is ""."""
    if not stat.S_ISDIR(_stat_path(path).st_mode):
        return [(path, "")]
    files = list_question_files(path)
    if not files:
        raise BankError(
            f"The folder {path} has no file {', '.join(FILE_SUFFIXES)}.", "Give the folder of the questions."
        )
    _check_size_limit(sum(_stat_path(file).st_size for file in files), path)
    file_by_label: dict[str, Path] = {}
    for file in files:
        label = strip_control_characters(file.relative_to(path).as_posix())
        while label in file_by_label:  # two names that differ in what cannot be shown
            label += "'"
        file_by_label[label] = file
    return [(file, label) for label, file in file_by_label.items()]


def _check_size_limit(size_bytes: int, path: Path) -> None:
    if size_bytes > MAX_BYTES:
        raise BankError(f"{path} has {size_bytes / 2**20:.0f} MB, more than {MAX_BYTES // 2**20}.", "Use a part of it.")


def _stat_path(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:  # such as a link that leads to itself
        raise _unreadable_error(path, error) from error


def _unreadable_error(path: Path, error: OSError) -> BankError:
    return BankError(f"The questions {path} cannot be read: {error.strerror}.", "Check the path.")


def _read_text(path: Path) -> str:
    file_stat = _stat_path(path)
    if not stat.S_ISREG(file_stat.st_mode):
        raise BankError(f"{path} is no file.", "Give the path of a file or folder.")
    _check_size_limit(file_stat.st_size, path)
    try:
        data = read_regular_file(path, max_bytes=MAX_BYTES)
    except OSError as error:
        raise _unreadable_error(path, error) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BankError(
            f"{path} is no UTF-8 text (at byte {error.start}).", f"Save it as UTF-8. {_FORMAT_ADVICE}"
        ) from error
    if "\0" in text:
        raise BankError(f"{path} holds a NUL character, so it is no text file.", "Save it as UTF-8 text.")
    if not text.strip():
        raise BankError(f"{path} is empty.", _FORMAT_ADVICE)
    for what, signs, limit in (("values", ",{[", MAX_VALUES), ("lines", "\n", MAX_LINES)):
        if (count := sum(map(text.count, signs))) > limit:
            raise BankError(f"{path} has about {count:,} {what}, more than {limit:,}.", "Use a part of it.")
    return text


def _parse_rows(text: str, path: Path) -> list[Any]:
    if path.suffix.lower() == ".csv":
        return _parse_csv(text, path)
    start = text.lstrip()[0]
    if start == "[":
        return _parse_json(text, path)
    if start == "{":
        return _parse_json_objects(text, path)
    if path.suffix.lower() in (".json", ".jsonl"):
        _parse_json(text, path)  # raises, naming the line, unless it is JSON
        raise BankError(f"{path} holds no list of rows.", _FORMAT_ADVICE)
    return _parse_csv(text, path)


def _parse_json_objects(text: str, path: Path) -> list[Any]:
    """JSON Lines; or one object over several lines: a row, as in MATH's files, or an object that contains the rows."""
    lines = [(number, line) for number, line in enumerate(text.split("\n")) if line.strip()]
    if len(lines) == 1 or not lines[0][1].rstrip().endswith("}"):
        return _unwrap_rows(_parse_json(text, path))
    if len(lines) > MAX_ROWS:
        check_row_limit(lines)
    return [_parse_json(line, path, number) for number, line in lines]


ROW_LIST_KEYS = ("data", "questions", "rows", "items", "examples", "problems", "results")
"""Keys under which an object may contain the list of rows."""


def _unwrap_rows(data: Any) -> list[Any]:
    """The rows that an object contains, else the object itself as one row. The Hugging Face viewer gives rows as ``{"row": {…}}``."""
    if len(data) > 1 and all(isinstance(row, dict) and {"question", "problem"} & set(row) for row in data.values()):
        return list(data.values())  # rows by id
    lists = [data[name] for name in ROW_LIST_KEYS if isinstance(data.get(name), list)]
    if not lists or isinstance(data.get("question"), str) or isinstance(data.get("problem"), str):
        return [data]
    rows = lists[0]
    if rows and all(isinstance(row, dict) and isinstance(row.get("row"), dict) for row in rows):
        return [row["row"] for row in rows]
    return rows


def _parse_json(text: str, path: Path, lines_before: int = 0) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_dict_without_duplicates)
    except json.JSONDecodeError as error:
        raise BankError(
            f"{path} is no JSON: line {lines_before + error.lineno}: {error.msg}.", _FORMAT_ADVICE
        ) from error
    except RecursionError as error:
        raise BankError(f"{path} is nested too deeply to be read.", _FORMAT_ADVICE) from error
    except ValueError as error:  # a number of thousands of digits, or a duplicate field
        raise BankError(f"{path} cannot be read: {str(error)[:200]}.", "Correct it, or take it out.") from error


def _dict_without_duplicates(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            raise ValueError(f"a row has the field {name[:40]!r} twice")
        fields[name] = value
    return fields


# ------------------------------------------------------------------ CSV

HEADER_NAMES = {"question", "problem", "correct", "answerkey", "correct_answer"}
"""A first line with one of these names (in any case) is a header; ``is_header_row`` recognises others. MMLU's files have none."""


def _parse_csv(text: str, path: Path) -> list[Any]:
    lines = _read_csv_cells(text, path)
    header = [cell.strip() for cell in lines[0]]
    if (
        not HEADER_NAMES & {cell.lower() for cell in header}
        and not is_header_row(header)
        and not _looks_like_header(header)
    ):
        return [_row_without_header(cells, path, number) for number, cells in enumerate(lines, start=1)]
    while not header[-1]:  # columns that a spreadsheet added at the end
        header.pop()
    if len(header) > MAX_COLUMNS:
        raise BankError(f"{path} has {len(header):,} columns, more than {MAX_COLUMNS:,}.", "Take out those of no use.")
    seen_names: set[str] = set()
    for name in header:
        if name in seen_names:
            raise BankError(f"{path} has the column {name[:40]!r} twice.", "Name each column once.")
        seen_names.add(name)
    return [_row_with_header(header, cells, path, number) for number, cells in enumerate(lines[1:], start=1)]


def _looks_like_header(cells: list[str]) -> bool:
    """Whether a first line is the header of some other table, such as a list of addresses: short, different texts without digits, of
    which the last is not an option's letter."""
    filled_cells = [cell for cell in cells if cell]
    all_short_text = all(len(cell) <= 40 and not re.search(r"[\d?]", cell) for cell in filled_cells)
    return (
        len(filled_cells) > 2
        and len(set(filled_cells)) == len(filled_cells)
        and all_short_text
        and not re.fullmatch(r"[A-Ja-j]", filled_cells[-1])
    )


def _read_csv_cells(text: str, path: Path) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        filled_lines = (cells for cells in reader if any(cell.strip() for cell in cells))
        lines = list(islice(filled_lines, MAX_ROWS + 3))  # the limit itself is checked later
    except csv.Error as error:
        raise BankError(f"{path} is no sound CSV: line {reader.line_num}: {error}.", _FORMAT_ADVICE) from error
    if not lines:
        raise BankError(f"{path} holds nothing but commas.", _FORMAT_ADVICE)
    if len(lines) > 1 and lines[0][0].strip().lower() == "sep=" and not any(lines[0][1:]):
        del lines[0]  # "sep=," tells spreadsheets the separator
    if len(lines[0]) == 1:
        separator_names = {";": "semicolons", "\t": "tabs"}
        separator_name = next((name for sign, name in separator_names.items() if sign in lines[0][0]), "")
        why = f"its columns are separated by {separator_name}" if separator_name else "it has a single column"
        raise BankError(f"{path} is neither JSON nor CSV with commas: {why}.", f"Save it with commas. {_FORMAT_ADVICE}")
    return lines


def _row_with_header(names: list[str], cells: list[str], path: Path, number: int) -> dict[str, str]:
    if len(cells) > len(names) and not any(cell.strip() for cell in cells[len(names) :]):
        cells = cells[: len(names)]
    if len(cells) != len(names):
        raise BankError(
            f"Row {number} of {path} has {len(cells)} cells, but there are {len(names)} columns.", "Correct the row."
        )
    return dict(zip(names, cells, strict=True))


def _row_without_header(cells: list[str], path: Path, number: int) -> dict[str, Any]:
    """A row of MMLU's released CSV, which has no header: question, four options, letter."""
    if len(cells) != 6:
        raise BankError(
            f"Row {number} of {path} has {len(cells)} cells, and no line of it names the columns.",
            "Without such a line, MMLU's six columns are expected: question, four options, letter.",
        )
    return {"question": cells[0], "choices": cells[1:5], "answer": cells[5]}
