"""The lexer: a text as numbers, signs and words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from studentsim.student.answer_parsing import units

_GROUPED_DIGITS = (
    r"\d{1,2}(?:,\d{2})+,\d{3}(?![\d,])|\d{1,3}(?:,\d{3})+(?!\d)|\d{1,2}(?: , \d{2})+ , \d{3}(?!\d)|"
    r"\d{1,3}(?: , \d{3})+(?!\d)|"
    r"\d{1,3}(?: \d{3})+(?![\d/.,])|\d{1,60}"
)
_LEADING_POINT_DECIMAL = r"(?<![\w.])\.\d{1,40}|(?:^|(?<=[=(×÷/+$€£₹<>:-])|(?<=[=(×÷/+$€£₹<>:-] ))\. ?\d{1,40}"
"""A decimal that begins with its point; at the beginning of a text a space may follow, as in MathQA's ". 04"."""
_TOKEN = re.compile(
    rf"(?P<number>(?:{_GROUPED_DIGITS})(?:\.\d{{1,40}})?(?:[eE][+-]?\d{{1,2}}(?!\w))?|{_LEADING_POINT_DECIMAL})"
    r"|(?P<word>[^\W\d_]+(?:'[A-Za-z]+)?|[$£€₹¢¥₽%°])|(?P<sign>[^\s\w])"
)
_IGNORED_SIGNS = frozenset("\".;?`|_#~*'!&@\\")
_SHORT_WORDS = frozenset(
    "a an of is in to it at on no or by be as if up we he so do my me us am pm and the all two".split()
)
_TWO_TO_TWENTY = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen "
    "nineteen twenty"
)
_NUMBER_WORDS = {word: Fraction(n) for n, word in enumerate(_TWO_TO_TWENTY.split(), 2)}
_NUMBER_WORDS |= {
    word: Fraction(10 * n) for n, word in enumerate("thirty forty fifty sixty seventy eighty ninety".split(), 3)
}
_TENS = frozenset(Fraction(10 * n) for n in range(2, 10))


@dataclass(frozen=True)
class Token:
    """A number (``value`` set), a sign or a word; ``is_adjacent``: no space separates it from the token before."""

    text: str
    value: Fraction | None = None
    is_adjacent: bool = False
    is_sign: bool = False

    @property
    def key(self) -> Fraction | str:
        """What tokens are compared by."""
        return self.text if self.value is None else self.value


TokenKey = tuple[Fraction | str, ...]


def lex(text: str) -> list[Token]:
    """The tokens of a text, before normalisation."""
    tokens: list[Token] = []
    end = -1
    for match in _TOKEN.finditer(text):
        is_adjacent = match.start() == end
        end = match.end()
        piece = match[0]
        if match["number"]:
            tokens.append(Token(piece, _parse_number(piece), is_adjacent))
        elif match["word"]:
            lower = piece.lower()
            if lower in ("minus", "negative"):
                tokens.append(Token("-", None, False, True))
                end = end + 1 if text[end : end + 1] == " " else end
            elif lower in _NUMBER_WORDS:
                if (
                    is_adjacent
                    and len(tokens) > 1
                    and tokens[-1].text == "-"
                    and (tens := tokens[-2].value)
                    and tens in _TENS
                    and _NUMBER_WORDS[lower] < 10
                ):
                    tokens[-2:] = [Token(piece, tens + _NUMBER_WORDS[lower], tokens[-2].is_adjacent)]
                else:
                    tokens.append(Token(piece, _NUMBER_WORDS[lower], is_adjacent))
            elif lower == "pi":
                tokens.append(Token("π", None, is_adjacent, True))
            else:
                tokens.append(Token(_normalize_word(piece), None, is_adjacent, piece == "π"))
        elif piece in "–—":
            tokens.append(Token("-", None, is_adjacent, True))
        elif piece not in _IGNORED_SIGNS or (piece == "'" and is_adjacent):
            tokens.append(Token(piece, None, is_adjacent, True))
    return _mark_multiplication(tokens)


def _parse_number(text: str) -> Fraction:
    return Fraction(re.sub(r"[ ,]", "", text))


def _normalize_word(word: str) -> str:
    """A word in lower case, unless its capitals may matter: Bb, CO, mW."""
    lower = word.lower()
    if len(word) == 1:
        return word
    if len(word) == 2:
        is_ordinary = lower in _SHORT_WORDS and not word.isupper()
    else:
        is_ordinary = word[1:] == lower[1:] or (len(word) > 4 and word.isupper())
    is_unit = units.canonical_unit(word) and word in (lower, lower.capitalize())
    return lower if is_ordinary or lower in ("am", "pm") or is_unit else word


def _mark_multiplication(tokens: list[Token]) -> list[Token]:
    """Make ``x`` and ``*`` between two numbers a multiplication sign: ``9 x 2``, ``9 * 2``."""
    out = list(tokens)
    for n in range(1, len(out) - 1):
        before, after = out[n - 1], out[n + 1]
        if (
            out[n].text == "×"
            and before.value is None
            and after.value is None
            and not (before.is_sign or after.is_sign)
        ):
            out[n] = Token("x", None, out[n].is_adjacent)  # a cross of genotypes: Aa × Bb
        if out[n].text in ("x", "X", "*") and out[n - 1].value is not None and out[n + 1].value is not None:
            out[n] = Token("×", None, out[n].is_adjacent, True)
    return out
