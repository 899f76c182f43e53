"""The embedded student's prompt for a question, as text. No torch here: the web pages show it too.

<level:7><leaning:mixed>A coat is marked at $ 40 …<work>
"""

from __future__ import annotations

import re

WORK_TOKEN = "<work>"
"""The control token before the student's solution."""

BOOK_TOKEN = "<book>"
"""The control token before a passage (open book)."""

PASSAGE_VERDICT_WORDS: tuple[str, str] = ("Not", "Use")
"""The student's judgement of a passage: irrelevant, relevant."""

LEVEL_STEPS = 20
"""Levels are in steps of 1/20: tokens 0 to 20 stand for 0 to 100 % correct answers."""

LEANINGS: tuple[str, ...] = ("careless", "concept", "mixed")
"""The kind of misconception that a student's wrong answers mostly show."""

_UNSPACED_NUMBER = re.compile(r"([^\s\d.,/])(?=\d)")


def level_token(level: float) -> str:
    """The control token for the rate (0 to 1) of correct answers at a question's skill.

    >>> level_token(0.34)
    '<level:7>'
    """
    return f"<level:{round(LEVEL_STEPS * min(1.0, max(0.0, level)))}>"


def leaning_token(leaning: str) -> str:
    """The control token for a leaning, one of ``LEANINGS``."""
    return f"<leaning:{leaning}>"


def profile_token(profile: str) -> str:
    """The control token of version 0.1: a profile's name, whose levels the weights had learnt."""
    return f"<student:{profile}>"


def normalize_problem(problem: str) -> str:
    """The question's text with a space between a sign and the number after it.

    Otherwise ``$219`` and the `` 219`` in a solution would be different tokens, which a model this small did not learn to equate
    (docs/log.md).
    """
    return _UNSPACED_NUMBER.sub(r"\1 ", problem)


def prompt_text(level: float, leaning: str, problem: str) -> str:
    """The prompt of a first attempt: ``prompts.prompt_ids``, decoded."""
    return f"{level_token(level)}{leaning_token(leaning)}{normalize_problem(problem)}{WORK_TOKEN}"
