"""Where in Weaknesses one is: a run, and within it a category, a skill, a slip, a lesson's exam, a question. A place is a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from studentsim.analysis.findings import ExamFindings

PARAMETER_NAMES = ("run", "category", "skill", "slip", "lesson", "question")
"""The link's parameters. ``lesson`` is the exam after that many lessons; without it, the last."""

MAX_PARAMETER_CHARS = 300
"""Characters of a parameter that are looked at; nothing real is longer."""


@dataclass(frozen=True)
class WeaknessesSelection:
    """One place; blank parameters choose nothing."""

    run: str
    category: str = ""
    skill: str = ""
    slip: str = ""
    lesson: str = ""
    question: str = ""

    @classmethod
    def from_params(cls, run: str, parameters: Mapping[str, str]) -> WeaknessesSelection:
        """The place that a link's parameters name, whether or not it exists."""
        return cls(run, **{name: str(parameters.get(name) or "")[:MAX_PARAMETER_CHARS] for name in PARAMETER_NAMES[1:]})

    @property
    def params(self) -> dict[str, str]:
        """Its parameters, without the blank ones."""
        return {name: value for name in PARAMETER_NAMES if (value := getattr(self, name))}

    def with_changes(self, **changes: str) -> WeaknessesSelection:
        """The place with these parameters changed."""
        return replace(self, **changes)

    @property
    def run_only(self) -> WeaknessesSelection:
        """The run, with nothing opened."""
        return WeaknessesSelection(self.run)

    def answers_params(self, *, lesson: int, **overrides: str) -> dict[str, str]:
        """The parameters by which Answers shows the wrong answers of this place in the exam after ``lesson``."""
        filters = {"category": self.category, "skill": self.skill, "slip": self.slip} | overrides
        return {"run": self.run, "lesson": str(lesson), "phase": "exam", "mark": "wrong"} | {
            name: value for name, value in filters.items() if value
        }

    @property
    def parent(self) -> WeaknessesSelection | None:
        """One level out: from a skill to its category, from a category to the run; None: nothing is opened."""
        if self.skill:
            return WeaknessesSelection(self.run, self.category)
        return self.run_only if self.category else None


def resolve_selection(selection: WeaknessesSelection, findings: ExamFindings) -> tuple[WeaknessesSelection, list[str]]:
    """The place as far as it exists in this run, with what was left out of it, a plain sentence each.

    A skill brings its category along, and a slip its skill.
    """
    misconception_counts, skills, questions = findings.misconception_counts, findings.skills, findings.questions
    problems: list[str] = []

    def keep_if_known(value: str, is_known: bool, kind: str) -> str:
        if value and not is_known:
            problems.append(f"This run's exams know no {kind} “{value[:60]}”.")
        return value if is_known else ""

    slip = keep_if_known(selection.slip, selection.slip in set(misconception_counts.misconception), "slip")
    misconception_row = misconception_counts[misconception_counts.misconception == slip].iloc[0] if slip else None
    skill = keep_if_known(selection.skill, selection.skill in set(skills.row), "kind of question")
    skill = skill or (str(misconception_row.skill) if misconception_row is not None else "")
    category = keep_if_known(selection.category, selection.category in set(findings.categories.row), "category")
    if skill:
        category = str(skills[skills.row == skill].category.iloc[0])
    lesson = keep_if_known(
        selection.lesson, selection.lesson in {str(turn) for turn in findings.exam_turns}, "exam after lesson"
    )
    question = keep_if_known(selection.question, selection.question in set(questions.question_id), "question")
    return WeaknessesSelection(selection.run, category, skill, slip, lesson, question), problems
