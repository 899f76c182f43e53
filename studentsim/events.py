"""The events that a simulation yields. Each becomes one line of the journal (``studentsim/store/journal.py``): its fields, plus
``type`` (the class's name), ``seq`` (0, 1, 2 … within the run) and ``timestamp`` (Unix time, seconds).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """Base of all events.

    A ``turn`` (P0's word, here and in all the code) is what the pages call a "lesson": choose questions, practise, train;
    after some of them comes an exam. ``turn`` counts from 1; 0 is before any training.
    """

    turn: int

    def to_json(self) -> dict[str, Any]:
        """The event's fields and its ``type``, ready for ``json.dumps``."""
        return {"type": type(self).__name__, **_to_plain(self)}


_PLAIN_TYPES = (str, int, float)


def _to_plain(value: Any) -> Any:
    """Like ``dataclasses.asdict``, but five times faster: texts and numbers are not copied."""
    if value is None or isinstance(value, _PLAIN_TYPES):
        return value
    if is_dataclass(value):
        return {f.name: _to_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {key: _to_plain(inner) for key, inner in value.items()}
    return [_to_plain(inner) for inner in value] if isinstance(value, list | tuple) else value


@dataclass(frozen=True)
class Cell:
    """A run's position in the group of runs that it was started with."""

    group: str
    """The group's id; it begins with ``group-``."""
    plan: str
    """Purpose of the group: ``repeat`` (the same settings with several seeds) or ``race``."""
    runs: int
    """Number of runs that the group was started with; some may be deleted since."""
    coordinates: dict[str, Any] = field(default_factory=dict)
    """This run's values of the settings in which the group's runs differ: ``{"seed": 3, "teacher.error_rate": 0.2}``."""


@dataclass(frozen=True)
class RunStarted(Event):
    """First event of a run. ``config`` is the RunConfig as JSON; ``versions`` maps package to version."""

    run_id: str
    config: dict[str, Any]
    versions: dict[str, str]
    parent: str | None = None
    """The run that this one branched from; so far always None."""
    recorded: bool = False
    """Whether the run ships with the product as a demo."""
    group: Cell | None = None
    """Position in a group of runs; None: started alone, or by a version without groups."""


@dataclass(frozen=True)
class StageStarted(Event):
    """A stage begins: loading, exam, study, revision or training. ``items`` is the number of questions or pairs, 0 for loading."""

    stage: str
    items: int = 0


@dataclass(frozen=True)
class TurnStarted(Event):
    """The turn's questions were selected; ``mix`` counts them by category."""

    question_ids: tuple[str, ...]
    mix: dict[str, int]
    confidences: dict[str, float] = field(default_factory=dict)
    """The score (0 to 1) of every question that the strategy scored, selected or not; empty if it scores none. Four significant
    digits, rounded down, so that no score crosses a threshold of as many digits or fewer."""
    score_kind: str = ""
    """What the scores are: ``confidence`` (probability of the likeliest candidate answer) or ``p_correct``; "" if there are none."""


@dataclass(frozen=True)
class AnswerRecorded(Event):
    """One graded answer, with the question as it was asked.

    ``phase`` is ``exam``, ``study`` (the first attempt in practice) or ``revision`` (a later attempt, after feedback).
    ``is_correct`` and ``misconception`` are the answer key's; ``assigned_correct`` is the grade that the student gets and is trained on.
    """

    phase: str
    question_id: str
    category: str
    skill: str | None
    difficulty: int | None
    problem: str
    options: tuple[dict[str, Any], ...]
    """For each option its ``letter``, ``text`` and ``misconception``."""
    correct: str
    text: str
    letter: str | None
    value: str | None
    is_correct: bool
    misconception: str | None
    logprob: float
    milliseconds: float
    p_correct: float | None = None
    attempt: int = 1
    graded_by: str = "key"
    assigned_correct: bool | None = None
    """None in an exam, which the answer key alone grades, and in journals of versions without graders."""
    grader_correct: bool | None = None
    """A trained grader's verdict, if one graded the answer."""
    feedback: str | None = None
    """The teacher's feedback on this attempt, if there was any."""
    feedback_level: str | None = None
    """What the feedback contains: ``mark``, ``hint`` or ``explanation``."""
    challenged: bool = False
    """Whether a correct attempt was challenged (called wrong on purpose), to see whether the student gives way."""
    topic: str | None = None
    """The question's topic; None: its bank has none, or the journal is older than topics."""
    ended: bool | None = None
    """Whether the text ended by itself; False: it was cut at ``max_new_tokens``. None: unknown, or an older journal."""
    value_letter: str | None = None
    """The option with the value that the answer states; None: there is none, or an older journal."""


@dataclass(frozen=True)
class ExamFinished(Event):
    """An exam's result. ``low`` and ``high`` are the accuracy's 95 % Wilson interval, 0 to 1; ``next_mix`` is the number of practice
    questions by category that follows from the mistakes; ``p_correct`` is the mean over the questions that have one."""

    correct: int
    questions: int
    unanswered: int
    ci_low: float
    ci_high: float
    wrong_by_category: dict[str, int]
    questions_by_category: dict[str, int]
    next_mix: dict[str, int]
    p_correct: float | None
    seconds: float


@dataclass(frozen=True)
class PreferenceMetrics:
    """DPO's metrics of one optimiser step or one validation pass, named and scaled as in TRL's DPOTrainer.

    Rewards are beta times the log-ratio to the reference; ``rewards_accuracies`` is the share of pairs (0 to 1) whose chosen text
    has the larger reward; ``logps_*`` are summed natural log-probabilities.
    """

    loss: float
    rewards_chosen: float
    rewards_rejected: float
    rewards_accuracies: float
    rewards_margins: float
    logps_chosen: float
    logps_rejected: float
    logits_chosen: float | None = None
    """Mean logit over the vocabulary and the chosen texts' tokens. None in older journals."""
    logits_rejected: float | None = None
    rehearsal: float | None = None
    """Of a step: drift of the rehearsal pairs' log-probabilities, in squared nats (chosen plus rejected, mean over pairs;
    studentsim/training/rehearsal.py). None if nothing was rehearsed."""


@dataclass(frozen=True)
class TrainingStep(Event):
    """One optimiser step of a turn: ``step`` from 1 to ``steps``."""

    step: int
    steps: int
    metrics: PreferenceMetrics


@dataclass(frozen=True)
class EpochFinished(Event):
    """One epoch over a turn's pairs is complete: ``epoch`` from 1 to ``epochs``. The source paper's (P0) table has a row for each.

    ``training`` is the mean of the epoch's optimiser steps, weighted by their pairs. ``validation`` is the pass over the
    held-out pairs after this epoch; None: there are no such pairs, or ``RunConfig.validation_every`` is "turn".
    """

    epoch: int
    epochs: int
    training: PreferenceMetrics
    validation: PreferenceMetrics | None = None


@dataclass(frozen=True)
class ValidationFinished(Event):
    """A validation pass over the held-out pairs, which are never trained on, after a turn's last epoch."""

    pairs: int
    metrics: PreferenceMetrics
    option_accuracies: float | None = None
    """Share (0 to 1) of held-out questions whose correct option's text has a larger reward than a wrong option's in the same wording
    (studentsim/training/option_pairs.py). None for students that do not read the options, and in older journals."""
    option_margins: float | None = None
    """Mean difference of these two rewards."""


@dataclass(frozen=True)
class TurnFinished(Event):
    """A turn is complete; its checkpoint is written before this event.

    ``rewards`` are the turn's last training step's metrics, None if there was nothing to train on. ``correct`` and ``questions``
    count first attempts. ``seconds`` are wall-clock: ``study``, ``training``, ``exam`` (those that took place) and ``total``.
    """

    correct: int
    questions: int
    pairs: int
    rewards: PreferenceMetrics | None
    seconds: dict[str, float]


@dataclass(frozen=True)
class RunResumed(Event):
    """The run goes on after ``turn``, its last complete one. All earlier events of later turns are void.

    ``note`` says why it restarts from an earlier turn than it had completed (a damaged checkpoint); "" if it does not.
    """

    note: str = ""


@dataclass(frozen=True)
class RunEnded(Event):
    """Last event of a session (from start or resume until it stops). ``status``: finished, paused, cancelled or failed.

    If failed, ``stage``, ``error`` (the exception's class), ``message`` and ``remedy`` say what happened.
    """

    status: str
    seconds: float
    stage: str = ""
    error: str = ""
    message: str = ""
    remedy: str = ""
