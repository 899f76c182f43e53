"""Which set a file is of: every set tries to read its first rows, and the one that reads them is taken.

Two sets may read the same rows (a plain table is very general): then the one that gives a meaning to more of the columns is
taken, and the other told of. What no set reads is of no known set, unless all its columns are one set's: then its rows are
damaged, and each is told of by number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studentsim.bank.draft import QuestionSet, question_of
from studentsim.bank.plain_columns import columns_of, names_known
from studentsim.bank.reading import Row

SAMPLE = 50
"""Rows that every set tries to read."""
LOOKED_AT = 1000
"""Rows that a set may look at to find out what a file's columns mean."""
NEARLY = 0.5
"""A set that reads fewer than this share of what the best one reads is no rival to it."""
SURE = 0.9
"""Share of the sample that is read where nothing is said to be doubtful."""

EVIDENCE = 3
"""Rows that a set must read to be taken before one that knows all the columns, and reads none of the rows."""


@dataclass(frozen=True)
class Candidate:
    """A set, and how it reads a file's first rows."""

    dataset: QuestionSet
    read: int
    """Rows of the sample that it reads."""
    known: int
    """Columns of the file that it gives a meaning."""
    fits: bool
    """Whether the first row has the columns that it needs."""
    why: str = ""
    """Why the first row that it does not read is not read; blank: it reads all."""


@dataclass(frozen=True)
class Recognition:
    """What a file was taken for. ``dataset`` is None where it is of no known set."""

    dataset: QuestionSet | None
    rows: int
    """Rows of the sample."""
    columns: tuple[str, ...]
    """Of the first row."""
    candidates: tuple[Candidate, ...]
    """Sets that read at least one row, the likeliest first, the one that was taken among them."""
    given: bool = False
    """Whether somebody said which set it is of."""
    nearest: str = ""
    """Where it is of no known set: what is missing, in words; blank where nothing can be said."""

    @property
    def read(self) -> int:
        """Rows of the sample that the set reads."""
        return next((one.read for one in self.candidates if one.dataset is self.dataset), 0)

    @property
    def others(self) -> tuple[Candidate, ...]:
        """What else it might be: sets that read nearly as many rows."""
        return tuple(
            one for one in self.candidates if one.dataset is not self.dataset and one.read >= NEARLY * self.read
        )

    @property
    def certainty(self) -> str:
        """``given``, ``sure``, ``likely`` (most rows are read), or ``unsure`` (few are, or none)."""
        if self.given:
            return "given"
        share = self.read / self.rows if self.rows else 0.0
        return "sure" if share >= SURE else "likely" if share >= NEARLY else "unsure"

    def to_json(self) -> dict[str, Any]:
        """It as plain data, ready for ``json.dumps``."""
        return {
            "set": self.dataset.name if self.dataset else "",
            "title": self.dataset.title if self.dataset else "",
            "certainty": self.certainty,
            "read": self.read,
            "of": self.rows,
            "others": [{"set": one.dataset.name, "title": one.dataset.title, "read": one.read} for one in self.others],
            "columns": list(self.columns),
            "nearest": self.nearest,
        }


def recognise(files: Sequence[Sequence[Row]], sets: Sequence[QuestionSet]) -> Recognition:
    """What files with the same columns are of, each given by its rows. Never raises.

    The first rows are tried, of several files those of ``SAMPLE`` at most, spread over them.
    """
    chosen = files[:: max(1, len(files) // SAMPLE)][:SAMPLE]
    each = max(1, SAMPLE // len(chosen))
    tried = [row for rows in chosen for row in rows[:each]]
    tables = [row for row in tried if isinstance(row.values, Mapping)]
    names = tuple(str(name)[:80] for name in tables[0].values) if tables else ()
    if not tables:
        return Recognition(None, len(tried), (), (), nearest=f"{tried[0].place} is not a question")
    found = [_candidate(one, chosen, each, names) for one in sets]
    found.sort(key=lambda one: -one.known)  # of equals, the earlier in ``sets`` comes first
    most = max(one.read for one in found)
    reading = sorted((one for one in found if one.read), key=lambda one: one.read < NEARLY * most)
    # Where a set knows every column and reads nothing, its rows are damaged, unless another reads more than a chance few.
    whole = next((one for one in found if one.fits and one.known == len(names)), None)
    if whole and not whole.read and most < EVIDENCE:
        return Recognition(whole.dataset, len(tried), names, (whole, *reading))
    if reading:
        return Recognition(reading[0].dataset, len(tried), names, tuple(reading))
    return Recognition(None, len(tried), names, (), nearest=_nearest(found, tables[0]))


def given(dataset: QuestionSet, rows: Sequence[Row]) -> Recognition:
    """What somebody said it is of."""
    names = tuple(str(name)[:80] for name in rows[0].values) if isinstance(rows[0].values, Mapping) else ()
    fitted = dataset.fitted(rows) if dataset.fitted else dataset
    faults = [_read(fitted, row) for row in rows[:SAMPLE]]
    one = Candidate(dataset, faults.count(""), len(names), True)
    return Recognition(dataset, len(faults), names, (one,), given=True)


def _candidate(one: QuestionSet, files: Sequence[Sequence[Row]], each: int, names: Sequence[str]) -> Candidate:
    known = one.columns or names_known(names)
    count = len({name.lower() for name in names} & known)
    tables = [row for rows in files for row in rows[:each] if isinstance(row.values, Mapping)]
    if not any(one.fits(row.values) for row in tables):
        return Candidate(one, 0, count, False)
    faults = []
    for rows in files:
        step = max(1, len(rows) * len(files) // LOOKED_AT)
        fitted = one.fitted(rows[::step]) if one.fitted else one
        faults += [_read(fitted, row) for row in rows[:each]]
    why = next((fault for fault in faults if fault), "")
    return Candidate(one, faults.count(""), count, one.fits(tables[0].values), why)


def _read(one: QuestionSet, row: Row) -> str:
    """Why a row is not read; blank: it is. The category is not asked after: it may be given for all."""
    if isinstance(row.values, Mapping) and not one.fits(row.values):
        return "it has other fields"
    try:
        question_of(one, row, category="any")
    except ValueError as error:
        return str(error) or "it cannot be read"
    return ""


def _nearest(found: Sequence[Candidate], first: Row) -> str:
    """What keeps rows that nobody reads from being read: of a set whose fields they have, or of a table of questions."""
    near = [one for one in found if one.fits]
    if near:
        return f"nearest is {near[0].dataset.title}, but of its first row: {near[0].why}"
    return columns_of(first.values).lacking
