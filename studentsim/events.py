"""The events that a simulation yields. One becomes one line of the journal (``studentsim/store/journal.py``): its fields, plus
``type`` (the class's name), ``seq`` (0, 1, 2 … within the run) and ``at`` (seconds since 1970)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any


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
    studentsim/training/rehearsal.py). None where nothing was rehearsed."""


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
    (studentsim/training/option_pairs.py). None for students that do not read the options, and in journals of before."""
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
