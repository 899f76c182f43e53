"""The class of model students: what each is meant to know, as data.

A profile states a mastery for each category; a skill's own mastery is that, a little higher where the skill is easy and a
little lower where it is hard. Exceptions can be stated by skill. ``python -m studentsim place`` measures the
student that was made against these tables. (No torch here: the web pages show these tables.)
"""

from __future__ import annotations

from collections.abc import Mapping

from studentsim.bank.curriculum import SKILLS
from studentsim.errors import ConfigError
from studentsim.records import CATEGORIES, Profile

EASIER = {1: 0.06, 2: 0.0, 3: -0.06}
"""Added to the category's mastery by a skill's difficulty."""


def _profile(id: str, title: str, summary: str, by_category: tuple[float, ...], carelessness: float) -> Profile:
    base = dict(zip(CATEGORIES, by_category, strict=True))
    mastery = {s.id: round(min(0.95, max(0.05, base[s.category] + EASIER[s.difficulty])), 3) for s in SKILLS.values()}
    return Profile(id=id, title=title, summary=summary, mastery=mastery, carelessness=carelessness)


PROFILES: Mapping[str, Profile] = {
    p.id: p
    for p in (
        _profile(
            "balanced", "Balanced beginner",
            "Knows about a third of everything, a little of each category.",
            (0.34, 0.30, 0.32, 0.32, 0.28, 0.26), 0.4,
        ),
        _profile(
            "geometry", "Strong in geometry, weak in probability",
            "Sees shapes at once, but guesses when chance comes in.",
            (0.45, 0.45, 0.40, 0.85, 0.45, 0.15), 0.4,
        ),
        _profile(
            "physics-gap", "Physics gap",
            "A fair student who has missed speed, distance and units.",
            (0.60, 0.19, 0.60, 0.55, 0.60, 0.50), 0.4,
        ),
        _profile(
            "careless", "Steady, but careless with percentages",
            "Knows the methods, but skips steps, most of all with money and percent.",
            (0.62, 0.60, 0.25, 0.62, 0.50, 0.58), 0.85,
        ),
        _profile(
            "nearly-there", "Nearly there",
            "Gets most questions right; the last few slips remain.",
            (0.82, 0.76, 0.80, 0.80, 0.76, 0.72), 0.6,
        ),
        _profile(
            "struggling", "Struggling everywhere",
            "Has mistaken ideas about most topics.",
            (0.20, 0.15, 0.16, 0.20, 0.15, 0.15), 0.2,
        ),
    )
}  # fmt: skip


def profile(id: str) -> Profile:
    """The profile of that id.

    :raises ConfigError: there is none; names those there are.
    """
    if id not in PROFILES:
        raise ConfigError(f"There is no student {id!r}.", f"Choose among {', '.join(PROFILES)}.", field="student")
    return PROFILES[id]


def category_mastery(profile: Profile) -> dict[str, float]:
    """Intended accuracy (0 to 1) by category: the mean over its skills."""
    by: dict[str, list[float]] = {}
    for skill, value in profile.mastery.items():
        by.setdefault(SKILLS[skill].category, []).append(value)
    return {category: sum(values) / len(values) for category, values in by.items()}


def slip_weights(profile: Profile, skill_id: str) -> dict[str, float]:
    """How a wrong answer of this student is shared among the skill's misconceptions; sums to 1."""
    slips = SKILLS[skill_id].slips
    careless = [s.id for s in slips if s.kind == "careless"]
    concept = [s.id for s in slips if s.kind != "careless"]
    if not careless or not concept:
        return {s.id: 1 / len(slips) for s in slips}
    return {s: profile.carelessness / len(careless) for s in careless} | {
        s: (1 - profile.carelessness) / len(concept) for s in concept
    }
