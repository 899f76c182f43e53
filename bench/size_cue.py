"""How many exam questions a student would get right by the size of the options it ticks alone. No torch.

Wrong options that are built around the right value leave it among the middle ones by size. Who ticks these and knows nothing else is
right more often than by guessing, so a gain in an exam need not be one in mathematics. This tells the two apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:\s*/\s*\d+)?")


@dataclass(frozen=True)
class SizeCue:
    """Of an exam's questions whose options are different numbers."""

    questions: int
    right: int
    by_size: float
    """How many would be right if those that it ticks kept their places by size, and nothing else counted."""
    best: int
    """How many are right for who ticks one place by size throughout (the second smallest, say), the best of them."""


def size_cue(answers: Iterable[Mapping[str, Any]]) -> SizeCue:
    """From events ``Answered`` of one exam."""
    ticked: Counter[int] = Counter()
    keys: Counter[int] = Counter()
    questions = right = 0
    for answer in answers:
        sizes = {option["letter"]: value(option["text"]) for option in answer["options"]}
        if None in sizes.values() or len(set(sizes.values())) < len(sizes):
            continue
        places = {letter: place for place, letter in enumerate(sorted(sizes, key=lambda letter: sizes[letter] or 0))}
        questions += 1
        right += answer["right"]
        keys[places[answer["correct"]]] += 1
        if answer["letter"] in places:
            ticked[places[answer["letter"]]] += 1
    expected = sum(ticked[place] * keys[place] for place in ticked) / questions if questions else 0.0
    return SizeCue(questions, right, expected, max(keys.values(), default=0))


def value(text: str) -> Fraction | None:
    """The first number in an option's text; None: there is none."""
    found = NUMBER.search(text.replace("\N{MINUS SIGN}", "-"))
    if not found:
        return None
    above, _, below = found[0].replace(",", "").partition("/")
    return Fraction(above) / Fraction(below) if below and int(below) else Fraction(above)
