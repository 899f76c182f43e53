"""Loads a dataset's rows from Hugging Face with the package ``datasets``. A dataset's own code is never run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studentsim.datasets.adapter import DatasetSpec
from studentsim.datasets.file_reader import RawRow, check_row_limit
from studentsim.errors import BankError

SPLIT_BY_HUB_SPLIT: Mapping[str, str | None] = {
    "train": "study",
    "validation": "validation",
    "test": "exam",
    "dev": None,
}
"""The splits on Hugging Face that are read, and ours for each; None: the question's text decides. Others are not read (MMLU's
``auxiliary_train`` has questions of other datasets)."""


def load_hub_rows(dataset: DatasetSpec) -> list[RawRow]:
    """Load all rows of a dataset. If it has a train and a test split, these are for study and exams; else each question's text
    decides, as for files.

    :raises BankError: ``datasets`` is not installed, Hugging Face cannot be reached, or there are no rows or too many.
    """
    try:
        import datasets
    except ImportError as error:
        raise BankError("The package 'datasets' is not installed.", "Run: pip install datasets") from error
    rows: list[RawRow] = []
    for config in dataset.hub.configs:
        config_args = (config,) if config else ()
        try:
            hub_splits = datasets.load_dataset(dataset.hub.repo_id, *config_args, revision=dataset.hub.revision)
            rows += _rows_from_splits(hub_splits, config or "")
        except Exception as error:  # anything from no network to a dataset that needs its own code
            raise BankError(
                f"The data set {dataset.hub.repo_id!r} cannot be had from the hub ({type(error).__name__}: {str(error)[:200]}).",
                f"Check the network, or download the files of {dataset.title} and give their path as the bank.",
            ) from error
        check_row_limit(rows)
    if not rows:
        raise BankError(
            f"The data set {dataset.hub.repo_id!r} has no part {', '.join(SPLIT_BY_HUB_SPLIT)}.", "Give a file instead."
        )
    return rows


def _rows_from_splits(hub_splits: Mapping[str, Any], config: str) -> list[RawRow]:
    has_own_splits = {"train", "test"} <= set(hub_splits)
    return [
        RawRow(number, dict(values), " ".join(filter(None, (config, part))), config, split if has_own_splits else None)
        for part, split in SPLIT_BY_HUB_SPLIT.items()
        if part in hub_splits
        for number, values in enumerate(hub_splits[part], start=1)
    ]
