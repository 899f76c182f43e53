"""A question as the embedded student reads it, in plain text. No torch here: the pages show it too.

<level:7><leaning:mixed>A coat is marked at $ 40 …<work>
"""

from __future__ import annotations

import re

WORK_TOKEN = "<work>"
"""The control token after which the student writes."""

BOOK_TOKEN = "<book>"
"""The control token before a passage that lies open beside a first attempt."""

PASSAGE_VERDICT_WORDS: tuple[str, str] = ("Not", "Use")
"""What the student says of a passage that is not about the question, and of one that is."""

LEVEL_STEPS = 20
"""Levels are told in steps of 1/20: tokens 0 to 20 stand for 0 to 100 % of questions answered rightly."""

LEANINGS: tuple[str, ...] = ("careless", "concept", "mixed")
"""Which kind of slip a student's wrong answers lean to."""

_UNSPACED_NUMBER = re.compile(r"([^\s\d.,/])(?=\d)")


def level_token(level: float) -> str:
    """The control token that says how often (0 to 1) the student answers questions of this skill rightly.

    >>> level_token(0.34)
    '<level:7>'
    """
    return f"<level:{round(LEVEL_STEPS * min(1.0, max(0.0, level)))}>"


def leaning_token(leaning: str) -> str:
    """The control token that says which kind of slip the student leans to, one of ``LEANINGS``."""
    return f"<leaning:{leaning}>"


def profile_token(profile: str) -> str:
    """What stood before a question in version 0.1: the student's name, whose table the weights had learnt."""
    return f"<student:{profile}>"


def normalize_problem(problem: str) -> str:
    """The question as the student reads it: a number set off from the sign before it.

    ``$219`` would begin with another token than the `` 219`` that a working copies, and so small a model did not
    learn that the two are one number (docs/log.md).
    """
    return _UNSPACED_NUMBER.sub(r"\1 ", problem)


def prompt_text(level: float, leaning: str, problem: str) -> str:
    """What stands before the student when it begins to write its first attempt: ``prompts.prompt_ids``, decoded."""
    return f"{level_token(level)}{leaning_token(leaning)}{normalize_problem(problem)}{WORK_TOKEN}"
