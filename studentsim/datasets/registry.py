"""Which bank a run's setting names: the built-in curriculum, a set of the hub, a file or folder on this computer, or several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from studentsim.curriculum import generator
from studentsim.datasets import validation
from studentsim.datasets.adapter import DatasetSpec, build_question_from_row, normalize_category
from studentsim.datasets.bank import Bank
from studentsim.datasets.file_reader import RawRow, list_question_files
from studentsim.datasets.resolve import BankRows, has_hub_dataset, load_bank_rows, split_source_names
from studentsim.datasets.specs import FILE_DATASETS, HUB_DATASETS
from studentsim.datasets.splits import assign_split, deduplicate_ids, remove_split_overlap
from studentsim.errors import BankError
from studentsim.types import Question

__all__ = [
    "FILE_DATASETS",
    "QUESTIONS_PER_SKILL",
    "HUB_DATASETS",
    "build_bank_report",
    "has_hub_dataset",
    "load_questions",
    "split_source_names",
    "open_bank",
    "questions_from_rows",
    "load_dataset_rows",
]

QUESTIONS_PER_SKILL = {"study": 120, "validation": 4, "exam": 40}
"""Questions the built-in bank holds for each skill: 20 turns of 40 on one category alone ask no question twice."""


def open_bank(source: str, *, category: str = "", leave_out_doubtful: bool = False, set_name: str = "") -> Bank:
    """The bank of that name: ``curriculum``, a set's name (``gsm8k``, ``mmlu:stem``), a path of a file or folder, or several of
    them (``gsm8k | my.csv``; see ``parts.py``).

    ``category`` is one name for all its questions, in the place of the set's own. With ``leave_out_doubtful`` the rows that
    ``check-bank`` lists are left out, those that cannot be read among them. ``set_name`` says which set its files are of.

    :raises BankError: it cannot be read, or holds too little.
    """
    if source == generator.BANK_NAME:
        if category:
            raise BankError("The built-in curriculum has categories of its own.", "Give no category for it.")
        leave_out_doubtful, set_name = False, ""  # nothing in it is doubtful
    return _open_cached_bank(
        source, _normalize_given_category(category), leave_out_doubtful, set_name, _compute_files_stamp(source)
    )


def build_bank_report(
    source: str,
    *,
    category: str = "",
    set_name: str = "",
    on_progress: Callable[[int, int], None] = lambda done, rows: None,
) -> validation.BankReport:
    """What a bank holds and what is doubtful in it. ``set_name`` says which set a file is of, if it does not say so itself;
    ``on_progress`` hears how many rows are done, of how many.

    :raises BankError: it cannot be read at all; single rows never raise, but are told of.
    """
    if source == generator.BANK_NAME:
        row_questions = tuple((RawRow(n, {}), question) for n, question in enumerate(_curriculum_questions(), start=1))
        result = validation.ValidationResult(
            row_questions, tuple(validation.find_question_issues(row_questions)), 0, None
        )
        return validation.build_report(
            source, None, result, (question for _, question in row_questions), len(row_questions)
        )
    bank_rows = load_bank_rows(source, set_name)
    result = validation.validate_rows(
        bank_rows.dataset_by_part,
        bank_rows.rows,
        category=_normalize_given_category(category),
        topics=bank_rows.topic_by_part,
        on_progress=on_progress,
    )
    return validation.build_report(
        source, bank_rows, result, _assign_splits(bank_rows, result.row_questions), len(bank_rows.rows)
    )


def load_dataset_rows(source: str, set_name: str = "") -> tuple[DatasetSpec, list[RawRow]]:
    """The set a source is of, and its rows.

    :raises BankError: it cannot be read, is of no known set, or of several.
    """
    bank_rows = load_bank_rows(source, set_name)
    if len(bank_rows.known_datasets) > 1:
        titles = ", ".join(one.title for one in bank_rows.known_datasets)
        raise BankError(f"{source} holds questions of several sets ({titles}).", "Name one file or set.")
    return bank_rows.known_datasets[0], bank_rows.rows


def questions_from_rows(
    dataset: DatasetSpec, rows: Sequence[RawRow], *, category: str = "", seed: int = 0
) -> tuple[Question, ...]:
    """The questions that rows of a set ask, dealt to their splits. ``seed`` is that of options which are made up.

    :raises BankError: a row is not sound (with its number), or there is none.
    """
    bank_rows = BankRows(list(rows), dict.fromkeys((row.part for row in rows), dataset))
    return _build_questions(bank_rows, category=category, seed=seed)


def load_questions(path: str | Path, set_name: str = "", *, category: str = "", seed: int = 0) -> tuple[Question, ...]:
    """The questions of a file or folder, or of several sources, in their order.

    :raises BankError: it cannot be read, is of no known set, or a row is not sound; with the row's number.
    """
    return _build_questions(
        load_bank_rows(str(path), set_name), category=_normalize_given_category(category), seed=seed
    )


# ------------------------------------------------------------------


@lru_cache(maxsize=4)
def _open_cached_bank(
    source: str, category: str, leave_out_doubtful: bool, set_name: str, files_stamp: tuple[int, ...]
) -> Bank:
    if source == generator.BANK_NAME:
        return Bank.from_questions(source, _curriculum_questions())
    bank_rows = load_bank_rows(source, set_name)
    if leave_out_doubtful:
        result = validation.validate_rows(
            bank_rows.dataset_by_part, bank_rows.rows, category=category, topics=bank_rows.topic_by_part
        )
        return Bank.from_questions(source, _assign_splits(bank_rows, result.questions_without_issues()))
    return Bank.from_questions(source, _build_questions(bank_rows, category=category))


def _build_questions(bank_rows: BankRows, *, category: str = "", seed: int = 0) -> tuple[Question, ...]:
    """:raises BankError: as ``questions_from_rows``."""
    row_questions: list[tuple[RawRow, Question]] = []
    for row in bank_rows.rows:
        try:
            dataset, topic = bank_rows.dataset_by_part[row.part], bank_rows.topic_by_part.get(row.part, "")
            question = build_question_from_row(dataset, row, category=category, seed=seed, topic=topic)
        except ValueError as error:
            raise BankError(
                f"{row.label}: {error}.", "Correct the row, take it out, or leave out all that is doubtful."
            ) from error
        if question:
            row_questions.append((row, question))
    if not row_questions:
        raise BankError("There is not a single row that gives a question.", "Give a file with at least some questions.")
    return _assign_splits(bank_rows, row_questions)


def _curriculum_questions() -> list[Question]:
    return [
        question
        for split, count in QUESTIONS_PER_SKILL.items()
        for skill in generator.SKILLS
        for question in generator.generate_questions(skill, split, count)
    ]


def _compute_files_stamp(source: str) -> tuple[int, ...]:
    """Changes when a file does, so that a corrected one is read anew."""
    paths = [Path(name) for name in split_source_names(source)]
    try:
        stats = [
            file.stat()
            for path in paths
            if path.exists()
            for file in (list_question_files(path) if path.is_dir() else [path])
        ]
    except (OSError, ValueError, BankError):
        return ()
    return (max((s.st_mtime_ns for s in stats), default=0), sum(s.st_size for s in stats), len(stats))


def _normalize_given_category(category: str) -> str:
    if not category.strip():
        return ""
    try:
        return normalize_category(category)
    except ValueError as error:
        raise BankError(f"{str(error).capitalize()}.", "Choose another name.") from error


def _assign_splits(bank_rows: BankRows, row_questions: Sequence[tuple[RawRow, Question]]) -> tuple[Question, ...]:
    """Each text in one split alone, each id once. Joined parts are dealt one by one, so that a file's questions are in the same
    splits alone and among others; what one part practises and another examines is then examined.
    """
    questions_by_source: dict[str, list[Question]] = {}
    for row, question in row_questions:
        questions_by_source.setdefault(bank_rows.source_by_part.get(row.part, ""), []).append(question)
    return deduplicate_ids(
        remove_split_overlap(
            [
                question
                for own in questions_by_source.values()
                for question in remove_split_overlap(_add_validation_split(own))
            ]
        )
    )


def _add_validation_split(questions: Sequence[Question]) -> Sequence[Question]:
    """Held-out pairs taken from study where a set has no part for them."""
    if {question.split for question in questions} != {"study", "exam"}:
        return questions
    return [
        replace(q, split="validation") if q.split == "study" and assign_split(q.problem) == "validation" else q
        for q in questions
    ]
