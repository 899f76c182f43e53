"""How many exam questions a student would get right by the size of the options it ticks alone. No torch.

Wrong options that are built around the right value leave it among the middle ones by size. Who ticks these and knows nothing else is
right more often than by guessing, so a gain in an exam need not be one in mathematics. This tells the two apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from studentsim.datasets.option_sizes import rank_options_by_size


@dataclass(frozen=True)
class SizeCue:
    """Of an exam's questions whose options are different numbers of one unit."""

    questions: int
    right: int
    by_size: float
    """How many would be right if those that it ticks kept their places by size, and nothing else counted."""
    best: int
    """How many are right for who ticks one place by size throughout (the second smallest, say), the best of them."""


def size_cue(answers: Iterable[Mapping[str, Any]]) -> SizeCue:
    """From events ``AnswerRecorded`` of one exam."""
    ticked: Counter[int] = Counter()
    keys: Counter[int] = Counter()
    questions = right = 0
    for answer in answers:
        places = rank_options_by_size({option["letter"]: option["text"] for option in answer["options"]})
        if places is None:
            continue
        questions += 1
        right += answer["is_correct"]
        keys[places[answer["correct"]]] += 1
        if answer["letter"] in places:
            ticked[places[answer["letter"]]] += 1
    expected = sum(ticked[place] * keys[place] for place in ticked) / questions if questions else 0.0
    return SizeCue(questions, right, expected, max(keys.values(), default=0))
