"""Estimate of a run's duration from this computer's recent runs, corrected by the error of such estimates for them."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from studentsim.config import RunConfig
from studentsim.labels import language_models
from studentsim.labels.teacher_settings import teaching_settings
from studentsim.runs import model_info
from studentsim.selection.registry import find_strategy
from studentsim.store.queries import RunTimings

EMBEDDED_SPEED = RunTimings(runs=0, start=1.5, study_question=0.0075, pair=0.08, exam_question=0.007, turn=None)
"""Seconds of the embedded student on two CPU cores (the recorded study's), for a computer that has not finished a run yet.
``pair`` includes what a turn takes whatever its pairs (validation, rehearsal)."""

SMALL_MODEL_SPEED = RunTimings(runs=0, start=10.0, study_question=0.63, pair=1.3, exam_question=0.24, turn=None)
"""Seconds of a language model of ``SMALL_MODEL_PARAMETERS`` (SmolLM2 in bfloat16 on MathQA) with scored exams; written ones
take as long as practice. Between the measurements on an idle computer and on one at half its speed (docs/log.md)."""
SMALL_MODEL_PARAMETERS = 134_515_008

WRONG_SHARE = 0.5
"""Expected share of practice questions that the embedded student answers wrongly, and so learns from: about the middle of a
run. For a language model ``model_info.EXPECTED_WRONG_SHARE``."""

RETRY_WRONG_SHARE = 0.7
"""Expected share of further attempts that are wrong again."""

MIN_RUNS_FOR_RANGE = 3
"""Fewest runs from which a range is given."""

RANGE_QUANTILES = (0.1, 0.9)
"""Quantiles of the recent runs that bound the range: one run on a suspended computer must not widen it."""


@dataclass(frozen=True)
class DurationEstimate:
    """Expected seconds of a run, ``low_seconds`` to ``high_seconds``, from ``run_count`` runs on this computer."""

    low_seconds: float
    high_seconds: float
    run_count: int


def estimate_from_history(
    expected_seconds: float, actual_to_expected: Sequence[float], run_count: int
) -> DurationEstimate:
    """``expected_seconds`` corrected by past errors: ``actual_to_expected`` is the ratio of actual to expected seconds, a run each.

    The ratios cover what the expectation leaves out: parts of a turn that do not grow with its questions, other work on this
    computer. With fewer than ``MIN_RUNS_FOR_RANGE`` ratios the (lower) median is used and no range is given.
    """
    if len(actual_to_expected) < MIN_RUNS_FOR_RANGE:
        corrected = expected_seconds * (statistics.median_low(actual_to_expected) if actual_to_expected else 1.0)
        return DurationEstimate(corrected, corrected, run_count)
    low, high = np.quantile(actual_to_expected, RANGE_QUANTILES)
    return DurationEstimate(expected_seconds * float(low), expected_seconds * float(high), run_count)


def sum_estimates(estimates: Sequence[DurationEstimate]) -> DurationEstimate:
    """The estimate of several runs that share the computer."""
    return DurationEstimate(
        sum(e.low_seconds for e in estimates),
        sum(e.high_seconds for e in estimates),
        min(e.run_count for e in estimates),
    )


def typical_speed(config: RunConfig) -> RunTimings:
    """Timings for a computer that has not finished a run of this student; a language model's scale with its known parameters."""
    if config.model == "embedded":
        return EMBEDDED_SPEED
    entry = language_models.find_model(config.model)
    size_ratio = entry.parameters / SMALL_MODEL_PARAMETERS if entry else 1.0
    speed = SMALL_MODEL_SPEED
    exam_question = speed.study_question if exam_mode(config) == "written" else speed.exam_question
    return RunTimings(
        runs=0,
        start=speed.start * size_ratio,
        study_question=speed.study_question * size_ratio,
        pair=speed.pair * size_ratio,
        exam_question=exam_question * size_ratio,
        turn=None,
    )


def exam_mode(config: RunConfig) -> str:
    """The run's ``model_loading.exam_mode``: ``written`` or ``scored``; read leniently from another version's run."""
    model_loading = config.model_loading
    return (
        str(model_loading.get("exam_mode", "written"))
        if isinstance(model_loading, Mapping)
        else model_loading.exam_mode
    )


def wrong_share(config: RunConfig) -> float:
    """The expected share of practice questions answered wrongly, 0 to 1."""
    return WRONG_SHARE if config.model == "embedded" else model_info.EXPECTED_WRONG_SHARE


def _selection_seconds(config: RunConfig, question_seconds: float) -> float:
    """Seconds a practice question whose candidates are scored first. Unless measured, scoring one takes as long as in an exam."""
    strategy, is_embedded = find_strategy(config.strategy), config.model == "embedded"
    if is_embedded and strategy.embedded_question_seconds is not None:
        return strategy.embedded_question_seconds
    speed = EMBEDDED_SPEED if is_embedded else SMALL_MODEL_SPEED
    return (
        question_seconds
        + strategy.candidates_per_question * speed.exam_question / speed.study_question * question_seconds
    )


def expected_retries(config: RunConfig) -> float:
    """The expected further attempts a practice question: at wrong answers, and at right ones that are challenged."""
    teacher = teaching_settings(config)
    retries = sum(wrong_share(config) * RETRY_WRONG_SHARE**i for i in range(teacher.attempts - 1))
    return retries + (1 - wrong_share(config)) * teacher.challenge_rate if teacher.attempts > 1 else 0.0


def estimate_seconds(config: RunConfig, speed: RunTimings | None = None) -> float:
    """Expected seconds from start to the last exam; timings missing in ``speed`` are ``typical_speed``'s."""
    fallback = typical_speed(config)

    def seconds_per(part: str) -> float:
        value = getattr(speed, part, None)
        return getattr(fallback, part) if value is None else value

    training_pairs = 0.0 if not config.trains else config.questions_per_turn * wrong_share(config) * config.dpo.epochs
    question_seconds = seconds_per("study_question")
    if getattr(speed, "study_question", None) is None:
        question_seconds = _selection_seconds(config, question_seconds)
    practice_seconds = config.questions_per_turn * (1 + expected_retries(config)) * question_seconds
    turn_seconds = practice_seconds + training_pairs * seconds_per("pair")
    exam_seconds = len(config.exam_turns()) * config.exam_size * seconds_per("exam_question")
    return seconds_per("start") + config.turns * turn_seconds + exam_seconds
