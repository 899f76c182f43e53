"""Opens the bank that a run names: the built-in curriculum, a Hugging Face dataset, a file or folder, or several of these joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from studentsim.curriculum import generator
from studentsim.datasets import validation
from studentsim.datasets.adapter import build_question_from_row, normalize_category
from studentsim.datasets.bank import Bank
from studentsim.datasets.file_reader import RawRow, list_question_files
from studentsim.datasets.resolve import BankRows, load_bank_rows, split_source_names
from studentsim.datasets.splits import assign_split, deduplicate_ids, remove_split_overlap
from studentsim.errors import BankError
from studentsim.types import Question

QUESTIONS_PER_SKILL = {"study": 120, "validation": 4, "exam": 40}
"""Questions per skill in the built-in bank: enough for 20 turns of 40 on one category without repetition."""


def open_bank(source: str, *, category: str = "", drop_invalid: bool = False, set_name: str = "") -> Bank:
    """Open a bank: ``curriculum``, a dataset's name (``gsm8k``, ``mmlu:stem``), the path of a file or folder, or several of them
    (``gsm8k | my.csv``; see ``resolve.py``). Cached until a file changes.

    ``category`` replaces the categories of all questions. ``drop_invalid`` drops the rows that ``check-dataset`` lists, which
    include unreadable ones. ``set_name`` is the dataset of files; "": detected.

    :raises BankError: it cannot be read, or has too few questions.
    """
    if source == generator.BANK_NAME:
        if category:
            raise BankError("The built-in curriculum has categories of its own.", "Give no category for it.")
        drop_invalid, set_name = False, ""  # neither applies to it
    return _open_cached_bank(
        source, _normalize_given_category(category), drop_invalid, set_name, compute_files_stamp(source)
    )


def build_bank_report(
    source: str,
    *,
    category: str = "",
    set_name: str = "",
    on_progress: Callable[[int, int], None] = lambda done, rows: None,
) -> validation.BankReport:
    """Validate a bank: its contents and all issues. Parameters as in ``open_bank``; ``on_progress(done, rows)`` is called per row.

    :raises BankError: it cannot be read at all; unreadable single rows are issues.
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


def compute_files_stamp(source: str) -> tuple[int, ...]:
    """Newest modification time, total size and number of a source's files: changes when a file does, so that it is read again.

    Cheap enough for the web process: no file is opened, and at most ``MAX_FILES`` entries of a folder are looked at.
    """
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


@lru_cache(maxsize=4)
def _open_cached_bank(
    source: str, category: str, drop_invalid: bool, set_name: str, files_stamp: tuple[int, ...]
) -> Bank:
    if source == generator.BANK_NAME:
        return Bank.from_questions(source, _curriculum_questions())
    bank_rows = load_bank_rows(source, set_name)
    if drop_invalid:
        result = validation.validate_rows(
            bank_rows.dataset_by_part, bank_rows.rows, category=category, topics=bank_rows.topic_by_part
        )
        return Bank.from_questions(source, _assign_splits(bank_rows, result.questions_without_issues()))
    return Bank.from_questions(source, _build_questions(bank_rows, category=category))


def _build_questions(bank_rows: BankRows, *, category: str = "", seed: int = 0) -> tuple[Question, ...]:
    """The questions of all rows, with their splits. ``seed`` is for made-up options.

    :raises BankError: a row is wrong (the message has its number), or there is none.
    """
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


def _normalize_given_category(category: str) -> str:
    """``normalize_category`` of an optional setting.

    :raises BankError: it is not a valid category.
    """
    if not category.strip():
        return ""
    try:
        return normalize_category(category)
    except ValueError as error:
        raise BankError(f"{str(error).capitalize()}.", "Choose another name.") from error


def _assign_splits(bank_rows: BankRows, row_questions: Sequence[tuple[RawRow, Question]]) -> tuple[Question, ...]:
    """Assign the questions' splits so that each text is in one split only and each id is unique.

    Joined sources are split one by one, so that a source's questions have the same splits alone and in a joined bank. A text that one
    source practises and another examines is then left to the exam.
    """
    questions_by_source: dict[str, list[Question]] = {}
    for row, question in row_questions:
        questions_by_source.setdefault(bank_rows.source_by_part.get(row.part, ""), []).append(question)
    split_questions: list[Question] = []
    for questions in questions_by_source.values():
        split_questions += remove_split_overlap(_add_validation_split(questions))
    return deduplicate_ids(remove_split_overlap(split_questions))


def _add_validation_split(questions: Sequence[Question]) -> Sequence[Question]:
    """Move some study questions to validation if the dataset has only study and exam questions."""
    if {question.split for question in questions} != {"study", "exam"}:
        return questions
    return [
        replace(q, split="validation") if q.split == "study" and assign_split(q.problem) == "validation" else q
        for q in questions
    ]
