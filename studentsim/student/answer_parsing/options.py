"""A question's options, made ready once, and the one that a text says: by its words, or by its value and unit.

Two options that a text fits equally well are none: a wrong letter is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import factorial

from studentsim.records import Option
from studentsim.student.answer_parsing import factorials, times, units
from studentsim.student.answer_parsing.reasoning import squeezed
from studentsim.student.answer_parsing.tokens import LONGEST, Key, Token, read_tokens, sequence
from studentsim.student.plain import undressed

_CORE_SIGNS = frozenset("√π:^()[]{},×÷/+-=<>≤≥≠±∓∞")
_PASSED_OVER = frozenset(
    "in total for per each left altogether when after at as is are by if remaining long old high away wide "
    "tall deep of "
    "the a an and to on with will be it that she he they i we so would more".split()
)
"""Words behind a number that name nothing it counts."""
_CHANGING = frozenset(
    "than least most less fewer greater between half twice double triple times plus minus over divided "
    "multiplied squared "
    "cubed root dozen not never neither nor or either both power under above below log sin cos tan without "
    "except unlike versus vs "
    "ln exp mod halves st nd rd th third thirds quarter quarters fourth fourths fifth fifths tenth tenths "
    "hundredth hundredths factorial "
    "fail fails failed cannot nobody hardly scarcely no if unless "
    "before excluding besides instead rather wrong incorrect false invalid impossible multiply divide "
    "subtract add multiplying dividing subtracting adding taking".split()
)
"""Words that make another number, or another statement, of what stands beside them."""
_MADE_OF = frozenset(
    "multiple multiples factor factors divisor divisors power powers root square cube reciprocal inverse negative "
    "opposite fraction part percentage percent complement logarithm number numbers".split()
)
"""What another number is of a number: "a multiple of 12" is not 12."""
_NONE = re.compile(
    r"(?i)(?:it is |it's )?none(?: of (?:the |these|them|those)?\s?(?:above|given|other|listed|these|following)?\s?"
    r"(?:options?|choices?|answers?|alternatives?)?)?(?: (?:is|are) (?:correct|right|true))?"
)


@dataclass(frozen=True)
class Quantity:
    """One number or expression among words. ``amount``: what it comes to, where that is plain."""

    core: Key
    amount: Fraction | None
    words: tuple[str, ...]
    before: int
    """How many of the words stand before the number."""

    @property
    def unit(self) -> str | None:
        """The unit: a currency wherever it stands, else the first behind the number, else one before it."""
        behind = [w for w in (*self.words[self.before :], *self.words[: self.before]) if units.known(w)]
        return next((w for w in behind if w in units.CURRENCY), behind[0] if behind else None)

    @property
    def counted(self) -> str | None:
        """The word right behind the number, where it may name what is counted."""
        follows = self.words[self.before : self.before + 1]
        return follows[0] if follows and follows[0] not in _PASSED_OVER else None


def quantity(tokens: Sequence[Token]) -> Quantity | None:
    """The one number or expression in a text; None where there is none, or more than one.

    >>> quantity(read_tokens("a total of 24 km")).amount, quantity(read_tokens("3 or 4"))
    (Fraction(24, 1), None)
    """
    for before, token in zip(tokens, tokens[1:], strict=False):
        if (
            before.value is not None
            and token.glued
            and not token.sign
            and len(token.text) == 1
            and token.text.isalpha()
            and not units.known(token.text)
        ):
            return None  # 24x
    numeric = [n for n, t in enumerate(tokens) if t.value is not None or (t.sign and t.text in _CORE_SIGNS)]
    if not numeric or not any(tokens[n].value is not None or tokens[n].text in "π∞" for n in numeric):
        return None
    begin, end = numeric[0], numeric[-1] + 1
    if len(numeric) != end - begin:
        return None
    core = [t.same for t in tokens[begin:end]]
    if core[0] in ("+", ":", ",", "=") and len(core) > 1 and (begin == 0 or core[0] != "+"):
        core = core[1:]
    outside = (*tokens[:begin], *tokens[end:])
    words = tuple(t.text for t in outside)
    return Quantity(tuple(core), amount(core), words, begin)


def amount(core: Sequence[Fraction | str]) -> Fraction | None:
    """What sums, products and quotients of numbers come to; None for anything else.

    >>> amount([Fraction(12), "+", Fraction(12)]), amount([Fraction(10), "-", Fraction(2)])
    (Fraction(24, 1), None)
    """
    if len(core) % 2 == 0 or not all(isinstance(part, Fraction) == (n % 2 == 0) for n, part in enumerate(core)):
        return None
    total, product = Fraction(0), core[0]
    for sign, number in zip(core[1::2], core[2::2], strict=True):
        if sign == "+":
            total, product = total + product, number
        elif sign == "×":
            product *= number
        elif sign in ("÷", "/") and number:
            product /= number
        else:
            return None
        if product.numerator.bit_length() > 2000 or product.denominator.bit_length() > 2000:
            return None
    return total + product


@dataclass(frozen=True)
class _Choice:
    letter: str
    strict: str
    key: Key
    quantity: Quantity | None
    words: bool
    """Whether it is words alone, without numbers and signs."""


class Options:
    """The options of one question. ``percent``: whether the question is about percentages, so that 50 may mean 50 %."""

    def __init__(self, options: Sequence[Option], percent: bool) -> None:
        self.percent = percent
        self.texts = frozenset(squeezed(o.text) for o in options)
        self.choices = tuple(_choice(o) for o in options)
        self.longest = min(LONGEST, max((len(o.text) for o in options), default=0))
        """Characters of the longest option, as far as options are compared."""
        self.letters = frozenset(c.letter for c in self.choices)
        none = [c for c in self.choices if _NONE.fullmatch(c.strict.replace(".", " ").strip()) and c.words]
        self.capitals = frozenset(c.strict for c in self.choices if re.fullmatch("[A-J]", c.strict))
        """Options that are a capital letter, which may be taken for the letter of another."""
        shown = {c.quantity.amount for c in self.choices if c.quantity}
        signed = any("!" in c.strict for c in self.choices)
        self.ambiguous = frozenset(
            n for n in range(3, factorials.LARGEST + 1) if n in shown and (signed or factorial(n) in shown)
        )
        """Numbers that "It is 5!" may mean, or their factorials."""
        self.none = none[0].letter if len(none) == 1 else None

    def capital(self, letter: str) -> str | None:
        """The option's own text, where that is a capital letter."""
        return next((c.strict for c in self.choices if c.letter == letter and c.strict in self.capitals), None)

    def measured(self, letter: str) -> bool:
        """Whether an option's value has a unit."""
        return any(c.letter == letter and c.quantity and c.quantity.unit for c in self.choices)

    def exactly(self, text: str) -> list[str]:
        """Letters of the options that a text is, capitals, brackets and all."""
        wanted = strict(text)
        return [c.letter for c in self.choices if wanted and c.strict == wanted]

    def whole(self, text: str) -> list[str]:
        """Letters of the options that a text is, and nothing else; the strictest comparison that finds any counts."""
        wanted = strict(text)
        if found := self.exactly(text):
            return found
        if len(wanted) <= 2 * self.longest + 60:
            key = sequence(read_tokens(text))
            if found := [c.letter for c in self.choices if key and c.key == key]:
                return found
        return [self.none] if self.none and _NONE.fullmatch(" ".join(text.split()).strip(" .")) else []

    def valued(self, tokens: Sequence[Token]) -> list[str] | None:
        """Letters of the options that show the value of a text; None where the text has no one value."""
        wanted = quantity(tokens)
        if wanted is None:
            return None
        told = [(c.letter, how) for c in self.choices if c.quantity and (how := self._shows(wanted, c.quantity))]
        best = max((how for _, how in told), default=0)
        exact = [letter for letter, how in told if how == best]
        return exact if best == 3 else [letter for letter, _ in told]

    def shown(self, text: str) -> list[str]:
        """Letters of the options that a text is, or shows the value of."""
        return self.whole(text) or self.valued(read_tokens(text)) or []

    def phrased(self, tokens: Sequence[Token]) -> list[str] | None:
        """Letters of the options whose words stand in a text, those within a longer one left out; None where none does."""
        said = sequence(tokens)
        found = [
            c for c in self.choices if c.words and (len(c.key) > 1 or len(str(c.key[0])) > 3) and _stands(c.key, said)
        ]
        if not found:
            return None
        longest = max(found, key=lambda c: len(c.key))
        rest = set(said) - set(longest.key)
        if (
            {str(w).lower() for w in rest} & _CHANGING
            or any(str(w).lower().endswith("n't") for w in rest)
            or not all(_stands(c.key, longest.key) for c in found)
        ):
            return []
        return [c.letter for c in found if c.key == longest.key]

    def _shows(self, said: Quantity, option: Quantity) -> int:
        """How well an option shows a value: 0 not at all, 1 as a percentage, 2 but for a unit or words, 3 unit and all."""
        if _changed(said, option):
            return 0
        time, other_time = times.minutes(said.core, said.words), times.minutes(option.core, option.words)
        if time is not None and other_time is not None:
            return 3 if time == other_time else 0
        one, other = said.unit, option.unit
        same = said.core == option.core or (said.amount is not None and said.amount == option.amount)
        if "%" in (one, other) and one != other:
            return self._percentage(said, option, same)
        if not same or (one and other and not units.agree(one, other)):
            return 0
        if one and not other and option.counted and option.counted not in said.words:
            return 0
        if other and not one and said.counted and other not in said.words:
            return 0
        counted = option.counted is None or option.counted in said.words
        return 3 if (one == other or (one and other)) and counted else 2

    def _percentage(self, said: Quantity, option: Quantity, same: bool) -> int:
        """50 % is 0.5; it is 50 where the question asks for a percentage. A bare 50 is 50 %, and so is 0.5."""
        if said.unit == "%":
            if option.unit is not None:
                return 0
            shares = said.amount is not None and said.amount / 100 == option.amount
            return 1 if shares or (same and self.percent) else 0
        if said.unit is not None:
            return 0
        return 1 if same or (said.amount is not None and said.amount * 100 == option.amount) else 0


def _changed(said: Quantity, option: Quantity) -> bool:
    extra = set(said.words) - set(option.words)
    lost = set(option.words) - set(said.words)
    if any(_variable(one) in other for one, other in ((said, extra), (option, lost))):
        return True  # 24x
    halves = times.half_of_day(said.words), times.half_of_day(option.words)
    if None not in halves and halves[0] != halves[1]:
        return True
    leading = said.words[max(said.before - 3, 0) : said.before]
    if "of" in leading[1:] and leading[len(leading) - 1 - leading[::-1].index("of") - 1] in _MADE_OF & extra:
        return True
    return bool({w.lower() for w in extra | lost} & _CHANGING) or any(w.lower().endswith("n't") for w in extra)


def _variable(value: Quantity) -> str | None:
    """A single letter behind a number that is no unit and no article."""
    behind = value.words[value.before : value.before + 1]
    single = bool(behind) and len(behind[0]) == 1 and behind[0].isalpha() and behind[0] != "a"
    return behind[0] if single and not units.known(behind[0]) else None


def _choice(option: Option) -> _Choice:
    text = undressed(option.text[: 4 * LONGEST])
    tokens = read_tokens(factorials.written_out(text[:LONGEST], always=True))
    tail = tokens
    if any(t.text == "=" for t in tokens):  # x = 4 shows 4
        last = max(n for n, t in enumerate(tokens) if t.text == "=")
        if not any(t.value is not None for t in tokens[:last]):
            tail = tokens[last + 1 :]
    words = bool(tokens) and not any(t.value is not None or t.sign for t in tokens)
    key = sequence(tokens) if len(text) <= LONGEST else (strict(text),)
    return _Choice(option.letter, strict(text), key, quantity(tail) if len(text) <= LONGEST else None, words)


def strict(text: str) -> str:
    """A text with its capitals and brackets, without blanks that say nothing and the stop behind it.

    >>> strict(" BB  Bb. "), strict("( 2 , 3 )"), strict("a ab")
    ('BB Bb', '(2,3)', 'a ab')
    """
    text = re.sub(r" ?([^\w\s]) ?", r"\1", " ".join(text.split()))
    text = text.strip("\"'").rstrip(".,;:\"'")
    return (text if re.search(r"\d!$", text) else text.rstrip(".,;:!\"'")).lstrip(":;,")


def _stands(phrase: Iterable[Fraction | str], said: Key) -> bool:
    """Whether words stand in others as they are, not as a part of an expression."""
    phrase = tuple(phrase)
    for n in range(len(said) - len(phrase) + 1):
        if said[n] == phrase[0] and said[n : n + len(phrase)] == phrase:
            around = (said[n - 1] if n else "", said[n + len(phrase)] if n + len(phrase) < len(said) else "")
            if not any(isinstance(sign, Fraction) or sign in ("/", "^", "-", "+", "√") for sign in around):
                return True
    return False


@lru_cache(maxsize=64)
def options_of(options: tuple[Option, ...], problem: str) -> Options:
    """The options of a question, made ready; kept, since many replies to one question are read one after another."""
    return Options(options, bool(re.search(r"(?i)percent|per cent|%", problem[:20_000])))
