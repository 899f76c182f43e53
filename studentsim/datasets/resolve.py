"""The rows a bank's name stands for, and of which set each is: a file, a folder of files, a set of the hub, or several of them.

    gsm8k | /home/me/my questions.csv | mmlu:p3

Several are set apart by a bar between blanks: no path on Windows can hold one, and elsewhere none does by accident (a path that
is there under the whole name is taken as that path). Each is read, recognised and dealt to its splits as if it stood alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from studentsim.curriculum import generator
from studentsim.datasets import mmlu, tabular
from studentsim.datasets.adapter import DatasetSpec, ParsedRow
from studentsim.datasets.detection import DatasetRecognition, recognize_dataset, recognize_given_dataset
from studentsim.datasets.file_reader import RawRow, check_row_limit, read_rows
from studentsim.datasets.hub import load_hub_rows
from studentsim.datasets.specs import (
    HUB_DATASETS,
    RECOGNIZABLE_DATASETS,
    describe_known_datasets,
    get_dataset,
    is_hub_dataset,
)
from studentsim.errors import BankError

SOURCE_SEPARATOR = " | "
"""Sets the names of several parts apart."""
MAX_SOURCES = 30
UNKNOWN_DATASET_NAME = "unknown"
"""Name of what a file among others is of that no set can read: all its rows are told of."""


@dataclass(frozen=True)
class BankRows:
    """All rows of a bank in their order. The mappings are by ``RawRow.part``, which is unique for each file of each part."""

    rows: list[RawRow]
    dataset_by_part: Mapping[str, DatasetSpec]
    topic_by_part: Mapping[str, str] = field(default_factory=dict)
    """The topic of questions whose set gives them none; blank: they have none."""
    source_by_part: Mapping[str, str] = field(default_factory=dict)
    """Which of the joined parts it belongs to: each is dealt to its splits alone."""
    recognitions: tuple[tuple[str, DatasetRecognition], ...] = ()
    """What files were taken for, with the name of the file or part (blank where there is one alone)."""

    @property
    def known_datasets(self) -> tuple[DatasetSpec, ...]:
        """The sets the rows are of, by name once each, in the order of the rows; without files that are of none."""
        return tuple(
            {one.name: one for one in self.dataset_by_part.values() if one.name != UNKNOWN_DATASET_NAME}.values()
        )


def split_source_names(source: str) -> tuple[str, ...]:
    """The parts that a bank's name names.

    >>> split_source_names("gsm8k | mmlu:p3"), split_source_names("/home/me/a+b|c.csv")
    (('gsm8k', 'mmlu:p3'), ('/home/me/a+b|c.csv',))
    """
    if SOURCE_SEPARATOR not in source or os.path.exists(source):
        return (source,)
    return tuple(part.strip() for part in source.split(SOURCE_SEPARATOR) if part.strip()) or (source,)


def has_hub_dataset(source: str) -> bool:
    """Whether a source names a set of the hub, or several sources one among them, for which the network may be needed."""
    return any(is_hub_dataset(part) for part in split_source_names(source))


def load_bank_rows(source: str, set_name: str = "") -> BankRows:
    """The rows of a source, or of several, each with its set. ``set_name`` says which set files are of.

    :raises BankError: one cannot be read, or is of no known set.
    """
    names = split_source_names(source)
    if len(names) == 1:
        return _load_source(names[0], set_name)
    if len(names) > MAX_SOURCES:
        raise BankError(f"The bank joins {len(names)} parts, more than {MAX_SOURCES}.", "Put them into one folder.")
    if duplicate := next((name for name in names if names.count(name) > 1), ""):
        raise BankError(f"The bank names {duplicate[:200]!r} twice.", "Name each part once.")
    return _join_bank_rows(names, [_load_source(name, set_name) for name in names])


def _join_bank_rows(names: Sequence[str], loaded: Sequence[BankRows]) -> BankRows:
    """Several as one: every part of a row gets the joined part's name before it."""
    rows: list[RawRow] = []
    datasets: dict[str, DatasetSpec] = {}
    topics: dict[str, str] = {}
    owners: dict[str, str] = {}
    recognitions: list[tuple[str, DatasetRecognition]] = []
    for name, title, one in zip(names, unique_source_titles(names), loaded, strict=True):
        renamed_parts: dict[str, str] = {}
        for part, dataset in one.dataset_by_part.items():
            new_part = f"{title} {part}".strip()
            while new_part in datasets:  # "a b" and "c" make the same name as "a" and "b c"
                new_part += "'"
            renamed_parts[part], datasets[new_part], topics[new_part], owners[new_part] = new_part, dataset, title, name
        rows += [replace(row, part=renamed_parts[row.part]) for row in one.rows]
        recognitions += [(f"{title} {part}".strip(), what) for part, what in one.recognitions]
        check_row_limit(rows)
    return BankRows(rows, datasets, topics, owners, tuple(recognitions))


def unique_source_titles(names: Sequence[str]) -> tuple[str, ...]:
    """What to call joined parts: a set by its title, a file by its name without the ending; no two alike.

    >>> unique_source_titles(("gsm8k", "mmlu:p3", "a/algebra.csv", "b/algebra.csv"))
    ('GSM8K', 'MMLU: p3', 'a/algebra', 'b/algebra')
    """
    short = [_source_title(name) for name in names]
    long = [
        one if short.count(one) == 1 else "/".join(Path(name).with_suffix("").parts[-2:])[-80:]
        for one, name in zip(short, names, strict=True)
    ]
    return tuple(one if long.count(one) == 1 else f"{one} ({place})" for place, one in enumerate(long, start=1))


def _source_title(name: str) -> str:
    if name == generator.BANK_NAME:
        return "curriculum"
    if not is_hub_dataset(name):
        return Path(name).stem[:80] or name[:80]
    dataset_name, _, part = name.partition(":")
    title = next(one.title for one in HUB_DATASETS if one.name == dataset_name)
    return f"{title}: {part}" if part else title


def _load_source(source: str, set_name: str) -> BankRows:
    if source == generator.BANK_NAME:
        raise BankError("The built-in curriculum cannot be joined with other questions.", "Give it alone.")
    if is_hub_dataset(source):
        name, _, part = source.partition(":")
        dataset = get_dataset(name)
        rows = load_hub_rows(dataset)
        rows = mmlu.filter_rows_by_subject(rows, part) if part else rows
        return BankRows(rows, dict.fromkeys({row.part: None for row in rows}, dataset))
    if not os.path.exists(source):
        raise BankError(
            f"The questions {source[:300]!r} cannot be read: there is no such file, and no set of that name.",
            f"Check the path, or name one of {generator.BANK_NAME}, {', '.join(one.name for one in HUB_DATASETS)}.",
        )
    return _recognize_files(source, read_rows(source), set_name)


def _recognize_files(source: str, rows: list[RawRow], set_name: str) -> BankRows:
    """Each file's set. Files with the same columns are looked at together: of a problem alone little can be told."""
    files: dict[str, list[RawRow]] = {}
    for row in rows:
        files.setdefault(row.part, []).append(row)
    parts_by_columns: dict[Any, list[str]] = {}
    for part, group_rows in files.items():
        first = group_rows[0].values
        parts_by_columns.setdefault(frozenset(first) if isinstance(first, Mapping) else None, []).append(part)
    datasets: dict[str, DatasetSpec] = {}
    recognitions: list[tuple[str, DatasetRecognition]] = []
    for parts in parts_by_columns.values():
        group_rows = [files[part] for part in parts]
        recognition = (
            recognize_given_dataset(get_dataset(set_name), group_rows[0])
            if set_name
            else recognize_dataset(group_rows, RECOGNIZABLE_DATASETS)
        )
        if recognition.dataset is None and len(parts_by_columns) == 1:
            raise _unknown_dataset_error(source, recognition, rows[0])
        recognitions.append((parts[0] if len(parts_by_columns) > 1 else "", recognition))
        for part in parts:
            datasets[part] = _fit_dataset(recognition, files[part])
    if not any(what.dataset for _, what in recognitions):
        raise _unknown_dataset_error(source, recognitions[0][1], rows[0])
    known_sets = {one.name for one in datasets.values() if one.name != UNKNOWN_DATASET_NAME}
    topics = {part: one.title for part, one in datasets.items()} if len(known_sets) > 1 else {}
    return BankRows(rows, {part: datasets[part] for part in files}, topics, recognitions=tuple(recognitions))


def _fit_dataset(recognition: DatasetRecognition, rows: Sequence[RawRow]) -> DatasetSpec:
    """The set as it reads one file; of a file that none can read, one that says so of every row."""
    if recognition.dataset is None:
        refuse = partial(_raise_unknown_dataset, recognition.failure_hint)
        return replace(
            tabular.DATASET, name=UNKNOWN_DATASET_NAME, title="no known set", parse_row=refuse, fit_to_file=None
        )
    return recognition.dataset.fit_to_file(rows) if recognition.dataset.fit_to_file else recognition.dataset


def _raise_unknown_dataset(failure_hint: str, row: RawRow, seed: int = 0) -> ParsedRow:
    raise ValueError(f"the file is of no known set{f' ({failure_hint})' if failure_hint else ''}")


def _unknown_dataset_error(source: str, recognition: DatasetRecognition, first_row: RawRow) -> BankError:
    if not recognition.column_names:
        return BankError(
            f"{first_row.label}: it is {repr(first_row.values)[:40]}, not a question.", describe_known_datasets()
        )
    fields = ", ".join(repr(name[:40]) for name in recognition.column_names[:12])
    hint = (
        f" {recognition.failure_hint[0].upper()}{recognition.failure_hint[1:200]}." if recognition.failure_hint else ""
    )
    return BankError(
        f"{source} is of no known set: its first row has the fields {fields}.{hint}", describe_known_datasets()
    )
