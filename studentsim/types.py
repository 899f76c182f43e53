"""The records that the rooms hand to one another: questions, answers, grades, pairs, profiles. All are frozen and picklable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

CATEGORIES: tuple[str, ...] = ("general", "physics", "gain", "geometry", "other", "probability")
"""MathQA's categories in the source paper's order; the paper's mix rule gives the remainder to the first."""

LETTERS: tuple[str, ...] = ("a", "b", "c", "d", "e")
"""Letters of a five-option question. Questions of other sets may have 2 to 10 options."""
FIVE_OPTION_CHANCE = 1 / len(LETTERS)
"""The accuracy of guessing on such questions: assumed where no answered question tells how many options there are."""

SPLITS: tuple[str, ...] = ("pretrain", "study", "validation", "exam")
"""Questions of different splits share neither text nor numbers."""


@dataclass(frozen=True)
class Option:
    """One answer option: ``text`` is what the student sees, ``solution`` the worked solution that ends in it, if there is one.

    ``misconception`` is the id of the misconception that leads to it; None for the correct option and for plain distractors.
    """

    letter: str
    text: str
    misconception: str | None = None
    solution: str | None = None


@dataclass(frozen=True)
class Question:
    """One multiple-choice question. ``rationale`` is the correct worked solution, ``correct`` the correct letter."""

    id: str
    bank: str
    category: str
    problem: str
    options: tuple[Option, ...]
    correct: str
    rationale: str
    skill: str | None = None
    difficulty: int | None = None
    """1 (easy) to 3 (hard)."""
    split: str = "study"
    topic: str | None = None
    """The group of its category: one of P3's topics of MMLU, or the source's title in a bank joined of several; None: it has none."""
    formula: str | None = None
    """The formula of the answer as the set has it, unchecked (MathQA's ``annotated_formula``; see ``datasets/formula.py``)."""

    def option(self, letter: str | None) -> Option | None:
        """The option with this letter, or None."""
        return next((o for o in self.options if o.letter == letter), None)

    @property
    def correct_option(self) -> Option:
        """The correct option."""
        return next(o for o in self.options if o.letter == self.correct)


@dataclass(frozen=True)
class Answer:
    """A student's answer to one question.

    ``letter`` is None if the text names no option (unanswered). ``logprob`` is the summed natural log-probability of the
    tokens that the student sampled, without those that the calculator wrote.
    """

    question_id: str
    text: str
    letter: str | None
    value: str | None
    logprob: float
    milliseconds: float
    p_correct: float | None = None
    """Probability (0 to 1) of the correct solution, or of the correct option where options have no solutions; None: not computed."""
    ended: bool | None = None
    """Whether the text ended by itself; False: it was cut at ``max_new_tokens``. None: nothing was written, or it is unknown."""
    ids: tuple[int, ...] | None = None
    """The tokens as generated, the end token included; None if only the text is known. Never stored."""
    value_letter: str | None = None
    """The option with the value that the answer states; None: it states none, or it is unknown. If it contradicts ``letter``, the
    letter counts."""


AttemptHistory = Mapping[str, Sequence[tuple[str, str]]]
"""By question id: the attempts so far, each as (the answer's text, the feedback on it)."""


@dataclass(frozen=True)
class WritingProgress:
    """The answer that is being generated, as far as it has come. Not an event: it is shown, never stored (runs/live_text.py)."""

    question_id: str
    problem: str
    text: str
    tokens: int
    """Tokens of this answer so far."""
    done: int
    """Finished answers among the ``of`` of the same request."""
    of: int
    seconds: float
    """Since the request's first answer was begun."""


@dataclass(frozen=True)
class Grade:
    """A graded answer. ``is_correct`` and ``misconception`` are the answer key's; ``assigned_correct`` is the grade
    that the student gets.

    The two differ where the teacher errs. ``grader_correct`` is a trained grader's verdict, if one graded the answer, whoever decided.
    """

    is_correct: bool
    misconception: str | None = None
    graded_by: str = "key"
    """Who decided ``assigned_correct``: ``key``, a grader's name, or ``doubt`` (a challenge); ", in error" follows if the teacher erred."""
    grader_correct: bool | None = None
    assigned_override: bool | None = None
    """The grade that the student gets instead of the key's; None: the key's grade."""

    @property
    def assigned_correct(self) -> bool:
        """Whether the grade that the student gets says that the answer is correct."""
        return self.is_correct if self.assigned_override is None else self.assigned_override


@dataclass(frozen=True)
class Feedback:
    """The teacher's feedback on one attempt. ``level`` is what the text contains: ``mark``, ``hint`` or ``explanation``."""

    text: str
    level: str


@dataclass(frozen=True)
class Pair:
    """One preference pair: as an answer to ``question``, the text ``chosen`` is preferred to ``rejected``."""

    question: Question
    chosen: str
    rejected: str
    chosen_ended: bool = True
    """Whether the text is complete. A truncated one gets no end token: the student did not choose to stop there."""
    rejected_ended: bool = True
    chosen_ids: tuple[int, ...] | None = None
    """The tokens as generated, if the student wrote the text; None: the text has to be encoded."""
    rejected_ids: tuple[int, ...] | None = None


@dataclass(frozen=True)
class PairScore:
    """A model's scores of one pair: the completions' summed natural log-probabilities, and their mean logits over the vocabulary
    and the scored tokens.
    """

    chosen: float
    rejected: float
    chosen_logits: float
    rejected_logits: float

    @property
    def logps(self) -> tuple[float, float]:
        """The log-probabilities of chosen and rejected."""
        return self.chosen, self.rejected


@dataclass(frozen=True)
class Profile:
    """A student's intended accuracy before any practice (levels, 0 to 1), and which kind of misconceptions its errors show."""

    id: str
    title: str
    summary: str
    categories: dict[str, float] = field(default_factory=dict)
    """Level by category, for skills that ``skills`` does not list."""
    skills: dict[str, float] = field(default_factory=dict)
    """Level by skill id."""
    leaning: str = "mixed"
    """Kind of most of its misconceptions: ``careless``, ``concept`` or ``mixed``."""
    easy: float = 0.0
    """Added to a category's level for skills of difficulty 1."""
    hard: float = 0.0
    """Added to a category's level for skills of difficulty 3."""

    def level(self, skill: str | None, category: str, difficulty: int | None = None) -> float:
        """Intended accuracy (0 to 1) on a skill. A category that is not listed has the mean of the listed levels."""
        if skill is not None and skill in self.skills:
            return self.skills[skill]
        known_levels = self.categories or self.skills
        level = self.categories.get(category, sum(known_levels.values()) / len(known_levels) if known_levels else 0.5)
        return min(1.0, max(0.0, level + {1: self.easy, 3: self.hard}.get(difficulty or 2, 0.0)))
