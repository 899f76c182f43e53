"""What a teacher says to a wrong answer, from the curriculum's own words. Three levels.

mark         Not quite. Try again.
hint         Not quite. <a hint that does not give the answer away>
explanation  Not quite. <what went wrong> <the hint>, then the right working
"""

from __future__ import annotations

LEVELS: tuple[str, ...] = ("mark", "hint", "explanation")


def feedback(level: str, *, explanation: str = "", hint: str = "", working: str = "") -> str:
    """The teacher's words at a level; falls back to the mark where the words for more are not known.

    >>> feedback("hint", hint="Count how many numbers there are.")
    'Not quite. Count how many numbers there are.'
    """
    if level == "explanation" and working:
        said = " ".join(part for part in (explanation, hint) if part)
        return f"Not quite. {said}\n{working}" if said else f"Not quite.\n{working}"
    if level in ("hint", "explanation") and hint:
        return f"Not quite. {hint}"
    return "Not quite. Try again."
