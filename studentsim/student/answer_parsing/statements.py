"""Where a reply names its answer: "The answer is …", "Answer: …", "Option C is correct", "That leaves C", ``A: 18``, a last line.

A statement that is denied, supposed, asked or ascribed to others is none. Every pattern is tried once at each place and looks a bounded
number of characters ahead or back; at most ``MAX_STATEMENTS`` statements are looked at, the last ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

from studentsim.student.answer_parsing import patterns

MAX_STATEMENTS = 16
"""Statements that are looked at, counted from the end."""
MAX_STATEMENT_CHARS = 600
"""Characters that a statement may go on for."""
LOOKBACK_CHARS = 120
"""Characters before a statement that are looked at for "if", "wrong" and the like."""


class StatementKind(IntEnum):
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
    """What is said, and where. ``exact_only``: only a letter or a whole option counts. ``is_last``: nothing follows it."""

    start: int
    text: str
    kind: StatementKind
    exact_only: bool = False
    is_last: bool = False
    form: str = ""


def find_statements(text: str) -> list[Statement]:
    """The statements of a text, the last first."""
    found = [*_find_named(text), *_find_mentioned(text), *_find_marked_options(text)]
    found.sort(key=lambda s: (s.start, s.kind), reverse=True)
    return found[:MAX_STATEMENTS]


def _find_named(text: str) -> Iterator[Statement]:
    """ "The answer is …", "Answer: …", headings, ``A: 18``, boxes (which have become "Answer: …")."""
    for noun in list(patterns.ANSWER_NOUN_PATTERN.finditer(text))[-4 * MAX_STATEMENTS :]:
        match = patterns.ANSWER_LINK_PATTERN.match(text, noun.end())
        if match and (kind := _classify_named(noun, match, _sentence_before(text, noun.start()))) is not None:
            yield _make_statement(text, match.end(), kind)
    for match in _last_matches(patterns.CJK_ANSWER, text):
        yield Statement(match.start(), match["letter"] + ")", StatementKind.ANSWER)
    for pattern in (
        patterns.ANSWER_LETTER_HEADING,
        patterns.ANSWER_HEADING,
        patterns.ANSWER_NUMBER_HEADING,
        patterns.BRACKETED_LETTER,
    ):
        for match in _last_matches(pattern, text):
            yield _make_statement(text, match.end(), StatementKind.ANSWER)
    for match in _last_matches(patterns.CORRECTION, text):
        yield replace(_make_statement(text, match.end(), StatementKind.ANSWER, form="correction"), exact_only=True)
    for match in _last_matches(patterns.NEGATED_THEN_STATED, text):
        if not _is_denied(_sentence_before(text, match.start())):
            yield replace(
                _make_statement(text, match.end(), StatementKind.MENTIONED, form="correction"), exact_only=True
            )
    for match in _last_matches(patterns.A_COLON_LINE, text):
        if patterns.SECOND_OPTION_MARK.match(text, _end_of_line(text, match.end())):
            continue  # the options, written out again
        yield _make_statement(text, match.end(), StatementKind.ANSWER, form="A" + match["sign"].strip())
    for match in _last_matches(patterns.NO_OPTION_FITS, text):
        if not patterns.SUPPOSITION.search(_sentence_before(text, match.start())):
            yield Statement(match.start(), match[0], StatementKind.MENTIONED, form="none")


def _classify_named(noun: re.Match[str], match: re.Match[str], before: str) -> StatementKind | None:
    """How far "the answer … is" is to be believed; None: not at all."""
    gap = match[0].lstrip().lower()
    is_conditional = "would" in gap
    if noun["weak"] and gap[:2] in ("to", "fo", "of", "he", "in", "fr", "we"):
        return None
    if gap[:3] in ("to ", "for", "of ") and patterns.OTHER_QUESTION.search(gap):
        return None
    if is_conditional and match["maybe"] is None and re.search(r"(?i)\b(?:if|had|were|suppose)\b", before):
        return None
    if _is_denied(before) or patterns.OTHER_ANSWER.search(before):
        return None
    return (
        StatementKind.HEDGED
        if is_conditional or match["maybe"] or noun["weak"] or patterns.HEDGE.search(before)
        else StatementKind.ANSWER
    )


def _find_mentioned(text: str) -> Iterator[Statement]:
    """ "That leaves C", "C is right", "I pick C"."""
    for pattern in patterns.LETTER_MENTIONS:
        for match in _last_matches(pattern, text):
            before = _sentence_before(text, match.end())
            if not _is_denied(before) and not re.search(r"(?i)(?:\bnot|n't|\bnever)\W+(?:\w+\W+){0,3}$", before):
                yield _make_statement(text, match.end(), _mention_kind(before), form="letter")
    for match in _last_matches(patterns.IS_CORRECT_PHRASE, text):
        before, after = (
            _sentence_before(text, match.start()),
            re.split(r"[.\n]", text[match.end() : match.end() + 60])[0],
        )
        is_supposed = match["would"] and re.search(r"(?i)\bif\b", before + after)
        if not is_supposed and not _is_denied(before) and not after.lstrip().startswith("?"):
            subject = patterns.CLAUSE_BOUNDARY.split(before)[-1].strip()
            yield Statement(match.start(), subject, _mention_kind(before), True, form="subject")
    for match in _last_matches(patterns.PICK_PHRASE, text):
        before = _sentence_before(text, match.start())
        if not _is_denied(before) and not re.search(r"(?i)(?:\bnot|n't|\bnever|\bwould|\bmight|\bcould)\s+$", before):
            form = "first" if re.match(r"(?i)i\b|i'|let", match[0]) else "pick"
            yield replace(_make_statement(text, match.end(), StatementKind.MENTIONED, form=form), exact_only=True)


def _is_denied(before: str) -> bool:
    """Whether what stands before makes a statement supposed, or ascribes it to others who are mistaken."""
    return bool(patterns.SUPPOSITION.search(before) or patterns.MISTAKEN_BELIEF.search(before))


def _mention_kind(before: str) -> StatementKind:
    return StatementKind.HEDGED if patterns.HEDGE.search(before) else StatementKind.MENTIONED


def _find_marked_options(text: str) -> Iterator[Statement]:
    """One listed option that is marked as right; two marked so are none."""
    found = [
        m
        for m in patterns.MARKED_OPTION_LINE.finditer(text)
        if not re.search(r"(?i)\b(?:in|not |n't )correct\W*$|incorrect", m[0])
    ]
    if len({(m["a"] or m["b"]).lower() for m in found}) == 1:
        yield Statement(
            found[-1].start(), (found[-1]["a"] or found[-1]["b"]) + ")", StatementKind.MENTIONED, True, form="letter"
        )


def _last_matches(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    return list(pattern.finditer(text))[-MAX_STATEMENTS:]


def _end_of_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _sentence_before(text: str, position: int) -> str:
    """The sentence's part before a place."""
    return re.split(
        r"(?i)\b(?:but|however|yet)\b",
        patterns.SENTENCE_BOUNDARY.split(text[max(0, position - LOOKBACK_CHARS) : position])[-1],
    )[-1]


def _make_statement(text: str, position: int, kind: StatementKind, form: str = "") -> Statement:
    """What is said from a place on: the rest of the line, or the next line where the rest is blank."""
    end = _end_of_line(text, position)
    exact_only = False
    if not text[position:end].strip(" \"'*:"):
        begin = end + (len(text[end : end + 20]) - len(text[end : end + 20].lstrip()))
        exact_only, start, end = True, begin, _end_of_line(text, begin)
        if patterns.SECOND_OPTION_MARK.match(text, end):
            start = end  # the options follow, not one of them
    else:
        start = position
    return Statement(
        position,
        text[start : min(end, start + MAX_STATEMENT_CHARS)],
        kind,
        exact_only,
        not text[end : end + 200].strip(' \n."}`*'),
        form,
    )
