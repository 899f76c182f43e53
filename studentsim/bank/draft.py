"""What a row of any set says, and the question that is made of it: one place for all that a question must be."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studentsim.bank.dealing import split_of
from studentsim.bank.reading import Row
from studentsim.records import Option, Question

OPTION_LETTERS = "abcdefghij"
"""Letters of the options, by their place: a question has 2 to 10."""
MAX_TEXT = 20_000
"""Longest text of a field, in characters; the longest of MathQA's dev file has under 3,000."""
MAX_CATEGORY = 80


@dataclass(frozen=True)
class Draft:
    """A row in the terms of a question; its key is not yet looked up among the options."""

    problem: str
    options: tuple[tuple[str, str], ...]
    """Label, as the row has it, and text; in the row's order."""
    key: str
    """Label of the right option."""
    category: str
    """Blank where the row names none."""
    rationale: str = ""
    difficulty: int | None = None
    identity: str = ""
    """What besides the problem makes the id; blank: the options' texts."""
    topic: str = ""
    """What the category belongs to; blank where the row names none."""
    formula: str = ""
    """The formula that leads to the answer (``formula.py``); blank where the row has none."""


@dataclass(frozen=True)
class Hub:
    """Where the hub keeps a set: its name there, the configurations that belong to it, and the branch with plain files."""

    name: str
    configs: tuple[str | None, ...] = (None,)
    revision: str | None = None


@dataclass(frozen=True)
class QuestionSet:
    """A set of questions: how its rows are told from others', and what they say."""

    name: str
    title: str
    rows: str
    """What its rows look like, for a message."""
    prefix: str
    """Of its questions' ids."""
    hub: Hub | None
    """None: it comes as a file alone."""
    columns: frozenset[str]
    """Names of all fields it knows, in small letters: of two sets that read the same rows the one that knows more is taken."""
    fits: Callable[[Mapping[str, Any]], bool]
    """Whether a row has the fields that the set cannot do without, of the right kinds; what they hold is not looked at."""
    draft: Callable[[Row, int], Draft | None]
    """What a row says, given the seed for options that are made up; None where no such question can be made of it.
    Raises ValueError, in words, where a field is not sound."""
    categories: tuple[str, ...] = ()
    """Those it may have; empty: any."""
    fitted: Callable[[Sequence[Row]], QuestionSet] | None = None
    """Where what a column means is known from the file as a whole alone (whether its answers count from 0 or from 1): the set,
    made to fit the rows of one file."""


def question_of(bank: QuestionSet, row: Row, *, category: str = "", seed: int = 0, topic: str = "") -> Question | None:
    """The question that a row asks; None where the set cannot make one of a sound row.

    :raises ValueError: the row is not sound; says why, beginning in small letters.
    """
    draft = drafted(bank, row, seed)
    return draft and settle(bank, row, draft, category=category, topic=topic)


def drafted(bank: QuestionSet, row: Row, seed: int = 0) -> Draft | None:
    """What the row says, before its key is looked up.

    :raises ValueError: as ``question_of``.
    """
    if not isinstance(row.values, Mapping):
        raise ValueError(f"it is {_shown(row.values)}, not a question")
    return bank.draft(row, seed)


def settle(bank: QuestionSet, row: Row, draft: Draft, *, category: str = "", topic: str = "") -> Question:
    """The question of a draft; ``category`` stands in the place of the set's own, if given, ``topic`` where it names none.

    :raises ValueError: as ``question_of``.
    """
    labels = [label for label, _ in draft.options]
    if not 2 <= len(labels) <= len(OPTION_LETTERS):
        raise ValueError(f"it has {len(labels)} options, not 2 to {len(OPTION_LETTERS)}")
    if len(set(labels)) < len(labels):
        raise ValueError(f"two of its options are called {next(x for x in labels if labels.count(x) > 1)[:20]!r}")
    if not key_is_there(draft):
        raise ValueError(f"the right answer is {draft.key[:20]!r}, not one of {labels[0]} to {labels[-1]}")
    for _, text in draft.options:
        check_text(text, "an option")
    texts = "\n".join(text for _, text in draft.options)
    digest = hashlib.sha1(f"{draft.problem}\n{draft.identity or texts}".encode(), usedforsecurity=False)
    letters = OPTION_LETTERS[: len(labels)]
    return Question(
        id=f"{bank.prefix}-{digest.hexdigest()[:12]}",
        bank=bank.name,
        category=category or _category(bank, draft),
        problem=draft.problem,
        options=tuple(Option(x, text) for x, (_, text) in zip(letters, draft.options, strict=True)),
        correct=letters[labels.index(draft.key)],
        rationale=draft.rationale,
        difficulty=draft.difficulty,
        split=row.split or split_of(draft.problem),
        topic=draft.topic or topic or None,
        formula=draft.formula or None,
    )


def _category(bank: QuestionSet, draft: Draft) -> str:
    if not draft.category.strip():
        raise ValueError("it names no category")
    name = category_name(draft.category)
    if bank.categories and name not in bank.categories:
        raise ValueError(f"the category is {draft.category[:40]!r}, not one of {', '.join(bank.categories)}")
    return name


def key_is_there(draft: Draft) -> bool:
    """Whether the right answer is one of the options."""
    return any(label == draft.key for label, _ in draft.options)


def lettered(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Options labelled a, b, c … by their place.

    :raises ValueError: there are more than letters.
    """
    if len(texts) > len(OPTION_LETTERS):
        raise ValueError(f"it has {len(texts)} options, not 2 to {len(OPTION_LETTERS)}")
    return tuple(zip(OPTION_LETTERS, texts, strict=False))


def category_name(text: str) -> str:
    """A category as it is shown: small letters, plain spaces.

    >>> category_name("high_school_physics"), category_name("Counting & Probability")
    ('high school physics', 'counting & probability')

    :raises ValueError: it is blank, too long, or holds what sets categories apart in a list of them.
    """
    name = " ".join(text.replace("_", " ").split()).lower()
    if not name or len(name) > MAX_CATEGORY or any(c in name for c in ",=") or not name.isprintable():
        raise ValueError(
            f"the category is {text[:40]!r}; it must have 1 to {MAX_CATEGORY} characters, none of them a comma or ="
        )
    return name


def named_by_file(row: Row, otherwise: str = "questions") -> str:
    """A category for rows that name none: what their file is called, without what says which part of a set it is."""
    name = re.sub(r"[_ -](test|val|dev|train|validation)$", "", row.source.lower())
    name = "".join(" " if c in ",=" or not c.isprintable() else c for c in name)
    return " ".join(name.replace("_", " ").split())[:MAX_CATEGORY].strip() or otherwise


# ------------------------------------------------------------------ fields


def column(values: Mapping[str, Any], *names: str) -> Any:
    """What a field holds, by the first of its names that is there; capitals count only where a row has both. None: it is missing.

    >>> column({"Problem": "?"}, "problem"), column({"type": "gain"}, "category", "type"), column({}, "level")
    ('?', 'gain', None)
    """
    for name in names:
        if values.get(name) is not None:
            return values[name]
    if isinstance(values, dict):
        lowered = {key.lower(): value for key, value in values.items() if isinstance(key, str) and value is not None}
        return next((lowered[name.lower()] for name in names if name.lower() in lowered), None)
    return None


def is_list_of_texts(value: Any) -> bool:
    """Whether a field is a list that holds texts alone."""
    return isinstance(value, (list, tuple)) and all(isinstance(text, str) for text in value)


def text_field(values: Mapping[str, Any], *names: str) -> str:
    """The text of a field that may be missing, under any of these names; blank where it is.

    :raises ValueError: it is there, but no text.
    """
    return field(values, *names, blank=True) if column(values, *names) is not None else ""


def field(values: Mapping[str, Any], *names: str, blank: bool = False) -> str:
    """The text of a field, by the first of its names that is there.

    :raises ValueError: it is missing, no text, blank (unless it may be), too long, or holds what is no text.
    """
    value, name = column(values, *names), names[0]
    if not isinstance(value, str):
        raise ValueError(f"{name!r} is missing" if value is None else f"{name!r} is {_shown(value)}, not text")
    check_text(value, repr(name))
    if not blank and not value.strip():
        raise ValueError(f"{name!r} is blank")
    return value


def check_text(value: str, what: str) -> None:
    """:raises ValueError: the text is too long, or holds NUL or half a character."""
    if "\0" in value:
        raise ValueError(f"{what} holds a NUL character")
    if len(value) > MAX_TEXT:
        raise ValueError(f"{what} has {len(value):,} characters, more than {MAX_TEXT:,}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{what} holds half a character (a lone surrogate)") from error


def texts(values: Mapping[str, Any], name: str) -> list[str]:
    """A field that is a list of texts.

    :raises ValueError: it is missing, or no such list.
    """
    found = column(values, name)
    if found is None:
        raise ValueError(f"{name!r} is missing")
    if not is_list_of_texts(found):
        raise ValueError(f"{name!r} is {_shown(found)}, not a list of texts")
    return list(found)


def _shown(value: Any) -> str:
    """The beginning of a value for a message; of a number too long to be written, that it is one."""
    try:
        return repr(value)[:40]
    except ValueError:
        return "a number of thousands of digits"


def prose(text: str) -> str:
    """A text with its line breaks as they are, without blanks around it or at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.replace("\r\n", "\n").strip().split("\n"))
