"""Which option a freely written reply ticks. Models of the hub write as they like: this reads what they mean, or nothing.

    **Answer: (c)**        The correct answer is c) 24.        So option C is right.        \\boxed{24}        24 km

The last statement that names an answer counts. A letter goes before a value, as in marking. Two letters, a refusal, or a value that
no option shows leave the question unanswered, which is an outcome of its own: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from studentsim.arithmetic import number
from studentsim.records import Option, Question
from studentsim.student.plain import key, plain

LONGEST = 12_000
"""Characters that are looked at, from the end: a reply of 4,096 tokens has about as many."""

_BE = r"(?:is|was|are|be|would\s+be|should\s+be|must\s+be|will\s+be|comes\s+out\s+(?:as|to))\b"
_IS = rf"(?:\s*{_BE}\s*[:=]?|\s*(?:[:=]|->|→|⇒|[-–—](?=\s)))"
_NOUN = r"(?:answer|ans|option|choice|solution|result|letter)"
_LETTER_AHEAD = r"(?=\s*[\[(]*[a-j](?:[\])]|[.,;:!]|\s*$|\s))"
# What is said after them is looked ahead at, not passed over: a line may name one answer, and then another.
_STATEMENTS = tuple(
    re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for pattern in (
        # The (correct) answer (to this) is …          Answer: …          Ans. c
        rf"\b{_NOUN}s?\b(?:\s+(?:to|for|of|here)\b[^.:\n]{{0,80}}?)?{_IS}(?=(?P<said>[^\n]{{0,200}}))",
        r"^\W*(?:final\s+|correct\s+)?(?:answer|ans)\b\.?\s*(?P<said>[\[(]?[a-j][\])]?\W*)$",
        # … is the correct answer, option c is right
        r"(?P<said>[^\n.;,:]{1,80}(?:[.,:]\d[^\n.;,:]{0,40})?)\s+(?:is|are|would\s+be|must\s+be)\s+(?:therefore\s+|thus\s+|indeed\s+|clearly\s+)?"
        r"(?:the\s+|our\s+|my\s+)?(?:correct|right|best|final|answer)\b",
        # I choose …, this matches option …
        r"\b(?:choose|pick|select|chose|picked|selected|go\s+with|going\s+with|opt\s+for|mark)\s+(?=(?P<said>[^\n]{0,200}))",
        rf"\b(?:is|matches|match|equals|gives|to|with|near|nearest|hence|thus|so|therefore|:)\s*,?\s+(?:the\s+)?(?:option|choice|letter)\s+{_LETTER_AHEAD}(?=(?P<said>[^\n]{{0,200}}))",
    )
)
_FILLER = re.compile(
    r"(?i)^(?:[\s:=>*\"'“”‘’]|(?:the|an|option|choice|answer|letter|number|is|be|only|either|both|between|probably|likely|definitely|"
    r"clearly|therefore|thus|hence|so|it|that|this|correct|right|one|indeed|then|simply|just|would|must|final|my|i|think|approximately|about)\b)+"
)
_MARKED = re.compile(r"(?i)^[\[({]+\s*([a-j])\s*[\])}]+|^([a-j])(?:[\])}]|[.:,;!](?=\s|$)|\W*$|\s*[-–—=]\s)")
_BARE = re.compile(r"(?i)^([a-j])\s+(\S+)")
_ANOTHER = re.compile(
    r"(?i)(?:\b(?:or|and|nor)\b|[/&,])\s*(?:also\s+)?(?:(?:option|choice|answer)\s+)?[\[(]*([a-j])(?:[\])]|[.:;!?,](?=\s|$)|\s*$|\s+(?:is|are|could|both)\b)"
)
_GOES_ON = re.compile(r"(?i)^(?:because|since|as|which|that|with|and|or|is|for)\b")
_REFUSAL = re.compile(
    r"(?i)\b(?:cannot|can't|can not|unable to|not able to|don't know|do not know|not sure|no idea|impossible to (?:say|tell|answer)|"
    r"not enough information|insufficient|sorry|as an ai|need more information|not provided)\b"
)
_LISTED = re.compile(r"(?im)^\s*[\[(]?([a-j])(?:[\])]|[.:])\s+\S")
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?(?:/\d+)?")


@dataclass(frozen=True)
class _Read:
    """What a statement says: an option, or a value that none shows (``option`` None)."""

    option: Option | None
    value: str | None


def read_reply(text: str, question: Question) -> tuple[str | None, str | None]:
    """The chosen letter and the value written, either None where there is none."""
    written = plain(text[-LONGEST:])
    for said in _stated(written):
        if found := _resolve(said, question):
            return (found.option.letter if found.option else None), found.value
    if _REFUSAL.search(written):
        return None, None
    for said, loosely in _unstated(written):
        if found := _resolve(said, question, loosely=loosely):
            return (found.option.letter if found.option else None), found.value
    return None, None


def _stated(text: str) -> list[str]:
    """What follows "the answer is" and the like, the last first."""
    found = [(m.start("said"), m["said"]) for pattern in _STATEMENTS for m in pattern.finditer(text)]
    return [said for _, said in sorted(found, reverse=True)]


def _unstated(text: str) -> Iterator[tuple[str, bool]]:
    """Lines that may be an answer although nothing says so: the first, the last; and whether values count in them at all."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len({letter.lower() for letter in _LISTED.findall(text)}) > 1:
        lines = [line for line in lines if not _LISTED.match(line)]  # the options, written out again
    if not lines:
        return
    if _MARKED.match(lines[0]) or re.match(r"(?i)^(?:option|choice)\b", lines[0]):
        yield lines[0], True
    last = lines[-1]
    yield (last.rpartition("=")[2], True) if "=" in last else (last, len(last.split()) <= 8)


# ------------------------------------------------------------------ one statement


def _resolve(said: str, question: Question, *, loosely: bool = True) -> _Read | None:
    """What a statement says; None if it says nothing at all. ``loosely``: a value counts, not a letter alone."""
    said = said.strip()
    if re.match(r"(?i)not\b|n't\b|incorrect|wrong", said):
        return None
    if option := _of_text(said, question.options):
        return _Read(option, said)
    rest = _FILLER.sub("", said, count=1).strip()
    if re.match(r"(?i)not\b", rest):
        return None
    if option := _of_text(rest, question.options):
        return _Read(option, rest)
    letter, after = _letter(rest, question)
    if letter:
        others = {m.lower() for m in _ANOTHER.findall(after)} - {letter}
        if any(question.option(other) for other in others):
            return _Read(None, rest)  # two letters
        return _Read(question.option(letter), after.strip(" ).:,;-–—=]") or None)
    return _of_value(_sentence(rest), question.options) if loosely else None


def _letter(said: str, question: Question) -> tuple[str | None, str]:
    """The letter that a statement begins with, and what follows it."""
    if marked := _MARKED.match(said):
        return (marked[1] or marked[2]).lower(), said[marked.end() :]
    if not (bare := _BARE.match(said)):
        return None, said
    letter, after = bare[1].lower(), said[bare.end(1) :]
    option = question.option(letter)
    shows = option is not None and key(after).startswith(key(option.text))
    # "a" is an article, "I" and "e" are words of their own: alone they count only where it goes on as after a letter.
    if shows or _GOES_ON.match(bare[2]) or (letter not in "aei" and (bare[1].isupper() or bare[2][0].isdigit())):
        return letter, after
    return None, said


def _of_text(said: str, options: Sequence[Option]) -> Option | None:
    wanted = key(said)
    return next((o for o in options if wanted and key(o.text) == wanted), None)


def _of_value(said: str, options: Sequence[Option]) -> _Read | None:
    """The option whose text or number stands in a statement."""
    words = [o for o in options if key(o.text) and not any(c.isdigit() for c in o.text) and _stands_in(o.text, said)]
    if words:
        longest = max(words, key=lambda o: len(o.text))
        return _Read(longest, longest.text) if all(w.text in longest.text for w in words) else _Read(None, said)
    if option := _of_text(said, options):
        return _Read(option, said)
    value = _value(said)
    if value is None:
        return None
    shown = [o for o in options if number(_compact(o.text)) == number(value)]
    one = shown and (len(shown) == 1 or len({key(o.text) for o in shown}) == 1)
    return _Read(shown[0] if one else None, value)


def _value(said: str) -> str | None:
    """The number that a statement comes to: its only one, the one behind the last "=", or the one it begins with."""
    said = _compact(said)
    for part in (said, said.rpartition("=")[2]):
        if number(part) is not None:
            return part.strip()
    begins = re.match(r"\D{0,6}", said)
    found = _NUMBER.match(said, begins.end() if begins else 0)
    return found[0].rstrip(",") if found else None


def _stands_in(text: str, said: str) -> bool:
    return (
        re.search(rf"(?<!\w){re.escape(' '.join(text.lower().split()))}(?!\w)", " ".join(said.lower().split()))
        is not None
    )


def _sentence(said: str) -> str:
    """Up to the first full stop that ends a sentence, or the reason that follows."""
    return re.split(r"(?i)\.\s|\.$|;|\bbecause\b|\bsince\b|,\s+(?:which|so|as)\b", said, maxsplit=1)[0].strip()


def _compact(text: str) -> str:
    return re.sub(r"(?<=\d)\s*([/,])\s*(?=\d)", r"\1", text)
