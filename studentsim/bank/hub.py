"""Rows of a set from the hub, through ``datasets``. Code that comes with a data set is never run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studentsim.bank.draft import QuestionSet
from studentsim.bank.reading import Row, limit_rows
from studentsim.errors import BankError

PARTS: Mapping[str, str | None] = {"train": "study", "validation": "validation", "test": "exam", "dev": None}
"""Parts of a data set that are read, and what they are for; others (MMLU's ``auxiliary_train``, questions of other sets)
are not."""


def hub_rows(bank: QuestionSet) -> list[Row]:
    """All rows of a set. Where it has a train and a test part, these are for study and for exams; else a question's text
    decides, as with a file.

    :raises BankError: ``datasets`` is not installed, or the hub cannot be reached.
    """
    try:
        import datasets
    except ImportError as error:
        raise BankError("The package 'datasets' is not installed.", "Run: pip install datasets") from error
    rows: list[Row] = []
    for config in bank.hub.configs:
        chosen = (config,) if config else ()
        try:
            found = datasets.load_dataset(bank.hub.name, *chosen, revision=bank.hub.revision)
            rows += _rows(found, config or "")
        except Exception as error:  # anything, from no network to a script that would have to be run
            raise BankError(
                f"The data set {bank.hub.name!r} cannot be had from the hub ({type(error).__name__}: {str(error)[:200]}).",
                f"Check the network, or download the files of {bank.title} and give their path as the bank.",
            ) from error
        limit_rows(rows)
    if not rows:
        raise BankError(f"The data set {bank.hub.name!r} has no part {', '.join(PARTS)}.", "Give a file instead.")
    return rows


def _rows(found: Mapping[str, Any], config: str) -> list[Row]:
    own = {"train", "test"} <= set(found)
    return [
        Row(number, dict(values), " ".join(filter(None, (config, part))), config, split if own else None)
        for part, split in PARTS.items()
        if part in found
        for number, values in enumerate(found[part], start=1)
    ]
