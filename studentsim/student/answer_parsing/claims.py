"""What one statement comes to: an option, none of the options, or nothing at all."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from studentsim.student.answer_parsing import factorials, letters, units
from studentsim.student.answer_parsing.options import Options, quantity, strict
from studentsim.student.answer_parsing.tokens import Token, read_tokens

_ABBREVIATION = (
    r"(?<!\b[Rr][Ss])(?<!\b[Nn]o)(?<!\bapprox)(?<!\b[Ss]q)(?<!\bi\.e)(?<!\be\.g)(?<!\bvs)(?<!\b[Uu]\.[Ss])(?<!\bcu)"
)
_END = re.compile(
    rf"{_ABBREVIATION}(?<!^[A-Ja-j])(?<!\b[ap]\.m)\.(?=\s+[^\s\d.,=])|"
    rf"\.(?=\s+\d)(?<!\b[Rr][Ss]\.)(?<!\bapprox\.)(?<=[^\s].)|"
    rf"\?(?=\s|$)|(?<!\d)!(?=\s|$)|!(?=\s+[^\sa-z=×÷*/+^)-]|\s*$)|;(?=\s+[^\s\d]|$)|\.\s*$"
)
_REASON = re.compile(
    r"(?i)[,;]?\s(?:because|since|whereas|while|rather than|instead of|as opposed to|unlike|due to|although|"
    r"though)\b|"
    r",\s(?:which|so|as|where|not|and not|but|giving|making|meaning|hence|therefore|i\.e|after|if)\b|"
    r"\s[-–—]{1,2}\s(?=[A-Za-z]{2})|\s→|\sbut\b|\snot\b|\sas\s(?!many|much)"
)
_FILLER = re.compile(
    r"(?i)^(?:[\s:=*\"'→|]+|(?:the|an|option|choice|answer|letter|is|be|only|either|both|between|probably|"
    r"likely|definitely|clearly|"
    r"therefore|thus|hence|so|it|that|this|correct|right|one|indeed|then|simply|just|would|must|should|final|"
    r"my|i(?=,? (?:think|believe|would|am|say|guess|suppose)\b)|think|believe|guess|suppose|"
    r"la|le|el|die|der|das|opci[óo]n|lettre|letra|lettera|op[çc][ãa]o|opzione|"
    r"a(?=\s(?:letra|op[çc][ãa]o)\b|\s(?-i:[A-J])\W*$)|"
    r"approximately|about|roughly|exactly|equal|equals|to|given by|given as|obviously|actually|of course|"
    r"option number|most likely|"
    r"in fact|going|with|single|best|closest|value|number)\b(?!['-]))+"
)
_NEGATION = re.compile(r"(?i)^(?:not\b|n't\b|never\b|neither\b|incorrect|wrong|false\b(?=\W+\w)|no longer|none other)")
_BUT = re.compile(r"(?i)^not\b[^.;\n]{1,80}?\bbut\s+(?:rather\s+|instead\s+)?")
_QUOTED = re.compile(r"^\s*[\"']([^\"\n]{1,200})[\"']\s*(?:[,}\]]|$)")


_EQUALITY = re.compile(r"(?<![<>!=:≤≥])=(?![=>])")
_MARKED = re.compile(r"(?i)^[\[(]?\s?[a-j]\s?[\]).:]")
_SECOND_VARIABLE = re.compile(r"(?i)=[^=]{1,40}(?:[,;]|\band\b|\bor\b)\s*[a-z]\w?\s*$")
"""As in "x = 12, y": two values, not one."""
_COEFFICIENT = re.compile(r"(?i)[^=]*\d\s?[abcknpqrwxyz]\s*$")
"""As in "2x = 4", which does not say that the answer is 4."""
_ALONE = re.compile(r"[\s\[({<\"'*]{0,6}([A-Ja-j])[\s\])}>\"'*.:;,!?|]{0,8}")
_EXPLAINED = re.compile(
    r"(?i)\s*(?:[,;:(\[–—-]|for\b|as in\b|is (?:the|for)\b|stands\b|meaning\b)\W*"
    r"(?!(?:because|since|as|so|due|by|given|based|therefore|thus|hence|after|if|not)\b)[a-z]{3}"
)
"""What a symbol stands for: "(carbon)", ", which stands for carbon"."""
_LETTER_ENDS = re.compile(r"[\[(]?[A-Ja-j][\])]?[.!](?=\s+[A-Z])")
_ARTICLE = re.compile(r"(?i)(?:a|an|the|at|in|on|by)\s(?=(?-i:[a-z]){2})")
_TO_ME = re.compile(r"(?i)\s(?:to|for) me(?=[.!]?$)")
_CALLED = re.compile(r"(?i)\b(?:option|choice|letter)\b")
_VERBS = frozenset("is are was were has have had gets makes costs needs means".split())


class Reading(NamedTuple):
    """What a statement says: an option's letter, or a value that none shows (``letter`` None)."""

    letter: str | None
    value: str | None
    sure: bool = True
    """False where the text behind a letter is another option's."""


def resolve(said: str, options: Options, *, strictly: bool = False, last: bool = True) -> Reading | None:
    """What a statement says; None if it says nothing.

    ``strictly``: a letter or the whole of an option's text counts, a value among words does not. ``last``: nothing follows it, so
    that a whole sentence may lead up to the value.
    """
    said = said.strip()[: 160 + 2 * options.longest]
    said = said if "{" in said else said.rstrip("|}")
    if quoted := _QUOTED.match(said):
        said = quoted[1]
    said = _TO_ME.sub("", said.strip().rstrip("\\"))
    sentence, ended = _sentence(said)
    if ended == "?" and (letter := _LETTER_ENDS.match(said)):
        sentence = letter[0]  # "C. Wait, is that right?"
    elif ended == "?" or not sentence:
        return None
    if ended == "!" and sentence[-1:].isdigit():
        sentence += "!"  # perhaps a factorial
    marked = bool(_MARKED.match(said))
    doubtful = not marked and bool(factorials.exclaimed(said) & options.ambiguous) and not options.exactly(said)
    for part in () if doubtful else dict.fromkeys((said, sentence)):
        if not _letter_alone(part, options) and (found := _whole(part, options, marked=marked)):
            return found
    if but := _BUT.match(sentence):
        return resolve(sentence[but.end() :], options, strictly=strictly, last=last)
    if doubtful:
        return Reading(None, sentence)
    if sentence.lower().startswith("that ") and (found := _whole(sentence[5:], options)):
        return found
    rest = _FILLER.sub("", sentence, count=1).strip()
    if _NEGATION.match(sentence) or _NEGATION.match(rest):
        return None
    if not _letter_alone(rest, options) and (found := _whole(rest, options, marked=bool(_MARKED.match(rest)))):
        return found
    if (article := re.match(r"a\s+(?=[A-Za-z]{2})", rest)) and (
        found := _whole(reasonless(rest[article.end() :]), options)
    ):
        return found
    if named := letters.leading(rest, lambda letter, text: begins(letter, text, options)):
        bare = rest[:1] in tuple("ABCDEFGHIJ") and not _CALLED.search(sentence[: len(sentence) - len(rest)])
        return _named(named, options, symbol=bare)
    if behind := _behind(rest, options):
        return behind
    value = _value(rest, options, strictly, last)
    if value is None and not strictly and len(rest) < len(sentence):
        return _ticked(options.phrased(read_tokens(reasonless(sentence))), sentence)
    return value


def whole_reply(reply: str, options: Options) -> Reading | None:
    """The one option that a reply is, word for word; a letter alone is left to be read as a letter."""
    if len(reply) > 2 * options.longest + 60 or _letter_alone(reply, options):
        return None
    if reply.endswith("?") and not options.exactly(reply):
        return None
    found = options.whole(reply)
    if not found and (article := _ARTICLE.match(reply)):  # "A dog", "The park", "At noon"
        found = options.whole(reply[0].lower() + reply[1:]) or options.whole(reply[article.end() :])
    return Reading(found[0], reply) if len(found) == 1 else None


def with_unit(said: str, options: Options, *, strictly: bool) -> Reading | None:
    """The one option that a sentence's end is, word for word, or whose value and unit it ends in; else nothing."""
    reason = _REASON.search(said, 1)
    if found := options.whole(said) or (options.whole(said[reason.start() :].strip(" ,;")) if reason else []):
        return _ticked(found, said)  # "We have seasons because the Earth is tilted": the reason is what was asked for
    tokens = read_tokens(said)
    value = None if strictly else quantity(tokens)
    behind = () if value and value.unit in units.CURRENCY and value.unit in value.words[: value.before] else None
    if value is None or value.unit is None or value.words[value.before :] not in (behind, (value.unit,)):
        return None
    found = options.valued(tokens) or []
    return Reading(found[0], said[:200]) if len(found) == 1 and options.measured(found[0]) else None


def _named(named: letters.Named, options: Options, *, symbol: bool = False) -> Reading | None:
    """``symbol``: it is a capital that nothing calls a letter, so that it may be an option's text."""
    letter, after, tail = named
    own = letter in options.letters and bool(re.search(r"\w", after)) and begins(letter, after, options)
    if own and letter in options.whole(after):
        return Reading(letter, after.strip(" ).:,;=]→"))
    if not named.ends and not own and (letters.rejected(after) or letters.conditional(after)):
        return None
    value = after.strip(" ).:,;=]→")
    value = (value if re.match(r"[-–−]\d", value) else value.lstrip(" -–—")).rstrip(" -–—") or None
    if letter not in options.letters:
        return _text_alone(letter, options) or Reading(None, letter)
    if (
        symbol
        and letter.upper() in options.capitals - {options.capital(letter)}
        and not named.ends
        and _EXPLAINED.match(tail)
    ):
        return Reading(None, value)  # "C (carbon)", where C is the text of another option
    shown = (options.whole(value) or options.valued(read_tokens(reasonless(value)))) if value else None
    if letter in (shown or ()):
        return Reading(letter, value)
    if not named.ends and letters.another(tail, letter) & options.letters:
        return Reading(None, value)
    return Reading(letter, value, shown is None)


def _letter_alone(said: str, options: Options) -> bool:
    """Whether it is an option's letter and nothing else: that goes before an option's text."""
    alone = _ALONE.fullmatch(said)
    return alone is not None and alone[1].lower() in options.letters


def _text_alone(letter: str, options: Options) -> Reading | None:
    """A single letter that names no option may be the text of one: F for fluorine, J for joule."""
    found = [c.letter for c in options.choices if c.strict.lower() == letter]
    return Reading(found[0], letter) if len(found) == 1 else None


def _behind(said: str, options: Options) -> Reading | None:
    """A letter behind a value."""
    found = letters.trailing(said)
    if not found or found[0] not in options.letters:
        return None
    letter, value, alone = found
    if re.search(r"(?i)\b(?:not|n't|unlike|than)\b", value):
        return None
    shown = options.whole(value) or options.valued(read_tokens(reasonless(value).rstrip(" ,(")))
    if not shown and (alone or len(value.split()) > 5):
        return None
    return Reading(letter, value.strip(" ,(") or None, not shown or letter in shown)


def _value(said: str, options: Options, strictly: bool, last: bool) -> Reading | None:
    plainly = reasonless(said)
    candidates = list(
        dict.fromkeys(p.strip() for p in (said, plainly, _unbracketed(plainly), behind_equals(plainly, last)) if p)
    )
    for part in candidates:
        if not _letter_alone(part, options) and (found := _whole(part, options)):
            return found
    tokens = read_tokens(candidates[-1]) if candidates else []
    if strictly:
        value = quantity(tokens)
        return _ticked(options.valued(tokens), candidates[-1]) if value and len(value.words) <= 2 else None
    numbers = any(t.value is not None for t in tokens)
    if numbers and not last and _prose_before(tokens):
        return None  # the working begins: "Answer: She sells 9 eggs a day."
    shown = options.valued(tokens)
    if not shown:
        shown = options.phrased(tokens) or shown
    if shown is None and not numbers:
        return _ticked(options.phrased(tokens), candidates[-1]) if tokens else None
    return _ticked(shown or [], candidates[-1])


def _ticked(found: list[str] | None, value: str) -> Reading | None:
    return None if found is None else Reading(found[0] if len(found) == 1 else None, value[:200])


def _whole(text: str, options: Options, *, marked: bool = False) -> Reading | None:
    """The option that a text is. Behind a marked letter, as in "(a) ab", it must be so to the letter: "a ab" is another."""
    found = options.exactly(text) if marked else options.whole(text)
    return _ticked(found, text.strip().rstrip(".")) if found else None


def begins(letter: str, text: str, options: Options) -> bool:
    """Whether a text is that option's, or begins with it."""
    mine = next((c for c in options.choices if c.letter == letter), None)
    if mine is None:
        return False
    wanted = strict(text)
    if wanted.lower().startswith(mine.strict.lower()) and not wanted[len(mine.strict) :][:1].isalnum():
        return True
    return letter in (options.valued(read_tokens(reasonless(text))) or [])


def _prose_before(tokens: Sequence[Token]) -> bool:
    """Whether words lead up to the first number."""
    first = next(n for n, t in enumerate(tokens) if t.value is not None)
    if any(t.text in _VERBS for t in tokens):
        return True
    return any(not (t.sign or units.known(t.text) or len(t.text) == 1) for t in tokens[:first])


def _unbracketed(said: str) -> str:
    """Without what stands in brackets behind a value, unless it is another value: "12 (or 24)"."""
    value, bracket, inner = said.partition(" (")
    return said if bracket and re.match(r"(?i)(?:or|and)\b", inner) else value


def last_match(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The last place where a pattern matches."""
    return next(iter(deque(pattern.finditer(text), maxlen=1)), None)


def rightmost(said: str) -> tuple[str, str, str]:
    """Before the last sign of equality, the sign, and behind it; as ``str.rpartition``. ``>=`` and ``==`` are other signs."""
    found = last_match(_EQUALITY, said)
    if not found or _SECOND_VARIABLE.search(said[: found.start()]) or _COEFFICIENT.match(said[: found.start()]):
        return "", "", said
    return said[: found.start()], "=", said[found.end() :]


def behind_equals(said: str, last: bool) -> str | None:
    """What stands behind the last "=": 24, of "72 ÷ 3 = 24"; of a sentence only where nothing follows it."""
    before, equals, after = rightmost(said)
    if not equals or not after.strip() or re.search(r"(?i)\b(?:or|and)\b", before):
        return said
    words = re.findall(r"[^\W\d_]{2,}", before)
    return after if last or not words else None


def _sentence(said: str) -> tuple[str, str]:
    """Up to the sign that ends the sentence, and the sign."""
    end = _END.search(said)
    return (said[: end.start()].strip(), end[0].strip()) if end else (said, "")


def reasonless(said: str) -> str:
    """Without the reason that follows."""
    found = _REASON.search(said, 1)
    return said[: found.start()].strip() if found else said
