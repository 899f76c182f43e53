"""How long a run will take, from how long this computer's recent runs took, and how far such estimates were out for them."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from studentsim.config import RunConfig
from studentsim.runs import models
from studentsim.store.queries import Speed
from studentsim.ui import language_models
from studentsim.ui.teaching.names import of

TYPICAL = Speed(runs=0, start=1.5, study_question=0.0075, pair=0.08, exam_question=0.007, turn=None)
"""Seconds of the embedded student on two processor cores, for a computer that has not finished a run yet: those of the recorded study. What
a lesson takes whatever its pairs (looking at held-out pairs, rehearsal) is in ``pair``."""

SMALL_MODEL = Speed(runs=0, start=10.0, study_question=0.63, pair=1.3, exam_question=0.24, turn=None)
"""The same of a language model of ``SMALL_PARAMETERS``, SmolLM2 in bfloat16 on MathQA, with exams that are scored; written ones take as
long as practice. Between what was measured on a quiet computer and on one at half its speed (docs/log.md)."""
SMALL_PARAMETERS = 134_515_008

LOOKED_AT = {"log-probability": 0.024, "log-probability+category": 0.042, "likely-wrong": 0.016}
"""Seconds a practice question where the way of choosing first looks at several others: how sure the student is of them, or how
probably it gets them right."""

WRONG = 0.5
"""Share of practice questions taken to be answered wrongly by the embedded student, and so learnt from: about the middle of a run.
Of a language model ``runs.models.WRONG``."""

STILL_WRONG = 0.7
"""Share of further tries taken to be wrong again."""

FEWEST = 3
"""Runs from which a spread is told."""

MIDDLE = (0.1, 0.9)
"""Quantiles of the recent runs between which a new one is expected: one run on a sleeping computer must not stretch it."""


@dataclass(frozen=True)
class Estimate:
    """Seconds a run will take, from ``low`` to ``high``; ``runs`` is how many runs on this computer tell so (0: none)."""

    low: float
    high: float
    runs: int


def estimated(expected: float, out: Sequence[float], runs: int) -> Estimate:
    """What ``expected`` seconds come to here. ``out`` has, for each recent run, its seconds divided by those that would have been expected
    for it: what such sums leave out (a lesson's parts that do not grow with its questions, other work on this computer) is put right by
    the middle one, of two the lower. From too few of them no range is told.
    """
    if len(out) < FEWEST:
        told = expected * (statistics.median_low(out) if out else 1.0)
        return Estimate(told, told, runs)
    low, high = np.quantile(out, MIDDLE)
    return Estimate(expected * float(low), expected * float(high), runs)


def together(estimates: Sequence[Estimate]) -> Estimate:
    """Of runs that share the computer."""
    return Estimate(sum(e.low for e in estimates), sum(e.high for e in estimates), min(e.runs for e in estimates))


def typical(config: RunConfig) -> Speed:
    """Seconds for a computer that has not finished a run of this student yet; of a language model, by its size where that is known."""
    if config.model == "embedded":
        return TYPICAL
    entry = language_models.known(config.model)
    times = entry.parameters / SMALL_PARAMETERS if entry else 1.0
    written = exams(config) == "written"
    return Speed(
        runs=0,
        start=SMALL_MODEL.start * times,
        study_question=SMALL_MODEL.study_question * times,
        pair=SMALL_MODEL.pair * times,
        exam_question=(SMALL_MODEL.study_question if written else SMALL_MODEL.exam_question) * times,
        turn=None,
    )


def exams(config: RunConfig) -> str:
    """How its exams are taken; of another version's run, as far as it tells."""
    hub = config.hub
    return str(hub.get("exams", "written")) if isinstance(hub, Mapping) else hub.exams


def wrong(config: RunConfig) -> float:
    """Share of practice questions taken to be answered wrongly."""
    return WRONG if config.model == "embedded" else models.WRONG


def _looking(config: RunConfig, question: float) -> float:
    """Seconds a practice question where a language model first reads several others; reading one takes as long as in an exam."""
    return (
        question
        + models.LOOKED_AT.get(config.strategy, 0) * SMALL_MODEL.exam_question / SMALL_MODEL.study_question * question
    )


def further(config: RunConfig) -> float:
    """Further tries that a practice question is taken to need: of wrong answers, and of right ones that are doubted."""
    teaching = of(config)
    again = sum(wrong(config) * STILL_WRONG**i for i in range(teaching.attempts - 1))
    return again + (1 - wrong(config)) * teaching.doubts if teaching.attempts > 1 else 0.0


def seconds(config: RunConfig, speed: Speed | None = None) -> float:
    """Seconds from Start to the last exam; parts that ``speed`` does not know are ``typical``'s."""
    usual = typical(config)

    def known(part: str) -> float:
        value = getattr(speed, part, None)
        return getattr(usual, part) if value is None else value

    pairs = 0.0 if config.strategy == "none" else config.questions * wrong(config) * config.learning.epochs
    question = known("study_question")
    if getattr(speed, "study_question", None) is None:
        question = (
            LOOKED_AT.get(config.strategy, question) if config.model == "embedded" else _looking(config, question)
        )
    lesson = config.questions * (1 + further(config)) * question + pairs * known("pair")
    exams = len(config.exam_turns()) * config.exam * known("exam_question")
    return known("start") + config.turns * lesson + exams
