"""Which set a file is of: every set tries to read its first rows, and the one that reads them is taken.

Two sets may read the same rows (a plain table is very general): then the one that gives a meaning to more of the columns is
taken, and the other told of. What no set reads is of no known set, unless all its columns are one set's: then its rows are
damaged, and each is told of by number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studentsim.datasets.adapter import DatasetSpec, build_question_from_row
from studentsim.datasets.file_reader import RawRow
from studentsim.datasets.tabular_columns import detect_columns, filter_known_columns

SAMPLE_ROWS = 50
"""Rows that every set tries to read."""
MAX_FITTING_ROWS = 1000
"""Rows that a set may look at to find out what a file's columns mean."""
MIN_RIVAL_SHARE = 0.5
"""A set that reads fewer than this share of what the best one reads is no rival to it."""
SURE_SHARE = 0.9
"""Share of the sample that is read where nothing is said to be doubtful."""

MIN_EVIDENCE_ROWS = 3
"""Rows that a set must read to be taken before one that knows all the columns, and reads none of the rows."""


@dataclass(frozen=True)
class DatasetCandidate:
    """A set, and how it reads a file's first rows."""

    dataset: DatasetSpec
    readable_rows: int
    """Rows of the sample that it reads."""
    known_column_count: int
    """Columns of the file that it gives a meaning."""
    has_required_columns: bool
    """Whether the first row has the columns that it needs."""
    first_failure: str = ""
    """Why the first row that it does not read is not read; blank: it reads all."""


@dataclass(frozen=True)
class DatasetRecognition:
    """What a file was taken for. ``dataset`` is None where it is of no known set."""

    dataset: DatasetSpec | None
    sampled_rows: int
    """Rows of the sample."""
    column_names: tuple[str, ...]
    """Of the first row."""
    candidates: tuple[DatasetCandidate, ...]
    """Sets that read at least one row, the likeliest first, the one that was taken among them."""
    is_given: bool = False
    """Whether somebody said which set it is of."""
    failure_hint: str = ""
    """Where it is of no known set: what is missing, in words; blank where nothing can be said."""

    @property
    def readable_rows(self) -> int:
        """Rows of the sample that the set reads."""
        return next((one.readable_rows for one in self.candidates if one.dataset is self.dataset), 0)

    @property
    def alternatives(self) -> tuple[DatasetCandidate, ...]:
        """What else it might be: sets that read nearly as many rows."""
        return tuple(
            one
            for one in self.candidates
            if one.dataset is not self.dataset and one.readable_rows >= MIN_RIVAL_SHARE * self.readable_rows
        )

    @property
    def certainty(self) -> str:
        """``is_given``, ``sure``, ``likely`` (most rows are read), or ``unsure`` (few are, or none)."""
        if self.is_given:
            return "given"
        share = self.readable_rows / self.sampled_rows if self.sampled_rows else 0.0
        return "sure" if share >= SURE_SHARE else "likely" if share >= MIN_RIVAL_SHARE else "unsure"

    def to_json(self) -> dict[str, Any]:
        """It as plain data, ready for ``json.dumps``."""
        return {
            "set": self.dataset.name if self.dataset else "",
            "title": self.dataset.title if self.dataset else "",
            "certainty": self.certainty,
            "read": self.readable_rows,
            "of": self.sampled_rows,
            "others": [
                {"set": one.dataset.name, "title": one.dataset.title, "read": one.readable_rows}
                for one in self.alternatives
            ],
            "columns": list(self.column_names),
            "nearest": self.failure_hint,
        }


def recognize_dataset(files: Sequence[Sequence[RawRow]], datasets: Sequence[DatasetSpec]) -> DatasetRecognition:
    """What files with the same columns are of, each given by its rows. Never raises.

    The first rows are tried, of several files those of ``SAMPLE_ROWS`` at most, spread over them.
    """
    sampled_files = files[:: max(1, len(files) // SAMPLE_ROWS)][:SAMPLE_ROWS]
    rows_per_file = max(1, SAMPLE_ROWS // len(sampled_files))
    sample = [row for rows in sampled_files for row in rows[:rows_per_file]]
    mapping_rows = [row for row in sample if isinstance(row.values, Mapping)]
    column_names = tuple(str(name)[:80] for name in mapping_rows[0].values) if mapping_rows else ()
    if not mapping_rows:
        return DatasetRecognition(None, len(sample), (), (), failure_hint=f"{sample[0].label} is not a question")
    candidates = [_try_dataset(one, sampled_files, rows_per_file, column_names) for one in datasets]
    candidates.sort(key=lambda one: -one.known_column_count)  # of equals, the earlier in ``sets`` comes first
    max_readable = max(one.readable_rows for one in candidates)
    readers = sorted(
        (one for one in candidates if one.readable_rows),
        key=lambda one: one.readable_rows < MIN_RIVAL_SHARE * max_readable,
    )
    # Where a set knows every column and reads nothing, its rows are damaged, unless another reads more than a chance few.
    full_match = next(
        (one for one in candidates if one.has_required_columns and one.known_column_count == len(column_names)), None
    )
    if full_match and not full_match.readable_rows and max_readable < MIN_EVIDENCE_ROWS:
        return DatasetRecognition(full_match.dataset, len(sample), column_names, (full_match, *readers))
    if readers:
        return DatasetRecognition(readers[0].dataset, len(sample), column_names, tuple(readers))
    return DatasetRecognition(
        None, len(sample), column_names, (), failure_hint=_describe_nearest_dataset(candidates, mapping_rows[0])
    )


def recognize_given_dataset(dataset: DatasetSpec, rows: Sequence[RawRow]) -> DatasetRecognition:
    """What somebody said it is of."""
    column_names = tuple(str(name)[:80] for name in rows[0].values) if isinstance(rows[0].values, Mapping) else ()
    fitted_dataset = dataset.fit_to_file(rows) if dataset.fit_to_file else dataset
    failures = [_describe_read_failure(fitted_dataset, row) for row in rows[:SAMPLE_ROWS]]
    candidate = DatasetCandidate(dataset, failures.count(""), len(column_names), True)
    return DatasetRecognition(dataset, len(failures), column_names, (candidate,), is_given=True)


def _try_dataset(
    dataset: DatasetSpec, files: Sequence[Sequence[RawRow]], rows_per_file: int, column_names: Sequence[str]
) -> DatasetCandidate:
    known_columns = dataset.known_columns or filter_known_columns(column_names)
    known_column_count = len({name.lower() for name in column_names} & known_columns)
    mapping_rows = [row for rows in files for row in rows[:rows_per_file] if isinstance(row.values, Mapping)]
    if not any(dataset.matches_row(row.values) for row in mapping_rows):
        return DatasetCandidate(dataset, 0, known_column_count, False)
    failures = []
    for rows in files:
        step = max(1, len(rows) * len(files) // MAX_FITTING_ROWS)
        fitted_dataset = dataset.fit_to_file(rows[::step]) if dataset.fit_to_file else dataset
        failures += [_describe_read_failure(fitted_dataset, row) for row in rows[:rows_per_file]]
    first_failure = next((fault for fault in failures if fault), "")
    return DatasetCandidate(
        dataset, failures.count(""), known_column_count, dataset.matches_row(mapping_rows[0].values), first_failure
    )


def _describe_read_failure(dataset: DatasetSpec, row: RawRow) -> str:
    """Why a row is not read; blank: it is. The category is not asked after: it may be given for all."""
    if isinstance(row.values, Mapping) and not dataset.matches_row(row.values):
        return "it has other fields"
    try:
        build_question_from_row(dataset, row, category="any")
    except ValueError as error:
        return str(error) or "it cannot be read"
    return ""


def _describe_nearest_dataset(candidates: Sequence[DatasetCandidate], first_row: RawRow) -> str:
    """What keeps rows that nobody reads from being read: of a set whose fields they have, or of a table of questions."""
    matching = [one for one in candidates if one.has_required_columns]
    if matching:
        return f"nearest is {matching[0].dataset.title}, but of its first row: {matching[0].first_failure}"
    return detect_columns(first_row.values).missing_description
