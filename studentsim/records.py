"""The vocabulary: what the parts of the product hand to one another. Frozen, plain, picklable.

Questions, answers and marks first, then the events a simulation yields. An event becomes one line
of the journal (see ``studentsim/store/journal.py``): its fields, plus ``type`` (the class's name),
``seq`` (0, 1, 2 … within the run) and ``at`` (seconds since 1970).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

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


# ------------------------------------------------------------------ events


@dataclass(frozen=True)
class Event:
    """Base of all events. ``turn`` 0 is the time before any training."""

    turn: int

    def to_json(self) -> dict[str, Any]:
        """The event's fields and its ``type``, ready for ``json.dumps``."""
        return {"type": type(self).__name__, **_to_plain(self)}


_PLAIN_TYPES = (str, int, float)


def _to_plain(value: Any) -> Any:
    """As ``dataclasses.asdict``, which copies every text and number it meets on the way and takes five times as long."""
    if value is None or isinstance(value, _PLAIN_TYPES):
        return value
    if is_dataclass(value):
        return {f.name: _to_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {key: _to_plain(inner) for key, inner in value.items()}
    return [_to_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True)
class Cell:
    """A run's place in the group of runs that it was started with: a study is a plan × its cells × seeds, and this is one run of it."""

    group: str
    """The group's id, which begins with ``group-``."""
    plan: str
    """What the group was made for: ``repeat`` (the same settings with several seeds) or ``race``."""
    runs: int
    """How many runs the group was begun with; fewer are there where some were deleted."""
    coordinates: dict[str, Any] = field(default_factory=dict)
    """The settings in which the group's runs differ, with this run's values: ``{"seed": 3, "teaching.error_rate": 0.2}``."""


@dataclass(frozen=True)
class RunStarted(Event):
    """First event of a run. ``config`` is the whole RunConfig; ``versions`` maps package to version."""

    run_id: str
    config: dict[str, Any]
    versions: dict[str, str]
    parent: str | None = None
    """The run this one branched from (none so far)."""
    recorded: bool = False
    """Whether the run came with the product, to be looked at, instead of being made here."""
    group: Cell | None = None
    """Its place in a group of runs; None: it was started alone, or before there were groups."""


@dataclass(frozen=True)
class StageStarted(Event):
    """Something that takes time begins: loading, exam, study, revision, training, validation. ``items`` is how many."""

    stage: str
    items: int = 0


@dataclass(frozen=True)
class TurnStarted(Event):
    """The turn's questions were chosen; ``mix`` counts them by category."""

    question_ids: tuple[str, ...]
    mix: dict[str, int]
    confidences: dict[str, float] = field(default_factory=dict)
    """The figure (0 to 1) of each question that was looked at before the choice, those not chosen too; empty where the way of
    choosing does not look. Four significant digits, rounded down, so that none is moved across a threshold of as many digits or fewer."""
    looked_by: str = ""
    """What these figures are: ``confidence`` (of the likeliest candidate answer) or ``p_correct`` (of the right one); blank: none."""


@dataclass(frozen=True)
class Answered(Event):
    """One answer, marked, with the question as it was asked.

    ``phase`` is ``exam``, ``study`` (a first attempt in practice) or ``revision`` (a later one, after the teacher's words).
    ``right`` and ``misconception`` are the key's; ``said_right`` is what the teacher said, and so what learning goes by.
    """

    phase: str
    question_id: str
    category: str
    skill: str | None
    difficulty: int | None
    problem: str
    options: tuple[dict[str, Any], ...]
    """For each option ``letter``, ``text``, ``misconception``."""
    correct: str
    text: str
    letter: str | None
    value: str | None
    right: bool
    misconception: str | None
    logprob: float
    milliseconds: float
    p_right: float | None = None
    attempt: int = 1
    marked_by: str = "key"
    said_right: bool | None = None
    """None in an exam, which nobody but the key marks, and in runs of before there were other markers."""
    marker_right: bool | None = None
    """A trained marker's verdict, where one was asked."""
    feedback: str | None = None
    """The teacher's words about this attempt, where there were any."""
    feedback_level: str | None = None
    """What those words hold: ``mark``, ``hint`` or ``explanation``."""
    doubted: bool = False
    """Whether a right attempt was called wrong on purpose, to see whether the student gives way."""
    topic: str | None = None
    """The question's topic; None where its bank has none, and in journals of before there were topics."""
    ended: bool | None = None
    """Whether the text came to its end; False: it was cut at ``max_new_tokens``. None in runs of before that was kept."""
    value_letter: str | None = None
    """The option that the value written beside the letter shows; None where there is none, and in runs of before that was kept."""


@dataclass(frozen=True)
class ExamFinished(Event):
    """An exam's result. ``low`` and ``high`` bound the accuracy (Wilson, 95 %), as fractions 0 to 1."""

    correct: int
    questions: int
    unanswered: int
    low: float
    high: float
    wrong_by_category: dict[str, int]
    questions_by_category: dict[str, int]
    next_mix: dict[str, int]
    p_right: float | None
    seconds: float


@dataclass(frozen=True)
class PreferenceMetrics:
    """DPO's figures for one optimiser step, or one validation pass (units as in TRL's DPOTrainer).

    Rewards are beta times the log-ratio to the reference; ``accuracies`` is the share of pairs (0 to 1) in which
    the chosen answer's reward is the larger; ``logps_*`` are summed log-probabilities, natural log.
    """

    loss: float
    rewards_chosen: float
    rewards_rejected: float
    rewards_accuracies: float
    rewards_margins: float
    logps_chosen: float
    logps_rejected: float
    logits_chosen: float | None = None
    """Mean logit over the vocabulary and the chosen completions' own tokens. None in journals of before it was kept."""
    logits_rejected: float | None = None
    rehearsal: float | None = None
    """Of a step: how far the kept pairs' log-probabilities have drifted, squared nats (chosen and rejected summed, mean over pairs;
    studentsim/learning/rehearsal.py). None where nothing was rehearsed."""


@dataclass(frozen=True)
class TrainingStep(Event):
    """One optimiser step within a turn: ``step`` 1 to ``steps``."""

    step: int
    steps: int
    metrics: PreferenceMetrics


@dataclass(frozen=True)
class EpochFinished(Event):
    """One pass over a turn's pairs is complete: ``epoch`` 1 to ``epochs``. P0's table of figures has a row for each.

    ``training`` is the mean of the epoch's optimiser steps, weighted by their pairs. ``validation`` is the pass over the
    held-out pairs after this epoch; None where there was none: no such pairs, or (``RunConfig.validation_every``) they are
    looked at after a turn's last epoch alone.
    """

    epoch: int
    epochs: int
    training: PreferenceMetrics
    validation: PreferenceMetrics | None = None


@dataclass(frozen=True)
class Validated(Event):
    """A pass over held-out pairs that are never trained on."""

    pairs: int
    metrics: PreferenceMetrics
    option_accuracies: float | None = None
    """Share (0 to 1) of held-out questions whose right option's text gains more than a wrong one's, both worded alike
    (studentsim/learning/option_pairs.py). None for students that do not read the options, and in journals of before."""
    option_margins: float | None = None
    """By how much, on average: the difference of the two rewards."""


@dataclass(frozen=True)
class TurnFinished(Event):
    """A turn is complete and, once this is in the journal, safe: its checkpoint was written before.

    ``rewards`` is the turn's last training step (None where there was nothing to train on).
    ``correct`` and ``questions`` count first attempts. ``seconds`` splits the turn into study, revision, training, validation,
    exam and total.
    """

    correct: int
    questions: int
    pairs: int
    rewards: PreferenceMetrics | None
    seconds: dict[str, float]


@dataclass(frozen=True)
class Resumed(Event):
    """The run goes on after ``turn``, its last complete one. All earlier events of later turns are void.

    ``note`` says why it goes on from an earlier turn than it had reached, where it does: a damaged checkpoint.
    """

    note: str = ""


@dataclass(frozen=True)
class RunEnded(Event):
    """Last event of a stretch of work. ``status``: finished, paused, cancelled, failed.

    For ``failed``, ``stage``, ``error`` (its class), ``message`` and ``remedy`` say what happened.
    """

    status: str
    seconds: float
    stage: str = ""
    error: str = ""
    message: str = ""
    remedy: str = ""


EVENT_TYPES: dict[str, type[Event]] = {
    c.__name__: c
    for c in (
        RunStarted, StageStarted, TurnStarted, Answered, ExamFinished,
        TrainingStep, EpochFinished, Validated, TurnFinished, Resumed, RunEnded,
    )
}  # fmt: skip


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
