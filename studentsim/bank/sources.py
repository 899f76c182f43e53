"""Which bank a run's setting names: the built-in curriculum, a set of the hub, a file or folder on this computer, or several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from studentsim.bank import check, curriculum
from studentsim.bank.bank import Bank
from studentsim.bank.dealing import apart, distinct, split_of
from studentsim.bank.draft import QuestionSet, category_name, question_of
from studentsim.bank.parts import Parts, is_on_hub, names_of, parts_of
from studentsim.bank.reading import Row, files_of
from studentsim.bank.sets import FILE_SETS, SETS
from studentsim.errors import BankError
from studentsim.records import Question

__all__ = [
    "FILE_SETS",
    "PER_SKILL",
    "SETS",
    "check_bank",
    "is_on_hub",
    "load",
    "names_of",
    "open_bank",
    "questions_of",
    "rows_in",
]

PER_SKILL = {"study": 120, "validation": 4, "exam": 40}
"""Questions the built-in bank holds for each skill: 20 turns of 40 on one category alone ask no question twice."""


def open_bank(source: str, *, category: str = "", leave_out_doubtful: bool = False, set_name: str = "") -> Bank:
    """The bank of that name: ``curriculum``, a set's name (``gsm8k``, ``mmlu:stem``), a path of a file or folder, or several of
    them (``gsm8k | my.csv``; see ``parts.py``).

    ``category`` is one name for all its questions, in the place of the set's own. With ``leave_out_doubtful`` the rows that
    ``check-bank`` lists are left out, those that cannot be read among them. ``set_name`` says which set its files are of.

    :raises BankError: it cannot be read, or holds too little.
    """
    if source == curriculum.NAME:
        if category:
            raise BankError("The built-in curriculum has categories of its own.", "Give no category for it.")
        leave_out_doubtful, set_name = False, ""  # nothing in it is doubtful
    return _open(source, _own_category(category), leave_out_doubtful, set_name, _stamp(source))


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
    parts = parts_of(source, set_name)
    found = check.check(parts.datasets, parts.rows, category=_own_category(category), topics=parts.topics, told=told)
    return check.report(source, parts, found, _dealt(parts, found.asked), len(parts.rows))


def rows_in(source: str, set_name: str = "") -> tuple[QuestionSet, list[Row]]:
    """The set a source is of, and its rows.

    :raises BankError: it cannot be read, is of no known set, or of several.
    """
    parts = parts_of(source, set_name)
    if len(parts.sets) > 1:
        titles = ", ".join(one.title for one in parts.sets)
        raise BankError(f"{source} holds questions of several sets ({titles}).", "Name one file or set.")
    return parts.sets[0], parts.rows


def questions_of(bank: QuestionSet, rows: Sequence[Row], *, category: str = "", seed: int = 0) -> tuple[Question, ...]:
    """The questions that rows of a set ask, dealt to their splits. ``seed`` is that of options which are made up.

    :raises BankError: a row is not sound (with its number), or there is none.
    """
    parts = Parts(list(rows), dict.fromkeys((row.part for row in rows), bank))
    return _questions(parts, category=category, seed=seed)


def load(path: str | Path, set_name: str = "", *, category: str = "", seed: int = 0) -> tuple[Question, ...]:
    """The questions of a file or folder, or of several sources, in their order.

    :raises BankError: it cannot be read, is of no known set, or a row is not sound; with the row's number.
    """
    return _questions(parts_of(str(path), set_name), category=_own_category(category), seed=seed)


# ------------------------------------------------------------------


@lru_cache(maxsize=4)
def _open(source: str, category: str, leave_out_doubtful: bool, set_name: str, stamp: tuple[int, ...]) -> Bank:
    if source == curriculum.NAME:
        return Bank.of(source, _curriculum())
    parts = parts_of(source, set_name)
    if leave_out_doubtful:
        found = check.check(parts.datasets, parts.rows, category=category, topics=parts.topics)
        return Bank.of(source, _dealt(parts, found.sound()))
    return Bank.of(source, _questions(parts, category=category))


def _questions(parts: Parts, *, category: str = "", seed: int = 0) -> tuple[Question, ...]:
    """:raises BankError: as ``questions_of``."""
    asked: list[tuple[Row, Question]] = []
    for row in parts.rows:
        try:
            dataset, topic = parts.datasets[row.part], parts.topics.get(row.part, "")
            question = question_of(dataset, row, category=category, seed=seed, topic=topic)
        except ValueError as error:
            raise BankError(
                f"{row.place}: {error}.", "Correct the row, take it out, or leave out all that is doubtful."
            ) from error
        if question:
            asked.append((row, question))
    if not asked:
        raise BankError("There is not a single row that gives a question.", "Give a file with at least some questions.")
    return _dealt(parts, asked)


def _curriculum() -> list[Question]:
    return [
        question
        for split, count in PER_SKILL.items()
        for skill in curriculum.SKILLS
        for question in curriculum.pool(skill, split, count)
    ]


def _stamp(source: str) -> tuple[int, ...]:
    """Changes when a file does, so that a corrected one is read anew."""
    paths = [Path(name) for name in names_of(source)]
    try:
        stats = [
            file.stat() for path in paths if path.exists() for file in (files_of(path) if path.is_dir() else [path])
        ]
    except (OSError, ValueError, BankError):
        return ()
    return (max((s.st_mtime_ns for s in stats), default=0), sum(s.st_size for s in stats), len(stats))


def _own_category(category: str) -> str:
    if not category.strip():
        return ""
    try:
        return category_name(category)
    except ValueError as error:
        raise BankError(f"{str(error).capitalize()}.", "Choose another name.") from error


def _dealt(parts: Parts, asked: Sequence[tuple[Row, Question]]) -> tuple[Question, ...]:
    """Each text in one split alone, each id once. Joined parts are dealt one by one, so that a file's questions are in the same
    splits alone and among others; what one part practises and another examines is then examined.
    """
    groups: dict[str, list[Question]] = {}
    for row, question in asked:
        groups.setdefault(parts.owners.get(row.part, ""), []).append(question)
    return distinct(apart([question for own in groups.values() for question in apart(_with_validation(own))]))


def _with_validation(questions: Sequence[Question]) -> Sequence[Question]:
    """Held-out pairs taken from study where a set has no part for them."""
    if {question.split for question in questions} != {"study", "exam"}:
        return questions
    return [
        replace(q, split="validation") if q.split == "study" and split_of(q.problem) == "validation" else q
        for q in questions
    ]
