"""The built-in curriculum: questions without end from the skills of six category files, deterministic.

A question is its skill, its split and its index: the same three always give the same question. Numbers are dealt
to the splits by a hash, so no question of one split has the numbers of another.

    python -c "from studentsim.bank.curriculum import make; print(make('average-of-three', 'exam', 0).problem)"
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from random import Random

from studentsim import luck
from studentsim.arithmetic import number, show
from studentsim.bank import gain, general, geometry, other, physics, probability
from studentsim.bank.skill import Skill, Slip, Working, write_working
from studentsim.errors import BankError
from studentsim.records import LETTERS, Option, Question

NAME = "curriculum"
VERSION = "1"
"""Raised whenever a question, an option or a working changes: runs of two versions sat different exams."""

SKILLS: Mapping[str, Skill] = {
    skill.id: skill
    for module in (general, physics, gain, geometry, other, probability)
    for skill in module.SKILLS
}  # fmt: skip

SLIPS: Mapping[str, Slip] = {slip.id: slip for skill in SKILLS.values() for slip in skill.slips}

_SHARES = {"pretrain": 40, "study": 35, "validation": 5, "exam": 20}
"""Of 100 combinations of numbers, how many go to each split."""

_NAMES = (
    "Ana", "Ben", "Chloe", "Dario", "Elif", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kemal", "Lena",
    "Maya", "Noah", "Olga", "Priya", "Rosa", "Samir", "Tara", "Yusuf",
)  # fmt: skip
_ITEMS = (
    "apples", "books", "buttons", "cards", "chairs", "cups", "eggs", "lemons", "marbles", "mugs", "notebooks",
    "oranges", "pencils", "plates", "stickers", "toys",
)  # fmt: skip

_TRIES = 20_000
"""Draws after which a skill's numbers are taken to be used up."""


@cache
def pool(skill_id: str, split: str, count: int) -> tuple[Question, ...]:
    """The first ``count`` questions of a skill in a split; no two have the same text.

    :raises BankError: the skill has not so many different questions.
    """
    questions, seen = [], set()
    for question in _without_end(SKILLS[skill_id], split):
        if question.problem not in seen:
            seen.add(question.problem)
            questions.append(question)
        if len(questions) == count:
            return tuple(questions)
    raise BankError(
        f"The skill {skill_id!r} has only {len(questions)} different questions for {split}, {count} were asked for.",
        f"Ask for at most {len(questions)} a skill.",
    )


def make(skill_id: str, split: str, index: int) -> Question:
    """Question ``index`` of a skill in a split."""
    return pool(skill_id, split, index + 1)[index]


def _without_end(skill: Skill, split: str) -> Iterator[Question]:
    rng = luck.stream(NAME, skill.id, split)
    letters: list[str] = []
    for index in range(10**9):
        pair = drawn(skill, split, rng)
        if pair is None:
            return
        numbers, found = pair
        # Right answers fall evenly: each five questions use every letter once.
        if not letters:
            letters = rng.sample(LETTERS, len(LETTERS))
        problem = phrase(rng.choice(skill.phrasings), numbers, rng)
        yield build(skill, found, problem, letters.pop(), rng, split=split, index=index)


def draw(skill: Skill, split: str, rng: Random) -> dict[str, int] | None:
    """Numbers for one question of a split; None when none are found in many tries."""
    pair = drawn(skill, split, rng)
    return pair[0] if pair else None


def drawn(skill: Skill, split: str, rng: Random) -> tuple[dict[str, int], list[Working]] | None:
    """Numbers for one question of a split and the workings that they give; None when none are found in many tries."""
    for _ in range(_TRIES):
        numbers = {name: rng.choice(values) for name, values in skill.numbers.items()}
        if skill.accept(numbers) and split_of(skill, numbers) == split and (found := workings(skill, numbers)):
            return numbers, found
    return None


def split_of(skill: Skill, numbers: Mapping[str, int]) -> str:
    """The split that owns this combination of numbers."""
    share = luck.number(NAME, skill.id, *sorted(numbers.items())) % 100
    for split, size in _SHARES.items():
        share -= size
        if share < 0:
            return split
    raise AssertionError("the shares sum to 100")


def workings(skill: Skill, numbers: Mapping[str, int]) -> list[Working] | None:
    """The right working first, then one a slip; None where two agree, or one is not positive."""
    found: list[Working] = []
    for template in (skill.working, *(slip.working for slip in skill.slips)):
        working = write_working(template, numbers)
        if working is None or working.value.startswith("-") or working.value == "0":
            return None
        found.append(working)
    return found if len({number(w.value) for w in found}) == len(found) else None


def phrase(template: str, numbers: Mapping[str, int], rng: Random) -> str:
    """A phrasing with its numbers, names and things filled in."""
    name, name2 = rng.sample(_NAMES, 2)
    return template.format(**numbers, name=name, name2=name2, item=rng.choice(_ITEMS))


def build(
    skill: Skill, found: Sequence[Working], problem: str, letter: str, rng: Random, *, split: str, index: int
) -> Question:
    """A question whose right option has the given letter. ``found``: the workings of its numbers, the right one first."""
    right, *wrong = found
    options = [(w.value, slip.id, w.text) for w, slip in zip(wrong, skill.slips, strict=True)]
    options += [(value, None, None) for value in near_values(right.value, [w.value for w in wrong], rng)]
    others = rng.sample(options[:4], 4)
    others.insert(LETTERS.index(letter), (right.value, None, right.text))
    return Question(
        id=f"{skill.id}-{split}-{index:04d}",
        bank=NAME,
        category=skill.category,
        problem=problem,
        options=tuple(Option(x, value, slip, text) for x, (value, slip, text) in zip(LETTERS, others, strict=True)),
        correct=letter,
        rationale=right.text,
        skill=skill.id,
        difficulty=skill.difficulty,
        split=split,
    )


def near_values(right: str, slips: Sequence[str], rng: Random) -> list[str]:
    """Values to fill up to five options: positive, close to the right one and of its kind, equal to no other.

    How many lie below the right value is drawn so that its rank among the five tells as little as can be: a pupil
    who always ticks the middle value should do no better than by guessing.
    """
    value = number(right)
    taken = {number(text) for text in (right, *slips)}
    below, above = _close(value, "/" in right, taken, rng)
    count = len(LETTERS) - 1 - len(slips)
    under = sum(number(text) < value for text in slips)
    possible = range(max(0, count - len(above)), min(count, len(below)) + 1)
    lower = rng.choices(possible, [1 if under + k == len(LETTERS) // 2 else 2 for k in possible])[0]
    return rng.sample(below[: lower + 1], min(lower, len(below))) + rng.sample(
        above[: count - lower + 1], count - lower
    )


def _close(value: Fraction, as_fraction: bool, taken: set[Fraction], rng: Random) -> tuple[list[str], list[str]]:
    """Values below and above, the nearest first."""
    step = Fraction(1, value.denominator)
    if value.denominator == 1 and value > 30:
        step = Fraction(rng.choice((1, 2, 5, 10) if value < 300 else (5, 10, 20, 50)))
    if as_fraction and value.denominator < 6:  # 1/2 has few halves beside it
        step = step / 4
    below = _walk(value, -step, as_fraction, taken)
    return below, _walk(value, step, as_fraction, taken)


def _walk(value: Fraction, step: Fraction, as_fraction: bool, taken: set[Fraction]) -> list[str]:
    """The first few usable values in steps from ``value``."""
    found: list[str] = []
    for k in range(1, 12):
        near = value + k * step
        if near <= 0 or (as_fraction and near >= 1) or len(found) == 3:
            break
        if near not in taken:
            found.append(show(near, as_fraction=as_fraction))
    return found
