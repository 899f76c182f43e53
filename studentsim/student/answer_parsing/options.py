"""A question's options, parsed, and matching a text to them, by its words or by its value and unit.

A text that matches two options equally well matches none: a wrong letter is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import factorial

from studentsim.student.answer_parsing import factorials, times, units
from studentsim.student.answer_parsing.lexer import Token, TokenKey
from studentsim.student.answer_parsing.quantities import Quantity, parse_quantity
from studentsim.student.answer_parsing.reasoning import alphanumeric_key
from studentsim.student.answer_parsing.text_cleaning import strip_markup
from studentsim.student.answer_parsing.tokens import MAX_TEXT_CHARS, token_key, tokenize
from studentsim.types import Option

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
"""Words that change the number or the statement beside them."""
_DERIVED_NUMBER_WORDS = frozenset(
    "multiple multiples factor factors divisor divisors power powers root square cube reciprocal inverse negative "
    "opposite fraction part percentage percent complement logarithm number numbers".split()
)
"""Words before "of" and a number that mean another number: "a multiple of 12" is not 12."""
_NONE_OF_THE_ABOVE = re.compile(
    r"(?i)(?:it is |it's )?none(?: of (?:the |these|them|those)?\s?(?:above|given|other|listed|these|following)?\s?"
    r"(?:options?|choices?|answers?|alternatives?)?)?(?: (?:is|are) (?:correct|right|true))?"
)


@dataclass(frozen=True)
class _ParsedOption:
    letter: str
    normalized_text: str
    token_key: TokenKey
    quantity: Quantity | None
    is_words_only: bool
    """Whether it has no numbers and no signs."""


class ParsedOptions:
    """The options of one question. ``asks_percentage``: the question is about percentages, so that 50 may mean 50 %."""

    def __init__(self, options: Sequence[Option], asks_percentage: bool) -> None:
        self.asks_percentage = asks_percentage
        self.option_keys = frozenset(alphanumeric_key(o.text) for o in options)
        self.choices = tuple(_parse_option(o) for o in options)
        self.longest_option_chars = min(MAX_TEXT_CHARS, max((len(o.text) for o in options), default=0))
        """Characters of the longest option, at most ``MAX_TEXT_CHARS``."""
        self.letters = frozenset(c.letter for c in self.choices)
        none_options = [
            c
            for c in self.choices
            if _NONE_OF_THE_ABOVE.fullmatch(c.normalized_text.replace(".", " ").strip()) and c.is_words_only
        ]
        self.capital_letter_texts = frozenset(
            c.normalized_text for c in self.choices if re.fullmatch("[A-J]", c.normalized_text)
        )
        """Options whose text is a capital letter, which may be mistaken for an option's letter."""
        amounts = {c.quantity.amount for c in self.choices if c.quantity}
        has_factorials = any("!" in c.normalized_text for c in self.choices)
        self.ambiguous_numbers = frozenset(
            n
            for n in range(3, factorials.MAX_FACTORIAL_ARGUMENT + 1)
            if n in amounts and (has_factorials or factorial(n) in amounts)
        )
        """Numbers n of which "n!" may mean n or its factorial."""
        self.none_letter = none_options[0].letter if len(none_options) == 1 else None

    def get_capital_text(self, letter: str) -> str | None:
        """The option's text, if it is a capital letter."""
        text = next((c.normalized_text for c in self.choices if c.letter == letter), None)
        return text if text in self.capital_letter_texts else None

    def has_unit(self, letter: str) -> bool:
        """Whether an option's value has a unit."""
        return any(c.letter == letter and c.quantity and c.quantity.unit for c in self.choices)

    def match_exact(self, text: str) -> list[str]:
        """Letters of the options equal to a text, including capitals and brackets."""
        normalized = normalize_text(text)
        return [c.letter for c in self.choices if normalized and c.normalized_text == normalized]

    def match_whole(self, text: str) -> list[str]:
        """Letters of the options equal to a whole text, by the strictest comparison that finds any."""
        normalized = normalize_text(text)
        if found := self.match_exact(text):
            return found
        if len(normalized) <= 2 * self.longest_option_chars + 60:
            key = token_key(tokenize(text))
            if found := [c.letter for c in self.choices if key and c.token_key == key]:
                return found
        if self.none_letter and _NONE_OF_THE_ABOVE.fullmatch(" ".join(text.split()).strip(" .")):
            return [self.none_letter]
        return []

    def match_value(self, tokens: Sequence[Token]) -> list[str] | None:
        """Letters of the options that show a text's value; None where the text has not exactly one value."""
        value = parse_quantity(tokens)
        if value is None:
            return None
        strengths = [(c.letter, self._match_strength(value, c.quantity)) for c in self.choices if c.quantity]
        exact = [letter for letter, strength in strengths if strength == 3]
        return exact or [letter for letter, strength in strengths if strength]

    def match_whole_or_value(self, text: str) -> list[str]:
        """Letters of the options equal to a text, else of those that show its value."""
        return self.match_whole(text) or self.match_value(tokenize(text)) or []

    def match_phrase(self, tokens: Sequence[Token]) -> list[str] | None:
        """Letters of the longest option whose words occur in a text; None where no option's do."""
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
            {str(word).lower() for word in rest} & _MEANING_CHANGING_WORDS
            or any(str(word).lower().endswith("n't") for word in rest)
            or not all(_contains_phrase(c.token_key, longest.token_key) for c in matches)
        ):
            return []
        return [c.letter for c in matches if c.token_key == longest.token_key]

    def _match_strength(self, stated: Quantity, option: Quantity) -> int:
        """How well an option matches a value: 0 not at all, 1 as a percentage, 2 without a unit or the counted noun, 3 fully."""
        if _changes_meaning(stated, option):
            return 0
        stated_time = times.minutes_since_midnight(stated.expression, stated.words)
        option_time = times.minutes_since_midnight(option.expression, option.words)
        if stated_time is not None and option_time is not None:
            return 3 if stated_time == option_time else 0
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
        same_noun = option.counted_noun is None or option.counted_noun in stated.words
        return 3 if (stated_unit == option_unit or (stated_unit and option_unit)) and same_noun else 2

    def _percentage_match_strength(self, stated: Quantity, option: Quantity, same_amount: bool) -> int:
        """50 % matches 0.5, and 50 where the question asks for a percentage. A bare 50 matches 50 %, and so does 0.5."""
        if stated.unit == "%":
            if option.unit is not None:
                return 0
            is_fraction = stated.amount is not None and stated.amount / 100 == option.amount
            return 1 if is_fraction or (same_amount and self.asks_percentage) else 0
        if stated.unit is not None:
            return 0
        return 1 if same_amount or (stated.amount is not None and stated.amount * 100 == option.amount) else 0


def _changes_meaning(stated: Quantity, option: Quantity) -> bool:
    """Whether words in one of the two and not in the other change the meaning of the number."""
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
    """A single letter after a number that is neither a unit nor an article."""
    next_word = value.words[value.words_before] if value.words_before < len(value.words) else ""
    is_letter = len(next_word) == 1 and next_word.isalpha() and next_word != "a"
    return next_word if is_letter and not units.is_known_unit(next_word) else None


def _parse_option(option: Option) -> _ParsedOption:
    text = strip_markup(option.text[: 4 * MAX_TEXT_CHARS])
    tokens = tokenize(factorials.expand_factorials(text[:MAX_TEXT_CHARS], include_trailing=True))
    value_tokens = tokens
    if any(t.text == "=" for t in tokens):  # x = 4 shows 4
        last = max(n for n, t in enumerate(tokens) if t.text == "=")
        if not any(t.value is not None for t in tokens[:last]):
            value_tokens = tokens[last + 1 :]
    is_words_only = bool(tokens) and not any(t.value is not None or t.is_sign for t in tokens)
    normalized = normalize_text(text)
    if len(text) > MAX_TEXT_CHARS:
        return _ParsedOption(option.letter, normalized, (normalized,), None, is_words_only)
    return _ParsedOption(option.letter, normalized, token_key(tokens), parse_quantity(value_tokens), is_words_only)


def normalize_text(text: str) -> str:
    """A text with its capitals and brackets, without spaces around signs and punctuation at its end.

    >>> normalize_text(" BB  Bb. "), normalize_text("( 2 , 3 )"), normalize_text("a ab")
    ('BB Bb', '(2,3)', 'a ab')
    """
    text = re.sub(r" ?([^\w\s]) ?", r"\1", " ".join(text.split()))
    text = text.strip("\"'").rstrip(".,;:\"'")
    return (text if re.search(r"\d!$", text) else text.rstrip(".,;:!\"'")).lstrip(":;,")


def _contains_phrase(phrase: Iterable[Fraction | str], text_key: TokenKey) -> bool:
    """Whether a phrase occurs in a text's tokens, not as part of an expression."""
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
    """A question's options, parsed; cached, since many replies to one question are parsed in succession."""
    return ParsedOptions(options, bool(re.search(r"(?i)percent|per cent|%", problem[:20_000])))
