"""What the embedded student reads while it is made: workings, right and wrong, and second tries after feedback.

Each example says which student answers, so one set of weights holds the whole class: it sees the right working as
often as that student's mastery says, and else one of the misconceptions it leans to. In 30 % a first attempt and a teacher's
words stand before the working, so that it learns to use feedback; and not to give way to a false "wrong".
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from studentsim.bank import curriculum
from studentsim.bank.feedback import feedback
from studentsim.bank.skill import Skill, Slip, Working
from studentsim.records import Profile
from studentsim.student.profiles import PROFILES, slip_weights

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

    profile: str
    problem: str
    workings: tuple[str, ...]
    """What the student writes: one attempt, or two."""
    said: tuple[str, ...]
    """The teacher's words between the attempts."""


@dataclass(frozen=True)
class Material:
    """One question's numbers worked out in every way: the right working first, then one for each slip."""

    skill: Skill
    numbers: dict[str, int]
    workings: tuple[Working, ...]


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


def example(material: Material, rng: Random) -> Example:
    """One example made from this material: a student, a phrasing, and what that student writes."""
    skill = material.skill
    profile = PROFILES[rng.choice(list(PROFILES))]
    problem = curriculum.phrase(rng.choice(skill.phrasings), material.numbers, rng)
    first = _attempt(skill, profile, rng)
    if rng.random() >= REVISIONS:
        return Example(profile.id, problem, (material.workings[first].text,), ())
    said, second = _right_doubted(material, rng) if first == 0 else _wrong_corrected(material, first, rng)
    return Example(profile.id, problem, (material.workings[first].text, material.workings[second].text), (said,))


def _attempt(skill: Skill, profile: Profile, rng: Random) -> int:
    return 0 if rng.random() < profile.mastery[skill.id] else _slip(skill, profile, rng)


def _slip(skill: Skill, profile: Profile, rng: Random) -> int:
    weights = slip_weights(profile, skill.id)
    return 1 + rng.choices(range(len(skill.slips)), [weights[s.id] for s in skill.slips])[0]


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
    texts = [*curriculum._NAMES, *curriculum._ITEMS, "Answer: 1\nAnswer", "Not quite. Try again."]
    texts += [f" {name}" for name in (*curriculum._NAMES, *curriculum._ITEMS)]
    for skill in curriculum.SKILLS.values():
        filled = numbers_free | {name: "1" for name in skill.numbers}
        texts += [p.format(**filled) for p in (*skill.phrasings, skill.transfer)]
        rng = Random(0)
        pair = curriculum.drawn(skill, "pretrain", rng)
        texts += [w.text for w in (pair[1] if pair else ())]
        for slip in skill.slips:
            texts += [f"Not quite. {slip.explanation} {slip.hint}", feedback("hint", hint=slip.hint)]
    return texts
