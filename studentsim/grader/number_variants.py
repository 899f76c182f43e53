"""Variants of a number as pupils write them: equal ones in another notation, and unequal ones by a slip of the pen.

Numbers are equal as the key compares them: 0.5 is 1/2, 3,000 is 3000; 0.33 is not 1/3.
"""

from __future__ import annotations

from fractions import Fraction
from random import Random

from studentsim.arithmetic import format_number, parse_number

UNIT_PREFIXES = ("$", "$ ", "about ", "it is ", "x = ", "= ", "£", "exactly ", "is ")
UNIT_SUFFIXES = (
    " cm", " km", " m", " kg", " %", "%", " dollars", " hours", " km/h", " minutes", ".", " apples", " cm²", " litres",
    " degrees", "!", " m/s", " students",
)  # fmt: skip

_MAX_TRIES = 60


def swap_fraction_and_decimal(text: str, rng: Random) -> str | None:
    """A fraction as a decimal of at most four places, or a decimal as a fraction; None for other texts.

    >>> swap_fraction_and_decimal("3/4", Random(0)), swap_fraction_and_decimal("2.5", Random(0)), swap_fraction_and_decimal("7", Random(0))
    ('0.75', '5/2', None)
    """
    value = parse_number(text)
    if value is None or value.denominator == 1 or (value * 10**4).denominator != 1:
        return None
    if "/" in text:
        decimal_text = f"{float(value):.4f}".rstrip("0")
        return decimal_text if rng.random() < 0.85 else decimal_text + "0"
    return f"{value.numerator}/{value.denominator}" if value.denominator <= 20 and value.numerator < 1000 else None


def change_digit_format(text: str, rng: Random) -> str | None:
    """Add or remove thousands separators (3,000), or add trailing zeros (12.50); None if the text is no decimal number.

    >>> change_digit_format("3000", Random(1)), change_digit_format("12.5", Random(0)), change_digit_format("1/2", Random(0))
    ('3,000', '12.500', None)
    """
    whole, point, rest = text.replace(",", "").partition(".")
    if not whole.isdigit() or (point and not rest.isdigit()):
        return None
    if len(whole) > 3 and rng.random() < 0.7:
        return (whole if "," in text else f"{int(whole):,}") + point + rest
    return f"{text}{'' if point else '.'}{rng.choice(('0', '00'))}"


def add_random_unit(text: str, rng: Random) -> str:
    """The value with a unit or a word, sometimes in another digit format too; a text that is no number is returned unchanged."""
    value = parse_number(text)
    if value is None:
        return text
    numeral = (rng.random() < 0.3 and change_digit_format(text, rng)) or text
    text_with_unit = rng.choice(UNIT_PREFIXES) + numeral if rng.random() < 0.4 else numeral + rng.choice(UNIT_SUFFIXES)
    return text_with_unit if parse_number(text_with_unit) == value else text


def sample_number_text(rng: Random) -> str:
    """A random number as options show them: whole, decimal or fraction, of evenly distributed magnitude."""
    kind = rng.random()
    whole = rng.randrange(1, 10 ** rng.randrange(1, 7))
    if kind < 0.4:
        return str(whole)
    if kind < 0.65:
        return format_number(Fraction(rng.randrange(1, 10 ** rng.randrange(1, 6)), rng.choice((2, 4, 5, 10, 20, 100))))
    denominator = rng.choice((2, 4, 5, 8, 10, 16, 20, rng.randrange(3, 60)))
    return format_number(
        Fraction(rng.randrange(1, denominator if rng.random() < 0.8 else 5 * denominator), denominator),
        as_fraction=True,
    )


def perturb_number(text: str, rng: Random) -> str:
    """Another number by a slip: a digit replaced, dropped, inserted or swapped, the point moved, or a small step up or down.

    :raises ValueError: the text is no number, or no slip was found that changes it.
    """
    value = parse_number(text)
    if value is None:
        raise ValueError(f"no slip of the pen makes another number of {text!r}")
    for _ in range(_MAX_TRIES):
        perturbed = rng.choice(_PERTURBATIONS)(text, rng)
        if parse_number(perturbed) not in (None, value):
            return perturbed
    raise ValueError(f"no slip of the pen makes another number of {text!r}")


def _digit_positions(text: str) -> list[int]:
    return [position for position, char in enumerate(text) if char.isdigit()]


def _replace_digit(text: str, rng: Random) -> str:
    position = rng.choice(_digit_positions(text))
    return text[:position] + rng.choice("0123456789") + text[position + 1 :]


def _drop_digit(text: str, rng: Random) -> str:
    position = rng.choice(_digit_positions(text))
    return text[:position] + text[position + 1 :]


def _insert_digit(text: str, rng: Random) -> str:
    position = rng.choice(_digit_positions(text))
    return text[:position] + rng.choice((text[position], rng.choice("0123456789"), "0")) + text[position:]


def _swap_digits(text: str, rng: Random) -> str:
    position = rng.choice(_digit_positions(text))
    return text[:position] + text[position : position + 2][::-1] + text[position + 2 :]


def _move_decimal_point(text: str, rng: Random) -> str:
    if "/" in text:
        return text.replace("/", ".") if rng.random() < 0.3 else "/".join(reversed(text.split("/")))
    digits = text.replace(".", "").replace(",", "")
    position = rng.randrange(1, len(digits) + 1)
    return f"{digits[:position]}.{digits[position:]}" if position < len(digits) else digits + rng.choice(("0", "00"))


def _change_by_small_step(text: str, rng: Random) -> str:
    parts = text.split("/")
    index = rng.randrange(len(parts))
    if not parts[index].isdigit():
        return text
    parts[index] = str(max(1, int(parts[index]) + rng.choice((-10, -5, -2, -1, 1, 2, 5, 10))))
    return "/".join(parts)


_PERTURBATIONS = (
    _replace_digit,
    _replace_digit,
    _drop_digit,
    _insert_digit,
    _swap_digits,
    _move_decimal_point,
    _change_by_small_step,
    _change_by_small_step,
)
