"""Questions from rows and files, as ``datasets.registry`` makes them for a bank, without splits into parts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from studentsim.datasets import registry
from studentsim.datasets.adapter import DatasetSpec
from studentsim.datasets.file_reader import RawRow
from studentsim.datasets.resolve import BankRows, load_bank_rows
from studentsim.types import Question


def load_dataset_rows(source: str, set_name: str = "") -> tuple[DatasetSpec, list[RawRow]]:
    """The one dataset of a source, and its rows."""
    bank_rows = load_bank_rows(source, set_name)
    (dataset,) = bank_rows.known_datasets
    return dataset, bank_rows.rows


def questions_from_rows(
    dataset: DatasetSpec, rows: Sequence[RawRow], *, category: str = "", seed: int = 0
) -> tuple[Question, ...]:
    bank_rows = BankRows(list(rows), dict.fromkeys((row.part for row in rows), dataset))
    return registry._build_questions(bank_rows, category=category, seed=seed)


def load_questions(path: str | Path, set_name: str = "", *, category: str = "", seed: int = 0) -> tuple[Question, ...]:
    """The questions of a source in the order of its rows."""
    category = registry._normalize_given_category(category)
    return registry._build_questions(load_bank_rows(str(path), set_name), category=category, seed=seed)
