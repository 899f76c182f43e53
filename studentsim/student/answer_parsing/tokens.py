"""A short text as numbers, signs and words, so that texts which look different are compared by what they say.

    2 1/2      2.5      \\frac{5}{2}           one number, exactly (a Fraction)
    2√3        2 sqrt 3                       number, sign, number
    3 hrs 20 min        3 hours 20 minutes    number, unit, number, unit

Nothing is evaluated but fractions, powers with small exponents and thousands, millions and the like; sums and products of numbers are
(``amount``), differences are not, since ``10 - 12`` is a range as often as a difference. Work is linear in the tokens.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from studentsim.student.answer_parsing import factorials, units

LONGEST = 400
"""Characters of a statement or an option that are looked at."""
MAX_EXPONENT = 64

_GROUPED = (
    r"\d{1,2}(?:,\d{2})+,\d{3}(?![\d,])|\d{1,3}(?:,\d{3})+(?!\d)|\d{1,2}(?: , \d{2})+ , \d{3}(?!\d)|"
    r"\d{1,3}(?: , \d{3})+(?!\d)|"
    r"\d{1,3}(?: \d{3})+(?![\d/.,])|\d{1,60}"
)
_POINTED = r"(?<![\w.])\.\d{1,40}|(?:^|(?<=[=(×÷/+$€£₹<>:-])|(?<=[=(×÷/+$€£₹<>:-] ))\. ?\d{1,40}"
"""A decimal that begins with its point; a blank may follow the point where the text begins with it, as MathQA writes ". 04"."""
_TOKEN = re.compile(
    rf"(?P<number>(?:{_GROUPED})(?:\.\d{{1,40}})?(?:[eE][+-]?\d{{1,2}}(?!\w))?|{_POINTED})"
    r"|(?P<word>[^\W\d_]+(?:'[A-Za-z]+)?|[$£€₹¢¥₽%°])|(?P<sign>[^\s\w])"
)
_DROPPED = frozenset("\".;?`|_#~*'!&@\\")
_SMALL = frozenset("a an of is in to it at on no or by be as if up we he so do my me us am pm and the all two".split())
_NUMBERS = {w: Fraction(n) for n, w in enumerate("two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
            "sixteen seventeen eighteen nineteen twenty".split(), 2)} | {
            w: Fraction(10 * n) for n, w in enumerate("thirty forty fifty sixty seventy eighty ninety".split(), 3)}  # fmt: skip
_TENS = frozenset(Fraction(10 * n) for n in range(2, 10))
_DEGREES = {"c": "°c", "celsius": "°c", "°c": "°c", "f": "°f", "fahrenheit": "°f", "°f": "°f"}
_MULTIPLES = {"hundred": 100, "thousand": 1000, "lakh": 10**5, "lac": 10**5, "million": 10**6, "crore": 10**7, "billion": 10**9,
              "trillion": 10**12}  # fmt: skip
FILLERS = frozenset("and the exactly about approximately roughly around only just nearly almost approx".split())


@dataclass(frozen=True)
class Token:
    """A number (``value`` set), a sign or a word; ``glued``: nothing stands between it and the token before."""

    text: str
    value: Fraction | None = None
    glued: bool = False
    sign: bool = False

    @property
    def same(self) -> Fraction | str:
        """What makes two tokens equal."""
        return self.text if self.value is None else self.value


Key = tuple[Fraction | str, ...]


@lru_cache(maxsize=1024)
def read_tokens(text: str) -> tuple[Token, ...]:
    """The tokens of a text.

    >>> [t.same for t in read_tokens("Rs. 1,20,000/-")], [t.text for t in read_tokens("3 hours 20 mins")]
    (['₹', Fraction(120000, 1)], ['3', 'h', '20', 'min'])
    """
    text = re.sub(r"(?i)\bsquare root of\b|\bsqrt\b", "√", factorials.written_out(text[:LONGEST]))
    text = re.sub(r"(?i)\bper cent\b", "%", re.sub(r"(?i)(?<=\d)\s?([ap])(?: ?\. ?|\s?)m\b(?: ?\.)?", r" \1m", text))
    text = re.sub(r"(?i)\band a half\b", "and 1/2", text)
    text = re.sub(r"(?<=\d)\s?/-|(?<=\d)/=", "", text)
    tokens = _lexed(text)
    for fold in (_signed, _powers, _fractions, _multiples, _units, _punctuation):
        tokens = fold(tokens)
    return tuple(tokens)


def sequence(tokens: Sequence[Token]) -> Key:
    """What two texts are compared by, words that change nothing left out."""
    kept = tuple(t.same for t in tokens if t.text not in FILLERS)
    return kept or tuple(t.same for t in tokens)


def _lexed(text: str) -> list[Token]:
    tokens: list[Token] = []
    end = -1
    for match in _TOKEN.finditer(text):
        glued = match.start() == end
        end = match.end()
        said = match[0]
        if match["number"]:
            tokens.append(Token(said, _value(said), glued))
        elif match["word"]:
            lower = said.lower()
            if lower in ("minus", "negative"):
                tokens.append(Token("-", None, False, True))
                end = end + 1 if text[end : end + 1] == " " else end
            elif lower in _NUMBERS:
                if (
                    glued
                    and len(tokens) > 1
                    and tokens[-1].text == "-"
                    and (tens := tokens[-2].value)
                    and tens in _TENS
                    and _NUMBERS[lower] < 10
                ):
                    tokens[-2:] = [Token(said, tens + _NUMBERS[lower], tokens[-2].glued)]
                else:
                    tokens.append(Token(said, _NUMBERS[lower], glued))
            elif lower == "pi":
                tokens.append(Token("π", None, glued, True))
            else:
                tokens.append(Token(_word(said), None, glued, said == "π"))
        elif said in "–—":
            tokens.append(Token("-", None, glued, True))
        elif said not in _DROPPED or (said == "'" and glued):
            tokens.append(Token(said, None, glued, True))
    return _times(tokens)


def _value(written: str) -> Fraction:
    return Fraction(re.sub(r"[ ,]", "", written))


def _word(word: str) -> str:
    """A word without its capitals, unless they may be what it says: Bb, CO, mW."""
    lower = word.lower()
    if len(word) == 1:
        return word
    ordinary = lower in _SMALL if len(word) <= 2 else (word[1:] == lower[1:] or (len(word) > 4 and word.isupper()))
    ordinary = ordinary and not (len(word) == 2 and word.isupper())
    return (
        lower if ordinary or lower in ("am", "pm") or units.unit(word) and word in (lower, lower.capitalize()) else word
    )


def _times(tokens: list[Token]) -> list[Token]:
    """``9 x 2`` and ``9 * 2``: between two numbers these signs multiply."""
    out = list(tokens)
    for n in range(1, len(out) - 1):
        before, after = out[n - 1], out[n + 1]
        if out[n].text == "×" and before.value is None and after.value is None and not (before.sign or after.sign):
            out[n] = Token("x", None, out[n].glued)  # a cross of genotypes
        if out[n].text in ("x", "X", "*") and out[n - 1].value is not None and out[n + 1].value is not None:
            out[n] = Token("×", None, out[n].glued, True)
    return out


def _signed(tokens: list[Token]) -> list[Token]:
    """A minus that belongs to its number: at the beginning, behind a sign, or behind a word and a blank."""
    out: list[Token] = []
    n = 0
    while n < len(tokens):
        token = tokens[n]
        after = tokens[n + 1] if n + 1 < len(tokens) else None
        if token.text == "-" and after and after.value is not None and after.value >= 0:
            before = out[-1] if out else None
            starts = before is None or (before.sign and before.text not in (")", "]", "π", "%", "-"))
            loose = before is not None and before.value is None and not before.sign and not token.glued and after.glued
            currency = (
                before is not None and before.text in units.CANONICAL and units.unit(before.text) in units.CURRENCY
            )
            if starts or loose or currency:
                out.append(Token("-" + after.text, -after.value, token.glued))
                n += 2
                continue
        if (
            token.text in "$£€₹"
            and token.text
            and out
            and out[-1].text == "-"
            and after
            and after.value is not None
            and len(out) == 1
        ):
            out[:] = [token, Token("-" + after.text, -after.value, True)]  # -$5
            n += 2
            continue
        out.append(token)
        n += 1
    return out


def _powers(tokens: list[Token]) -> list[Token]:
    out: list[Token] = []
    n = 0
    while n < len(tokens):
        token = tokens[n]
        if token.text == "^" and n + 1 < len(tokens) and out and (base := out[-1].value) is not None:
            exponent = tokens[n + 1].value
            follows = tokens[n + 2].text if n + 2 < len(tokens) else ""
            tower = follows in ("^", "/") or (len(out) > 1 and out[-2].text in ("√", "^"))
            if exponent is not None and exponent.denominator == 1 and abs(exponent) <= MAX_EXPONENT and not tower:
                if 0 < base <= 10**6:
                    out[-1] = Token(f"{out[-1].text}^{exponent}", base ** int(exponent), out[-1].glued)
                    n += 2
                    continue
        out.append(token)
        n += 1
    return out


def _fractions(tokens: list[Token]) -> list[Token]:
    """``1/2``, and ``2 1/2`` or ``2 and 1/2``: one number."""
    out: list[Token] = []
    n = 0
    while n < len(tokens):
        upper, lower = tokens[n], tokens[n + 2] if n + 2 < len(tokens) else None
        chain = (out and out[-1].text in ("/", "^", "√")) or (n + 3 < len(tokens) and tokens[n + 3].text in ("/", "^"))
        if upper.value is None or lower is None or tokens[n + 1].text != "/" or not lower.value or chain:
            out.append(upper)
            n += 1
            continue
        value = upper.value / lower.value
        glue = 2 if len(out) > 1 and out[-1].text == "and" else 1
        whole = out[-glue] if len(out) >= glue else None
        mixed = whole is not None and whole.value is not None and whole.value.denominator == 1 and "." not in whole.text
        if (
            mixed
            and not upper.glued
            and 0 < value < 1
            and "^" not in whole.text
            and (len(out) == glue or out[-glue - 1].text != "√")
        ):
            negative = whole.value < 0 or whole.text.startswith("-")
            out[-glue:] = [Token("mixed", whole.value - value if negative else whole.value + value, whole.glued)]
        else:
            out.append(Token("fraction", value, upper.glued))
        n += 3
    return out


def _multiples(tokens: list[Token]) -> list[Token]:
    out: list[Token] = []
    for token in tokens:
        if token.text == "k" and token.glued and out and out[-1].value is not None:
            out[-1] = Token(out[-1].text + "k", out[-1].value * 1000, out[-1].glued)
        elif token.text in _MULTIPLES and out and out[-1].value is not None:
            out[-1] = Token(out[-1].text + token.text, out[-1].value * _MULTIPLES[token.text], out[-1].glued)
        else:
            out.append(token)
    return out


def _units(tokens: list[Token]) -> list[Token]:
    """Units by their one name: ``sq. cm``, ``cm2`` and ``cm^2``; ``km per hour`` and ``km/h``."""
    out: list[Token] = []
    n = 0
    while n < len(tokens):
        token = tokens[n]
        follows = tokens[n + 1] if n + 1 < len(tokens) else None
        name = None if token.value is not None else _unit_at(token, out, follows is None)
        before = out[-1].text.lower() if out else ""
        degrees = _DEGREES.get(token.text.lower()) if before == "°" and token.value is None else None
        if degrees:
            out[-1] = Token(degrees, None, out[-1].glued)
            n += 1
            continue
        if name and before in ("square", "sq", "cubic", "cu"):
            out.pop()
            name += "^2" if before.startswith("sq") else "^3"
        elif (
            name
            and (name in units.COMBINE or before in ("per", "/"))
            and follows
            and follows.text == "^"
            and n + 2 < len(tokens)
            and tokens[n + 2].value in (2, 3)
        ):
            name += f"^{tokens[n + 2].value}"
            n += 2
        elif name and follows and follows.value in (2, 3) and follows.glued and name in units.COMBINE:
            name += f"^{follows.value}"
            n += 1
        if name and before in ("per", "/") and len(out) > 1 and out[-2].text in units.COMBINE:
            out[-2:] = [Token(f"{out[-2].text}/{name}", None, out[-2].glued)]
        else:
            out.append(Token(name, None, token.glued) if name else token)
        n += 1
    return out


def _unit_at(token: Token, before: list[Token], last: bool) -> str | None:
    name = units.unit(token.text)
    if name is None or token.text not in units.AFTER_A_NUMBER:
        return name
    number = bool(before) and before[-1].value is not None
    per = bool(before) and before[-1].text.lower() in ("per", "/", "square", "sq", "cubic", "cu")
    return name if (number or per) and (token.text != "in" or last) else None


def _punctuation(tokens: list[Token]) -> list[Token]:
    """Commas count between numbers alone, hyphens not between words, brackets not around one token or around words."""
    out: list[Token] = []
    for n, token in enumerate(tokens):
        before, after = tokens[n - 1] if n else None, tokens[n + 1] if n + 1 < len(tokens) else None
        between = bool(before and after) and (_numeric(before) and _numeric(after))
        words = bool(before and after) and not (
            before.value is not None or before.sign or after.value is not None or after.sign
        )
        if token.text in (",", ":") and token.sign and not between and not (token.text == ":" and before and after):
            continue
        if token.text == "-" and token.sign and words and token.glued:
            continue
        if token.text == "^" and before and before.value is None and not before.sign and after:
            continue  # 1s^2 is 1s2, and OH^- is OH-
        if token.text == "to" and before and after and before.value is not None and after.value is not None:
            token = Token(":", None, False, True)
        out.append(token)
    return _unbracketed(out)


def _numeric(token: Token) -> bool:
    return token.value is not None or token.sign or units.known(token.text)


def _unbracketed(tokens: list[Token]) -> list[Token]:
    opened: list[int] = []
    dropped: set[int] = set()
    held: list[bool] = []  # does the bracket hold a comma or another sign?
    for n, token in enumerate(tokens):
        if token.text in ("(", "[", "{") and token.sign:
            opened.append(n)
            held.append(False)
        elif token.text in (")", "]", "}") and token.sign:
            if not opened:
                dropped.add(n)
                continue
            begin, signs = opened.pop(), held.pop()
            whole = begin == 0 and n == len(tokens) - 1 and tokens[1:2] and not any(t.text == "," for t in tokens)
            if not signs or whole or n - begin <= 2:
                dropped |= {begin, n}
            if held:
                held[-1] = held[-1] or signs
        elif held and token.sign:
            held[-1] = True
    dropped |= set(opened)
    return [t for n, t in enumerate(tokens) if n not in dropped]
