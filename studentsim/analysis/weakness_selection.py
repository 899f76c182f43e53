"""What is selected on the page Weaknesses, as its link's parameters: a run, a category, a skill, a misconception, an exam, a question."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from studentsim.analysis.findings import ExamFindings

PARAMETER_NAMES = ("run", "category", "skill", "slip", "lesson", "question")
"""The link's parameters. ``slip`` is a misconception; ``lesson`` is the turn of an exam, by default the last."""

MAX_PARAMETER_CHARS = 300
"""Characters of a parameter that are read; no valid value is longer."""


@dataclass(frozen=True)
class WeaknessesSelection:
    """One selection; blank parameters select nothing."""

    run: str
    category: str = ""
    skill: str = ""
    slip: str = ""
    lesson: str = ""
    question: str = ""

    @classmethod
    def from_params(cls, run: str, parameters: Mapping[str, str]) -> WeaknessesSelection:
        """The selection of a link's parameters, whether or not it exists."""
        return cls(run, **{name: str(parameters.get(name) or "")[:MAX_PARAMETER_CHARS] for name in PARAMETER_NAMES[1:]})

    @property
    def params(self) -> dict[str, str]:
        """The link's parameters, without the blank ones."""
        return {name: value for name in PARAMETER_NAMES if (value := getattr(self, name))}

    def with_changes(self, **changes: str) -> WeaknessesSelection:
        """The selection with these parameters changed."""
        return replace(self, **changes)

    def filter(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of the selected ``skill`` or ``category``."""
        if self.skill:
            return frame[frame.skill == self.skill]
        return frame[frame.category == self.category] if self.category else frame

    @property
    def run_only(self) -> WeaknessesSelection:
        """The run alone."""
        return WeaknessesSelection(self.run)

    def answers_params(self, *, lesson: int, **overrides: str) -> dict[str, str]:
        """The link parameters of the page Answers for this selection's wrong answers in the exam after turn ``lesson``."""
        filters = {"category": self.category, "skill": self.skill, "slip": self.slip} | overrides
        return {"run": self.run, "lesson": str(lesson), "phase": "exam", "mark": "wrong"} | {
            name: value for name, value in filters.items() if value
        }

    @property
    def parent(self) -> WeaknessesSelection | None:
        """One level up: from a skill to its category, from a category to the run; None: only the run is selected."""
        if self.skill:
            return WeaknessesSelection(self.run, self.category)
        return self.run_only if self.category else None


def resolve_selection(selection: WeaknessesSelection, findings: ExamFindings) -> tuple[WeaknessesSelection, list[str]]:
    """The part of the selection that exists in this run, and a sentence for each parameter that does not.

    A skill selects its category too, and a misconception its skill.
    """
    misconception_counts, skills = findings.misconception_counts, findings.skills
    problems: list[str] = []

    def keep_if_found(value: str, existing: Iterable[str], kind: str) -> str:
        if value in set(existing):
            return value
        if value:
            problems.append(f"This run's exams know no {kind} “{value[:60]}”.")
        return ""

    slip = keep_if_found(selection.slip, misconception_counts.misconception, "slip")
    skill = keep_if_found(selection.skill, skills.row, "kind of question")
    if slip and not skill:
        skill = str(misconception_counts[misconception_counts.misconception == slip].iloc[0].skill)
    category = keep_if_found(selection.category, findings.categories.row, "category")
    if skill:
        category = str(skills[skills.row == skill].category.iloc[0])
    lesson = keep_if_found(selection.lesson, map(str, findings.exam_turns), "exam after lesson")
    question = keep_if_found(selection.question, findings.questions.question_id, "question")
    return WeaknessesSelection(selection.run, category, skill, slip, lesson, question), problems
