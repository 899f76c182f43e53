"""Findings of a run's finished exams, as frames: accuracy by category and skill, misconceptions, questions. No streamlit here.

Accuracies and their 95 % bounds (Wilson) are fractions 0 to 1.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pandas as pd

from studentsim.analysis.accuracy_bounds import add_wilson_bounds
from studentsim.analysis.misconception_status import judge_misconceptions
from studentsim.labels import category_names
from studentsim.labels.titles import find_misconception, is_formula_error
from studentsim.store import queries
from studentsim.store.database import Database
from studentsim.types import CATEGORIES

NO_SKILL = ""
"""The skill of a question whose bank has no skills."""


@dataclass(frozen=True)
class ExamFindings:
    """All finished exams of one run, summed as the page and the report need them."""

    exams: pd.DataFrame
    """``queries.fetch_exams``."""
    categories: pd.DataFrame
    """``row`` (the category)``, turn, correct, questions, accuracy, ci_low, ci_high``, in the bank's order."""
    skills: pd.DataFrame
    """As ``categories``, by skill (``row``), with its ``category``."""
    misconception_counts: pd.DataFrame
    """``misconception, category, skill, turn, offered, right, blind, made, ci_low, ci_high``: how often each misconception occurred
    (``made``) in the questions that offer it (``offered``; all of its skill for a formula error), how many of these were
    answered rightly, and the share that blind guessing would make it (``blind``)."""
    judged_misconceptions: pd.DataFrame
    """One row a misconception that ever occurred: ``misconception_status.judge_misconceptions``."""
    questions: pd.DataFrame
    """``queries.fetch_exam_questions``, with ``offers``: a list of ``(misconception, share of options)``."""
    disagreements: pd.DataFrame = field(default_factory=pd.DataFrame)
    """``queries.fetch_letter_value_mismatches``: the letter and the value beside it belong to different options."""
    practice_misconceptions: pd.DataFrame = field(default_factory=pd.DataFrame)
    """``queries.fetch_practice_misconceptions``: misconceptions of wrong answers in practice."""

    @property
    def exam_turns(self) -> list[int]:
        """The turns of the exams, in order (0: before any practice)."""
        return [int(turn) for turn in self.exams.turn]

    @property
    def last_exam_turn(self) -> int:
        """The turn of the last exam."""
        return self.exam_turns[-1]

    @property
    def chance_accuracy(self) -> float:
        """The accuracy of guessing in the exam, 0 to 1: the mean over its questions of 1 / number of options."""
        shares = [1 / len(json.loads(text)) for text in self.questions.options]
        return sum(shares) / len(shares) if shares else 0.2

    def count_unanswered(self, column: str, name: str) -> pd.Series:
        """The number of unanswered questions whose ``column`` (``category``, ``skill``) is ``name``, by the exam's turn."""
        answers = self.questions[self.questions[column] == name][["turns", "letters"]].explode(["turns", "letters"])
        return answers[answers.letters == ""].groupby("turns").size()

    def category_label(self, category: str) -> str:
        """A category in a heading or a label (``category_names.category_label``)."""
        return category_names.category_label(category, self.categories.row)

    def inline_category_label(self, category: str) -> str:
        """A category within a sentence (``category_names.inline_category_label``)."""
        return category_names.inline_category_label(category, self.categories.row)

    def in_last_exam(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of ``categories``, ``skills`` or ``misconception_counts`` that belong to the last exam."""
        return frame[frame.turn == self.last_exam_turn]


def load_findings(database: Database, run_id: str) -> ExamFindings:
    """A run's findings; all frames are empty while no exam is finished."""
    tallies = queries.fetch_exam_counts(database, run_id)
    tallies["skill"] = tallies.skill.fillna(NO_SKILL)
    questions = queries.fetch_exam_questions(database, run_id)
    questions["skill"] = questions.skill.fillna(NO_SKILL)
    questions["offers"] = [_offered_misconceptions(text) for text in questions.options]
    wrong_answers = queries.fetch_exam_misconceptions(database, run_id)
    is_by_formula = wrong_answers.misconception.map(is_formula_error).astype(bool)
    misconception_counts = _count_offered_misconceptions(questions, wrong_answers[~is_by_formula])
    if is_by_formula.any():
        formula_error_counts = _count_formula_errors(tallies, wrong_answers[is_by_formula])
        misconception_counts = (
            pd.concat([misconception_counts, formula_error_counts], ignore_index=True)
            if len(misconception_counts)
            else formula_error_counts
        )
    skills = _sum_tallies(tallies, "skill")
    categories = tallies.groupby("skill").category.first()
    return ExamFindings(
        exams=queries.fetch_exams(database, run_id),
        categories=_sum_tallies(tallies, "category"),
        skills=skills.assign(category=skills.row.map(categories).fillna("")),
        misconception_counts=misconception_counts,
        judged_misconceptions=judge_misconceptions(misconception_counts),
        questions=questions,
        disagreements=queries.fetch_letter_value_mismatches(database, run_id),
        practice_misconceptions=queries.fetch_practice_misconceptions(database, run_id),
    )


def order_categories(names: list[str]) -> list[str]:
    """Categories in the order of display: the curriculum's first, then the others by name."""
    curriculum_categories = [c for c in CATEGORIES if c in names]
    return curriculum_categories + sorted(set(names) - set(curriculum_categories))


def misconception_hint(misconception: str) -> str:
    """What a teacher could ask a pupil who has it; blank where the bank has no text."""
    description = find_misconception(misconception)
    return description.hint if description else ""


def misconception_explanation(misconception: str) -> str:
    """What goes wrong in it; blank where the bank has no text."""
    description = find_misconception(misconception)
    return description.explanation if description else ""


def _offered_misconceptions(options: str) -> list[tuple[str, float]]:
    """The misconceptions behind a question's options, each with its share of the options (0 to 1)."""
    parsed_options = json.loads(options)
    offered = [o["misconception"] for o in parsed_options if o.get("misconception")]
    return [(id, offered.count(id) / len(parsed_options)) for id in dict.fromkeys(offered)]


def _sum_tallies(tallies: pd.DataFrame, column: str) -> pd.DataFrame:
    """Tallies summed by a column and turn, with intervals."""
    frame = tallies.groupby([column, "turn"], as_index=False)[["correct", "questions"]].sum()
    return add_wilson_bounds(frame.rename(columns={column: "row"}), "correct", "questions", share_column="accuracy")


_MISCONCEPTION_KEYS = ["misconception", "category", "skill", "turn"]


def _count_offered_misconceptions(questions: pd.DataFrame, wrong_answers: pd.DataFrame) -> pd.DataFrame:
    """``ExamFindings.misconception_counts`` of the misconceptions that options invite."""
    columns = ["category", "skill", "correct", "turns", "letters", "offers"]
    offered = questions[columns].explode("offers").dropna(subset=["offers"])
    if offered.empty:
        return pd.DataFrame(columns=[*_MISCONCEPTION_KEYS, "offered", "right", "blind", "made", "ci_low", "ci_high"])
    offered = offered.explode(["turns", "letters"]).rename(columns={"turns": "turn"})
    offered["misconception"] = [id for id, _ in offered.offers]
    offered["blind"] = [float(share) for _, share in offered.offers]
    offered["right"] = offered.letters == offered.correct
    aggregations = {"offered": ("blind", "size"), "right": ("right", "sum"), "blind": ("blind", "mean")}
    counts = offered.groupby(_MISCONCEPTION_KEYS, as_index=False).agg(**aggregations)
    counts = counts.assign(turn=counts.turn.astype(int), blind=counts.blind.round(9))
    wrong_answers = wrong_answers.assign(
        skill=wrong_answers.skill.fillna(NO_SKILL),
        misconception=wrong_answers.misconception.astype(counts.misconception.dtype),
    )
    frame = counts.merge(wrong_answers, on=_MISCONCEPTION_KEYS, how="left")
    frame["made"] = frame.pop("wrong").fillna(0).astype(int)
    return add_wilson_bounds(frame, "made", "offered").drop(columns="share")


def _count_formula_errors(tallies: pd.DataFrame, wrong_answers: pd.DataFrame) -> pd.DataFrame:
    """``ExamFindings.misconception_counts`` of formula errors, which no option invites: of all questions of their skill."""
    wrong_answers = wrong_answers.assign(skill=wrong_answers.skill.fillna(NO_SKILL))
    kinds = wrong_answers[["misconception", "category", "skill"]].drop_duplicates()
    totals = tallies.rename(columns={"questions": "offered", "correct": "right"})[
        ["category", "skill", "turn", "offered", "right"]
    ]
    frame = kinds.merge(totals, on=["category", "skill"]).merge(wrong_answers, on=_MISCONCEPTION_KEYS, how="left")
    frame = frame.assign(blind=0.0, made=frame.wrong.fillna(0).astype(int)).drop(columns="wrong")
    return add_wilson_bounds(frame, "made", "offered").drop(columns="share")
