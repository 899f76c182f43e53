"""Detects which dataset a file belongs to: every dataset tries to parse its first rows, and the one that parses them wins.

If two datasets parse the same rows (a plain table is very general), the one that knows more of the columns wins, and the other is
reported as an alternative. A file that no dataset parses is unknown, unless one dataset knows all its columns: then its rows are
damaged, and each is reported by number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studentsim.datasets.adapter import DatasetSpec, build_question_from_row
from studentsim.datasets.file_reader import RawRow
from studentsim.datasets.tabular_columns import detect_columns, filter_known_columns

SAMPLE_ROWS = 50
"""Rows that every dataset tries to parse."""
MAX_FITTING_ROWS = 1000
"""Rows that a dataset may use to find out what a file's columns mean (``DatasetSpec.fit_to_file``)."""
MIN_RIVAL_SHARE = 0.5
"""A dataset is an alternative if it parses at least this share of the rows that the best one parses."""
SURE_SHARE = 0.9
"""Share of the sample's rows from which on ``certainty`` is "sure"."""

MIN_EVIDENCE_ROWS = 3
"""Rows that a dataset must parse to win against one that knows all the columns but parses no row."""


@dataclass(frozen=True)
class DatasetCandidate:
    """A dataset, and how well it parses a file's first rows."""

    dataset: DatasetSpec
    readable_rows: int
    """Rows of the sample that it parses."""
    known_column_count: int
    """Columns of the file that it knows."""
    has_required_columns: bool
    """Whether the first row has the columns that it needs."""
    first_failure: str = ""
    """Why it does not parse the first row that it fails on; "": it parses all."""


@dataclass(frozen=True)
class DatasetRecognition:
    """The result of detecting a file's dataset; ``dataset`` is None if it is unknown."""

    dataset: DatasetSpec | None
    sampled_rows: int
    """Number of rows in the sample."""
    column_names: tuple[str, ...]
    """Columns of the first row."""
    candidates: tuple[DatasetCandidate, ...]
    """Datasets that parse at least one row, and the one that won; the likeliest first."""
    is_given: bool = False
    """Whether the user named the dataset."""
    failure_hint: str = ""
    """If the dataset is unknown: what is missing, for a message; "": nothing can be said."""

    @property
    def readable_rows(self) -> int:
        """Rows of the sample that the dataset parses."""
        return next((c.readable_rows for c in self.candidates if c.dataset is self.dataset), 0)

    @property
    def alternatives(self) -> tuple[DatasetCandidate, ...]:
        """Other datasets that parse at least ``MIN_RIVAL_SHARE`` as many rows."""
        return tuple(
            c
            for c in self.candidates
            if c.dataset is not self.dataset and c.readable_rows >= MIN_RIVAL_SHARE * self.readable_rows
        )

    @property
    def certainty(self) -> str:
        """``given`` (by the user), ``sure``, ``likely`` (at least half of the rows are parsed) or ``unsure``."""
        if self.is_given:
            return "given"
        share = self.readable_rows / self.sampled_rows if self.sampled_rows else 0.0
        return "sure" if share >= SURE_SHARE else "likely" if share >= MIN_RIVAL_SHARE else "unsure"

    def to_json(self) -> dict[str, Any]:
        """The result as an entry of ``BankReport.recognised``, ready for ``json.dumps``."""
        return {
            "set": self.dataset.name if self.dataset else "",
            "title": self.dataset.title if self.dataset else "",
            "certainty": self.certainty,
            "read": self.readable_rows,
            "of": self.sampled_rows,
            "others": [
                {"set": c.dataset.name, "title": c.dataset.title, "read": c.readable_rows} for c in self.alternatives
            ],
            "columns": list(self.column_names),
            "nearest": self.failure_hint,
        }


def recognize_dataset(files: Sequence[Sequence[RawRow]], datasets: Sequence[DatasetSpec]) -> DatasetRecognition:
    """Detect the dataset of files with the same columns, each given by its rows. Never raises.

    The sample are the first rows of at most ``SAMPLE_ROWS`` files, ``SAMPLE_ROWS`` in all.
    """
    sampled_files = files[:: max(1, len(files) // SAMPLE_ROWS)][:SAMPLE_ROWS]
    rows_per_file = max(1, SAMPLE_ROWS // len(sampled_files))
    sample = [row for rows in sampled_files for row in rows[:rows_per_file]]
    mapping_rows = [row for row in sample if isinstance(row.values, Mapping)]
    column_names = tuple(str(name)[:80] for name in mapping_rows[0].values) if mapping_rows else ()
    if not mapping_rows:
        return DatasetRecognition(None, len(sample), (), (), failure_hint=f"{sample[0].label} is not a question")
    candidates = [_try_dataset(dataset, sampled_files, rows_per_file, column_names) for dataset in datasets]
    candidates.sort(key=lambda c: -c.known_column_count)  # stable: ties keep the order of ``datasets``
    max_readable = max(c.readable_rows for c in candidates)
    readers = sorted(
        (c for c in candidates if c.readable_rows), key=lambda c: c.readable_rows < MIN_RIVAL_SHARE * max_readable
    )
    # If a dataset knows every column but parses no row, the rows are damaged, unless another parses more than a few by chance.
    full_match = next(
        (c for c in candidates if c.has_required_columns and c.known_column_count == len(column_names)), None
    )
    if full_match and not full_match.readable_rows and max_readable < MIN_EVIDENCE_ROWS:
        return DatasetRecognition(full_match.dataset, len(sample), column_names, (full_match, *readers))
    if readers:
        return DatasetRecognition(readers[0].dataset, len(sample), column_names, tuple(readers))
    return DatasetRecognition(
        None, len(sample), column_names, (), failure_hint=_describe_nearest_dataset(candidates, mapping_rows[0])
    )


def recognize_given_dataset(dataset: DatasetSpec, rows: Sequence[RawRow]) -> DatasetRecognition:
    """The result for a file whose dataset the user named: how many of the first rows it parses."""
    column_names = tuple(str(name)[:80] for name in rows[0].values) if isinstance(rows[0].values, Mapping) else ()
    fitted_dataset = dataset.fitted(rows)
    failures = [_describe_read_failure(fitted_dataset, row) for row in rows[:SAMPLE_ROWS]]
    candidate = DatasetCandidate(dataset, failures.count(""), len(column_names), True)
    return DatasetRecognition(dataset, len(failures), column_names, (candidate,), is_given=True)


def _try_dataset(
    dataset: DatasetSpec, files: Sequence[Sequence[RawRow]], rows_per_file: int, column_names: Sequence[str]
) -> DatasetCandidate:
    known_columns = dataset.known_columns or filter_known_columns(column_names)
    known_column_count = len({name.lower() for name in column_names} & known_columns)
    mapping_rows = [row for rows in files for row in rows[:rows_per_file] if isinstance(row.values, Mapping)]
    if not any(dataset.may_be_row(row.values) for row in mapping_rows):
        return DatasetCandidate(dataset, 0, known_column_count, False)
    failures = []
    for rows in files:
        step = max(1, len(rows) * len(files) // MAX_FITTING_ROWS)
        fitted_dataset = dataset.fitted(rows[::step])
        failures += [_describe_read_failure(fitted_dataset, row) for row in rows[:rows_per_file]]
    first_failure = next((failure for failure in failures if failure), "")
    return DatasetCandidate(
        dataset, failures.count(""), known_column_count, dataset.may_be_row(mapping_rows[0].values), first_failure
    )


def _describe_read_failure(dataset: DatasetSpec, row: RawRow) -> str:
    """Why a row cannot be parsed; "": it can. A missing category is no failure: the user may give one for all rows."""
    if isinstance(row.values, Mapping) and not dataset.may_be_row(row.values):
        return "it has other fields"
    try:
        build_question_from_row(dataset, row, category="any")
    except ValueError as error:
        return str(error) or "it cannot be read"
    return ""


def _describe_nearest_dataset(candidates: Sequence[DatasetCandidate], first_row: RawRow) -> str:
    """Why rows that no dataset parses fail: for the dataset whose columns they have, else for a plain table."""
    matching = [c for c in candidates if c.has_required_columns]
    if matching:
        return f"nearest is {matching[0].dataset.title}, but of its first row: {matching[0].first_failure}"
    return detect_columns(first_row.values).missing_description
