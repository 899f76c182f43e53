"""Which bank a run's setting names: the built-in curriculum, a set of the hub, or a file or folder on this computer."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from studentsim.bank import aqua, arc, check, curriculum, gsm8k, hendrycks_math, mathqa, mmlu, sciq
from studentsim.bank.bank import Bank
from studentsim.bank.dealing import apart, distinct, split_of
from studentsim.bank.draft import QuestionSet, category_name, question_of
from studentsim.bank.hub import hub_rows
from studentsim.bank.reading import Row, files_of, rows_of
from studentsim.errors import BankError
from studentsim.records import Question

PER_SKILL = {"study": 120, "validation": 4, "exam": 40}
"""Questions the built-in bank holds for each skill: 20 turns of 40 on one category alone ask no question twice."""

SETS: tuple[QuestionSet, ...] = (
    mathqa.SET, aqua.SET, gsm8k.SET, hendrycks_math.SET, mmlu.SET, arc.SET, arc.EASY, arc.CHALLENGE, sciq.SET,
)  # fmt: skip
"""The sets that are known, by name on the hub and by the look of their rows."""


def open_bank(source: str, *, category: str = "", leave_out_doubtful: bool = False) -> Bank:
    """The bank of that name: ``curriculum``, a set's name (``gsm8k``, ``mmlu:stem``), or a path of a file or folder.

    ``category`` is one name for all its questions, in the place of the set's own. With ``leave_out_doubtful`` the rows that
    ``check-bank`` lists are left out, those that cannot be read among them.

    :raises BankError: it cannot be read, or holds too little.
    """
    if source == curriculum.NAME:
        if category:
            raise BankError("The built-in curriculum has categories of its own.", "Give no category for it.")
        leave_out_doubtful = False  # nothing in it is
    return _open(source, _own_category(category), leave_out_doubtful, _stamp(source))


def check_bank(
    source: str,
    *,
    category: str = "",
    set_name: str = "",
    told: Callable[[int, int], None] = lambda done, rows: None,
) -> check.BankReport:
    """What a bank holds and what is doubtful in it. ``set_name`` says which set a file is of, if it does not say so itself;
    ``told`` hears how many rows are done, of how many.

    :raises BankError: it cannot be read at all; single rows never raise, but are told of.
    """
    if source == curriculum.NAME:
        asked = tuple((Row(n, {}), question) for n, question in enumerate(_curriculum(), start=1))
        found = check.Checked(asked, tuple(check.doubts_among(asked)), 0, None)
        return check.report(source, None, found, (question for _, question in asked), len(asked))
    bank, rows = rows_in(source, set_name)
    found = check.check(bank, rows, category=_own_category(category), told=told)
    return check.report(source, bank, found, _dealt([question for _, question in found.asked]), len(rows))


def rows_in(source: str, set_name: str = "") -> tuple[QuestionSet, list[Row]]:
    """The set a source is of, and its rows.

    :raises BankError: it cannot be read, or is of no known set.
    """
    if not is_on_hub(source):
        if not os.path.exists(source):
            names = ", ".join(one.name for one in SETS)
            raise BankError(
                f"The questions {source[:300]!r} cannot be read: there is no such file, and no set of that name.",
                f"Check the path, or name one of {curriculum.NAME}, {names}.",
            )
        rows = rows_of(source)
        return _set_of(rows, source, set_name), rows
    name, _, part = source.partition(":")
    bank = next(one for one in SETS if one.name == name)
    rows = hub_rows(bank)
    return bank, mmlu.subjects(rows, part) if part else rows


def is_on_hub(source: str) -> bool:
    """Whether a source names a set of the hub, for which the network may be needed."""
    name, colon, _ = source.partition(":")
    return name in {one.name for one in SETS} and (not colon or name == mmlu.SET.name)


def known() -> str:
    """A sentence on the sets that are known, and how their rows are recognised."""
    looks = "; ".join(f"{one.title} ({one.rows})" for one in SETS if one not in (arc.EASY, arc.CHALLENGE))
    return f"Known are the rows of {looks}. Names of sets at the hub: {', '.join(one.name for one in SETS)}."


def questions_of(bank: QuestionSet, rows: Sequence[Row], *, category: str = "", seed: int = 0) -> tuple[Question, ...]:
    """The questions that rows of a set ask, dealt to their splits. ``seed`` is that of options which are made up.

    :raises BankError: a row is not sound (with its number), or there is none.
    """
    questions = []
    for row in rows:
        try:
            question = question_of(bank, row, category=category, seed=seed)
        except ValueError as error:
            raise BankError(
                f"{row.place}: {error}.", "Correct the row, take it out, or leave out all that is doubtful."
            ) from error
        if question:
            questions.append(question)
    if not questions:
        raise BankError("There is not a single row that gives a question.", "Give a file with at least some questions.")
    return _dealt(questions)


def load(path: str | Path, set_name: str = "", *, category: str = "", seed: int = 0) -> tuple[Question, ...]:
    """The questions of a file or folder, in its order.

    :raises BankError: it cannot be read, is of no known set, or a row is not sound; with the row's number.
    """
    bank, rows = rows_in(str(path), set_name)
    return questions_of(bank, rows, category=_own_category(category), seed=seed)


# ------------------------------------------------------------------


@lru_cache(maxsize=4)
def _open(source: str, category: str, leave_out_doubtful: bool, stamp: tuple[int, ...]) -> Bank:
    if source == curriculum.NAME:
        return Bank.of(source, _curriculum())
    bank, rows = rows_in(source)
    if leave_out_doubtful:
        return Bank.of(source, _dealt(check.check(bank, rows, category=category).sound()))
    return Bank.of(source, questions_of(bank, rows, category=category))


def _curriculum() -> list[Question]:
    return [
        question
        for split, count in PER_SKILL.items()
        for skill in curriculum.SKILLS
        for question in curriculum.pool(skill, split, count)
    ]


def _stamp(source: str) -> tuple[int, ...]:
    """Changes when a file does, so that a corrected one is read anew."""
    path = Path(source)
    try:
        stats = [file.stat() for file in (files_of(path) if path.is_dir() else [path])]
    except (OSError, BankError):
        return ()
    return (max(s.st_mtime_ns for s in stats), sum(s.st_size for s in stats), len(stats))


def _set_of(rows: Sequence[Row], source: str, set_name: str) -> QuestionSet:
    if set_name:
        for one in SETS:
            if one.name == set_name:
                return one
        raise BankError(f"There is no set {set_name!r}.", f"Choose among {', '.join(one.name for one in SETS)}.")
    first = rows[0].values
    if not isinstance(first, dict):
        raise BankError(f"{rows[0].place}: it is {repr(first)[:40]}, not a question.", known())
    found = next((one for one in SETS if one.fits(first)), None)
    if not found:
        fields = ", ".join(repr(str(name)[:40]) for name in list(first)[:12])
        raise BankError(f"{source} is of no known set: its first row has the fields {fields or 'none'}.", known())
    return found


def _own_category(category: str) -> str:
    if not category.strip():
        return ""
    try:
        return category_name(category)
    except ValueError as error:
        raise BankError(f"{str(error).capitalize()}.", "Choose another name.") from error


def _dealt(questions: Sequence[Question]) -> tuple[Question, ...]:
    """Each text in one split alone, each id once; held-out pairs taken from study where a set has no part for them."""
    if {question.split for question in questions} == {"study", "exam"}:
        questions = [
            replace(q, split="validation") if q.split == "study" and split_of(q.problem) == "validation" else q
            for q in questions
        ]
    return distinct(apart(questions))
