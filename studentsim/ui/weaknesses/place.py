"""Where in Weaknesses one is: a run, and within it a category, a skill, a slip, a lesson's exam, a question. A place is a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from studentsim.ui.weaknesses.findings import Findings

NAMES = ("run", "category", "skill", "slip", "lesson", "question")
"""The link's parameters. ``lesson`` is the exam after that many lessons; without it, the last."""

LONGEST = 300
"""Characters of a parameter that are looked at; nothing real is longer."""


@dataclass(frozen=True)
class Place:
    """One place; blank parameters choose nothing."""

    run: str
    category: str = ""
    skill: str = ""
    slip: str = ""
    lesson: str = ""
    question: str = ""

    @classmethod
    def of(cls, run: str, parameters: Mapping[str, str]) -> Place:
        """The place that a link's parameters name, whether or not it exists."""
        return cls(run, **{name: str(parameters.get(name) or "")[:LONGEST] for name in NAMES[1:]})

    @property
    def link(self) -> dict[str, str]:
        """Its parameters, without the blank ones."""
        return {name: value for name in NAMES if (value := getattr(self, name))}

    def to(self, **changes: str) -> Place:
        """The place with these parameters changed."""
        return replace(self, **changes)

    @property
    def whole(self) -> Place:
        """The run, with nothing opened."""
        return Place(self.run)

    def answers(self, *, lesson: int, **more: str) -> dict[str, str]:
        """The parameters by which Answers shows the wrong answers of this place in the exam after ``lesson``."""
        here = {"category": self.category, "skill": self.skill, "slip": self.slip} | more
        return {"run": self.run, "lesson": str(lesson), "phase": "exam", "mark": "wrong"} | {
            name: value for name, value in here.items() if value
        }

    @property
    def up(self) -> Place | None:
        """One level out: from a skill to its category, from a category to the run; None: nothing is opened."""
        if self.skill:
            return Place(self.run, self.category)
        return self.whole if self.category else None


def resolve(place: Place, found: Findings) -> tuple[Place, list[str]]:
    """The place as far as it exists in this run, with what was left out of it, a plain sentence each.

    A skill brings its category along, and a slip its skill.
    """
    made, skills, questions = found.made, found.skills, found.questions
    lost: list[str] = []

    def kept(value: str, known: bool, what: str) -> str:
        if value and not known:
            lost.append(f"This run's exams know no {what} “{value[:60]}”.")
        return value if known else ""

    slip = kept(place.slip, place.slip in set(made.misconception), "slip")
    owner = made[made.misconception == slip].iloc[0] if slip else None
    skill = kept(place.skill, place.skill in set(skills.row), "kind of question")
    skill = skill or (str(owner.skill) if owner is not None else "")
    category = kept(place.category, place.category in set(found.categories.row), "category")
    if skill:
        category = str(skills[skills.row == skill].category.iloc[0])
    lesson = kept(place.lesson, place.lesson in {str(turn) for turn in found.turns}, "exam after lesson")
    question = kept(place.question, place.question in set(questions.question_id), "question")
    return Place(place.run, category, skill, slip, lesson, question), lost
