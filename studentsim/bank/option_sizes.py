"""Where the right option stands among a question's options by size. Wrong options that are made from the right value often leave it in the
middle: then who ticks by size, and knows nothing, is right more often than by guessing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from studentsim.bank.option_value import option_value
from studentsim.records import Question

ORDINALS = ("", "second ", "third ", "fourth ", "fifth ")


@dataclass(frozen=True)
class OptionSizes:
    """Of the ``questions`` with ``len(right)`` options that are different numbers of one unit: in how many the smallest is right, the
    second smallest, and so on."""

    questions: int
    right: tuple[int, ...]


def option_sizes(questions: Iterable[Question]) -> OptionSizes | None:
    """The counts for the commonest number of options; None where no question's options can be put in order."""
    counts: dict[int, Counter[int]] = {}
    for question in questions:
        place = place_by_size(question)
        if place is not None:
            counts.setdefault(len(question.options), Counter())[place] += 1
    if not counts:
        return None
    options, right = max(counts.items(), key=lambda item: (item[1].total(), item[0]))
    return OptionSizes(right.total(), tuple(right[place] for place in range(options)))


def place_by_size(question: Question) -> int | None:
    """How many options are smaller than the right one; None where they are not different numbers of one unit."""
    places = places_by_size({option.letter: option.text for option in question.options})
    return None if places is None else places[question.correct]


def places_by_size(options: Mapping[str, str]) -> dict[str, int] | None:
    """From options' texts by letter: how many are smaller, by letter; None where they are not different numbers of one unit."""
    values = {letter: option_value(text) for letter, text in options.items()}
    numbers = {letter: value[0] for letter, value in values.items() if value}
    if len(set(numbers.values())) < len(values) or len({value[1] for value in values.values() if value}) != 1:
        return None
    return {letter: place for place, letter in enumerate(sorted(numbers, key=numbers.__getitem__))}


def place_name(place: int, options: int) -> str:
    """What the option is called that so many of the others are smaller than.

    >>> [place_name(place, 5) for place in range(5)]
    ['smallest', 'second smallest', 'middle one', 'second largest', 'largest']
    """
    if 2 * place + 1 == options:
        return "middle one"
    from_below = 2 * place < options
    return f"{ORDINALS[place if from_below else options - 1 - place]}{'smallest' if from_below else 'largest'}"
