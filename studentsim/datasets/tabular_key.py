"""How a table says which option is right: by letter, by the option's text, or by its number, counted from 0 or from 1.

A single row often cannot tell (``2`` among the options 1, 2, 3, 4); the file as a whole mostly can. What can be meant in two ways
that lead to different options is refused: a wrong key is worse than none.
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
"""How a column may say it, and how that is said."""
_LETTER_ANSWER = re.compile(
    r"(?:(?:the )?(?:correct )?(?:answer|option|choice|ans|opt)(?: is)?[ :._-]{0,2})?\(? ?([a-j]) ?\)?[.):]?",
    re.IGNORECASE,
)
_LETTER_AND_TEXT_ANSWER = re.compile(r"\(?([a-jA-J])[).:]\s*(\S.*)", re.DOTALL)
_NUMBER_ANSWER = re.compile(r"(?:(?:option|choice|opt|ans|answer)[ ._-]?)?\(?(\d{1,2})(?:\.0)?\)?\.?", re.IGNORECASE)

MIN_RIVAL_SHARE = 0.8
"""A way that fits this share of the rows that the best one fits is to be reckoned with."""
OptionsAndAnswer = tuple[tuple[str, ...], Any]
"""A row's options, and what its answer column holds."""


@dataclass(frozen=True)
class AnswerKeyFormat:
    """How a file says which option is right."""

    name: str
    """One of ``ANSWER_KEY_FORMATS``; blank: it cannot be told."""
    failure_reason: str = ""
    """Where it cannot be told: why, in words."""
    matched_rows: int = 0
    """Rows of those looked at that it gives an option."""

    def find_correct_index(self, options: Sequence[str], answer: Any) -> int | None:
        """The place of the right option, from 0; None: the answer names none of them."""
        index = _INDEX_FINDERS[self.name](options, answer)
        if index is not None or self.name == BY_TEXT:
            return index
        # Now and then a teacher writes the option out. What looks like a letter or a number, but is none of them, is a slip.
        looks_like_key = isinstance(answer, str) and (
            _NUMBER_ANSWER if self.name != BY_LETTER else _LETTER_ANSWER
        ).fullmatch(answer.strip()[:40])
        return None if looks_like_key or not isinstance(answer, str) else _find_index_by_text(options, answer)


def detect_answer_key_format(
    rows: Sequence[OptionsAndAnswer], *, first_option_number: int | None, has_zero_based_name: bool
) -> AnswerKeyFormat:
    """The way that fits most rows. ``first_option_number`` is the number of the first option's column, where they are numbered;
    ``has_zero_based_name``: the column's name is one that programs give to numbers which count from 0.
    """
    indexes_by_format = {
        way: [find(options, answer) for options, answer in rows] for way, find in _INDEX_FINDERS.items()
    }
    counts = {way: sum(place is not None for place in found) for way, found in indexes_by_format.items()}
    max_count = max(counts.values(), default=0)
    if not max_count:
        return AnswerKeyFormat("", "no answer is a letter, a number or the text of an option")
    likely_formats = [way for way in ANSWER_KEY_FORMATS if counts[way] >= MIN_RIVAL_SHARE * max_count]
    number_formats = {ZERO_BASED, ONE_BASED}
    unlikely_format = _unlikely_number_format(counts, first_option_number, has_zero_based_name)
    if number_formats <= set(likely_formats) and unlikely_format:
        likely_formats.remove(unlikely_format)
    chosen = max(likely_formats, key=counts.__getitem__)
    for other in likely_formats:
        if {chosen, other} != number_formats and any(
            None not in (a, b) and a != b
            for a, b in zip(indexes_by_format[chosen], indexes_by_format[other], strict=True)
        ):
            return AnswerKeyFormat(
                "",
                f"an answer could be {ANSWER_KEY_FORMATS[chosen]} or {ANSWER_KEY_FORMATS[other]}, and these differ",
                max_count,
            )
    if chosen in number_formats and not unlikely_format:
        why = "the answers are numbers of options, but it is not clear whether they count from 0 or from 1"
        return AnswerKeyFormat("", why, max_count)
    return AnswerKeyFormat(chosen, matched_rows=max_count)


def _unlikely_number_format(
    counts: Mapping[str, int], first_option_number: int | None, has_zero_based_name: bool
) -> str:
    """Which of the two ways of counting is not meant: the one that fits fewer rows, or by the columns' names; blank: nobody can
    tell, since neither says so, or they contradict each other.
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
    if len(text) > 40:
        return _find_by_letter_and_text(options, text)
    match = _LETTER_ANSWER.fullmatch(text)
    if not match:
        return _find_by_letter_and_text(options, text)
    index = OPTION_LETTERS.index(match[1].lower())
    return index if index < len(options) else None


def _find_by_letter_and_text(options: Sequence[str], text: str) -> int | None:
    """``B) 12`` where 12 is what option b says."""
    match = _LETTER_AND_TEXT_ANSWER.fullmatch(text)
    if not match:
        return None
    index = OPTION_LETTERS.index(match[1].lower())
    return (
        index
        if index < len(options) and _collapse_whitespace(options[index]) == _collapse_whitespace(match[2])
        else None
    )


def _find_index_by_text(options: Sequence[str], answer: Any) -> int | None:
    """The first option with this text; capitals count only where two options differ in nothing else."""
    text = _collapse_whitespace(cell_to_text(answer))
    indexes = [place for place, option in enumerate(options) if _collapse_whitespace(option) == text]
    if not indexes:
        indexes = [
            place for place, option in enumerate(options) if _collapse_whitespace(option).casefold() == text.casefold()
        ]
        indexes = indexes if len(indexes) == 1 else []
    return indexes[0] if text and indexes else None


def _make_index_finder_by_number(first_number: int) -> Callable[[Sequence[str], Any], int | None]:
    def find_index(options: Sequence[str], answer: Any) -> int | None:
        match = _NUMBER_ANSWER.fullmatch(cell_to_text(answer).strip()[:20])
        index = int(match[1]) - first_number if match else -1
        return index if 0 <= index < len(options) else None

    return find_index


def cell_to_text(value: Any) -> str:
    """A cell as text: numbers of JSON too; blank for what is neither.

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
    BY_LETTER: _find_index_by_letter, BY_TEXT: _find_index_by_text, ZERO_BASED: _make_index_finder_by_number(0), ONE_BASED: _make_index_finder_by_number(1),
}  # fmt: skip
