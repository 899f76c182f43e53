"""MathQA: multiple-choice problems in six categories, from its own JSON files or from the hub.

Amini et al. 2019, "MathQA: Towards Interpretable Math Word Problem Solving with Operation-Based Formalisms", Apache-2.0,
https://math-qa.github.io and https://huggingface.co/datasets/allenai/math_qa. A row:

    {"Problem": "…", "Rationale": "\\"… answer : c .\\"", "options": "a ) 24 , b ) 25 , 5 , …", "correct": "c", "category": "general"}

Options come as one text, some as the text of a Python list, and hold commas themselves. In a few rows the right option's
text stands twice, so answers are marked by letter. Keys are not clean: evaluating the annotated formula agrees with the
keyed option in about 60 % of rows.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from studentsim.errors import BankError
from studentsim.records import CATEGORIES, LETTERS, Option, Question

BANK = "math_qa"
HUB_NAME = "allenai/math_qa"
"""The data set's name on the hub; its old one, ``math_qa``, led there."""
PLAIN_FILES = "refs/convert/parquet"
"""The branch where the hub keeps a data set as plain files. MathQA's main branch is a script, which ``datasets`` 4 and
later rightly refuses to run."""
MAX_BYTES = 50 * 2**20
MAX_ROWS = 200_000
MAX_TEXT = 20_000
"""Longest problem or rationale, in characters; the longest of the dev file has under 3,000."""

EXAM_SHARE, VALIDATION_SHARE = 25, 5
"""Percent of the problems kept for exams and for held-out pairs; the rest is for study."""

_OPTION = re.compile(r"(?:^|\s*,\s*)([a-e]) \) ?")
_FIELDS = ("Problem", "Rationale", "options", "correct", "category")


def load_mathqa(path: str | Path, *, split: str | None = None) -> tuple[Question, ...]:
    """The questions of one of MathQA's JSON files (a list of rows, or a row a line), in the file's order.

    Each is dealt to study, validation or exam by its problem's text, so that equal texts fall to the same; ``split`` puts
    all into one instead.

    :raises BankError: the file is missing, too large, no UTF-8 or no JSON, or a row is not sound; with the row's number.
    """
    return questions_of(_rows_of_text(_text(Path(path)), str(path)), split=split)


def load_math_qa_from_hub(name: str = HUB_NAME, revision: str | None = None) -> tuple[Question, ...]:
    """The hub's data set through ``datasets``: its train rows for study, validation for validation, test for exams.

    A data set without those splits is dealt as a file is. Code that comes with a data set is never run.

    :raises BankError: ``datasets`` is not installed, the hub cannot be reached, or a row is not sound.
    """
    try:
        import datasets
    except ImportError as error:
        raise BankError("The package 'datasets' is not installed.", "Run: pip install datasets") from error
    name = HUB_NAME if name == BANK else name
    revision = revision or (PLAIN_FILES if name == HUB_NAME else None)
    try:
        found = datasets.load_dataset(name, revision=revision)
    except Exception as error:  # anything, from no network to a script that would have to be run
        raise BankError(
            f"The data set {name!r} cannot be had from the hub ({type(error).__name__}: {str(error)[:200]}).",
            "Check the network, or download MathQA's JSON from https://math-qa.github.io and give its path as the bank.",
        ) from error
    splits = {"train": "study", "validation": "validation", "test": "exam"}
    if set(found) != set(splits):
        return questions_of(row for part in found.values() for row in part)
    return _apart([q for part, split in splits.items() for q in questions_of(found[part], split=split)])


def questions_of(rows: Iterable[Mapping[str, Any]], *, split: str | None = None) -> tuple[Question, ...]:
    """Questions made of MathQA's rows. A row that stands twice, word for word, gives one question with two ids.

    :raises BankError: a row is not sound; with its number, from 1.
    """
    questions: list[Question] = []
    for number, row in enumerate(rows, start=1):
        if number > MAX_ROWS:
            raise BankError(f"There are more than {MAX_ROWS:,} rows.", "Use a part of them.")
        try:
            questions.append(_question(row, split))
        except ValueError as error:
            raise BankError(f"Row {number}: {error}.", "Correct the row, or take it out.") from error
    if not questions:
        raise BankError("There is not a single row.", "Give a JSON file with at least some questions.")
    return _distinct(questions)


def options_of(text: str) -> tuple[tuple[str, str], ...]:
    """Letter and text of each option, from MathQA's one text for all of them. A text may be blank, a letter not missing.

    :raises ValueError: they are not exactly a to e.
    """
    if text.lstrip().startswith("["):
        try:
            parts = ast.literal_eval(text.strip())  # literals alone: nothing in it is run
        except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
            raise ValueError(f"options are no list that can be read: {text[:80]!r}") from error
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise ValueError(f"options are no list of texts: {text[:80]!r}")
        text = " , ".join(parts)
    pieces = _OPTION.split(text.strip())
    letters, texts = tuple(pieces[1::2]), tuple(piece.strip() for piece in pieces[2::2])
    if pieces[0].strip() or letters != LETTERS:
        raise ValueError(f"options are not exactly a to e: {text[:80]!r}")
    return tuple(zip(letters, texts, strict=True))


def split_of(problem: str) -> str:
    """Where a problem belongs: study, validation or exam, by its words alone (spaces and capitals do not count)."""
    percent = int.from_bytes(hashlib.sha256(_words(problem).encode()).digest()[:8], "big") % 100
    if percent < EXAM_SHARE:
        return "exam"
    return "validation" if percent < EXAM_SHARE + VALIDATION_SHARE else "study"


def _question(row: Mapping[str, Any], split: str | None) -> Question:
    if not isinstance(row, Mapping):
        raise ValueError(f"it is {repr(row)[:40]}, not a question")
    fields = {name: _field(row, name) for name in _FIELDS}
    problem = " ".join(fields["Problem"].split())
    options = tuple(Option(letter, text) for letter, text in options_of(fields["options"]))
    correct = fields["correct"].strip().lower()
    if correct not in LETTERS:
        raise ValueError(f"the right answer is {correct[:20]!r}, not one of a to e")
    category = fields["category"].strip().lower()
    if category not in CATEGORIES:
        raise ValueError(f"the category is {category[:40]!r}, not one of {', '.join(CATEGORIES)}")
    digest = hashlib.sha1(f"{problem}\n{fields['options']}".encode(), usedforsecurity=False).hexdigest()[:12]
    return Question(
        id=f"mathqa-{digest}",
        bank=BANK,
        category=category,
        problem=problem,
        options=options,
        correct=correct,
        rationale=_rationale(fields["Rationale"]),
        split=split or split_of(problem),
    )


def _field(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name!r} is missing" if value is None else f"{name!r} is {repr(value)[:40]}, not text")
    if "\0" in value:
        raise ValueError(f"{name!r} holds a NUL character")
    if len(value) > MAX_TEXT:
        raise ValueError(f"{name!r} has {len(value):,} characters, more than {MAX_TEXT:,}")
    if name != "Rationale" and not value.strip():
        raise ValueError(f"{name!r} is blank")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{name!r} holds half a character (a lone surrogate)") from error
    return value


def _rationale(text: str) -> str:
    """Without the quotation marks that most rationales are wrapped in, and with plain spaces."""
    text = " ".join(text.split())
    return text.strip('"').strip() if text.startswith('"') or text.endswith('"') else text


def _words(problem: str) -> str:
    return " ".join(problem.lower().split())


def _distinct(questions: Sequence[Question]) -> tuple[Question, ...]:
    """The same questions; where an id stands twice, the later ones get a number after it."""
    seen: dict[str, int] = {}
    distinct = []
    for question in questions:
        seen[question.id] = times = seen.get(question.id, 0) + 1
        distinct.append(question if times == 1 else replace(question, id=f"{question.id}-{times}"))
    return tuple(distinct)


def _apart(questions: Sequence[Question]) -> tuple[Question, ...]:
    """Without questions for study whose problem validation or an exam asks too, nor those of validation that an exam asks."""
    taken: set[str] = set()
    kept: list[Question] = []
    for split in ("exam", "validation", "study"):
        here = [q for q in questions if q.split == split and _words(q.problem) not in taken]
        taken.update(_words(q.problem) for q in here)
        kept += here
    return _distinct(kept)


# -------------------------------------------------------------------- files


def _text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise BankError(f"{path} has {size / 2**20:.0f} MB, more than {MAX_BYTES // 2**20}.", "Use a part of it.")
        data = path.read_bytes()
    except OSError as error:
        raise BankError(f"The questions {path} cannot be read: {error.strerror}.", "Check the path.") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BankError(f"{path} is no UTF-8 text (at byte {error.start}).", "Save it as UTF-8.") from error
    if "\0" in text:
        raise BankError(f"{path} holds a NUL character, so it is no text file.", "Save it as UTF-8 text.")
    return text


def _rows_of_text(text: str, name: str) -> list[Any]:
    """The rows of a JSON list, or of one JSON object a line."""
    if not text.strip():
        raise BankError(f"{name} is empty.", _UNCHANGED)
    if text.lstrip().startswith("{"):
        return [_json(line, name, number) for number, line in enumerate(text.split("\n")) if line.strip()]
    rows = _json(text, name)
    if not isinstance(rows, list):
        raise BankError(f"{name} holds no list of rows.", _UNCHANGED)
    return rows


_UNCHANGED = "Give one of MathQA's JSON files, unchanged."


def _json(text: str, name: str, lines_before: int = 0) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise BankError(f"{name} is no JSON: line {lines_before + error.lineno}: {error.msg}.", _UNCHANGED) from error
    except RecursionError as error:
        raise BankError(f"{name} is nested too deeply to be read.", _UNCHANGED) from error
