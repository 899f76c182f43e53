"""Where a reply names its answer: "The answer is …", "Answer: …", "Option C is correct", "That leaves C", ``A: 18``, a last line.

A statement that is denied, supposed, asked or ascribed to others is none. Every pattern is tried once at each place and looks a bounded
number of characters ahead or back; at most ``MOST`` statements are looked at, the last ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

from studentsim.student.answer_parsing import patterns

MOST = 16
"""Statements that are looked at, counted from the end."""
AHEAD = 600
"""Characters that a statement may go on for."""
BACK = 120
"""Characters before a statement that are looked at for "if", "wrong" and the like."""


class Kind(IntEnum):
    """How a statement names an answer; a higher kind is believed before a lower."""

    LINE = 0
    """An unmarked first or last line."""
    HEDGED = 1
    """"Perhaps the answer is …", "the result is …": counts where nothing better is said."""
    MENTIONED = 2
    """"That leaves C", "Option C is right", "I pick C"."""
    ANSWER = 3
    """"The answer is …", "Answer: …"."""


@dataclass(frozen=True)
class Statement:
    """What is said, and where. ``strictly``: only a letter or a whole option counts. ``last``: nothing follows it."""

    at: int
    said: str
    kind: Kind
    strictly: bool = False
    last: bool = False
    form: str = ""


def statements(text: str) -> list[Statement]:
    """The statements of a text, the last first."""
    found = [*_named(text), *_mentioned(text), *_verdicts(text)]
    found.sort(key=lambda s: (s.at, s.kind), reverse=True)
    return found[:MOST]


def _named(text: str) -> Iterator[Statement]:
    """ "The answer is …", "Answer: …", headings, ``A: 18``, boxes (which have become "Answer: …")."""
    for noun in list(patterns.NAMES.finditer(text))[-4 * MOST :]:
        match = patterns.NAMED.match(text, noun.end())
        if match and (kind := _kind_of_named(noun, match, _before(text, noun.start()))) is not None:
            yield _statement(text, match.end(), kind)
    for match in _last(patterns.CJK, text):
        yield Statement(match.start(), match["letter"] + ")", Kind.ANSWER)
    for pattern in (patterns.HEADED, patterns.HEADING, patterns.NUMBERED, patterns.BRACKETED):
        for match in _last(pattern, text):
            yield _statement(text, match.end(), Kind.ANSWER)
    for match in _last(patterns.CORRECTIONS, text):
        yield replace(_statement(text, match.end(), Kind.ANSWER, form="correction"), strictly=True)
    for match in _last(patterns.INSTEAD, text):
        if not _denied(_before(text, match.start())):
            yield replace(_statement(text, match.end(), Kind.MENTIONED, form="correction"), strictly=True)
    for match in _last(patterns.A_LINE, text):
        if patterns.LIST_GOES_ON.match(text, _end_of_line(text, match.end())):
            continue  # the options, written out again
        yield _statement(text, match.end(), Kind.ANSWER, form="A" + match["sign"].strip())
    for match in _last(patterns.NONE, text):
        if not patterns.SUPPOSED.search(_before(text, match.start())):
            yield Statement(match.start(), match[0], Kind.MENTIONED, form="none")


def _kind_of_named(noun: re.Match[str], match: re.Match[str], before: str) -> Kind | None:
    """How far "the answer … is" is to be believed; None: not at all."""
    gap = match[0].lstrip().lower()
    would = "would" in gap
    if noun["weak"] and gap[:2] in ("to", "fo", "of", "he", "in", "fr", "we"):
        return None
    if gap[:3] in ("to ", "for", "of ") and patterns.GAP_OF_OTHERS.search(gap):
        return None
    if would and match["maybe"] is None and re.search(r"(?i)\b(?:if|had|were|suppose)\b", before):
        return None
    if _denied(before) or patterns.OF_OTHERS.search(before):
        return None
    return Kind.HEDGED if would or match["maybe"] or noun["weak"] or patterns.HEDGE.search(before) else Kind.ANSWER


def _mentioned(text: str) -> Iterator[Statement]:
    """ "That leaves C", "C is right", "I pick C"."""
    for pattern in patterns.MENTIONS:
        for match in _last(pattern, text):
            before = _before(text, match.end())
            if not _denied(before) and not re.search(r"(?i)(?:\bnot|n't|\bnever)\W+(?:\w+\W+){0,3}$", before):
                yield _statement(text, match.end(), _hedged(before), form="letter")
    for match in _last(patterns.SUBJECT, text):
        before, after = _before(text, match.start()), re.split(r"[.\n]", text[match.end() : match.end() + 60])[0]
        supposed = match["would"] and re.search(r"(?i)\bif\b", before + after)
        if not supposed and not _denied(before) and not after.lstrip().startswith("?"):
            said = patterns.BEFORE_SUBJECT.split(before)[-1].strip()
            yield Statement(match.start(), said, _hedged(before), True, form="subject")
    for match in _last(patterns.PICKS, text):
        before = _before(text, match.start())
        if not _denied(before) and not re.search(r"(?i)(?:\bnot|n't|\bnever|\bwould|\bmight|\bcould)\s+$", before):
            form = "first" if re.match(r"(?i)i\b|i'|let", match[0]) else "pick"
            yield replace(_statement(text, match.end(), Kind.MENTIONED, form=form), strictly=True)


def _denied(before: str) -> bool:
    """Whether what stands before makes a statement supposed, or ascribes it to others who are mistaken."""
    return bool(patterns.SUPPOSED.search(before) or patterns.MISTAKEN.search(before))


def _hedged(before: str) -> Kind:
    return Kind.HEDGED if patterns.HEDGE.search(before) else Kind.MENTIONED


def _verdicts(text: str) -> Iterator[Statement]:
    """One listed option that is marked as right; two marked so are none."""
    found = [
        m
        for m in patterns.VERDICT.finditer(text)
        if not re.search(r"(?i)\b(?:in|not |n't )correct\W*$|incorrect", m[0])
    ]
    if len({(m["a"] or m["b"]).lower() for m in found}) == 1:
        yield Statement(
            found[-1].start(), (found[-1]["a"] or found[-1]["b"]) + ")", Kind.MENTIONED, True, form="letter"
        )


def _last(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    return list(pattern.finditer(text))[-MOST:]


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _before(text: str, at: int) -> str:
    """The sentence's part before a place."""
    return re.split(r"(?i)\b(?:but|however|yet)\b", patterns.START.split(text[max(0, at - BACK) : at])[-1])[-1]


def _statement(text: str, at: int, kind: Kind, form: str = "") -> Statement:
    """What is said from a place on: the rest of the line, or the next line where the rest is blank."""
    end = _end_of_line(text, at)
    strictly = False
    if not text[at:end].strip(" \"'*:"):
        begin = end + (len(text[end : end + 20]) - len(text[end : end + 20].lstrip()))
        strictly, start, end = True, begin, _end_of_line(text, begin)
        if patterns.LIST_GOES_ON.match(text, end):
            start = end  # the options follow, not one of them
    else:
        start = at
    return Statement(
        at, text[start : min(end, start + AHEAD)], kind, strictly, not text[end : end + 200].strip(' \n."}`*'), form
    )
