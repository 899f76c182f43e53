"""What others wrote, made safe to show in a line: names of runs, files and categories may hold anything."""

from __future__ import annotations

_JOINERS_AND_MARKS = "\u200c\u200d\u200e\u200f\u061c"
"""Invisible, but part of ordinary text: joiners of emoji and of Persian, marks of direction of Hebrew and Arabic."""


def strip_control_characters(text: str) -> str:
    """A text in one line. What a terminal would obey (ESC, C1), what turns the reading direction of all that follows (U+202E) and
    other invisible characters become U+FFFD, line ends and tabs blanks.

    >>> strip_control_characters("a\\x1b[31mred\\nline"), strip_control_characters("exam\\u202efdp.exe")
    ('a�[31mred line', 'exam�fdp.exe')
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in _JOINERS_AND_MARKS else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}"
        for c in text
    )
