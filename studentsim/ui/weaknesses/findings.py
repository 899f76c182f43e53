"""What a run's finished exams show, as frames: accuracy by category and by skill, slips, questions. No streamlit here.

Accuracies and their 95 % bounds (Wilson) are fractions 0 to 1.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pandas as pd

from studentsim.exam import wilson
from studentsim.records import CATEGORIES
from studentsim.store import queries
from studentsim.store.database import Database
from studentsim.ui import category_names
from studentsim.ui.titles import is_formula_error, slip_of
from studentsim.ui.weaknesses.slips import standing

NO_SKILL = ""
"""What stands for the skill of a question whose bank names none."""


@dataclass(frozen=True)
class Findings:
    """All exams of one run, summed in the ways the page and the report need."""

    exams: pd.DataFrame
    """``queries.exams``."""
    categories: pd.DataFrame
    """``row`` (the category)``, turn, correct, questions, accuracy, low, high``, in the bank's order."""
    skills: pd.DataFrame
    """The same by skill (``row``), with its ``category``."""
    made: pd.DataFrame
    """``misconception, category, skill, turn, made, offered, right, low, high``: how often each slip was made, of the questions
    that offer it, and how many of these were answered rightly. What a formula tells may be made in any question: all count."""
    slips: pd.DataFrame
    """One row a slip that was ever made: ``slips.standing``."""
    questions: pd.DataFrame
    """``queries.exam_questions``, with the list ``offers`` of slips."""
    disagreements: pd.DataFrame = field(default_factory=pd.DataFrame)
    """``queries.disagreements``: where the letter and the value beside it are of different options."""
    practice: pd.DataFrame = field(default_factory=pd.DataFrame)
    """``queries.practice_slips``: what was behind wrong answers in practice."""

    @property
    def turns(self) -> list[int]:
        """After how many lessons there was an exam."""
        return [int(turn) for turn in self.exams.turn]

    @property
    def last(self) -> int:
        """The last exam's lesson."""
        return self.turns[-1]

    @property
    def guessing(self) -> float:
        """What guessing would reach in the exam, 0 to 1: the mean over its questions of one in as many as they have options."""
        shares = [1 / len(json.loads(text)) for text in self.questions.options]
        return sum(shares) / len(shares) if shares else 0.2

    def silent(self, column: str, name: str) -> pd.Series:
        """On how many questions whose ``column`` (``category``, ``skill``) is ``name`` nothing was ticked, by exam."""
        asked = self.questions[self.questions[column] == name][["turns", "letters"]].explode(["turns", "letters"])
        return asked[asked.letters == ""].groupby("turns").size()

    def label(self, category: str) -> str:
        """A category as a heading or a label says it (``category_names.label``)."""
        return category_names.label(category, self.categories.row)

    def title(self, category: str) -> str:
        """A category within a sentence."""
        return category_names.in_sentence(category, self.categories.row)

    def in_last(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of ``categories``, ``skills`` or ``made`` that belong to the last exam."""
        return frame[frame.turn == self.last]


def gather(database: Database, run_id: str) -> Findings:
    """A run's findings; all frames are empty while no exam is finished."""
    tallies = queries.exam_tallies(database, run_id)
    tallies["skill"] = tallies.skill.fillna(NO_SKILL)
    questions = queries.exam_questions(database, run_id)
    questions["skill"] = questions.skill.fillna(NO_SKILL)
    questions["offers"] = [_offers(text) for text in questions.options]
    wrong = queries.exam_slips(database, run_id)
    sorted_out = wrong.misconception.map(is_formula_error).astype(bool)
    made = _made(questions, wrong[~sorted_out])
    if sorted_out.any():
        told = _made_anywhere(tallies, wrong[sorted_out])
        made = pd.concat([made, told], ignore_index=True) if len(made) else told
    skills = _told(tallies, "skill")
    categories = tallies.groupby("skill").category.first()
    return Findings(
        exams=queries.exams(database, run_id),
        categories=_told(tallies, "category"),
        skills=skills.assign(category=skills.row.map(categories).fillna("")),
        made=made,
        slips=standing(made),
        questions=questions,
        disagreements=queries.disagreements(database, run_id),
        practice=queries.practice_slips(database, run_id),
    )


def order(names: list[str]) -> list[str]:
    """Categories in the order in which figures are told: the known ones first."""
    known = [c for c in CATEGORIES if c in names]
    return known + sorted(set(names) - set(known))


def hint(slip: str) -> str:
    """What a teacher could ask a pupil who makes it; blank where the bank has no words for it."""
    known = slip_of(slip)
    return known.hint if known else ""


def explanation(slip: str) -> str:
    """What goes wrong in it; blank where the bank has no words for it."""
    known = slip_of(slip)
    return known.explanation if known else ""


def _offers(options: str) -> list[tuple[str, float]]:
    """The slips that a question's options stand for, each with the share of blind ticks that would fall on it."""
    told = json.loads(options)
    slips = [o["misconception"] for o in told if o.get("misconception")]
    return [(slip, slips.count(slip) / len(told)) for slip in dict.fromkeys(slips)]


def _told(tallies: pd.DataFrame, column: str) -> pd.DataFrame:
    """Tallies summed by a column and lesson, with intervals."""
    frame = tallies.groupby([column, "turn"], as_index=False)[["correct", "questions"]].sum()
    frame = frame.rename(columns={column: "row"})
    frame["accuracy"] = frame.correct / frame.questions
    return _bounded(frame, "correct", "questions")


def _bounded(frame: pd.DataFrame, count: str, of: str) -> pd.DataFrame:
    bounds = [wilson(int(k), int(n)) for k, n in zip(frame[count], frame[of], strict=True)]
    return frame.assign(low=[low for low, _ in bounds], high=[high for _, high in bounds])


_SLIP = ["misconception", "category", "skill", "turn"]


def _made(questions: pd.DataFrame, wrong: pd.DataFrame) -> pd.DataFrame:
    """How often each slip was made in each exam, of how many questions that offer it, and how often blind ticks would make it."""
    columns = ["category", "skill", "correct", "turns", "letters", "offers"]
    offered = questions[columns].explode("offers").dropna(subset=["offers"])
    if offered.empty:
        return pd.DataFrame(columns=[*_SLIP, "offered", "right", "blind", "made", "low", "high"])
    offered = offered.explode(["turns", "letters"]).rename(columns={"turns": "turn"})
    offered["misconception"] = [slip for slip, _ in offered.offers]
    offered["blind"] = [float(share) for _, share in offered.offers]
    offered["right"] = offered.letters == offered.correct
    of_each = {"offered": ("blind", "size"), "right": ("right", "sum"), "blind": ("blind", "mean")}
    counts = offered.groupby(_SLIP, as_index=False).agg(**of_each)
    counts = counts.assign(turn=counts.turn.astype(int), blind=counts.blind.round(9))
    wrong = wrong.assign(
        skill=wrong.skill.fillna(NO_SKILL), misconception=wrong.misconception.astype(counts.misconception.dtype)
    )
    frame = counts.merge(wrong, on=_SLIP, how="left")
    frame["made"] = frame.pop("wrong").fillna(0).astype(int)
    return _bounded(frame, "made", "offered")


def _made_anywhere(tallies: pd.DataFrame, wrong: pd.DataFrame) -> pd.DataFrame:
    """The same for errors that no option invites: of all questions of their category and skill. Blind ticks make none of them."""
    wrong = wrong.assign(skill=wrong.skill.fillna(NO_SKILL))
    kinds = wrong[["misconception", "category", "skill"]].drop_duplicates()
    asked = tallies.rename(columns={"questions": "offered", "correct": "right"})[
        ["category", "skill", "turn", "offered", "right"]
    ]
    frame = kinds.merge(asked, on=["category", "skill"]).merge(wrong, on=_SLIP, how="left")
    frame = frame.assign(blind=0.0, made=frame.wrong.fillna(0).astype(int)).drop(columns="wrong")
    return _bounded(frame, "made", "offered")
