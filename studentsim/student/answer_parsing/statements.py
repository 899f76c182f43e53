"""Finds where a reply states its answer: "The answer is …", "Answer: …", "Option C is correct", "That leaves C", ``A: 18``.

Statements that are denied, supposed, asked or ascribed to others are left out. Every pattern is tried once at each position and looks
a bounded number of characters ahead or back; only the last ``MAX_STATEMENTS`` statements count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

from studentsim.student.answer_parsing import patterns

MAX_STATEMENTS = 16
"""Statements considered, counted from the end."""
MAX_STATEMENT_CHARS = 600
"""Characters of a statement."""
LOOKBACK_CHARS = 120
"""Characters before a statement that are searched for "if", "wrong" and the like."""


class StatementKind(IntEnum):
    """How firmly a statement names an answer; a higher kind takes precedence."""

    LINE = 0
    """An unmarked first or last line."""
    HEDGED = 1
    """"Perhaps the answer is …", "the result is …": counts where there is no firmer statement."""
    MENTIONED = 2
    """"That leaves C", "Option C is right", "I pick C"."""
    ANSWER = 3
    """"The answer is …", "Answer: …"."""


@dataclass(frozen=True)
class Statement:
    """A statement and its position. ``exact_only``: only a letter or a whole option counts. ``is_last``: nothing follows it."""

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
    """ "The answer is …", "Answer: …", headings, ``A: 18``, boxes (converted to "Answer: …")."""
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
            continue  # the options, repeated
        yield _make_statement(text, match.end(), StatementKind.ANSWER, form="A" + match["sign"].strip())
    for match in _last_matches(patterns.NO_OPTION_FITS, text):
        if not patterns.SUPPOSITION.search(_sentence_before(text, match.start())):
            yield Statement(match.start(), match[0], StatementKind.MENTIONED, form="none")


def _classify_named(noun: re.Match[str], match: re.Match[str], before: str) -> StatementKind | None:
    """The kind of "the answer … is …"; None: it states no answer."""
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
        before = _sentence_before(text, match.start())
        after = re.split(r"[.\n]", text[match.end() : match.end() + 60])[0]
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
    """Whether the text before a statement makes it a supposition or ascribes it to someone mistaken."""
    return bool(patterns.SUPPOSITION.search(before) or patterns.MISTAKEN_BELIEF.search(before))


def _mention_kind(before: str) -> StatementKind:
    return StatementKind.HEDGED if patterns.HEDGE.search(before) else StatementKind.MENTIONED


def _find_marked_options(text: str) -> Iterator[Statement]:
    """The one listed option that is marked as correct; none if several are."""
    marked = [
        (match.start(), match["a"] or match["b"])
        for match in patterns.MARKED_OPTION_LINE.finditer(text)
        if not re.search(r"(?i)\b(?:in|not |n't )correct\W*$|incorrect", match[0])
    ]
    if len({letter.lower() for _, letter in marked}) == 1:
        start, letter = marked[-1]
        yield Statement(start, letter + ")", StatementKind.MENTIONED, True, form="letter")


def _last_matches(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    return list(pattern.finditer(text))[-MAX_STATEMENTS:]


def _end_of_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _sentence_before(text: str, position: int) -> str:
    """The sentence's (or clause's) part before a position."""
    sentence = patterns.SENTENCE_BOUNDARY.split(text[max(0, position - LOOKBACK_CHARS) : position])[-1]
    return re.split(r"(?i)\b(?:but|however|yet)\b", sentence)[-1]


def _make_statement(text: str, position: int, kind: StatementKind, form: str = "") -> Statement:
    """The statement from a position on: the rest of the line, or the next line where the rest is blank."""
    start, end = position, _end_of_line(text, position)
    exact_only = not text[position:end].strip(" \"'*:")
    if exact_only:
        following = text[end : end + 20]
        start = end + len(following) - len(following.lstrip())
        end = _end_of_line(text, start)
        if patterns.SECOND_OPTION_MARK.match(text, end):
            start = end  # the options follow, not one of them
    is_last = not text[end : end + 200].strip(' \n."}`*')
    return Statement(position, text[start : min(end, start + MAX_STATEMENT_CHARS)], kind, exact_only, is_last, form)
