"""What others wrote, made safe to show in a line: names of runs, files and categories may hold anything."""

from __future__ import annotations

import re

UNPRINTABLE_PATTERN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, which a terminal would obey, line ends, lone surrogates, and what turns the reading direction of all that follows.
A run's name may contain anything else: files and downloads are named by the run's id, and pages show the name literally."""


def strip_control_characters(text: str) -> str:
    """A text in one line: line ends and tabs become blanks, other unprintable characters U+FFFD.

    >>> strip_control_characters("a\\x1b[31mred\\nline"), strip_control_characters("exam\\u202efdp.exe")
    ('a�[31mred line', 'exam�fdp.exe')
    """
    return UNPRINTABLE_PATTERN.sub(lambda match: " " if match[0].isspace() else "\N{REPLACEMENT CHARACTER}", text)
