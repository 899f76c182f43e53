"""What a row of any set says, and the question that is made of it: one place for all that a question must be."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studentsim.datasets.file_reader import RawRow
from studentsim.datasets.splits import assign_split
from studentsim.types import Option, Question

OPTION_LETTERS = "abcdefghij"
"""Letters of the options, by their place: a question has 2 to 10."""
MAX_TEXT_CHARS = 20_000
"""Longest text of a field, in characters; the longest of MathQA's dev file has under 3,000."""
MAX_CATEGORY_CHARS = 80


@dataclass(frozen=True)
class ParsedRow:
    """A row in the terms of a question; its key is not yet looked up among the options."""

    problem: str
    options: tuple[tuple[str, str], ...]
    """Label, as the row has it, and text; in the row's order."""
    correct_label: str
    """Label of the right option."""
    category: str
    """Blank where the row names none."""
    rationale: str = ""
    difficulty: int | None = None
    id_text: str = ""
    """What besides the problem makes the id; blank: the options' texts."""
    topic: str = ""
    """What the category belongs to; blank where the row names none."""
    formula: str = ""
    """The formula that leads to the answer (``formula.py``); blank where the row has none."""


@dataclass(frozen=True)
class HubDataset:
    """Where the hub keeps a set: its name there, the configurations that belong to it, and the branch with plain files."""

    repo_id: str
    configs: tuple[str | None, ...] = (None,)
    revision: str | None = None


@dataclass(frozen=True)
class DatasetSpec:
    """A set of questions: how its rows are told from others', and what they say."""

    name: str
    title: str
    row_description: str
    """What its rows look like, for a message."""
    id_prefix: str
    """Of its questions' ids."""
    hub: HubDataset | None
    """None: it comes as a file alone."""
    known_columns: frozenset[str]
    """Names of all fields it knows, in small letters: of two sets that read the same rows the one that knows more is taken."""
    matches_row: Callable[[Mapping[str, Any]], bool]
    """Whether a row has the fields that the set cannot do without, of the right kinds; what they hold is not looked at."""
    parse_row: Callable[[RawRow, int], ParsedRow | None]
    """What a row says, given the seed for options that are made up; None where no such question can be made of it.
    Raises ValueError, in words, where a field is not sound."""
    allowed_categories: tuple[str, ...] = ()
    """Those it may have; empty: any."""
    fit_to_file: Callable[[Sequence[RawRow]], DatasetSpec] | None = None
    """Where what a column means is known from the file as a whole alone (whether its answers count from 0 or from 1): the set,
    made to fit the rows of one file."""


def build_question_from_row(
    dataset: DatasetSpec, row: RawRow, *, category: str = "", seed: int = 0, topic: str = ""
) -> Question | None:
    """The question that a row asks; None where the set cannot make one of a sound row.

    :raises ValueError: the row is not sound; says why, beginning in small letters.
    """
    parsed_row = parse_dataset_row(dataset, row, seed)
    return parsed_row and build_question(dataset, row, parsed_row, category=category, topic=topic)


def parse_dataset_row(dataset: DatasetSpec, row: RawRow, seed: int = 0) -> ParsedRow | None:
    """What the row says, before its key is looked up.

    :raises ValueError: as ``build_question_from_row``.
    """
    if not isinstance(row.values, Mapping):
        raise ValueError(f"it is {_short_repr(row.values)}, not a question")
    return dataset.parse_row(row, seed)


def build_question(
    dataset: DatasetSpec, row: RawRow, parsed_row: ParsedRow, *, category: str = "", topic: str = ""
) -> Question:
    """The question of a draft; ``category`` stands in the place of the set's own, if given, ``topic`` where it names none.

    :raises ValueError: as ``build_question_from_row``.
    """
    labels = [label for label, _ in parsed_row.options]
    if not 2 <= len(labels) <= len(OPTION_LETTERS):
        raise ValueError(f"it has {len(labels)} options, not 2 to {len(OPTION_LETTERS)}")
    if len(set(labels)) < len(labels):
        raise ValueError(f"two of its options are called {next(x for x in labels if labels.count(x) > 1)[:20]!r}")
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
        options=tuple(Option(x, text) for x, (_, text) in zip(letters, parsed_row.options, strict=True)),
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
    """Whether the right answer is one of the options."""
    return any(label == parsed_row.correct_label for label, _ in parsed_row.options)


def label_options(option_texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Options labelled a, b, c … by their place.

    :raises ValueError: there are more than letters.
    """
    if len(option_texts) > len(OPTION_LETTERS):
        raise ValueError(f"it has {len(option_texts)} options, not 2 to {len(OPTION_LETTERS)}")
    return tuple(zip(OPTION_LETTERS, option_texts, strict=False))


def normalize_category(text: str) -> str:
    """A category as it is shown: small letters, plain spaces.

    >>> normalize_category("high_school_physics"), normalize_category("Counting & Probability")
    ('high school physics', 'counting & probability')

    :raises ValueError: it is blank, too long, or holds what sets categories apart in a list of them.
    """
    name = " ".join(text.replace("_", " ").split()).lower()
    if not name or len(name) > MAX_CATEGORY_CHARS or any(c in name for c in ",=") or not name.isprintable():
        raise ValueError(
            f"the category is {text[:40]!r}; it must have 1 to {MAX_CATEGORY_CHARS} characters, none of them a comma or ="
        )
    return name


def category_from_file_name(row: RawRow, default: str = "questions") -> str:
    """A category for rows that name none: what their file is called, without what says which part of a set it is."""
    name = re.sub(r"[_ -](test|val|dev|train|validation)$", "", row.source_name.lower())
    name = "".join(" " if c in ",=" or not c.isprintable() else c for c in name)
    return " ".join(name.replace("_", " ").split())[:MAX_CATEGORY_CHARS].strip() or default


# ------------------------------------------------------------------ fields


def get_field(values: Mapping[str, Any], *names: str) -> Any:
    """What a field holds, by the first of its names that is there; capitals count only where a row has both. None: it is missing.

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
    """Whether a field is a list that holds texts alone."""
    return isinstance(value, (list, tuple)) and all(isinstance(text, str) for text in value)


def get_text_field(values: Mapping[str, Any], *names: str) -> str:
    """The text of a field that may be missing, under any of these names; blank where it is.

    :raises ValueError: it is there, but no text.
    """
    return require_text_field(values, *names, allow_blank=True) if get_field(values, *names) is not None else ""


def require_text_field(values: Mapping[str, Any], *names: str, allow_blank: bool = False) -> str:
    """The text of a field, by the first of its names that is there.

    :raises ValueError: it is missing, no text, blank (unless it may be), too long, or holds what is no text.
    """
    value, name = get_field(values, *names), names[0]
    if not isinstance(value, str):
        raise ValueError(f"{name!r} is missing" if value is None else f"{name!r} is {_short_repr(value)}, not text")
    check_text(value, repr(name))
    if not allow_blank and not value.strip():
        raise ValueError(f"{name!r} is blank")
    return value


def check_text(value: str, field_label: str) -> None:
    """:raises ValueError: the text is too long, or holds NUL or half a character."""
    if "\0" in value:
        raise ValueError(f"{field_label} holds a NUL character")
    if len(value) > MAX_TEXT_CHARS:
        raise ValueError(f"{field_label} has {len(value):,} characters, more than {MAX_TEXT_CHARS:,}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{field_label} holds half a character (a lone surrogate)") from error


def require_text_list(values: Mapping[str, Any], name: str) -> list[str]:
    """A field that is a list of texts.

    :raises ValueError: it is missing, or no such list.
    """
    found = get_field(values, name)
    if found is None:
        raise ValueError(f"{name!r} is missing")
    if not is_text_list(found):
        raise ValueError(f"{name!r} is {_short_repr(found)}, not a list of texts")
    return list(found)


def _short_repr(value: Any) -> str:
    """The beginning of a value for a message; of a number too long to be written, that it is one."""
    try:
        return repr(value)[:40]
    except ValueError:
        return "a number of thousands of digits"


def normalize_whitespace(text: str) -> str:
    """A text with its line breaks as they are, without blanks around it or at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").strip().split("\n"))
