"""What one skill of the built-in curriculum is, and how its workings are written down.

A working is a few lines a teacher would accept. Each line says in words what is worked out, then the sum::

    Add the scores: {a} + {b} + {c} = [total]
    Share equally: {total} ÷ 3 = [average]

``{a}`` is a number drawn for the question. ``= [total]`` calls the calculator on what stands before it, since the
last colon, and names the result, so that later lines may use ``{total}``. A last line ``Answer: …`` with the last
result is added by the program. So the arithmetic of every working, right or wrong, is right by construction: a
misconception goes wrong in its reasoning, as pupils do, not in its sums.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from studentsim.arithmetic import calculate

_STEP_LINE = re.compile(r"^(?P<words>[^:\n]+): (?P<sum>.+) = \[(?P<name>\w+)\]$")

NamedNumbers = Mapping[str, int]


@dataclass(frozen=True)
class Misconception:
    """A misconception that real pupils have, with the working that it leads to.

    ``kind`` is ``concept`` (does not know how) or ``careless`` (knows, but skips or mixes something up).
    ``explanation`` says in plain words what went wrong; ``hint`` helps without giving the answer away.
    """

    id: str
    title: str
    """As a teacher would name it: "forgot to convert km/h"."""
    solution: str
    explanation: str
    hint: str
    kind: str = "concept"


@dataclass(frozen=True)
class Skill:
    """One kind of question. See ``studentsim/curriculum/skills/general.py`` for the pattern."""

    id: str
    category: str
    title: str
    difficulty: int
    """1 (easy) to 3 (hard)."""
    number_choices: Mapping[str, Sequence[int]]
    """For each number, the values it may take. Together at least 150 allowed combinations."""
    phrasings: tuple[str, ...]
    """At least 3, used in study and exam."""
    transfer: str
    """One more, kept back for transfer tests: never practised, never examined otherwise."""
    solution: str
    misconceptions: tuple[Misconception, ...]
    accepts: Callable[[NamedNumbers], bool] = field(default=lambda n: True)
    """Which combinations of numbers make a sensible question."""


@dataclass(frozen=True)
class Solution:
    """A working written out with numbers: its text (ending in ``Answer: value``) and that value."""

    text: str
    value: str


def render_solution(template: str, numbers: NamedNumbers) -> Solution | None:
    """A template with its numbers filled in; None where its arithmetic has no result.

    :raises ValueError: a line that is not ``words: sum = [name]``, or that uses an unknown name (an authoring error).
    """
    values_by_name: dict[str, object] = dict(numbers)
    lines = []
    value = ""
    for line, step_words, expression, name in _parse_steps(template):
        try:
            filled_expression = expression.format_map(values_by_name)
            filled_words = step_words.format_map(values_by_name)
        except (KeyError, IndexError) as error:
            raise ValueError(f"unknown name {error} in the step {line!r}") from error
        result = calculate(filled_expression)
        if result is None:
            return None
        values_by_name[name] = value = result
        lines.append(f"{filled_words}: {filled_expression} = {result}")
    return Solution(text="\n".join([*lines, f"Answer: {value}"]), value=value)


@cache
def _parse_steps(template: str) -> tuple[tuple[str, str, str, str], ...]:
    """Each line of a template with its words, its sum, and the name of its result."""
    steps = []
    for line in template.strip().splitlines():
        step = _STEP_LINE.match(line.strip())
        if not step:
            raise ValueError(f"not a step of the form 'words: sum = [name]': {line!r}")
        steps.append((line, step["words"], step["sum"], step["name"]))
    return tuple(steps)
