"""Detects the format of a table's answer key: an option's letter, its text, or its number, counted from 0 or from 1.

A single row is often ambiguous (``2`` among the options 1, 2, 3, 4); the whole file rarely is. A key that can be read in two ways
with different results is refused: a wrong key is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studentsim.datasets.adapter import OPTION_LETTERS

BY_LETTER, BY_TEXT, ZERO_BASED, ONE_BASED = "letter", "text", "from 0", "from 1"
ANSWER_KEY_FORMATS = {
    BY_LETTER: "the letter of an option",
    BY_TEXT: "the text of an option",
    ZERO_BASED: "the number of an option, counted from 0",
    ONE_BASED: "the number of an option, counted from 1",
}
"""The formats of an answer key, and their descriptions for users."""
_LETTER_ANSWER = re.compile(
    r"(?:(?:the )?(?:correct )?(?:answer|option|choice|ans|opt)(?: is)?[ :._-]{0,2})?\(? ?([a-j]) ?\)?[.):]?",
    re.IGNORECASE,
)
_LETTER_AND_TEXT_ANSWER = re.compile(r"\(?([a-jA-J])[).:]\s*(\S.*)", re.DOTALL)
_NUMBER_ANSWER = re.compile(r"(?:(?:option|choice|opt|ans|answer)[ ._-]?)?\(?(\d{1,2})(?:\.0)?\)?\.?", re.IGNORECASE)

MIN_RIVAL_SHARE = 0.8
"""A format is a rival if it fits this share of the rows that the best one fits."""
OptionsAndAnswer = tuple[tuple[str, ...], Any]
"""(options, value of the answer column) of a row."""


@dataclass(frozen=True)
class AnswerKeyFormat:
    """The format of a file's answer key."""

    name: str
    """One of ``ANSWER_KEY_FORMATS``; "": it cannot be determined."""
    failure_reason: str = ""
    """If it cannot be determined: why, for users."""
    matched_rows: int = 0
    """Sampled rows for which it names an option."""

    def find_correct_index(self, options: Sequence[str], answer: Any) -> int | None:
        """The index of the correct option, from 0; None: the answer names no option."""
        index = _INDEX_FINDERS[self.name](options, answer)
        if index is not None or self.name == BY_TEXT:
            return index
        if not isinstance(answer, str):
            return None
        # Some answers are an option's text instead. But what looks like a letter or a number and names no option is a mistake.
        key_pattern = _LETTER_ANSWER if self.name == BY_LETTER else _NUMBER_ANSWER
        return None if key_pattern.fullmatch(answer.strip()[:40]) else _find_index_by_text(options, answer)


def detect_answer_key_format(
    rows: Sequence[OptionsAndAnswer], *, first_option_number: int | None, has_zero_based_name: bool
) -> AnswerKeyFormat:
    """The format that fits most rows.

    ``first_option_number`` is the number of the first option's column (None: not numbered); ``has_zero_based_name``: the answer
    column's name is one of ``ZERO_BASED_COLUMN_NAMES``.
    """
    indexes_by_format = {
        name: [find_index(options, answer) for options, answer in rows] for name, find_index in _INDEX_FINDERS.items()
    }
    counts = {name: sum(index is not None for index in indexes) for name, indexes in indexes_by_format.items()}
    max_count = max(counts.values(), default=0)
    if not max_count:
        return AnswerKeyFormat("", "no answer is a letter, a number or the text of an option")
    likely_formats = [name for name in ANSWER_KEY_FORMATS if counts[name] >= MIN_RIVAL_SHARE * max_count]
    number_formats = {ZERO_BASED, ONE_BASED}
    unlikely_format = _unlikely_number_format(counts, first_option_number, has_zero_based_name)
    if number_formats <= set(likely_formats) and unlikely_format:
        likely_formats.remove(unlikely_format)
    chosen = max(likely_formats, key=counts.__getitem__)
    for other in likely_formats:
        pairs = zip(indexes_by_format[chosen], indexes_by_format[other], strict=True)
        if {chosen, other} != number_formats and any(None not in (a, b) and a != b for a, b in pairs):
            reason = f"an answer could be {ANSWER_KEY_FORMATS[chosen]} or {ANSWER_KEY_FORMATS[other]}, and these differ"
            return AnswerKeyFormat("", reason, max_count)
    if chosen in number_formats and not unlikely_format:
        reason = "the answers are numbers of options, but it is not clear whether they count from 0 or from 1"
        return AnswerKeyFormat("", reason, max_count)
    return AnswerKeyFormat(chosen, matched_rows=max_count)


def _unlikely_number_format(
    counts: Mapping[str, int], first_option_number: int | None, has_zero_based_name: bool
) -> str:
    """Which of ``ZERO_BASED`` and ``ONE_BASED`` can be excluded: the one that fits fewer rows, or that the columns' names exclude.

    "": neither, or the evidence is contradictory.
    """
    hints = {first_option_number, 0 if has_zero_based_name else None} - {None}
    excluded = {ONE_BASED if hint == 0 else ZERO_BASED for hint in hints}
    if counts[ZERO_BASED] != counts[ONE_BASED]:
        excluded.add(ZERO_BASED if counts[ZERO_BASED] < counts[ONE_BASED] else ONE_BASED)
    return excluded.pop() if len(excluded) == 1 else ""


def _find_index_by_letter(options: Sequence[str], answer: Any) -> int | None:
    if not isinstance(answer, str):
        return None
    text = answer.strip()
    match = _LETTER_ANSWER.fullmatch(text) if len(text) <= 40 else None
    if not match:
        return _find_by_letter_and_text(options, text)
    index = OPTION_LETTERS.index(match[1].lower())
    return index if index < len(options) else None


def _find_by_letter_and_text(options: Sequence[str], text: str) -> int | None:
    """The index for ``B) 12`` if option b is 12; else None."""
    match = _LETTER_AND_TEXT_ANSWER.fullmatch(text)
    if not match:
        return None
    index = OPTION_LETTERS.index(match[1].lower())
    is_same = index < len(options) and _collapse_whitespace(options[index]) == _collapse_whitespace(match[2])
    return index if is_same else None


def _find_index_by_text(options: Sequence[str], answer: Any) -> int | None:
    """The first option with this text, else the only one with it in another case; None if there is none."""
    text = _collapse_whitespace(cell_to_text(answer))
    option_texts = [_collapse_whitespace(option) for option in options]
    if not text:
        return None
    if text in option_texts:
        return option_texts.index(text)
    indexes = [i for i, option_text in enumerate(option_texts) if option_text.casefold() == text.casefold()]
    return indexes[0] if len(indexes) == 1 else None


def _make_index_finder_by_number(first_number: int) -> Callable[[Sequence[str], Any], int | None]:
    def find_index(options: Sequence[str], answer: Any) -> int | None:
        match = _NUMBER_ANSWER.fullmatch(cell_to_text(answer).strip()[:20])
        index = int(match[1]) - first_number if match else -1
        return index if 0 <= index < len(options) else None

    return find_index


def cell_to_text(value: Any) -> str:
    """A cell's text: strings as they are, numbers formatted; "" for anything else.

    >>> cell_to_text(12), cell_to_text(0.5), cell_to_text("12 km"), cell_to_text(None), cell_to_text([1])
    ('12', '0.5', '12 km', '', '')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    try:
        return str(value)
    except ValueError:  # thousands of digits
        return ""


def _collapse_whitespace(text: str) -> str:
    return " ".join(text.split())


_INDEX_FINDERS: dict[str, Callable[[Sequence[str], Any], int | None]] = {
    BY_LETTER: _find_index_by_letter,
    BY_TEXT: _find_index_by_text,
    ZERO_BASED: _make_index_finder_by_number(0),
    ONE_BASED: _make_index_finder_by_number(1),
}
