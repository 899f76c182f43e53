"""From a dataset's row to a question: the parsed row, the dataset's specification, and the checks that every question passes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from studentsim.datasets.file_reader import RawRow, RowFault
from studentsim.datasets.limits import MAX_CATEGORY_CHARS, MAX_TEXT_CHARS
from studentsim.datasets.splits import assign_split
from studentsim.errors import first_line
from studentsim.types import Option, Question

OPTION_LETTERS = "abcdefghij"
"""Letters of the options in order: a question has 2 to 10 options."""


@dataclass(frozen=True)
class ParsedRow:
    """A row's fields as those of a question; whether ``correct_label`` is one of the options is not checked yet."""

    problem: str
    options: tuple[tuple[str, str], ...]
    """(label as in the row, text) of each option, in the row's order."""
    correct_label: str
    """Label of the correct option."""
    category: str
    """Blank: the row names none."""
    rationale: str = ""
    """The worked solution; "": the row has none."""
    difficulty: int | None = None
    """1 (easy) to 3 (hard); None: unknown."""
    id_text: str = ""
    """The text that is hashed with the problem for the question's id; "": the options' texts."""
    topic: str = ""
    """The group of its category; "": the row names none."""
    formula: str = ""
    """The annotated formula (``formula.py``); "": the row has none."""


@dataclass(frozen=True)
class HubDataset:
    """A dataset on Hugging Face: its repository, the configurations to load, and the revision (None: the main branch)."""

    repo_id: str
    configs: tuple[str | None, ...] = (None,)
    revision: str | None = None


@dataclass(frozen=True)
class DatasetSpec:
    """A dataset: how its rows are recognised and parsed."""

    name: str
    title: str
    row_description: str
    """The fields of its rows, for messages."""
    id_prefix: str
    """Prefix of its questions' ids."""
    hub: HubDataset | None
    """None: it is not on Hugging Face; users give a file."""
    known_columns: frozenset[str]
    """All its fields, in lower case: of two datasets that parse the same rows the one that knows more columns wins."""
    matches_row: Callable[[Mapping[str, Any]], bool]
    """Whether a row has the required fields, of the right types; their values are not checked."""
    parse_row: Callable[[RawRow, int], ParsedRow | None]
    """Parse a row; the int seeds options that are made up. None: a sound row that cannot become a multiple-choice question.
    Raises ValueError, with a message for users, if a field is wrong."""
    order: int = 1000
    """Its place in lists and in the order in which files are recognised; equal ones by name."""
    description: str = ""
    """For sets on Hugging Face a sentence or two for who chooses among them."""
    part_of: str = ""
    """The name of a set with the same rows that it is a part of; files are recognised as the whole."""
    categories: tuple[str, ...] = ()
    """Categories that are known before anything is downloaded, besides ``allowed_categories``."""
    allowed_categories: tuple[str, ...] = ()
    """Categories that it may have; empty: any."""
    fit_to_file: Callable[[Sequence[RawRow]], DatasetSpec] | None = None
    """For datasets whose columns can only be interpreted from the whole file (do answers count from 0 or from 1?): returns the
    specification for the file with these rows."""

    def fitted(self, rows: Sequence[RawRow]) -> DatasetSpec:
        """The specification for the file with these rows."""
        return self.fit_to_file(rows) if self.fit_to_file else self

    def may_be_row(self, values: Any) -> bool:
        """``matches_row`` of whatever a file holds in the place of a row."""
        try:
            with fault_as_value_error():
                return isinstance(values, Mapping) and self.matches_row(values)
        except ValueError:
            return False


def build_question_from_row(
    dataset: DatasetSpec, row: RawRow, *, category: str = "", seed: int = 0, topic: str = ""
) -> Question | None:
    """Parse a row into a question; None if the dataset cannot make one of this row. Parameters as in ``build_question``.

    :raises ValueError: the row is wrong; the message says why and begins in lower case.
    """
    parsed_row = parse_dataset_row(dataset, row, seed)
    return parsed_row and build_question(dataset, row, parsed_row, category=category, topic=topic)


@contextmanager
def fault_as_value_error() -> Iterator[None]:
    """The guard around all that is computed with a row: a fault of this program is a row's fault for users, so that one row never
    ends a whole bank.

    :raises ValueError: for any error but a lack of memory.
    """
    try:
        yield
    except (ValueError, MemoryError):
        raise
    except Exception as error:
        raise ValueError(f"it cannot be read ({type(error).__name__}: {first_line(error)})") from error


@fault_as_value_error()
def parse_dataset_row(dataset: DatasetSpec, row: RawRow, seed: int = 0) -> ParsedRow | None:
    """Parse a row, without checking that the correct option exists.

    :raises ValueError: as ``build_question_from_row``.
    """
    if isinstance(row.values, RowFault):
        raise ValueError(row.values)
    if not isinstance(row.values, Mapping):
        raise ValueError(f"it is {_short_repr(row.values)}, not a question")
    return dataset.parse_row(row, seed)


@fault_as_value_error()
def build_question(
    dataset: DatasetSpec, row: RawRow, parsed_row: ParsedRow, *, category: str = "", topic: str = ""
) -> Question:
    """Build and check the question of a parsed row. ``category`` replaces the row's, if given; ``topic`` is used if the row has none.

    :raises ValueError: as ``build_question_from_row``.
    """
    labels = [label for label, _ in parsed_row.options]
    if not 2 <= len(labels) <= len(OPTION_LETTERS):
        raise ValueError(f"it has {len(labels)} options, not 2 to {len(OPTION_LETTERS)}")
    if len(set(labels)) < len(labels):
        duplicate = next(label for label in labels if labels.count(label) > 1)
        raise ValueError(f"two of its options are called {duplicate[:20]!r}")
    if not has_correct_option(parsed_row):
        raise ValueError(
            f"the right answer is {parsed_row.correct_label[:20]!r}, not one of {labels[0]} to {labels[-1]}"
        )
    for _, text in parsed_row.options:
        check_text(text, "an option")
    texts = "\n".join(text for _, text in parsed_row.options)
    digest = hashlib.sha1(f"{parsed_row.problem}\n{parsed_row.id_text or texts}".encode(), usedforsecurity=False)
    letters = OPTION_LETTERS[: len(labels)]
    return Question(
        id=f"{dataset.id_prefix}-{digest.hexdigest()[:12]}",
        bank=dataset.name,
        category=category or _validated_category(dataset, parsed_row),
        problem=parsed_row.problem,
        options=tuple(Option(letter, text) for letter, (_, text) in zip(letters, parsed_row.options, strict=True)),
        correct=letters[labels.index(parsed_row.correct_label)],
        rationale=parsed_row.rationale,
        difficulty=parsed_row.difficulty,
        split=row.split or assign_split(parsed_row.problem),
        topic=parsed_row.topic or topic or None,
        formula=parsed_row.formula or None,
    )


def _validated_category(dataset: DatasetSpec, parsed_row: ParsedRow) -> str:
    if not parsed_row.category.strip():
        raise ValueError("it names no category")
    name = normalize_category(parsed_row.category)
    if dataset.allowed_categories and name not in dataset.allowed_categories:
        raise ValueError(
            f"the category is {parsed_row.category[:40]!r}, not one of {', '.join(dataset.allowed_categories)}"
        )
    return name


def has_correct_option(parsed_row: ParsedRow) -> bool:
    """Whether the correct label is one of the options'."""
    return any(label == parsed_row.correct_label for label, _ in parsed_row.options)


def label_options(option_texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Label options a, b, c … in order, as (label, text).

    :raises ValueError: there are more options than letters.
    """
    if len(option_texts) > len(OPTION_LETTERS):
        raise ValueError(f"it has {len(option_texts)} options, not 2 to {len(OPTION_LETTERS)}")
    return tuple(zip(OPTION_LETTERS, option_texts, strict=False))


def normalize_category(text: str) -> str:
    """A category in lower case with single spaces.

    >>> normalize_category("high_school_physics"), normalize_category("Counting & Probability")
    ('high school physics', 'counting & probability')

    :raises ValueError: it is blank, too long, or contains a separator of category lists (comma, =).
    """
    name = " ".join(text.replace("_", " ").split()).lower()
    if not name or len(name) > MAX_CATEGORY_CHARS or any(c in name for c in ",=") or not name.isprintable():
        raise ValueError(
            f"the category is {text[:40]!r}; it must have 1 to {MAX_CATEGORY_CHARS} characters, none of them a comma or ="
        )
    return name


def category_from_file_name(row: RawRow, default: str = "questions") -> str:
    """A category for rows that name none: their file's name without the suffix of a split (``_test``)."""
    name = re.sub(r"[_ -](test|val|dev|train|validation)$", "", row.source_name.lower())
    name = "".join(" " if c in ",=" or not c.isprintable() else c for c in name)
    return " ".join(name.replace("_", " ").split())[:MAX_CATEGORY_CHARS].strip() or default


# ------------------------------------------------------------------ fields


def get_field(values: Mapping[str, Any], *names: str) -> Any:
    """The value of the first of these fields that is there (None: none is). Case counts only if no name matches exactly.

    >>> get_field({"Problem": "?"}, "problem"), get_field({"type": "gain"}, "category", "type"), get_field({}, "level")
    ('?', 'gain', None)
    """
    for name in names:
        if values.get(name) is not None:
            return values[name]
    if isinstance(values, dict):
        lowered = {key.lower(): value for key, value in values.items() if isinstance(key, str) and value is not None}
        return next((lowered[name.lower()] for name in names if name.lower() in lowered), None)
    return None


def is_text_list(value: Any) -> bool:
    """Whether a value is a list of strings."""
    return isinstance(value, (list, tuple)) and all(isinstance(text, str) for text in value)


def get_text_field(values: Mapping[str, Any], *names: str) -> str:
    """The text of an optional field, by the first of its names that is there; "": it is missing.

    :raises ValueError: it is there, but is not a valid text.
    """
    return require_text_field(values, *names, allow_blank=True) if get_field(values, *names) is not None else ""


def require_text_field(values: Mapping[str, Any], *names: str, allow_blank: bool = False) -> str:
    """The text of a required field, by the first of its names that is there.

    :raises ValueError: it is missing, not a string, blank (unless ``allow_blank``), or fails ``check_text``.
    """
    value, name = get_field(values, *names), names[0]
    if not isinstance(value, str):
        raise ValueError(f"{name!r} is missing" if value is None else f"{name!r} is {_short_repr(value)}, not text")
    check_text(value, repr(name))
    if not allow_blank and not value.strip():
        raise ValueError(f"{name!r} is blank")
    return value


def require_clean_text(values: Mapping[str, Any], *names: str, allow_blank: bool = False) -> str:
    """As ``require_text_field``, with normalised whitespace."""
    return normalize_whitespace(require_text_field(values, *names, allow_blank=allow_blank))


def get_clean_text(values: Mapping[str, Any], *names: str) -> str:
    """As ``get_text_field``, with normalised whitespace."""
    return normalize_whitespace(get_text_field(values, *names))


def has_fields(
    *names: str, texts: Sequence[str] = (), lists: Sequence[str] = (), without: Sequence[str] = ()
) -> Callable[[Mapping[str, Any]], bool]:
    """A ``DatasetSpec.matches_row``: a row has the fields ``names``, ``texts`` and ``lists`` (of texts), and none of ``without``."""

    def matches_row(values: Mapping[str, Any]) -> bool:
        return (
            all(get_field(values, name) is not None for name in names)
            and all(isinstance(get_field(values, name), str) for name in texts)
            and all(is_text_list(get_field(values, name)) for name in lists)
            and all(get_field(values, name) is None for name in without)
        )

    return matches_row


def check_text(value: str, field_label: str) -> None:
    """Check a text's length and characters.

    :raises ValueError: it is too long, or contains NUL or a lone surrogate.
    """
    if "\0" in value:
        raise ValueError(f"{field_label} holds a NUL character")
    if len(value) > MAX_TEXT_CHARS:
        raise ValueError(f"{field_label} has {len(value):,} characters, more than {MAX_TEXT_CHARS:,}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{field_label} holds half a character (a lone surrogate)") from error


def require_text_list(values: Mapping[str, Any], name: str) -> list[str]:
    """A required field that is a list of strings.

    :raises ValueError: it is missing, or not such a list.
    """
    texts = get_field(values, name)
    if texts is None:
        raise ValueError(f"{name!r} is missing")
    if not is_text_list(texts):
        raise ValueError(f"{name!r} is {_short_repr(texts)}, not a list of texts")
    return list(texts)


def _short_repr(value: Any) -> str:
    """The first 40 characters of a value's repr; Python does not format numbers of thousands of digits."""
    try:
        return repr(value)[:40]
    except ValueError:
        return "a number of thousands of digits"


def normalize_whitespace(text: str) -> str:
    """Strip the text and the ends of its lines; line breaks stay (as ``\\n``)."""
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").strip().split("\n"))
