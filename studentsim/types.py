"""What the parts of the product hand to one another: questions, answers, grades, pairs, profiles. Frozen, plain, picklable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

CATEGORIES: tuple[str, ...] = ("general", "physics", "gain", "geometry", "other", "probability")
"""MathQA's categories, in the source paper's order; the paper's mix gives what is left over to the first."""

LETTERS: tuple[str, ...] = ("a", "b", "c", "d", "e")
"""The letters of a five-option question. Other banks may have 2 to 10 options."""

SPLITS: tuple[str, ...] = ("pretrain", "study", "validation", "exam")
"""Questions of one split share neither text nor numbers with those of another."""


@dataclass(frozen=True)
class Option:
    """One answer option. ``text`` is shown; ``solution`` is the working that ends in it, if any is known.

    ``misconception`` is the id of the misconception that leads here; None for the right option, and for
    options that merely lie near.
    """

    letter: str
    text: str
    misconception: str | None = None
    solution: str | None = None


@dataclass(frozen=True)
class Question:
    """One multiple-choice question. ``rationale`` is the right working; ``correct`` the right letter."""

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
    """What its category belongs to: a group of subjects (P3's of MMLU), or the part of a bank that was joined of several;
    None where a bank has none."""
    formula: str | None = None
    """The formula that leads to the answer, as the bank has it (MathQA's ``annotated_formula``, see ``bank/formula.py``); unchecked."""

    def option(self, letter: str | None) -> Option | None:
        """The option of that letter, or None."""
        return next((o for o in self.options if o.letter == letter), None)

    @property
    def correct_option(self) -> Option:
        """The right option."""
        return next(o for o in self.options if o.letter == self.correct)


@dataclass(frozen=True)
class Answer:
    """What a student wrote on one question.

    ``letter`` is None where nothing it wrote points at an option (unanswered). ``logprob`` is the summed
    natural log-probability of the tokens it chose itself (the calculator's are not its own).
    """

    question_id: str
    text: str
    letter: str | None
    value: str | None
    logprob: float
    milliseconds: float
    p_correct: float | None = None
    """Probability of the right working given the question, 0 to 1; None where options carry no working."""
    ended: bool | None = None
    """Whether it came to its end; False: it was cut at the longest answer. None: nothing was written, or it is not known."""
    ids: tuple[int, ...] | None = None
    """The very tokens that were written, an end token among them; None where only the text is known. In memory alone."""
    value_letter: str | None = None
    """The option that the value written beside the letter shows; None where there is none, or it is not known. The letter counts, also
    where the two disagree."""

    @property
    def contradicts_value(self) -> bool:
        """Whether the value written beside the letter is another option's."""
        return None not in (self.letter, self.value_letter) and self.letter != self.value_letter


AttemptHistory = Mapping[str, Sequence[tuple[str, str]]]
"""By question id: the attempts made at it so far, each with the teacher's words about it."""


@dataclass(frozen=True)
class WritingProgress:
    """The answer that is being written now, as far as it has come. No event: it is shown and forgotten (runs/live_text.py)."""

    question_id: str
    problem: str
    text: str
    tokens: int
    """Tokens written of this answer so far."""
    done: int
    """Answers that are whole, of the ``of`` that were asked for together with this one."""
    of: int
    seconds: float
    """Since the first of those ``of`` answers was begun."""


@dataclass(frozen=True)
class Grade:
    """One answer, judged. ``is_correct`` and ``misconception`` are the key's; ``assigned_correct`` is what the teacher told the student.

    The two differ where the teacher errs. ``grader_correct`` is a trained marker's verdict where one was asked, whoever decided.
    """

    is_correct: bool
    misconception: str | None = None
    graded_by: str = "key"
    """Who decided what was said."""
    grader_correct: bool | None = None
    assigned_override: bool | None = None
    """None: what the key says."""

    @property
    def assigned_correct(self) -> bool:
        """Whether the student was told that it is right."""
        return self.is_correct if self.assigned_override is None else self.assigned_override


@dataclass(frozen=True)
class Feedback:
    """A teacher's words about one attempt. ``level`` is what they hold: ``mark``, ``hint`` or ``explanation``."""

    text: str
    level: str


@dataclass(frozen=True)
class Pair:
    """One preference pair: asked ``question``, the working ``chosen`` is preferred to ``rejected``."""

    question: Question
    chosen: str
    rejected: str
    chosen_ended: bool = True
    """Whether the text is whole. One that was cut gets no end token: stopping there was not the student's choice."""
    rejected_ended: bool = True
    chosen_ids: tuple[int, ...] | None = None
    """The tokens as they were written, where the student wrote the text itself; None: the text is still to be encoded."""
    rejected_ids: tuple[int, ...] | None = None


@dataclass(frozen=True)
class PairScore:
    """A model's figures of one pair: summed natural log-probabilities of the completions, and the mean logit over the
    vocabulary and each completion's own tokens (those that count).
    """

    chosen: float
    rejected: float
    chosen_logits: float
    rejected_logits: float


@dataclass(frozen=True)
class Profile:
    """A student's intended knowledge before any practice: how often it answers rightly (levels, 0 to 1), and which slips it leans to."""

    id: str
    title: str
    summary: str
    categories: dict[str, float] = field(default_factory=dict)
    """The level of a category's skills, where nothing else is said of them."""
    skills: dict[str, float] = field(default_factory=dict)
    """Single skills' own levels."""
    leaning: str = "mixed"
    """careless, concept or mixed."""
    easy: float = 0.0
    """Added to a category's level where the skill is easy (difficulty 1)."""
    hard: float = 0.0
    """The same where it is hard (difficulty 3)."""

    def level(self, skill: str | None, category: str, difficulty: int | None = None) -> float:
        """How often (0 to 1) it answers a question of this skill rightly. A category it does not know has the table's mean."""
        if skill is not None and skill in self.skills:
            return self.skills[skill]
        known_levels = self.categories or self.skills
        level = self.categories.get(category, sum(known_levels.values()) / len(known_levels) if known_levels else 0.5)
        return min(1.0, max(0.0, level + {1: self.easy, 3: self.hard}.get(difficulty or 2, 0.0)))
