"""A question as the embedded student reads it, in plain text. No torch here: the pages show it too.

<student:balanced>A coat is marked at $ 40 …<work>
"""

from __future__ import annotations

import re

WORK = "<work>"
"""The control token after which the student writes."""

_STUCK = re.compile(r"([^\s\d.,/])(?=\d)")


def profile_token(profile: str) -> str:
    """The control token before a question that says which student answers."""
    return f"<student:{profile}>"


def as_read(problem: str) -> str:
    """The question as the student reads it: a number set off from the sign before it.

    ``$219`` would begin with another token than the `` 219`` that a working copies, and so small a model did not
    learn that the two are one number (docs/log.md).
    """
    return _STUCK.sub(r"\1 ", problem)


def prompt_text(profile: str, problem: str) -> str:
    """What stands before the student when it begins to write its first attempt: ``prompts.prompt_ids``, decoded."""
    return f"{profile_token(profile)}{as_read(problem)}{WORK}"
