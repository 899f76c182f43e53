"""The correct option's rank by size among a question's options.

Distractors that are made from the correct value often leave it in the middle: then choosing by size alone beats guessing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from studentsim.datasets.option_value import parse_number_with_unit
from studentsim.types import Question

ORDINAL_PREFIXES = ("", "second ", "third ", "fourth ", "fifth ")


@dataclass(frozen=True)
class CorrectRankCounts:
    """``right[k]`` of the ``questions`` have the correct option at rank k by size (0: smallest); all have ``len(right)`` options that
    are different numbers of one unit."""

    questions: int
    right: tuple[int, ...]


def count_correct_option_ranks(questions: Iterable[Question]) -> CorrectRankCounts | None:
    """The counts for the most common number of options; None if no question's options can be ranked."""
    counts: dict[int, Counter[int]] = {}
    for question in questions:
        rank = rank_correct_option(question)
        if rank is not None:
            counts.setdefault(len(question.options), Counter())[rank] += 1
    if not counts:
        return None
    option_count, rank_counts = max(counts.items(), key=lambda item: (item[1].total(), item[0]))
    return CorrectRankCounts(rank_counts.total(), tuple(rank_counts[rank] for rank in range(option_count)))


def rank_correct_option(question: Question) -> int | None:
    """The number of options smaller than the correct one; None if they are not different numbers of one unit."""
    ranks = rank_options_by_size({option.letter: option.text for option in question.options})
    return None if ranks is None else ranks[question.correct]


def rank_options_by_size(text_by_letter: Mapping[str, str]) -> dict[str, int] | None:
    """By letter, the number of options that are smaller; None if they are not different numbers of one unit."""
    values = {letter: parse_number_with_unit(text) for letter, text in text_by_letter.items()}
    numbers = {letter: value[0] for letter, value in values.items() if value}
    units = {value[1] for value in values.values() if value}
    if len(set(numbers.values())) < len(values) or len(units) != 1:
        return None
    return {letter: rank for rank, letter in enumerate(sorted(numbers, key=numbers.__getitem__))}


def format_size_rank(rank: int, option_count: int) -> str:
    """A label for the option of this rank (0: smallest).

    >>> [format_size_rank(rank, 5) for rank in range(5)]
    ['smallest', 'second smallest', 'middle one', 'second largest', 'largest']
    """
    if 2 * rank + 1 == option_count:
        return "middle one"
    if 2 * rank < option_count:
        return f"{ORDINAL_PREFIXES[rank]}smallest"
    return f"{ORDINAL_PREFIXES[option_count - 1 - rank]}largest"
