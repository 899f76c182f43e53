"""The schema of a skill of the built-in curriculum, and the templates of its worked solutions.

Each line of a solution template is a step: words, a colon, then an expression and a name for its result::

    Add the scores: {a} + {b} + {c} = [total]
    Share equally: {total} ÷ 3 = [average]

``{a}`` is one of the question's numbers. ``= [total]`` computes the expression before it (``arithmetic.calculate``) and names
the result, so that later lines may use ``{total}``. A last line ``Answer: …`` with the last result is added when the template is
rendered. So every solution's arithmetic is correct by construction: misconceptions err in their reasoning, as pupils do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from studentsim.arithmetic import calculate

_STEP_LINE = re.compile(r"^(?P<words>[^:\n]+): (?P<sum>.+) = \[(?P<name>\w+)\]$")

NamedNumbers = Mapping[str, int]
"""A question's numbers by their names in the templates."""


@dataclass(frozen=True)
class Misconception:
    """A misconception that real pupils have, and the solution template that it leads to.

    ``kind`` is ``concept`` (does not know how) or ``careless`` (knows, but skips or mixes something up).
    ``explanation`` says in plain words what went wrong; ``hint`` helps without revealing the answer.
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
    """One kind of question; its texts are templates with ``{a}`` for a number, ``{name}``, ``{name2}`` and ``{item}``."""

    id: str
    title: str
    difficulty: int
    """1 (easy) to 3 (hard)."""
    number_choices: Mapping[str, Sequence[int]]
    """For each number, the values it may take; at least 150 combinations pass ``accepts``."""
    phrasings: tuple[str, ...]
    """At least 3, used in all splits."""
    transfer: str
    """One more phrasing, for transfer tests only: never practised, in no ordinary exam."""
    solution: str
    misconceptions: tuple[Misconception, ...]
    accepts: Callable[[NamedNumbers], bool] = field(default=lambda n: True)
    """Whether a combination of numbers makes a sensible question."""
    category: str = ""
    """Set by ``in_category``."""


def in_category(category: str, *skills: Skill) -> tuple[Skill, ...]:
    """The skills of a category."""
    return tuple(replace(skill, category=category) for skill in skills)


@dataclass(frozen=True)
class Solution:
    """A rendered solution: its text, which ends in ``Answer: value``, and that value."""

    text: str
    value: str


def render_solution(template: str, numbers: NamedNumbers) -> Solution | None:
    """Render a solution template with numbers; None if an expression has no value (division by zero, too large).

    :raises ValueError: a line is not ``words: expression = [name]``, or uses an unknown name (an authoring error).
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
    """The steps of a template as (line, words, expression, name of the result)."""
    steps = []
    for line in template.strip().splitlines():
        step = _STEP_LINE.match(line.strip())
        if not step:
            raise ValueError(f"not a step of the form 'words: sum = [name]': {line!r}")
        steps.append((line, step["words"], step["sum"], step["name"]))
    return tuple(steps)
