"""How long a run will take, from how long this computer's recent runs took, and how far such estimates were out for them."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from studentsim.config import RunConfig
from studentsim.labels import language_models
from studentsim.labels.teacher_settings import teaching_settings
from studentsim.runs import model_info
from studentsim.store.queries import RunTimings

EMBEDDED_SPEED = RunTimings(runs=0, start=1.5, study_question=0.0075, pair=0.08, exam_question=0.007, turn=None)
"""Seconds of the embedded student on two processor cores, for a computer that has not finished a run yet: those of the recorded study. What
a lesson takes whatever its pairs (looking at held-out pairs, rehearsal) is in ``pair``."""

SMALL_MODEL_SPEED = RunTimings(runs=0, start=10.0, study_question=0.63, pair=1.3, exam_question=0.24, turn=None)
"""The same of a language model of ``SMALL_MODEL_PARAMETERS``, SmolLM2 in bfloat16 on MathQA, with exams that are scored; written ones take as
long as practice. Between what was measured on a quiet computer and on one at half its speed (docs/log.md)."""
SMALL_MODEL_PARAMETERS = 134_515_008

SELECTION_SECONDS_PER_QUESTION = {"log-probability": 0.024, "log-probability+category": 0.042, "likely-wrong": 0.016}
"""Seconds a practice question where the way of choosing first looks at several others: how sure the student is of them, or how
probably it gets them right."""

WRONG_SHARE = 0.5
"""Share of practice questions taken to be answered wrongly by the embedded student, and so learnt from: about the middle of a run.
Of a language model ``runs.models.EXPECTED_WRONG_SHARE``."""

RETRY_WRONG_SHARE = 0.7
"""Share of further tries taken to be wrong again."""

MIN_RUNS_FOR_RANGE = 3
"""Runs from which a spread is told."""

RANGE_QUANTILES = (0.1, 0.9)
"""Quantiles of the recent runs between which a new one is expected: one run on a sleeping computer must not stretch it."""


@dataclass(frozen=True)
class DurationEstimate:
    """Seconds a run will take, from ``low_seconds`` to ``high_seconds``; ``run_count`` is how many runs on this computer tell so (0: none)."""

    low_seconds: float
    high_seconds: float
    run_count: int


def estimate_from_history(
    expected_seconds: float, actual_to_expected: Sequence[float], run_count: int
) -> DurationEstimate:
    """What ``expected_seconds`` seconds come to here. ``actual_to_expected`` has, for each recent run, its seconds divided by those that would have been expected
    for it: what such sums leave out (a lesson's parts that do not grow with its questions, other work on this computer) is put right by
    the middle one, of two the lower. From too few of them no range is told.
    """
    if len(actual_to_expected) < MIN_RUNS_FOR_RANGE:
        corrected = expected_seconds * (statistics.median_low(actual_to_expected) if actual_to_expected else 1.0)
        return DurationEstimate(corrected, corrected, run_count)
    low, high = np.quantile(actual_to_expected, RANGE_QUANTILES)
    return DurationEstimate(expected_seconds * float(low), expected_seconds * float(high), run_count)


def sum_estimates(estimates: Sequence[DurationEstimate]) -> DurationEstimate:
    """Of runs that share the computer."""
    return DurationEstimate(
        sum(e.low_seconds for e in estimates),
        sum(e.high_seconds for e in estimates),
        min(e.run_count for e in estimates),
    )


def typical_speed(config: RunConfig) -> RunTimings:
    """Seconds for a computer that has not finished a run of this student yet; of a language model, by its size where that is known."""
    if config.model == "embedded":
        return EMBEDDED_SPEED
    entry = language_models.find_model(config.model)
    size_ratio = entry.parameters / SMALL_MODEL_PARAMETERS if entry else 1.0
    has_written_exams = exam_mode(config) == "written"
    return RunTimings(
        runs=0,
        start=SMALL_MODEL_SPEED.start * size_ratio,
        study_question=SMALL_MODEL_SPEED.study_question * size_ratio,
        pair=SMALL_MODEL_SPEED.pair * size_ratio,
        exam_question=(SMALL_MODEL_SPEED.study_question if has_written_exams else SMALL_MODEL_SPEED.exam_question)
        * size_ratio,
        turn=None,
    )


def exam_mode(config: RunConfig) -> str:
    """How its exams are taken; of another version's run, as far as it tells."""
    hub = config.hub
    return str(hub.get("exams", "written")) if isinstance(hub, Mapping) else hub.exams


def wrong_share(config: RunConfig) -> float:
    """Share of practice questions taken to be answered wrongly."""
    return WRONG_SHARE if config.model == "embedded" else model_info.EXPECTED_WRONG_SHARE


def _selection_seconds(config: RunConfig, question_seconds: float) -> float:
    """Seconds a practice question where a language model first reads several others; reading one takes as long as in an exam."""
    return (
        question_seconds
        + model_info.CANDIDATES_BY_STRATEGY.get(config.strategy, 0)
        * SMALL_MODEL_SPEED.exam_question
        / SMALL_MODEL_SPEED.study_question
        * question_seconds
    )


def expected_retries(config: RunConfig) -> float:
    """Further tries that a practice question is taken to need: of wrong answers, and of right ones that are doubted."""
    teaching = teaching_settings(config)
    retries = sum(wrong_share(config) * RETRY_WRONG_SHARE**i for i in range(teaching.attempts - 1))
    return retries + (1 - wrong_share(config)) * teaching.doubts if teaching.attempts > 1 else 0.0


def estimate_seconds(config: RunConfig, speed: RunTimings | None = None) -> float:
    """Seconds from Start to the last exam; parts that ``speed`` does not know are ``typical_speed``'s."""
    fallback = typical_speed(config)

    def seconds_per(part: str) -> float:
        value = getattr(speed, part, None)
        return getattr(fallback, part) if value is None else value

    training_pairs = (
        0.0 if config.strategy == "none" else config.questions * wrong_share(config) * config.learning.epochs
    )
    question_seconds = seconds_per("study_question")
    if getattr(speed, "study_question", None) is None:
        question_seconds = (
            SELECTION_SECONDS_PER_QUESTION.get(config.strategy, question_seconds)
            if config.model == "embedded"
            else _selection_seconds(config, question_seconds)
        )
    turn_seconds = config.questions * (1 + expected_retries(config)) * question_seconds + training_pairs * seconds_per(
        "pair"
    )
    exam_seconds = len(config.exam_turns()) * config.exam * seconds_per("exam_question")
    return seconds_per("start") + config.turns * turn_seconds + exam_seconds
