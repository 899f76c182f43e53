"""How long a run will take, from how long this computer's recent runs took."""

from __future__ import annotations

from studentsim.config import RunConfig
from studentsim.store.queries import Speed

TYPICAL = Speed(runs=0, start=1.5, study_question=0.009, pair=0.048, exam_question=0.0125, turn=None)
"""Seconds of the embedded student on two processor cores, for a computer that has not finished a run yet."""

LOOKED_AT = 0.08
"""Seconds a practice question where the way of choosing first looks how sure the student is of several others."""

WRONG = 0.5
"""Share of practice questions taken to be answered wrongly, and so learnt from: about the middle of a run."""


def seconds(config: RunConfig, speed: Speed = TYPICAL) -> float:
    """Seconds from Start to the last exam; parts that ``speed`` does not know are ``TYPICAL``'s."""

    def known(part: str) -> float:
        value = getattr(speed, part)
        return getattr(TYPICAL, part) if value is None else value

    pairs = 0.0 if config.strategy == "none" else config.questions * WRONG * config.learning.epochs / 2
    question = known("study_question")
    if speed.study_question is None and config.strategy.startswith("log-probability"):
        question = LOOKED_AT
    lesson = config.questions * question + pairs * known("pair")
    exams = len(config.exam_turns()) * config.exam * known("exam_question")
    return known("start") + config.turns * lesson + exams
