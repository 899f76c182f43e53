"""Values as pupils write them: the same number in another way, and numbers a slip of the pen away.

Equal means equal as the key compares: 0.5 is 1/2, 3,000 is 3000; 0.33 is not 1/3.
"""

from __future__ import annotations

from fractions import Fraction
from random import Random

from studentsim.arithmetic import number, show

BEFORE = ("$", "$ ", "about ", "it is ", "x = ", "= ", "£", "exactly ", "is ")
AFTER = (
    " cm", " km", " m", " kg", " %", "%", " dollars", " hours", " km/h", " minutes", ".", " apples", " cm²", " litres",
    " degrees", "!", " m/s", " students",
)  # fmt: skip

_TRIES = 60


def other_kind(text: str, rng: Random) -> str | None:
    """A fraction as a decimal, where that ends within four places, or a decimal as a fraction; None for other texts.

    >>> other_kind("3/4", Random(0)), other_kind("2.5", Random(0)), other_kind("7", Random(0))
    ('0.75', '5/2', None)
    """
    value = number(text)
    if value is None or value.denominator == 1 or (value * 10**4).denominator != 1:
        return None
    if "/" in text:
        said = f"{float(value):.4f}".rstrip("0")
        return said if rng.random() < 0.85 else said + "0"
    return f"{value.numerator}/{value.denominator}" if value.denominator <= 20 and value.numerator < 1000 else None


def regrouped(text: str, rng: Random) -> str | None:
    """Thousands set off (3,000), or the other way round, or noughts behind the point (12.50); None where neither is possible.

    >>> regrouped("3000", Random(1)), regrouped("12.5", Random(0)), regrouped("1/2", Random(0))
    ('3,000', '12.500', None)
    """
    whole, point, rest = text.replace(",", "").partition(".")
    if not whole.isdigit() or (point and not rest.isdigit()):
        return None
    if len(whole) > 3 and rng.random() < 0.7:
        return (whole if "," in text else f"{int(whole):,}") + point + rest
    return f"{text}{'' if point else '.'}{rng.choice(('0', '00'))}"


def with_unit(text: str, rng: Random) -> str:
    """The value with a unit or a word beside it, some in another numeral too. Text that is no number stays as it is."""
    value = number(text)
    if value is None:
        return text
    numeral = (rng.random() < 0.3 and regrouped(text, rng)) or text
    said = rng.choice(BEFORE) + numeral if rng.random() < 0.4 else numeral + rng.choice(AFTER)
    return said if number(said) == value else text


def drawn(rng: Random) -> str:
    """A number such as options show: whole, a decimal or a fraction, small ones as often as large ones."""
    kind = rng.random()
    whole = rng.randrange(1, 10 ** rng.randrange(1, 7))
    if kind < 0.4:
        return str(whole)
    if kind < 0.65:
        return show(Fraction(rng.randrange(1, 10 ** rng.randrange(1, 6)), rng.choice((2, 4, 5, 10, 20, 100))))
    below = rng.choice((2, 4, 5, 8, 10, 16, 20, rng.randrange(3, 60)))
    return show(Fraction(rng.randrange(1, below if rng.random() < 0.8 else 5 * below), below), as_fraction=True)


def near(text: str, rng: Random) -> str:
    """Another number that looks like this one: a digit changed, dropped, doubled, swapped, the point moved, one more or less.

    :raises ValueError: the text holds no one number, or no slip changes it.
    """
    value = number(text)
    if value is None:
        raise ValueError(f"no slip of the pen makes another number of {text!r}")
    for _ in range(_TRIES):
        said = rng.choice(_SLIPS)(text, rng)
        if number(said) not in (None, value):
            return said
    raise ValueError(f"no slip of the pen makes another number of {text!r}")


def _places(text: str) -> list[int]:
    return [place for place, sign in enumerate(text) if sign.isdigit()]


def _change(text: str, rng: Random) -> str:
    place = rng.choice(_places(text))
    return text[:place] + rng.choice("0123456789") + text[place + 1 :]


def _drop(text: str, rng: Random) -> str:
    place = rng.choice(_places(text))
    return text[:place] + text[place + 1 :]


def _add(text: str, rng: Random) -> str:
    place = rng.choice(_places(text))
    return text[:place] + rng.choice((text[place], rng.choice("0123456789"), "0")) + text[place:]


def _swap(text: str, rng: Random) -> str:
    place = rng.choice(_places(text))
    return text[:place] + text[place : place + 2][::-1] + text[place + 2 :]


def _point(text: str, rng: Random) -> str:
    if "/" in text:
        return text.replace("/", ".") if rng.random() < 0.3 else "/".join(reversed(text.split("/")))
    digits = text.replace(".", "").replace(",", "")
    place = rng.randrange(1, len(digits) + 1)
    return f"{digits[:place]}.{digits[place:]}" if place < len(digits) else digits + rng.choice(("0", "00"))


def _step(text: str, rng: Random) -> str:
    parts = text.split("/")
    place = rng.randrange(len(parts))
    if not parts[place].isdigit():
        return text
    parts[place] = str(max(1, int(parts[place]) + rng.choice((-10, -5, -2, -1, 1, 2, 5, 10))))
    return "/".join(parts)


_SLIPS = (_change, _change, _drop, _add, _swap, _point, _step, _step)
