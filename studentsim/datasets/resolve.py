"""Resolves a bank's name to its rows and their datasets: a file, a folder, a Hugging Face dataset, or several of these.

    gsm8k | /home/me/my questions.csv | mmlu:p3

Several sources are joined by " | ", which Windows paths cannot contain and others rarely do (if the whole name is an existing path,
it is that path). Each source is read, recognised and split as if it were alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from studentsim.curriculum import generator
from studentsim.datasets import tabular
from studentsim.datasets.adapter import DatasetSpec
from studentsim.datasets.detection import DatasetRecognition, recognize_dataset, recognize_given_dataset
from studentsim.datasets.file_reader import RawRow, RowFault, check_row_limit, read_rows
from studentsim.datasets.hub import load_hub_rows
from studentsim.datasets.limits import MAX_SOURCES
from studentsim.datasets.published import mmlu
from studentsim.datasets.specs import (
    HUB_DATASETS,
    RECOGNIZABLE_DATASETS,
    describe_known_datasets,
    get_dataset,
    is_hub_dataset,
)
from studentsim.errors import BankError

SOURCE_SEPARATOR = " | "
"""Joins the names of several sources."""
UNKNOWN_DATASET_NAME = "unknown"
"""The dataset of a file that no dataset can parse, among others that some can: all its rows become issues."""


@dataclass(frozen=True)
class BankRows:
    """All rows of a bank in order. The mappings are by ``RawRow.part``, which is unique for each file of each source."""

    rows: list[RawRow]
    dataset_by_part: Mapping[str, DatasetSpec]
    topic_by_part: Mapping[str, str] = field(default_factory=dict)
    """Topic of questions whose rows have none; "" or missing: none."""
    source_by_part: Mapping[str, str] = field(default_factory=dict)
    """The joined source that it belongs to; sources are split separately. Empty for a single source."""
    recognitions: tuple[tuple[str, DatasetRecognition], ...] = ()
    """(name, result) of the detection of each file or group of files with the same columns; the name of a single one is ""."""

    @property
    def known_datasets(self) -> tuple[DatasetSpec, ...]:
        """The rows' datasets, once each, in the order of the rows; without the unknown."""
        datasets = {dataset.name: dataset for dataset in self.dataset_by_part.values()}
        return tuple(dataset for dataset in datasets.values() if dataset.name != UNKNOWN_DATASET_NAME)


def split_source_names(source: str) -> tuple[str, ...]:
    """The sources in a bank's name.

    >>> split_source_names("gsm8k | mmlu:p3"), split_source_names("/home/me/a+b|c.csv")
    (('gsm8k', 'mmlu:p3'), ('/home/me/a+b|c.csv',))
    """
    if SOURCE_SEPARATOR not in source or os.path.exists(source):  # a look at a name, which the web process may take
        return (source,)
    return tuple(part.strip() for part in source.split(SOURCE_SEPARATOR) if part.strip()) or (source,)


def has_hub_dataset(source: str) -> bool:
    """Whether one of the sources is a Hugging Face dataset, for which the network may be needed."""
    return any(is_hub_dataset(name) for name in split_source_names(source))


def load_bank_rows(source: str, set_name: str = "") -> BankRows:
    """Load the rows of one or several sources. ``set_name`` is the dataset of files; "": detected.

    :raises BankError: one cannot be read, or is of no known dataset.
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
    """Join several sources: each row's part is prefixed with its source's title, which is also the default topic."""
    rows: list[RawRow] = []
    datasets: dict[str, DatasetSpec] = {}
    topics: dict[str, str] = {}
    sources: dict[str, str] = {}
    recognitions: list[tuple[str, DatasetRecognition]] = []
    for name, title, source_rows in zip(names, unique_source_titles(names), loaded, strict=True):
        new_parts: dict[str, str] = {}
        for part, dataset in source_rows.dataset_by_part.items():
            new_part = f"{title} {part}".strip()
            while new_part in datasets:  # "a b" and "c" make the same name as "a" and "b c"
                new_part += "'"
            new_parts[part] = new_part
            datasets[new_part], topics[new_part], sources[new_part] = dataset, title, name
        rows += [replace(row, part=new_parts[row.part]) for row in source_rows.rows]
        recognitions += [(f"{title} {part}".strip(), result) for part, result in source_rows.recognitions]
        check_row_limit(rows)
    return BankRows(rows, datasets, topics, sources, tuple(recognitions))


def unique_source_titles(names: Sequence[str]) -> tuple[str, ...]:
    """Titles of joined sources: a dataset's title, a file's name without suffix; made unique.

    >>> unique_source_titles(("gsm8k", "mmlu:p3", "a/algebra.csv", "b/algebra.csv"))
    ('GSM8K', 'MMLU: p3', 'a/algebra', 'b/algebra')
    """
    short = [_source_title(name) for name in names]
    long = [
        title if short.count(title) == 1 else "/".join(Path(name).with_suffix("").parts[-2:])[-80:]
        for title, name in zip(short, names, strict=True)
    ]
    return tuple(
        title if long.count(title) == 1 else f"{title} ({number})" for number, title in enumerate(long, start=1)
    )


def _source_title(name: str) -> str:
    if name == generator.BANK_NAME:
        return "curriculum"
    if not is_hub_dataset(name):
        return Path(name).stem[:80] or name[:80]
    dataset_name, _, part = name.partition(":")
    title = get_dataset(dataset_name).title
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
            f"Check the path, or name one of {generator.BANK_NAME}, {', '.join(dataset.name for dataset in HUB_DATASETS)}.",
        )
    return _recognize_files(source, read_rows(source), set_name)


def _recognize_files(source: str, rows: list[RawRow], set_name: str) -> BankRows:
    """Detect each file's dataset. Files with the same columns are taken together, since a file may have a single row.

    :raises BankError: no file is of a known dataset.
    """
    files: dict[str, list[RawRow]] = {}
    for row in rows:
        files.setdefault(row.part, []).append(row)
    parts_by_columns: dict[Any, list[str]] = {}
    for part, file_rows in files.items():
        first = file_rows[0].values
        parts_by_columns.setdefault(frozenset(first) if isinstance(first, Mapping) else None, []).append(part)
    datasets: dict[str, DatasetSpec] = {}
    recognitions: list[tuple[str, DatasetRecognition]] = []
    for parts in parts_by_columns.values():
        if set_name:
            recognition = recognize_given_dataset(get_dataset(set_name), files[parts[0]])
        else:
            recognition = recognize_dataset([files[part] for part in parts], RECOGNIZABLE_DATASETS)
        if recognition.dataset is None and len(parts_by_columns) == 1:
            raise _unknown_dataset_error(source, recognition, rows[0])
        recognitions.append((parts[0] if len(parts_by_columns) > 1 else "", recognition))
        for part in parts:
            datasets[part] = _fit_dataset(recognition, files[part])
    if not any(recognition.dataset for _, recognition in recognitions):
        raise _unknown_dataset_error(source, recognitions[0][1], rows[0])
    bank_rows = BankRows(rows, {part: datasets[part] for part in files}, recognitions=tuple(recognitions))
    if len(bank_rows.known_datasets) < 2:
        return bank_rows
    return replace(bank_rows, topic_by_part={part: dataset.title for part, dataset in datasets.items()})


def _fit_dataset(recognition: DatasetRecognition, rows: Sequence[RawRow]) -> DatasetSpec:
    """The dataset fitted to one file; for an unknown dataset, one that refuses every row."""
    if recognition.dataset is None:
        hint = f" ({recognition.failure_hint})" if recognition.failure_hint else ""
        refuse = partial(tabular.refuse_row, f"the file is of no known set{hint}")
        return replace(
            tabular.DATASET, name=UNKNOWN_DATASET_NAME, title="no known set", parse_row=refuse, fit_to_file=None
        )
    return recognition.dataset.fitted(rows)


def _unknown_dataset_error(source: str, recognition: DatasetRecognition, first_row: RawRow) -> BankError:
    if isinstance(first_row.values, RowFault):
        return BankError(f"{first_row.label}: {first_row.values}.", "Correct the row, or take it out.")
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
