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

from studentsim.student.answer_parsing import factorials, times, units
from studentsim.student.answer_parsing.reasoning import alphanumeric_key
from studentsim.student.answer_parsing.text_cleaning import strip_markup
from studentsim.student.answer_parsing.tokens import MAX_TEXT_CHARS, Token, TokenKey, token_key, tokenize
from studentsim.types import Option

_EXPRESSION_SIGNS = frozenset("√π:^()[]{},×÷/+-=<>≤≥≠±∓∞")
_NON_NOUN_WORDS = frozenset(
    "in total for per each left altogether when after at as is are by if remaining long old high away wide "
    "tall deep of "
    "the a an and to on with will be it that she he they i we so would more".split()
)
"""Words behind a number that name nothing it counts."""
_MEANING_CHANGING_WORDS = frozenset(
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
_DERIVED_NUMBER_WORDS = frozenset(
    "multiple multiples factor factors divisor divisors power powers root square cube reciprocal inverse negative "
    "opposite fraction part percentage percent complement logarithm number numbers".split()
)
"""What another number is of a number: "a multiple of 12" is not 12."""
_NONE_OF_THE_ABOVE = re.compile(
    r"(?i)(?:it is |it's )?none(?: of (?:the |these|them|those)?\s?(?:above|given|other|listed|these|following)?\s?"
    r"(?:options?|choices?|answers?|alternatives?)?)?(?: (?:is|are) (?:correct|right|true))?"
)


@dataclass(frozen=True)
class Quantity:
    """One number or expression among words. ``evaluate_expression``: what it comes to, where that is plain."""

    expression: TokenKey
    amount: Fraction | None
    words: tuple[str, ...]
    words_before: int
    """How many of the words stand before the number."""

    @property
    def unit(self) -> str | None:
        """The unit: a currency wherever it stands, else the first behind the number, else one before it."""
        unit_words = [
            w for w in (*self.words[self.words_before :], *self.words[: self.words_before]) if units.is_known_unit(w)
        ]
        return next((w for w in unit_words if w in units.CURRENCIES), unit_words[0] if unit_words else None)

    @property
    def counted_noun(self) -> str | None:
        """The word right behind the number, where it may name what is counted."""
        next_words = self.words[self.words_before : self.words_before + 1]
        return next_words[0] if next_words and next_words[0] not in _NON_NOUN_WORDS else None


def parse_quantity(tokens: Sequence[Token]) -> Quantity | None:
    """The one number or expression in a text; None where there is none, or more than one.

    >>> parse_quantity(tokenize("a total of 24 km")).amount, parse_quantity(tokenize("3 or 4"))
    (Fraction(24, 1), None)
    """
    for before, token in zip(tokens, tokens[1:], strict=False):
        if (
            before.value is not None
            and token.is_adjacent
            and not token.is_sign
            and len(token.text) == 1
            and token.text.isalpha()
            and not units.is_known_unit(token.text)
        ):
            return None  # 24x
    numeric = [n for n, t in enumerate(tokens) if t.value is not None or (t.is_sign and t.text in _EXPRESSION_SIGNS)]
    if not numeric or not any(tokens[n].value is not None or tokens[n].text in "π∞" for n in numeric):
        return None
    begin, end = numeric[0], numeric[-1] + 1
    if len(numeric) != end - begin:
        return None
    expression = [t.key for t in tokens[begin:end]]
    if expression[0] in ("+", ":", ",", "=") and len(expression) > 1 and (begin == 0 or expression[0] != "+"):
        expression = expression[1:]
    outside = (*tokens[:begin], *tokens[end:])
    words = tuple(t.text for t in outside)
    return Quantity(tuple(expression), evaluate_expression(expression), words, begin)


def evaluate_expression(expression: Sequence[Fraction | str]) -> Fraction | None:
    """What sums, products and quotients of numbers come to; None for anything else.

    >>> evaluate_expression([Fraction(12), "+", Fraction(12)]), evaluate_expression([Fraction(10), "-", Fraction(2)])
    (Fraction(24, 1), None)
    """
    if len(expression) % 2 == 0 or not all(
        isinstance(part, Fraction) == (n % 2 == 0) for n, part in enumerate(expression)
    ):
        return None
    total, product = Fraction(0), expression[0]
    for sign, number in zip(expression[1::2], expression[2::2], strict=True):
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
class _ParsedOption:
    letter: str
    normalized_text: str
    token_key: TokenKey
    quantity: Quantity | None
    is_words_only: bool
    """Whether it is words alone, without numbers and signs."""


class ParsedOptions:
    """The options of one question. ``asks_percentage``: whether the question is about percentages, so that 50 may mean 50 %."""

    def __init__(self, options: Sequence[Option], asks_percentage: bool) -> None:
        self.asks_percentage = asks_percentage
        self.option_keys = frozenset(alphanumeric_key(o.text) for o in options)
        self.choices = tuple(_parse_option(o) for o in options)
        self.longest_option_chars = min(MAX_TEXT_CHARS, max((len(o.text) for o in options), default=0))
        """Characters of the longest option, as far as options are compared."""
        self.letters = frozenset(c.letter for c in self.choices)
        none_options = [
            c
            for c in self.choices
            if _NONE_OF_THE_ABOVE.fullmatch(c.normalized_text.replace(".", " ").strip()) and c.is_words_only
        ]
        self.capital_letter_texts = frozenset(
            c.normalized_text for c in self.choices if re.fullmatch("[A-J]", c.normalized_text)
        )
        """Options that are a capital letter, which may be taken for the letter of another."""
        amounts = {c.quantity.amount for c in self.choices if c.quantity}
        has_factorials = any("!" in c.normalized_text for c in self.choices)
        self.ambiguous_numbers = frozenset(
            n
            for n in range(3, factorials.MAX_FACTORIAL_ARGUMENT + 1)
            if n in amounts and (has_factorials or factorial(n) in amounts)
        )
        """Numbers that "It is 5!" may mean, or their factorials."""
        self.none_letter = none_options[0].letter if len(none_options) == 1 else None

    def get_capital_text(self, letter: str) -> str | None:
        """The option's own text, where that is a capital letter."""
        return next(
            (
                c.normalized_text
                for c in self.choices
                if c.letter == letter and c.normalized_text in self.capital_letter_texts
            ),
            None,
        )

    def has_unit(self, letter: str) -> bool:
        """Whether an option's value has a unit."""
        return any(c.letter == letter and c.quantity and c.quantity.unit for c in self.choices)

    def match_exact(self, text: str) -> list[str]:
        """Letters of the options that a text is, capitals, brackets and all."""
        normalized = normalize_text(text)
        return [c.letter for c in self.choices if normalized and c.normalized_text == normalized]

    def match_whole(self, text: str) -> list[str]:
        """Letters of the options that a text is, and nothing else; the strictest comparison that finds any counts."""
        normalized = normalize_text(text)
        if found := self.match_exact(text):
            return found
        if len(normalized) <= 2 * self.longest_option_chars + 60:
            key = token_key(tokenize(text))
            if found := [c.letter for c in self.choices if key and c.token_key == key]:
                return found
        return (
            [self.none_letter]
            if self.none_letter and _NONE_OF_THE_ABOVE.fullmatch(" ".join(text.split()).strip(" ."))
            else []
        )

    def match_value(self, tokens: Sequence[Token]) -> list[str] | None:
        """Letters of the options that show the value of a text; None where the text has no one value."""
        value = parse_quantity(tokens)
        if value is None:
            return None
        strengths = [
            (c.letter, how) for c in self.choices if c.quantity and (how := self._match_strength(value, c.quantity))
        ]
        best = max((how for _, how in strengths), default=0)
        best_letters = [letter for letter, how in strengths if how == best]
        return best_letters if best == 3 else [letter for letter, _ in strengths]

    def match_whole_or_value(self, text: str) -> list[str]:
        """Letters of the options that a text is, or shows the value of."""
        return self.match_whole(text) or self.match_value(tokenize(text)) or []

    def match_phrase(self, tokens: Sequence[Token]) -> list[str] | None:
        """Letters of the options whose words stand in a text, those within a longer one left out; None where none does."""
        text_key = token_key(tokens)
        matches = [
            c
            for c in self.choices
            if c.is_words_only
            and (len(c.token_key) > 1 or len(str(c.token_key[0])) > 3)
            and _contains_phrase(c.token_key, text_key)
        ]
        if not matches:
            return None
        longest = max(matches, key=lambda c: len(c.token_key))
        rest = set(text_key) - set(longest.token_key)
        if (
            {str(w).lower() for w in rest} & _MEANING_CHANGING_WORDS
            or any(str(w).lower().endswith("n't") for w in rest)
            or not all(_contains_phrase(c.token_key, longest.token_key) for c in matches)
        ):
            return []
        return [c.letter for c in matches if c.token_key == longest.token_key]

    def _match_strength(self, stated: Quantity, option: Quantity) -> int:
        """How well an option shows a value: 0 not at all, 1 as a percentage, 2 but for a unit or words, 3 unit and all."""
        if _changes_meaning(stated, option):
            return 0
        time, other_time = (
            times.minutes_since_midnight(stated.expression, stated.words),
            times.minutes_since_midnight(option.expression, option.words),
        )
        if time is not None and other_time is not None:
            return 3 if time == other_time else 0
        stated_unit, option_unit = stated.unit, option.unit
        same_amount = stated.expression == option.expression or (
            stated.amount is not None and stated.amount == option.amount
        )
        if "%" in (stated_unit, option_unit) and stated_unit != option_unit:
            return self._percentage_match_strength(stated, option, same_amount)
        if not same_amount or (stated_unit and option_unit and not units.units_match(stated_unit, option_unit)):
            return 0
        if stated_unit and not option_unit and option.counted_noun and option.counted_noun not in stated.words:
            return 0
        if option_unit and not stated_unit and stated.counted_noun and option_unit not in stated.words:
            return 0
        counted = option.counted_noun is None or option.counted_noun in stated.words
        return 3 if (stated_unit == option_unit or (stated_unit and option_unit)) and counted else 2

    def _percentage_match_strength(self, stated: Quantity, option: Quantity, same_amount: bool) -> int:
        """50 % is 0.5; it is 50 where the question asks for a percentage. A bare 50 is 50 %, and so is 0.5."""
        if stated.unit == "%":
            if option.unit is not None:
                return 0
            shares = stated.amount is not None and stated.amount / 100 == option.amount
            return 1 if shares or (same_amount and self.asks_percentage) else 0
        if stated.unit is not None:
            return 0
        return 1 if same_amount or (stated.amount is not None and stated.amount * 100 == option.amount) else 0


def _changes_meaning(stated: Quantity, option: Quantity) -> bool:
    extra_words = set(stated.words) - set(option.words)
    missing_words = set(option.words) - set(stated.words)
    if any(_variable_letter(one) in other for one, other in ((stated, extra_words), (option, missing_words))):
        return True  # 24x
    halves = times.half_of_day(stated.words), times.half_of_day(option.words)
    if None not in halves and halves[0] != halves[1]:
        return True
    leading = stated.words[max(stated.words_before - 3, 0) : stated.words_before]
    if (
        "of" in leading[1:]
        and leading[len(leading) - 1 - leading[::-1].index("of") - 1] in _DERIVED_NUMBER_WORDS & extra_words
    ):
        return True
    return bool({w.lower() for w in extra_words | missing_words} & _MEANING_CHANGING_WORDS) or any(
        w.lower().endswith("n't") for w in extra_words
    )


def _variable_letter(value: Quantity) -> str | None:
    """A single letter behind a number that is no unit and no article."""
    behind = value.words[value.words_before : value.words_before + 1]
    single = bool(behind) and len(behind[0]) == 1 and behind[0].isalpha() and behind[0] != "a"
    return behind[0] if single and not units.is_known_unit(behind[0]) else None


def _parse_option(option: Option) -> _ParsedOption:
    text = strip_markup(option.text[: 4 * MAX_TEXT_CHARS])
    tokens = tokenize(factorials.expand_factorials(text[:MAX_TEXT_CHARS], include_trailing=True))
    tail = tokens
    if any(t.text == "=" for t in tokens):  # x = 4 shows 4
        last = max(n for n, t in enumerate(tokens) if t.text == "=")
        if not any(t.value is not None for t in tokens[:last]):
            tail = tokens[last + 1 :]
    words = bool(tokens) and not any(t.value is not None or t.is_sign for t in tokens)
    key = token_key(tokens) if len(text) <= MAX_TEXT_CHARS else (normalize_text(text),)
    return _ParsedOption(
        option.letter, normalize_text(text), key, parse_quantity(tail) if len(text) <= MAX_TEXT_CHARS else None, words
    )


def normalize_text(text: str) -> str:
    """A text with its capitals and brackets, without blanks that say nothing and the stop behind it.

    >>> normalize_text(" BB  Bb. "), normalize_text("( 2 , 3 )"), normalize_text("a ab")
    ('BB Bb', '(2,3)', 'a ab')
    """
    text = re.sub(r" ?([^\w\s]) ?", r"\1", " ".join(text.split()))
    text = text.strip("\"'").rstrip(".,;:\"'")
    return (text if re.search(r"\d!$", text) else text.rstrip(".,;:!\"'")).lstrip(":;,")


def _contains_phrase(phrase: Iterable[Fraction | str], text_key: TokenKey) -> bool:
    """Whether words stand in others as they are, not as a part of an expression."""
    phrase = tuple(phrase)
    for n in range(len(text_key) - len(phrase) + 1):
        if text_key[n] == phrase[0] and text_key[n : n + len(phrase)] == phrase:
            around = (
                text_key[n - 1] if n else "",
                text_key[n + len(phrase)] if n + len(phrase) < len(text_key) else "",
            )
            if not any(isinstance(sign, Fraction) or sign in ("/", "^", "-", "+", "√") for sign in around):
                return True
    return False


@lru_cache(maxsize=64)
def parse_options(options: tuple[Option, ...], problem: str) -> ParsedOptions:
    """The options of a question, made ready; kept, since many replies to one question are read one after another."""
    return ParsedOptions(options, bool(re.search(r"(?i)percent|per cent|%", problem[:20_000])))
