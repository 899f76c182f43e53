"""What the embedded student reads while it is made: workings, right and wrong, second tries after feedback, open books.

Each example says the student's level at this skill and which kind of slip it leans to, so any table of levels is a student: it sees
the right working as often as the level says, and else one of the misconceptions it leans to. In 15 % (60 % in pretraining's last
phase) a passage lies open beside the question, fitting or not, so that it learns to use a book and not to be led astray by it. In 30 %
a first attempt and a teacher's words stand before the working, so that it learns to use feedback; and not to give way to a false
"wrong".
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
"""Share of a student's slips that are careless, by its leaning, where a skill has slips of both kinds."""

FITTING_PASSAGE_SHARE = 0.5
"""Share of passages that are about the question's own skill; the others are about another and change nothing."""


@dataclass(frozen=True)
class Mixture:
    """What a stretch of pretraining reads."""

    drill_share: float = 0.0
    """Share of examples that are sums without a story (``drill_share.py``), 0 to 1."""
    passage_share: float = 0.15
    """Share of the other examples with a passage beside the question, 0 to 1."""
    passage_help_rate: float = 0.4
    """Share of what the student would have got wrong that it gets right with a fitting passage, 0 to 1."""
    judges_passages: bool = False
    """Whether the student says of each passage if it is of use. Left to find that out from what is right afterwards, it did not
    (docs/log.md)."""


REVISION_SHARE = 0.30
"""Share of examples that go on to feedback and a second attempt."""

FEEDBACK_LEVEL_SHARES = {"mark": 0.35, "hint": 0.55, "explanation": 0.10}
"""How often each level of feedback is given after a wrong first attempt."""

CORRECT_AFTER_FEEDBACK = {"mark": 0.40, "hint": 0.87, "explanation": 0.95}
"""How often the second attempt is right after each, whoever answers."""

STAYS_CORRECT_SHARE = 0.85
"""How often a right first attempt stays right although the teacher says it is wrong."""


@dataclass(frozen=True)
class PretrainingExample:
    """One text to learn from: every working in it is learnt, what stands around them is given."""

    level: float
    """0 to 1, in steps of 1/20."""
    leaning: str
    problem: str
    workings: tuple[str, ...]
    """What the student writes: one attempt, or two."""
    feedback_texts: tuple[str, ...]
    """The teacher's words between the attempts."""
    passage: str = ""
    """What lies open beside the question; blank: nothing."""
    passage_fits: bool | None = None
    """Whether the passage is about the question's skill, where the student says so before it begins."""


@dataclass(frozen=True)
class WorkedProblem:
    """One question's numbers worked out in every way: the right working first, then one for each slip."""

    skill: Skill
    numbers: dict[str, int]
    workings: tuple[Solution, ...]


class ProblemPool:
    """All material, by skill: what examples and the passages beside them are drawn from."""

    def __init__(self, problems: Sequence[WorkedProblem]) -> None:
        self.problems = problems
        self.by_skill: dict[str, list[WorkedProblem]] = {}
        for problem in problems:
            self.by_skill.setdefault(problem.skill.id, []).append(problem)

    def sample(self, rng: Random) -> WorkedProblem:
        """Any material."""
        return rng.choice(self.problems)

    def sample_passage(self, skill: Skill, fits: bool, rng: Random) -> str:
        """A hint or a worked example of this skill, or of another."""
        other_skill = (
            skill if fits else rng.choice([m for m in self.by_skill.values() if m[0].skill is not skill])[0].skill
        )
        if rng.random() < 0.5:
            return rng.choice(other_skill.misconceptions).hint
        shown_problem = rng.choice(self.by_skill[other_skill.id])
        return format_worked_example(
            generator.fill_phrasing(rng.choice(other_skill.phrasings), shown_problem.numbers, rng),
            shown_problem.workings[0].text,
        )


def format_worked_example(problem: str, working: str) -> str:
    """A passage that shows how a question is worked out."""
    return f"Example: {problem}\n{working}"


def sample_worked_problems(per_skill: int, seed: int) -> list[WorkedProblem]:
    """Numbers of the pretraining split, ``per_skill`` draws for each skill."""
    problems = []
    for skill in generator.SKILLS.values():
        rng = Random(f"{seed}-{skill.id}")
        for _ in range(per_skill):
            sampled = generator.sample_numbers_and_solutions(skill, "pretrain", rng)
            assert sampled is not None, f"{skill.id} has no numbers for pretraining"
            problems.append(WorkedProblem(skill, sampled[0], tuple(sampled[1])))
    return problems


def sample_example(pool: ProblemPool, mixture: Mixture, rng: Random) -> PretrainingExample:
    """One text to learn from: a question of the curriculum, or a sum without a story."""
    if mixture.drill_share == 0 or rng.random() >= mixture.drill_share:
        return make_example(pool.sample(rng), pool, mixture, rng)
    problem, working = make_drill(rng)
    return PretrainingExample(
        rng.randrange(LEVEL_STEPS + 1) / LEVEL_STEPS, rng.choice(LEANINGS), problem, (working,), ()
    )


def make_example(worked: WorkedProblem, pool: ProblemPool, mixture: Mixture, rng: Random) -> PretrainingExample:
    """One example made from this material: a student, a phrasing, a book perhaps, and what that student writes."""
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
        return PretrainingExample(level, leaning, problem, (worked.workings[first].text,), (), passage, passage_fits)
    feedback_text, second = (
        _revise_correct_attempt(worked, rng) if first == 0 else _revise_wrong_attempt(worked, first, rng)
    )
    workings = (worked.workings[first].text, worked.workings[second].text)
    return PretrainingExample(level, leaning, problem, workings, (feedback_text,), passage, passage_fits)


def _sample_misconception_index(skill: Skill, leaning: str, rng: Random) -> int:
    weights = misconception_weights(skill, leaning)
    return 1 + rng.choices(range(len(skill.misconceptions)), [weights[s.id] for s in skill.misconceptions])[0]


def misconception_weights(skill: Skill, leaning: str) -> dict[str, float]:
    """How a wrong answer is shared among the skill's misconceptions by a student of this leaning; sums to 1."""
    careless = [s.id for s in skill.misconceptions if s.kind == "careless"]
    concept = [s.id for s in skill.misconceptions if s.kind != "careless"]
    if not careless or not concept:
        return {s.id: 1 / len(skill.misconceptions) for s in skill.misconceptions}
    careless_share = CARELESS_SHARE[leaning]
    return {s: careless_share / len(careless) for s in careless} | {
        s: (1 - careless_share) / len(concept) for s in concept
    }


def _revise_wrong_attempt(worked: WorkedProblem, first: int, rng: Random) -> tuple[str, int]:
    level = rng.choices(list(FEEDBACK_LEVEL_SHARES), list(FEEDBACK_LEVEL_SHARES.values()))[0]
    misconception = worked.skill.misconceptions[first - 1]
    feedback_text = _feedback_text(level, misconception, worked)
    if rng.random() < CORRECT_AFTER_FEEDBACK[level]:
        return feedback_text, 0
    others = [k for k in range(1, len(worked.workings)) if k != first]
    return feedback_text, rng.choice([first, *others])


def _revise_correct_attempt(worked: WorkedProblem, rng: Random) -> tuple[str, int]:
    misconception_index = rng.randrange(len(worked.skill.misconceptions))
    feedback_text = _feedback_text(
        rng.choice(("mark", "hint")), worked.skill.misconceptions[misconception_index], worked
    )
    return feedback_text, 0 if rng.random() < STAYS_CORRECT_SHARE else 1 + misconception_index


def _feedback_text(level: str, misconception: Misconception, worked: WorkedProblem) -> str:
    return format_feedback(
        level, explanation=misconception.explanation, hint=misconception.hint, solution=worked.workings[0].text
    )


def all_curriculum_texts() -> list[str]:
    """All wordings the curriculum can produce, numbers aside: what the tokenizer must know as words."""
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
        filled = blank_names | {name: "1" for name in skill.number_choices}
        texts += [p.format(**filled) for p in (*skill.phrasings, skill.transfer)]
        rng = Random(0)
        sampled = generator.sample_numbers_and_solutions(skill, "pretrain", rng)
        texts += [w.text for w in (sampled[1] if sampled else ())]
        for slip in skill.misconceptions:
            texts += [f"Not quite. {slip.explanation} {slip.hint}", format_feedback("hint", hint=slip.hint), slip.hint]
    return texts
