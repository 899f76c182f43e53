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

from studentsim.bank import curriculum
from studentsim.bank.feedback import feedback
from studentsim.bank.skill import Skill, Slip, Working
from studentsim.student.drills import drill
from studentsim.student.reading import LEANINGS, LEVELS

CARELESS_SHARE: Mapping[str, float] = {"careless": 0.85, "concept": 0.15, "mixed": 0.5}
"""Share of a student's slips that are careless, by its leaning, where a skill has slips of both kinds."""

FITTING = 0.5
"""Share of passages that are about the question's own skill; the others are about another and change nothing."""


@dataclass(frozen=True)
class Mixture:
    """What a stretch of pretraining reads."""

    drills: float = 0.0
    """Share of examples that are sums without a story (``drills.py``), 0 to 1."""
    books: float = 0.15
    """Share of the other examples with a passage beside the question, 0 to 1."""
    helps: float = 0.4
    """Share of what the student would have got wrong that it gets right with a fitting passage, 0 to 1."""
    judged: bool = False
    """Whether the student says of each passage if it is of use. Left to find that out from what is right afterwards, it did not
    (docs/log.md)."""


REVISIONS = 0.30
"""Share of examples that go on to feedback and a second attempt."""

LEVEL_SHARES = {"mark": 0.35, "hint": 0.55, "explanation": 0.10}
"""How often each level of feedback is given after a wrong first attempt."""

RIGHT_AFTER = {"mark": 0.40, "hint": 0.87, "explanation": 0.95}
"""How often the second attempt is right after each, whoever answers."""

STAYS_RIGHT = 0.85
"""How often a right first attempt stays right although the teacher says it is wrong."""


@dataclass(frozen=True)
class Example:
    """One text to learn from: every working in it is learnt, what stands around them is given."""

    level: float
    """0 to 1, in steps of 1/20."""
    leaning: str
    problem: str
    workings: tuple[str, ...]
    """What the student writes: one attempt, or two."""
    said: tuple[str, ...]
    """The teacher's words between the attempts."""
    passage: str = ""
    """What lies open beside the question; blank: nothing."""
    fits: bool | None = None
    """Whether the passage is about the question's skill, where the student says so before it begins."""


@dataclass(frozen=True)
class Material:
    """One question's numbers worked out in every way: the right working first, then one for each slip."""

    skill: Skill
    numbers: dict[str, int]
    workings: tuple[Working, ...]


class Shelf:
    """All material, by skill: what examples and the passages beside them are drawn from."""

    def __init__(self, stuff: Sequence[Material]) -> None:
        self.stuff = stuff
        self.by_skill: dict[str, list[Material]] = {}
        for one in stuff:
            self.by_skill.setdefault(one.skill.id, []).append(one)

    def draw(self, rng: Random) -> Material:
        """Any material."""
        return rng.choice(self.stuff)

    def passage(self, skill: Skill, fitting: bool, rng: Random) -> str:
        """A hint or a worked example of this skill, or of another."""
        other = (
            skill if fitting else rng.choice([m for m in self.by_skill.values() if m[0].skill is not skill])[0].skill
        )
        if rng.random() < 0.5:
            return rng.choice(other.slips).hint
        shown = rng.choice(self.by_skill[other.id])
        return worked_example(
            curriculum.phrase(rng.choice(other.phrasings), shown.numbers, rng), shown.workings[0].text
        )


def worked_example(problem: str, working: str) -> str:
    """A passage that shows how a question is worked out."""
    return f"Example: {problem}\n{working}"


def material(per_skill: int, seed: int) -> list[Material]:
    """Numbers of the pretraining split, ``per_skill`` draws for each skill."""
    found = []
    for skill in curriculum.SKILLS.values():
        rng = Random(f"{seed}-{skill.id}")
        for _ in range(per_skill):
            pair = curriculum.drawn(skill, "pretrain", rng)
            assert pair is not None, f"{skill.id} has no numbers for pretraining"
            found.append(Material(skill, pair[0], tuple(pair[1])))
    return found


def any_example(shelf: Shelf, mixture: Mixture, rng: Random) -> Example:
    """One text to learn from: a question of the curriculum, or a sum without a story."""
    if mixture.drills == 0 or rng.random() >= mixture.drills:
        return example(shelf.draw(rng), shelf, mixture, rng)
    problem, working = drill(rng)
    return Example(rng.randrange(LEVELS + 1) / LEVELS, rng.choice(LEANINGS), problem, (working,), ())


def example(material: Material, shelf: Shelf, mixture: Mixture, rng: Random) -> Example:
    """One example made from this material: a student, a phrasing, a book perhaps, and what that student writes."""
    skill = material.skill
    level, leaning = rng.randrange(LEVELS + 1) / LEVELS, rng.choice(LEANINGS)
    problem = curriculum.phrase(rng.choice(skill.phrasings), material.numbers, rng)
    passage, fits, knows = "", None, level
    if rng.random() < mixture.books:
        fitting = rng.random() < FITTING
        passage = shelf.passage(skill, fitting, rng)
        knows = level + mixture.helps * (1 - level) if fitting else level
        fits = fitting if mixture.judged else None
    first = 0 if rng.random() < knows else _slip(skill, leaning, rng)
    if rng.random() >= REVISIONS:
        return Example(level, leaning, problem, (material.workings[first].text,), (), passage, fits)
    said, second = _right_doubted(material, rng) if first == 0 else _wrong_corrected(material, first, rng)
    workings = (material.workings[first].text, material.workings[second].text)
    return Example(level, leaning, problem, workings, (said,), passage, fits)


def _slip(skill: Skill, leaning: str, rng: Random) -> int:
    weights = slip_weights(skill, leaning)
    return 1 + rng.choices(range(len(skill.slips)), [weights[s.id] for s in skill.slips])[0]


def slip_weights(skill: Skill, leaning: str) -> dict[str, float]:
    """How a wrong answer is shared among the skill's misconceptions by a student of this leaning; sums to 1."""
    careless = [s.id for s in skill.slips if s.kind == "careless"]
    concept = [s.id for s in skill.slips if s.kind != "careless"]
    if not careless or not concept:
        return {s.id: 1 / len(skill.slips) for s in skill.slips}
    share = CARELESS_SHARE[leaning]
    return {s: share / len(careless) for s in careless} | {s: (1 - share) / len(concept) for s in concept}


def _wrong_corrected(material: Material, first: int, rng: Random) -> tuple[str, int]:
    level = rng.choices(list(LEVEL_SHARES), list(LEVEL_SHARES.values()))[0]
    slip = material.skill.slips[first - 1]
    said = _say(level, slip, material)
    if rng.random() < RIGHT_AFTER[level]:
        return said, 0
    others = [k for k in range(1, len(material.workings)) if k != first]
    return said, rng.choice([first, *others])


def _right_doubted(material: Material, rng: Random) -> tuple[str, int]:
    slip = rng.randrange(len(material.skill.slips))
    said = _say(rng.choice(("mark", "hint")), material.skill.slips[slip], material)
    return said, 0 if rng.random() < STAYS_RIGHT else 1 + slip


def _say(level: str, slip: Slip, material: Material) -> str:
    return feedback(level, explanation=slip.explanation, hint=slip.hint, working=material.workings[0].text)


def every_text() -> list[str]:
    """All wordings the curriculum can produce, numbers aside: what the tokenizer must know as words."""
    numbers_free = {"name": "", "name2": "", "item": ""}
    texts = [*curriculum._NAMES, *curriculum._ITEMS, "Answer: 1\nAnswer", "Not quite. Try again.", "Example: "]
    texts += [f" {name}" for name in (*curriculum._NAMES, *curriculum._ITEMS)]
    for skill in curriculum.SKILLS.values():
        filled = numbers_free | {name: "1" for name in skill.numbers}
        texts += [p.format(**filled) for p in (*skill.phrasings, skill.transfer)]
        rng = Random(0)
        pair = curriculum.drawn(skill, "pretrain", rng)
        texts += [w.text for w in (pair[1] if pair else ())]
        for slip in skill.slips:
            texts += [f"Not quite. {slip.explanation} {slip.hint}", feedback("hint", hint=slip.hint), slip.hint]
    return texts
