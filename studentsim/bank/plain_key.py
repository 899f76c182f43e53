"""How a table says which option is right: by letter, by the option's text, or by its number, counted from 0 or from 1.

A single row often cannot tell (``2`` among the options 1, 2, 3, 4); the file as a whole mostly can. What can be meant in two ways
that lead to different options is refused: a wrong key is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studentsim.bank.draft import OPTION_LETTERS

LETTER, TEXT, FROM_0, FROM_1 = "letter", "text", "from 0", "from 1"
WAYS = {
    LETTER: "the letter of an option",
    TEXT: "the text of an option",
    FROM_0: "the number of an option, counted from 0",
    FROM_1: "the number of an option, counted from 1",
}
"""How a column may say it, and how that is said."""
_LETTER = re.compile(
    r"(?:(?:the )?(?:correct )?(?:answer|option|choice|ans|opt)(?: is)?[ :._-]{0,2})?\(? ?([a-j]) ?\)?[.):]?",
    re.IGNORECASE,
)
_LETTER_AND_TEXT = re.compile(r"\(?([a-jA-J])[).:]\s*(\S.*)", re.DOTALL)
_NUMBER = re.compile(r"(?:(?:option|choice|opt|ans|answer)[ ._-]?)?\(?(\d{1,2})(?:\.0)?\)?\.?", re.IGNORECASE)

NEARLY = 0.8
"""A way that fits this share of the rows that the best one fits is to be reckoned with."""
Asked = tuple[tuple[str, ...], Any]
"""A row's options, and what its answer column holds."""


@dataclass(frozen=True)
class KeyWay:
    """How a file says which option is right."""

    way: str
    """One of ``WAYS``; blank: it cannot be told."""
    why: str = ""
    """Where it cannot be told: why, in words."""
    rows: int = 0
    """Rows of those looked at that it gives an option."""

    def place(self, options: Sequence[str], answer: Any) -> int | None:
        """The place of the right option, from 0; None: the answer names none of them."""
        found = _PLACES[self.way](options, answer)
        if found is not None or self.way == TEXT:
            return found
        # Now and then a teacher writes the option out. What looks like a letter or a number, but is none of them, is a slip.
        meant = isinstance(answer, str) and (_NUMBER if self.way != LETTER else _LETTER).fullmatch(answer.strip()[:40])
        return None if meant or not isinstance(answer, str) else _text(options, answer)


def key_way(rows: Sequence[Asked], *, first: int | None, from_zero: bool) -> KeyWay:
    """The way that fits most rows. ``first`` is the number of the first option's column, where they are numbered;
    ``from_zero``: the column's name is one that programs give to numbers which count from 0.
    """
    places = {way: [find(options, answer) for options, answer in rows] for way, find in _PLACES.items()}
    counts = {way: sum(place is not None for place in found) for way, found in places.items()}
    most = max(counts.values(), default=0)
    if not most:
        return KeyWay("", "no answer is a letter, a number or the text of an option")
    likely = [way for way in WAYS if counts[way] >= NEARLY * most]
    counted = {FROM_0, FROM_1}
    less = _less_likely(counts, first, from_zero)
    if counted <= set(likely) and less:
        likely.remove(less)
    chosen = max(likely, key=counts.__getitem__)
    for other in likely:
        if {chosen, other} != counted and any(
            None not in (a, b) and a != b for a, b in zip(places[chosen], places[other], strict=True)
        ):
            return KeyWay("", f"an answer could be {WAYS[chosen]} or {WAYS[other]}, and these differ", most)
    if chosen in counted and not less:
        why = "the answers are numbers of options, but it is not clear whether they count from 0 or from 1"
        return KeyWay("", why, most)
    return KeyWay(chosen, rows=most)


def _less_likely(counts: Mapping[str, int], first: int | None, from_zero: bool) -> str:
    """Which of the two ways of counting is not meant: the one that fits fewer rows, or by the columns' names; blank: nobody can
    tell, since neither says so, or they contradict each other.
    """
    hints = {first, 0 if from_zero else None} - {None}
    told = {FROM_1 if hint == 0 else FROM_0 for hint in hints}
    if counts[FROM_0] != counts[FROM_1]:
        told.add(FROM_0 if counts[FROM_0] < counts[FROM_1] else FROM_1)
    return told.pop() if len(told) == 1 else ""


def _letter(options: Sequence[str], answer: Any) -> int | None:
    if not isinstance(answer, str):
        return None
    text = answer.strip()
    if len(text) > 40:
        return _letter_and_text(options, text)
    match = _LETTER.fullmatch(text)
    if not match:
        return _letter_and_text(options, text)
    place = OPTION_LETTERS.index(match[1].lower())
    return place if place < len(options) else None


def _letter_and_text(options: Sequence[str], text: str) -> int | None:
    """``B) 12`` where 12 is what option b says."""
    match = _LETTER_AND_TEXT.fullmatch(text)
    if not match:
        return None
    place = OPTION_LETTERS.index(match[1].lower())
    return place if place < len(options) and _same(options[place]) == _same(match[2]) else None


def _text(options: Sequence[str], answer: Any) -> int | None:
    """The first option with this text; capitals count only where two options differ in nothing else."""
    text = _same(written(answer))
    found = [place for place, option in enumerate(options) if _same(option) == text]
    if not found:
        found = [place for place, option in enumerate(options) if _same(option).casefold() == text.casefold()]
        found = found if len(found) == 1 else []
    return found[0] if text and found else None


def _counted(first: int) -> Callable[[Sequence[str], Any], int | None]:
    def place(options: Sequence[str], answer: Any) -> int | None:
        match = _NUMBER.fullmatch(written(answer).strip()[:20])
        found = int(match[1]) - first if match else -1
        return found if 0 <= found < len(options) else None

    return place


def written(value: Any) -> str:
    """A cell as text: numbers of JSON too; blank for what is neither.

    >>> written(12), written(0.5), written("12 km"), written(None), written([1])
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


def _same(text: str) -> str:
    return " ".join(text.split())


_PLACES: dict[str, Callable[[Sequence[str], Any], int | None]] = {
    LETTER: _letter, TEXT: _text, FROM_0: _counted(0), FROM_1: _counted(1),
}  # fmt: skip
