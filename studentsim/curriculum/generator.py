"""The question generator of the built-in curriculum, deterministic.

Skill, split and index determine a question. A hash assigns each combination of numbers to one split, so questions of different
splits never share their numbers.

    python -c "from studentsim.curriculum.generator import generate_question as g; print(g('average-of-three', 'exam', 0).problem)"
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
"""Raised whenever a question, an option or a solution changes: runs of different versions had different exams."""

SKILLS: Mapping[str, Skill] = {
    skill.id: skill for module in (general, physics, gain, geometry, other, probability) for skill in module.SKILLS
}

MISCONCEPTIONS: Mapping[str, Misconception] = {
    misconception.id: misconception for skill in SKILLS.values() for misconception in skill.misconceptions
}

_SPLIT_PERCENTAGES = {"pretrain": 40, "study": 35, "validation": 5, "exam": 20}
"""Percent of a skill's combinations of numbers that belong to each split."""

_PERSON_NAMES = (
    "Ana", "Ben", "Chloe", "Dario", "Elif", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kemal", "Lena",
    "Maya", "Noah", "Olga", "Priya", "Rosa", "Samir", "Tara", "Yusuf",
)  # fmt: skip
_ITEM_NAMES = (
    "apples", "books", "buttons", "cards", "chairs", "cups", "eggs", "lemons", "marbles", "mugs", "notebooks",
    "oranges", "pencils", "plates", "stickers", "toys",
)  # fmt: skip

_MAX_DRAWS = 20_000
"""Draws of numbers in a row that may fail before a skill counts as exhausted."""


@cache
def generate_questions(skill_id: str, split: str, count: int) -> tuple[Question, ...]:
    """The first ``count`` questions of a skill in a split; no two have the same text.

    :raises BankError: the skill has fewer different questions.
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
    """Question ``index`` (from 0) of a skill in a split."""
    return generate_questions(skill_id, split, index + 1)[index]


def _iter_questions(skill: Skill, split: str) -> Iterator[Question]:
    rng = derive_rng(BANK_NAME, skill.id, split)
    letters: list[str] = []
    for index in range(10**9):
        sample = sample_numbers_and_solutions(skill, split, rng)
        if sample is None:
            return
        numbers, solutions = sample
        # Correct letters are balanced: every five questions use each letter once.
        if not letters:
            letters = rng.sample(LETTERS, len(LETTERS))
        problem = fill_phrasing(rng.choice(skill.phrasings), numbers, rng)
        yield build_curriculum_question(skill, solutions, problem, letters.pop(), rng, split=split, index=index)


def sample_numbers(skill: Skill, split: str, rng: Random) -> dict[str, int] | None:
    """Random numbers for one question of a split; None if ``_MAX_DRAWS`` draws find none."""
    sample = sample_numbers_and_solutions(skill, split, rng)
    return sample[0] if sample else None


def sample_numbers_and_solutions(skill: Skill, split: str, rng: Random) -> tuple[dict[str, int], list[Solution]] | None:
    """Random numbers for one question of a split, and their rendered solutions; None if ``_MAX_DRAWS`` draws find none."""
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
    """The split that a combination of numbers belongs to, by its hash."""
    bucket = derive_seed(BANK_NAME, skill.id, *sorted(numbers.items())) % 100
    for split, percentage in _SPLIT_PERCENTAGES.items():
        bucket -= percentage
        if bucket < 0:
            return split
    raise AssertionError("the shares sum to 100")


def render_all_solutions(skill: Skill, numbers: Mapping[str, int]) -> list[Solution] | None:
    """The correct solution, then one for each misconception; None if two have the same value, or one is not positive."""
    solutions: list[Solution] = []
    for template in (skill.solution, *(m.solution for m in skill.misconceptions)):
        solution = render_solution(template, numbers)
        if solution is None or solution.value.startswith("-") or solution.value == "0":
            return None
        solutions.append(solution)
    return solutions if len({parse_number(s.value) for s in solutions}) == len(solutions) else None


def fill_phrasing(template: str, numbers: Mapping[str, int], rng: Random) -> str:
    """Fill in a phrasing's numbers, and random names and items."""
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
    """A question whose correct option has the given letter. ``solutions``: as of ``render_all_solutions``."""
    correct, *wrong = solutions
    wrong_options = [(s.value, m.id, s.text) for s, m in zip(wrong, skill.misconceptions, strict=True)]
    nearby_values = sample_nearby_values(correct.value, [s.value for s in wrong], rng)
    wrong_options += [(value, None, None) for value in nearby_values]
    options = rng.sample(wrong_options[:4], 4)
    options.insert(LETTERS.index(correct_letter), (correct.value, None, correct.text))
    return Question(
        id=f"{skill.id}-{split}-{index:04d}",
        bank=BANK_NAME,
        category=skill.category,
        problem=problem_text,
        options=tuple(
            Option(letter, value, misconception_id, solution_text)
            for letter, (value, misconception_id, solution_text) in zip(LETTERS, options, strict=True)
        ),
        correct=correct_letter,
        rationale=correct.text,
        skill=skill.id,
        difficulty=skill.difficulty,
        split=split,
    )


def sample_nearby_values(correct_value: str, misconception_values: Sequence[str], rng: Random) -> list[str]:
    """Distractor values that fill up to five options: positive, near the correct value, of its kind, all different.

    The number of them below the correct value is sampled so that its rank among the five gives away as little as possible: always
    choosing the middle value should be no better than guessing.
    """
    value = parse_number(correct_value)
    taken = {parse_number(text) for text in (correct_value, *misconception_values)}
    below, above = _nearby_values(value, "/" in correct_value, taken, rng)
    count = len(LETTERS) - 1 - len(misconception_values)
    misconceptions_below = sum(parse_number(text) < value for text in misconception_values)
    possible_counts = range(max(0, count - len(above)), min(count, len(below)) + 1)
    weights = [1 if misconceptions_below + k == len(LETTERS) // 2 else 2 for k in possible_counts]
    count_below = rng.choices(possible_counts, weights)[0]
    sampled_below = rng.sample(below[: count_below + 1], min(count_below, len(below)))
    return sampled_below + rng.sample(above[: count - count_below + 1], count - count_below)


def _nearby_values(
    value: Fraction, as_fraction: bool, taken: set[Fraction], rng: Random
) -> tuple[list[str], list[str]]:
    """Values below and above ``value``, each nearest first."""
    step = Fraction(1, value.denominator)
    if value.denominator == 1 and value > 30:
        step = Fraction(rng.choice((1, 2, 5, 10) if value < 300 else (5, 10, 20, 50)))
    if as_fraction and value.denominator < 6:  # 1/2 has few neighbours in halves
        step = step / 4
    below = _collect_values(value, -step, as_fraction, taken)
    return below, _collect_values(value, step, as_fraction, taken)


def _collect_values(value: Fraction, step: Fraction, as_fraction: bool, taken: set[Fraction]) -> list[str]:
    """The first three usable values in steps from ``value``: positive, not taken, fractions below 1."""
    found: list[str] = []
    for k in range(1, 12):
        candidate = value + k * step
        if candidate <= 0 or (as_fraction and candidate >= 1) or len(found) == 3:
            break
        if candidate not in taken:
            found.append(format_number(candidate, as_fraction=as_fraction))
    return found
