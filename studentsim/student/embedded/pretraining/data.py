"""Pretraining examples: correct and wrong solutions, second attempts after feedback, and passages (open book).

Each example states the student's level at this skill and its leaning, so any table of levels defines a student: the solution is
correct with the level's probability, else it shows a misconception weighted by the leaning. In 15 % (60 % in the last phase) a passage
precedes, relevant or not, so that the student learns to use a book and not to be misled by it. In 30 % a first attempt and feedback
precede, so that it learns to use feedback, and not to give way to a false "wrong".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from studentsim.curriculum import generator
from studentsim.curriculum.feedback import format_feedback
from studentsim.curriculum.schema import Misconception, Skill, Solution
from studentsim.student.embedded.pretraining.drills import make_drill
from studentsim.student.embedded.prompt_text import LEANINGS, LEVEL_STEPS

CARELESS_SHARE: Mapping[str, float] = {"careless": 0.85, "concept": 0.15, "mixed": 0.5}
"""Share of wrong answers with a careless misconception, by leaning, where a skill has misconceptions of both kinds."""

FITTING_PASSAGE_SHARE = 0.5
"""Share of passages about the question's own skill; the others, about another skill, change nothing."""


@dataclass(frozen=True)
class Mixture:
    """The composition of a pretraining phase's examples."""

    drill_share: float = 0.0
    """Share of examples that are arithmetic drills (``drills.py``), 0 to 1."""
    passage_share: float = 0.15
    """Share of the other examples with a passage, 0 to 1."""
    passage_help_rate: float = 0.4
    """Share of otherwise wrong answers that are correct with a relevant passage, 0 to 1."""
    judges_passages: bool = False
    """Whether the student states if a passage is relevant before its solution. Without that it did not learn to tell (docs/log.md)."""


REVISION_SHARE = 0.30
"""Share of examples with feedback and a second attempt."""

FEEDBACK_LEVEL_SHARES = {"mark": 0.35, "hint": 0.55, "explanation": 0.10}
"""Frequency of each level of feedback after a wrong first attempt."""

CORRECT_AFTER_FEEDBACK = {"mark": 0.40, "hint": 0.87, "explanation": 0.95}
"""Probability of a correct second attempt after each level of feedback, whatever the student's level."""

STAYS_CORRECT_SHARE = 0.85
"""Probability that a correct first attempt is kept although the teacher calls it wrong."""


@dataclass(frozen=True)
class PretrainingExample:
    """One training text: the loss is on the attempts, the rest is given."""

    level: float
    """0 to 1, in steps of 1/20."""
    leaning: str
    problem: str
    attempts: tuple[str, ...]
    """The student's attempts, one or two."""
    feedback_texts: tuple[str, ...]
    """The feedback between the attempts."""
    passage: str = ""
    """A passage to show with the question; blank: none."""
    passage_fits: bool | None = None
    """Whether the passage is about the question's skill; None: the student gives no verdict."""


@dataclass(frozen=True)
class WorkedProblem:
    """One question's numbers and all its solutions: the correct one, then one for each misconception."""

    skill: Skill
    numbers: dict[str, int]
    solutions: tuple[Solution, ...]


class ProblemPool:
    """All worked problems, also by skill, from which examples and passages are sampled."""

    def __init__(self, problems: Sequence[WorkedProblem]) -> None:
        self.problems = problems
        self.by_skill: dict[str, list[WorkedProblem]] = {}
        for problem in problems:
            self.by_skill.setdefault(problem.skill.id, []).append(problem)

    def sample(self, rng: Random) -> WorkedProblem:
        """Any worked problem."""
        return rng.choice(self.problems)

    def sample_passage(self, skill: Skill, fits: bool, rng: Random) -> str:
        """A hint or worked example of this skill (``fits``) or of another."""
        if not fits:
            skill = rng.choice([p for p in self.by_skill.values() if p[0].skill is not skill])[0].skill
        if rng.random() < 0.5:
            return rng.choice(skill.misconceptions).hint
        worked = rng.choice(self.by_skill[skill.id])
        problem = generator.fill_phrasing(rng.choice(skill.phrasings), worked.numbers, rng)
        return format_worked_example(problem, worked.solutions[0].text)


def format_worked_example(problem: str, solution: str) -> str:
    """A passage that shows a problem with its solution."""
    return f"Example: {problem}\n{solution}"


def sample_worked_problems(per_skill: int, seed: int) -> list[WorkedProblem]:
    """Worked problems with numbers of the pretraining split, ``per_skill`` for each skill."""
    problems = []
    for skill in generator.SKILLS.values():
        rng = Random(f"{seed}-{skill.id}")
        for _ in range(per_skill):
            sampled = generator.sample_numbers_and_solutions(skill, "pretrain", rng)
            assert sampled is not None, f"{skill.id} has no numbers for pretraining"
            problems.append(WorkedProblem(skill, sampled[0], tuple(sampled[1])))
    return problems


def sample_example(pool: ProblemPool, mixture: Mixture, rng: Random) -> PretrainingExample:
    """One example: a question of the curriculum, or a drill."""
    if mixture.drill_share == 0 or rng.random() >= mixture.drill_share:
        return make_example(pool.sample(rng), pool, mixture, rng)
    problem, solution = make_drill(rng)
    return PretrainingExample(
        rng.randrange(LEVEL_STEPS + 1) / LEVEL_STEPS, rng.choice(LEANINGS), problem, (solution,), ()
    )


def make_example(worked: WorkedProblem, pool: ProblemPool, mixture: Mixture, rng: Random) -> PretrainingExample:
    """One example of this problem: a random level, leaning, phrasing and perhaps passage, and what such a student writes."""
    skill = worked.skill
    level, leaning = rng.randrange(LEVEL_STEPS + 1) / LEVEL_STEPS, rng.choice(LEANINGS)
    problem = generator.fill_phrasing(rng.choice(skill.phrasings), worked.numbers, rng)
    passage, passage_fits, p_correct = "", None, level
    if rng.random() < mixture.passage_share:
        is_fitting = rng.random() < FITTING_PASSAGE_SHARE
        passage = pool.sample_passage(skill, is_fitting, rng)
        p_correct = level + mixture.passage_help_rate * (1 - level) if is_fitting else level
        passage_fits = is_fitting if mixture.judges_passages else None
    first = 0 if rng.random() < p_correct else _sample_misconception_index(skill, leaning, rng)
    if rng.random() >= REVISION_SHARE:
        return PretrainingExample(level, leaning, problem, (worked.solutions[first].text,), (), passage, passage_fits)
    feedback_text, second = (
        _revise_correct_attempt(worked, rng) if first == 0 else _revise_wrong_attempt(worked, first, rng)
    )
    attempts = (worked.solutions[first].text, worked.solutions[second].text)
    return PretrainingExample(level, leaning, problem, attempts, (feedback_text,), passage, passage_fits)


def _sample_misconception_index(skill: Skill, leaning: str, rng: Random) -> int:
    weights = misconception_weights(skill, leaning)
    return 1 + rng.choices(range(len(skill.misconceptions)), [weights[m.id] for m in skill.misconceptions])[0]


def misconception_weights(skill: Skill, leaning: str) -> dict[str, float]:
    """Probability of each of the skill's misconceptions in a wrong answer, by leaning; they sum to 1."""
    careless = [m.id for m in skill.misconceptions if m.kind == "careless"]
    concept = [m.id for m in skill.misconceptions if m.kind != "careless"]
    if not careless or not concept:
        return {m.id: 1 / len(skill.misconceptions) for m in skill.misconceptions}
    careless_share = CARELESS_SHARE[leaning]
    weights = {misconception: careless_share / len(careless) for misconception in careless}
    return weights | {misconception: (1 - careless_share) / len(concept) for misconception in concept}


def _revise_wrong_attempt(worked: WorkedProblem, first: int, rng: Random) -> tuple[str, int]:
    level = rng.choices(list(FEEDBACK_LEVEL_SHARES), list(FEEDBACK_LEVEL_SHARES.values()))[0]
    misconception = worked.skill.misconceptions[first - 1]
    feedback_text = _feedback_text(level, misconception, worked)
    if rng.random() < CORRECT_AFTER_FEEDBACK[level]:
        return feedback_text, 0
    others = [k for k in range(1, len(worked.solutions)) if k != first]
    return feedback_text, rng.choice([first, *others])


def _revise_correct_attempt(worked: WorkedProblem, rng: Random) -> tuple[str, int]:
    misconception_index = rng.randrange(len(worked.skill.misconceptions))
    feedback_text = _feedback_text(
        rng.choice(("mark", "hint")), worked.skill.misconceptions[misconception_index], worked
    )
    return feedback_text, 0 if rng.random() < STAYS_CORRECT_SHARE else 1 + misconception_index


def _feedback_text(level: str, misconception: Misconception, worked: WorkedProblem) -> str:
    return format_feedback(
        level, explanation=misconception.explanation, hint=misconception.hint, solution=worked.solutions[0].text
    )


def all_curriculum_texts() -> list[str]:
    """All wordings of the curriculum, numbers aside, from which the tokenizer's words are taken."""
    blank_names = {"name": "", "name2": "", "item": ""}
    texts = [
        *generator._PERSON_NAMES,
        *generator._ITEM_NAMES,
        "Answer: 1\nAnswer",
        "Not quite. Try again.",
        "Example: ",
    ]
    texts += [f" {name}" for name in (*generator._PERSON_NAMES, *generator._ITEM_NAMES)]
    for skill in generator.SKILLS.values():
        values = blank_names | {name: "1" for name in skill.number_choices}
        texts += [p.format(**values) for p in (*skill.phrasings, skill.transfer)]
        rng = Random(0)
        sampled = generator.sample_numbers_and_solutions(skill, "pretrain", rng)
        texts += [solution.text for solution in (sampled[1] if sampled else ())]
        for m in skill.misconceptions:
            texts += [f"Not quite. {m.explanation} {m.hint}", format_feedback("hint", hint=m.hint), m.hint]
    return texts
