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

from studentsim.bank import curriculum, mmlu, plain_table
from studentsim.bank.draft import Draft, QuestionSet
from studentsim.bank.hub import hub_rows
from studentsim.bank.reading import Row, limit_rows, rows_of
from studentsim.bank.recognition import Recognition, given, recognise
from studentsim.bank.sets import READ, SETS, is_set_of_hub, known, named
from studentsim.errors import BankError

SEPARATOR = " | "
"""Sets the names of several parts apart."""
MAX_PARTS = 30
UNKNOWN = "unknown"
"""Name of what a file among others is of that no set can read: all its rows are told of."""


@dataclass(frozen=True)
class Parts:
    """All rows of a bank in their order. The mappings are by ``Row.part``, which is unique for each file of each part."""

    rows: list[Row]
    datasets: Mapping[str, QuestionSet]
    topics: Mapping[str, str] = field(default_factory=dict)
    """The topic of questions whose set gives them none; blank: they have none."""
    owners: Mapping[str, str] = field(default_factory=dict)
    """Which of the joined parts it belongs to: each is dealt to its splits alone."""
    recognitions: tuple[tuple[str, Recognition], ...] = ()
    """What files were taken for, with the name of the file or part (blank where there is one alone)."""

    @property
    def sets(self) -> tuple[QuestionSet, ...]:
        """The sets the rows are of, by name once each, in the order of the rows; without files that are of none."""
        return tuple({one.name: one for one in self.datasets.values() if one.name != UNKNOWN}.values())


def names_of(source: str) -> tuple[str, ...]:
    """The parts that a bank's name names.

    >>> names_of("gsm8k | mmlu:p3"), names_of("/home/me/a+b|c.csv")
    (('gsm8k', 'mmlu:p3'), ('/home/me/a+b|c.csv',))
    """
    if SEPARATOR not in source or os.path.exists(source):
        return (source,)
    return tuple(part.strip() for part in source.split(SEPARATOR) if part.strip()) or (source,)


def is_on_hub(source: str) -> bool:
    """Whether a source names a set of the hub, or several sources one among them, for which the network may be needed."""
    return any(is_set_of_hub(part) for part in names_of(source))


def parts_of(source: str, set_name: str = "") -> Parts:
    """The rows of a source, or of several, each with its set. ``set_name`` says which set files are of.

    :raises BankError: one cannot be read, or is of no known set.
    """
    names = names_of(source)
    if len(names) == 1:
        return _one(names[0], set_name)
    if len(names) > MAX_PARTS:
        raise BankError(f"The bank joins {len(names)} parts, more than {MAX_PARTS}.", "Put them into one folder.")
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise BankError(f"The bank names {twice[:200]!r} twice.", "Name each part once.")
    return _joined(names, [_one(name, set_name) for name in names])


def _joined(names: Sequence[str], found: Sequence[Parts]) -> Parts:
    """Several as one: every part of a row gets the joined part's name before it."""
    rows: list[Row] = []
    datasets: dict[str, QuestionSet] = {}
    topics: dict[str, str] = {}
    owners: dict[str, str] = {}
    recognitions: list[tuple[str, Recognition]] = []
    for name, title, one in zip(names, titles(names), found, strict=True):
        whole: dict[str, str] = {}
        for part, dataset in one.datasets.items():
            new = f"{title} {part}".strip()
            while new in datasets:  # "a b" and "c" make the same name as "a" and "b c"
                new += "'"
            whole[part], datasets[new], topics[new], owners[new] = new, dataset, title, name
        rows += [replace(row, part=whole[row.part]) for row in one.rows]
        recognitions += [(f"{title} {part}".strip(), what) for part, what in one.recognitions]
        limit_rows(rows)
    return Parts(rows, datasets, topics, owners, tuple(recognitions))


def titles(names: Sequence[str]) -> tuple[str, ...]:
    """What to call joined parts: a set by its title, a file by its name without the ending; no two alike.

    >>> titles(("gsm8k", "mmlu:p3", "a/algebra.csv", "b/algebra.csv"))
    ('GSM8K', 'MMLU: p3', 'a/algebra', 'b/algebra')
    """
    short = [_title(name) for name in names]
    long = [
        one if short.count(one) == 1 else "/".join(Path(name).with_suffix("").parts[-2:])[-80:]
        for one, name in zip(short, names, strict=True)
    ]
    return tuple(one if long.count(one) == 1 else f"{one} ({place})" for place, one in enumerate(long, start=1))


def _title(name: str) -> str:
    if name == curriculum.NAME:
        return "curriculum"
    if not is_set_of_hub(name):
        return Path(name).stem[:80] or name[:80]
    own, _, part = name.partition(":")
    title = next(one.title for one in SETS if one.name == own)
    return f"{title}: {part}" if part else title


def _one(source: str, set_name: str) -> Parts:
    if source == curriculum.NAME:
        raise BankError("The built-in curriculum cannot be joined with other questions.", "Give it alone.")
    if is_set_of_hub(source):
        name, _, part = source.partition(":")
        bank = named(name)
        rows = hub_rows(bank)
        rows = mmlu.subjects(rows, part) if part else rows
        return Parts(rows, dict.fromkeys({row.part: None for row in rows}, bank))
    if not os.path.exists(source):
        raise BankError(
            f"The questions {source[:300]!r} cannot be read: there is no such file, and no set of that name.",
            f"Check the path, or name one of {curriculum.NAME}, {', '.join(one.name for one in SETS)}.",
        )
    return _files(source, rows_of(source), set_name)


def _files(source: str, rows: list[Row], set_name: str) -> Parts:
    """Each file's set. Files with the same columns are looked at together: of a problem alone little can be told."""
    files: dict[str, list[Row]] = {}
    for row in rows:
        files.setdefault(row.part, []).append(row)
    alike: dict[Any, list[str]] = {}
    for part, own in files.items():
        first = own[0].values
        alike.setdefault(frozenset(first) if isinstance(first, Mapping) else None, []).append(part)
    datasets: dict[str, QuestionSet] = {}
    found: list[tuple[str, Recognition]] = []
    for parts in alike.values():
        own = [files[part] for part in parts]
        what = given(named(set_name), own[0]) if set_name else recognise(own, READ)
        if what.dataset is None and len(alike) == 1:
            raise _unknown(source, what, rows[0])
        found.append((parts[0] if len(alike) > 1 else "", what))
        for part in parts:
            datasets[part] = _fitted(what, files[part])
    if not any(what.dataset for _, what in found):
        raise _unknown(source, found[0][1], rows[0])
    known_sets = {one.name for one in datasets.values() if one.name != UNKNOWN}
    topics = {part: one.title for part, one in datasets.items()} if len(known_sets) > 1 else {}
    return Parts(rows, {part: datasets[part] for part in files}, topics, recognitions=tuple(found))


def _fitted(what: Recognition, rows: Sequence[Row]) -> QuestionSet:
    """The set as it reads one file; of a file that none can read, one that says so of every row."""
    if what.dataset is None:
        refuse = partial(_of_no_set, what.nearest)
        return replace(plain_table.SET, name=UNKNOWN, title="no known set", draft=refuse, fitted=None)
    return what.dataset.fitted(rows) if what.dataset.fitted else what.dataset


def _of_no_set(nearest: str, row: Row, seed: int = 0) -> Draft:
    raise ValueError(f"the file is of no known set{f' ({nearest})' if nearest else ''}")


def _unknown(source: str, what: Recognition, first: Row) -> BankError:
    if not what.columns:
        return BankError(f"{first.place}: it is {repr(first.values)[:40]}, not a question.", known())
    fields = ", ".join(repr(name[:40]) for name in what.columns[:12])
    told = f" {what.nearest[0].upper()}{what.nearest[1:200]}." if what.nearest else ""
    return BankError(f"{source} is of no known set: its first row has the fields {fields}.{told}", known())
