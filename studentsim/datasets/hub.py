"""Rows of a set from the hub, through ``datasets``. Code that comes with a data set is never run."""

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
"""Parts of a data set that are read, and what they are for; others (MMLU's ``auxiliary_train``, questions of other sets)
are not."""


def load_hub_rows(dataset: DatasetSpec) -> list[RawRow]:
    """All rows of a set. Where it has a train and a test part, these are for study and for exams; else a question's text
    decides, as with a file.

    :raises BankError: ``datasets`` is not installed, or the hub cannot be reached.
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
        except Exception as error:  # anything, from no network to a script that would have to be run
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
