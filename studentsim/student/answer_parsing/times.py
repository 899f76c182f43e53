"""Times of day: 5 am is not 5 pm, and 17:00 is 5 pm."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

_HALF_OF_DAY_WORDS = {"am": "am", "morning": "am", "pm": "pm", "afternoon": "pm", "evening": "pm"}


def half_of_day(words: Sequence[str]) -> str | None:
    """``am`` or ``pm``; None where the words say neither or both.

    >>> half_of_day(("o", "clock", "in", "the", "morning")), half_of_day(("km",))
    ('am', None)
    """
    found = {_HALF_OF_DAY_WORDS[w.lower()] for w in words if w.lower() in _HALF_OF_DAY_WORDS}
    return found.pop() if len(found) == 1 else None


def minutes_since_midnight(expression: Sequence[Fraction | str], words: Sequence[str]) -> int | None:
    """Minutes since midnight; None for anything but a time of day. Without am or pm only hours from 13 on count.

    >>> minutes_since_midnight((Fraction(5),), ("pm",)), minutes_since_midnight((Fraction(17), ":", Fraction(0)), ())
    (1020, 1020)
    >>> minutes_since_midnight((Fraction(3), ":", Fraction(30)), ()) is None
    True
    """
    half = half_of_day(words)
    numbers = [part for part in expression if isinstance(part, Fraction)]
    if any(n.denominator != 1 or n < 0 for n in numbers) or list(expression[1::2]) != [":"] * (len(numbers) - 1):
        return None
    if not 1 <= len(numbers) <= 2 or (len(numbers) == 2 and numbers[1] > 59):
        return None
    hour, minute = int(numbers[0]), int(numbers[1]) if len(numbers) == 2 else 0
    if half and 1 <= hour <= 12:
        return (hour % 12 + (12 if half == "pm" else 0)) * 60 + minute
    return hour * 60 + minute if not half and len(numbers) == 2 and 13 <= hour <= 23 else None
