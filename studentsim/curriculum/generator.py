"""The built-in curriculum: questions without end from the skills of six category files, deterministic.

A question is its skill, its split and its index: the same three always give the same question. Numbers are dealt
to the splits by a hash, so no question of one split has the numbers of another.

    python -c "from studentsim.curriculum.generator import make; print(make('average-of-three', 'exam', 0).problem)"
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cache
from random import Random

from studentsim.arithmetic import format_number, parse_number
from studentsim.curriculum.schema import Misconception, Skill, Solution, render_solution
from studentsim.curriculum.skills import gain, general, geometry, other, physics, probability
from studentsim.errors import BankError
from studentsim.rng import derive_rng, derive_seed
from studentsim.types import LETTERS, Option, Question

BANK_NAME = "curriculum"
CURRICULUM_VERSION = "1"
"""Raised whenever a question, an option or a working changes: runs of two versions sat different exams."""

SKILLS: Mapping[str, Skill] = {
    skill.id: skill
    for module in (general, physics, gain, geometry, other, probability)
    for skill in module.SKILLS
}  # fmt: skip

MISCONCEPTIONS: Mapping[str, Misconception] = {
    slip.id: slip for skill in SKILLS.values() for slip in skill.misconceptions
}

_SPLIT_PERCENTAGES = {"pretrain": 40, "study": 35, "validation": 5, "exam": 20}
"""Of 100 combinations of numbers, how many go to each split."""

_PERSON_NAMES = (
    "Ana", "Ben", "Chloe", "Dario", "Elif", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kemal", "Lena",
    "Maya", "Noah", "Olga", "Priya", "Rosa", "Samir", "Tara", "Yusuf",
)  # fmt: skip
_ITEM_NAMES = (
    "apples", "books", "buttons", "cards", "chairs", "cups", "eggs", "lemons", "marbles", "mugs", "notebooks",
    "oranges", "pencils", "plates", "stickers", "toys",
)  # fmt: skip

_MAX_DRAWS = 20_000
"""Draws after which a skill's numbers are taken to be used up."""


@cache
def generate_questions(skill_id: str, split: str, count: int) -> tuple[Question, ...]:
    """The first ``count`` questions of a skill in a split; no two have the same text.

    :raises BankError: the skill has not so many different questions.
    """
    questions, seen = [], set()
    for question in _iter_questions(SKILLS[skill_id], split):
        if question.problem not in seen:
            seen.add(question.problem)
            questions.append(question)
        if len(questions) == count:
            return tuple(questions)
    raise BankError(
        f"The skill {skill_id!r} has only {len(questions)} different questions for {split}, {count} were asked for.",
        f"Ask for at most {len(questions)} a skill.",
    )


def generate_question(skill_id: str, split: str, index: int) -> Question:
    """Question ``index`` of a skill in a split."""
    return generate_questions(skill_id, split, index + 1)[index]


def _iter_questions(skill: Skill, split: str) -> Iterator[Question]:
    rng = derive_rng(BANK_NAME, skill.id, split)
    letters: list[str] = []
    for index in range(10**9):
        sample = sample_numbers_and_solutions(skill, split, rng)
        if sample is None:
            return
        numbers, solutions = sample
        # Right answers fall evenly: each five questions use every letter once.
        if not letters:
            letters = rng.sample(LETTERS, len(LETTERS))
        problem = fill_phrasing(rng.choice(skill.phrasings), numbers, rng)
        yield build_curriculum_question(skill, solutions, problem, letters.pop(), rng, split=split, index=index)


def sample_numbers(skill: Skill, split: str, rng: Random) -> dict[str, int] | None:
    """Numbers for one question of a split; None when none are found in many tries."""
    sample = sample_numbers_and_solutions(skill, split, rng)
    return sample[0] if sample else None


def sample_numbers_and_solutions(skill: Skill, split: str, rng: Random) -> tuple[dict[str, int], list[Solution]] | None:
    """Numbers for one question of a split and the workings that they give; None when none are found in many tries."""
    for _ in range(_MAX_DRAWS):
        numbers = {name: rng.choice(values) for name, values in skill.number_choices.items()}
        if (
            skill.accepts(numbers)
            and split_for_numbers(skill, numbers) == split
            and (solutions := render_all_solutions(skill, numbers))
        ):
            return numbers, solutions
    return None


def split_for_numbers(skill: Skill, numbers: Mapping[str, int]) -> str:
    """The split that owns this combination of numbers."""
    bucket = derive_seed(BANK_NAME, skill.id, *sorted(numbers.items())) % 100
    for split, percentage in _SPLIT_PERCENTAGES.items():
        bucket -= percentage
        if bucket < 0:
            return split
    raise AssertionError("the shares sum to 100")


def render_all_solutions(skill: Skill, numbers: Mapping[str, int]) -> list[Solution] | None:
    """The right working first, then one a slip; None where two agree, or one is not positive."""
    solutions: list[Solution] = []
    for template in (skill.solution, *(slip.solution for slip in skill.misconceptions)):
        solution = render_solution(template, numbers)
        if solution is None or solution.value.startswith("-") or solution.value == "0":
            return None
        solutions.append(solution)
    return solutions if len({parse_number(w.value) for w in solutions}) == len(solutions) else None


def fill_phrasing(template: str, numbers: Mapping[str, int], rng: Random) -> str:
    """A phrasing with its numbers, names and things filled in."""
    name, name2 = rng.sample(_PERSON_NAMES, 2)
    return template.format(**numbers, name=name, name2=name2, item=rng.choice(_ITEM_NAMES))


def build_curriculum_question(
    skill: Skill,
    solutions: Sequence[Solution],
    problem_text: str,
    correct_letter: str,
    rng: Random,
    *,
    split: str,
    index: int,
) -> Question:
    """A question whose right option has the given letter. ``solutions``: the workings of its numbers, the right one first."""
    right, *wrong = solutions
    options = [(w.value, slip.id, w.text) for w, slip in zip(wrong, skill.misconceptions, strict=True)]
    options += [(value, None, None) for value in sample_nearby_values(right.value, [w.value for w in wrong], rng)]
    others = rng.sample(options[:4], 4)
    others.insert(LETTERS.index(correct_letter), (right.value, None, right.text))
    return Question(
        id=f"{skill.id}-{split}-{index:04d}",
        bank=BANK_NAME,
        category=skill.category,
        problem=problem_text,
        options=tuple(Option(x, value, slip, text) for x, (value, slip, text) in zip(LETTERS, others, strict=True)),
        correct=correct_letter,
        rationale=right.text,
        skill=skill.id,
        difficulty=skill.difficulty,
        split=split,
    )


def sample_nearby_values(correct_value: str, misconception_values: Sequence[str], rng: Random) -> list[str]:
    """Values to fill up to five options: positive, close to the right one and of its kind, equal to no other.

    How many lie below the right value is drawn so that its rank among the five tells as little as can be: a pupil
    who always ticks the middle value should do no better than by guessing.
    """
    value = parse_number(correct_value)
    taken = {parse_number(text) for text in (correct_value, *misconception_values)}
    below, above = _nearby_values(value, "/" in correct_value, taken, rng)
    count = len(LETTERS) - 1 - len(misconception_values)
    misconceptions_below = sum(parse_number(text) < value for text in misconception_values)
    possible_counts = range(max(0, count - len(above)), min(count, len(below)) + 1)
    count_below = rng.choices(
        possible_counts, [1 if misconceptions_below + k == len(LETTERS) // 2 else 2 for k in possible_counts]
    )[0]
    return rng.sample(below[: count_below + 1], min(count_below, len(below))) + rng.sample(
        above[: count - count_below + 1], count - count_below
    )


def _nearby_values(
    value: Fraction, as_fraction: bool, taken: set[Fraction], rng: Random
) -> tuple[list[str], list[str]]:
    """Values below and above, the nearest first."""
    step = Fraction(1, value.denominator)
    if value.denominator == 1 and value > 30:
        step = Fraction(rng.choice((1, 2, 5, 10) if value < 300 else (5, 10, 20, 50)))
    if as_fraction and value.denominator < 6:  # 1/2 has few halves beside it
        step = step / 4
    below = _collect_values(value, -step, as_fraction, taken)
    return below, _collect_values(value, step, as_fraction, taken)


def _collect_values(value: Fraction, step: Fraction, as_fraction: bool, taken: set[Fraction]) -> list[str]:
    """The first few usable values in steps from ``value``."""
    found: list[str] = []
    for k in range(1, 12):
        candidate = value + k * step
        if candidate <= 0 or (as_fraction and candidate >= 1) or len(found) == 3:
            break
        if candidate not in taken:
            found.append(format_number(candidate, as_fraction=as_fraction))
    return found
