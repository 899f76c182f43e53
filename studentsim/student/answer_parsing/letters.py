"""The option letter in a statement: ``c``, ``(C)``, ``c) 24``, ``option C``, ``24 (c)``; not the article in "a park"."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

_MARKED_LETTER = re.compile(
    r"(?i)^[\[({<]+\s?[\"']?([a-j])[\"']?\s?[\])}>]+|^([a-j])(?:\s?[\])}]|[.:,;!](?=\s|$)|[\s\"'.:,;!?*)\]}>|"
    r"]*$|\s[-–—→]\s|\s?=>\s|—|"
    r"\s?(?=\((?!\w\))))"
)
_LETTER_EQUALS = re.compile(r"(?i)^([a-j])\s?=\s?(?=\S)")
_BARE_LETTER = re.compile(r"^([A-Ja-j])\s+(\S+)")
_CONTINUATION_WORD = re.compile(
    r"(?i)^(?:because|since|as|which|that|with|and|or|is|for|due|if|where|explanation|reason(?:ing)?|solution|"
    r"rather|instead|not|from|among|in|so|"
    r"based|by|after|would|here|therefore|thus|it|this|the|we|when|unless|but|seems|only|on|given|at)\b[:.]?"
)
_OTHER_LETTER = re.compile(
    r"(?i)(?:\b(?:or|and|nor|o|ou|oder|y|et|und)\b|[/&,])\s*(?:(?:la|le|el|die)\s+)?(?:also\s+|either\s+|perhaps\s+|possibly\s+|maybe\s+)?(?:(?:option|"
    r"choice|answer)\s+)?[\[(]*([a-j])"
    r"(?:[\])]|[.:;!?,](?=\s|$)|\s*$|\s+(?:is|are|could|both|may|might|or|and|seem)\b)"
)
_CLAUSE_BREAK = re.compile(r"(?i)\b(?:not|rather|instead|unlike|whereas|while|because|since|but|although|though)\b")
_CONDITION = re.compile(
    r"(?i)^\W*(?:only\s+)?(?:if|unless|when|provided|assuming|would|could|might)\b|^\W*is (?:right|correct|"
    r"true) (?:only|if|when|for)\b|\b(?:otherwise|respectively)\b"
)
_REJECTION = re.compile(
    r"(?i)^\W*(?:(?:it|this|that|which|option|one)\s+)?(?:(?:is|are|was|were|would be|must be|seems?|looks?|"
    r"can be|could be|may be|might be)\s+"
    r"(?:also\s+|clearly\s+|definitely\s+|therefore\s+|thus\s+|obviously\s+|just\s+|simply\s+)*(?:not|"
    r"in?correct(?<=incorrect)|wrong|false|too|out|ruled|eliminated|excluded|"
    r"impossible|invalid|unlikely|tempting|close)\b|(?:isn't|aren't|wasn't|can't|cannot|doesn't|does not|"
    r"did not|didn't|won't|fails?|stops?|ignores?|"
    r"forgets?|leaves out|can be (?:ruled|eliminated)|wrong|incorrect|false|no\b))"
)
_TRAILING_LETTER = re.compile(
    r"(?i)(?:\b(?:option|choice|answer choice)\s+[\[(\"']?([a-j])[\])\"']?(?=\W*$|[.,;)])|"
    r"(?<=\s)[\[(]\s?([a-j])\s?[\])]\W*$|→\s*[\[(]?([a-j])[\])]?\W*$|(?<=\s)(?P<alone>[b-j])\s?\)?\W*$)"
)


class NamedLetter(NamedTuple):
    """The letter a statement begins with, and what follows it, without and with the sign after the letter."""

    letter: str
    after: str
    after_with_mark: str

    @property
    def ends_sentence(self) -> bool:
        """Whether a sentence ends with the letter: "C. If it were A …"."""
        return bool(re.match(r"[\])\"']?\.\s+[A-Z]", self.after_with_mark))


def find_leading_letter(text: str, option_matches: Callable[[str, str], bool]) -> NamedLetter | None:
    """The letter at the beginning of a statement. ``option_matches(letter, text)``: whether ``text`` is or begins with that option."""
    if marked := _MARKED_LETTER.match(text):
        dash = re.search(r"[-–—]\s?$", marked[0])
        after = text[marked.end() :]
        if dash and (marked[2] or "").islower() and not option_matches(marked[2], after):
            return None  # a - b = 120
        after_with_mark = text[marked.end(1 if marked[1] else 2) :]
        return NamedLetter((marked[1] or marked[2]).lower(), after, after_with_mark)
    if equals := _LETTER_EQUALS.match(text):  # "c = 24" names an option where it shows 24; else c is a variable
        named_letter = NamedLetter(equals[1].lower(), text[equals.end() :], text[equals.end(1) :])
        return named_letter if option_matches(named_letter.letter, named_letter.after) else None
    bare = _BARE_LETTER.match(text)
    if not bare:
        return None
    letter, after = bare[1].lower(), text[bare.end(1) :]
    # "a" is an article, "I" and "e" are words: alone they count only before words that follow a letter.
    has_continuation = _CONTINUATION_WORD.match(bare[2]) and (
        bare[1] not in "aI" or re.match(r"(?i)because|since|as\b|which|is\b|due|for\b", bare[2])
    )
    return NamedLetter(letter, after, after) if option_matches(letter, after) or has_continuation else None


def find_other_letters(after: str, letter: str) -> set[str]:
    """Other letters named together with ``letter``, as in "a or c"."""
    if match := re.match(r"(?i)\W{0,2}[\[(]([a-j])[\])]", after):
        return {match[1].lower()} - {letter}  # (C)(D)
    return {m.lower() for m in _OTHER_LETTER.findall(_CLAUSE_BREAK.split(after, maxsplit=1)[0])} - {letter}


def is_rejected(after: str) -> bool:
    """Whether the text after a letter says that it is wrong."""
    return bool(_REJECTION.match(after))


def is_conditional(after: str) -> bool:
    """Whether the text after a letter makes it conditional: "A if x > 0"."""
    return bool(_CONDITION.search(after[:80]))


def find_trailing_letter(text: str) -> tuple[str, str, bool] | None:
    """The letter after a value, the value, and whether the letter is unmarked: ``24 (c)``, "24, which is option C", ``24 c``.

    >>> find_trailing_letter("24 km, which is option (C)."), find_trailing_letter("24 km")
    (('c', '24 km, which is ', False), None)
    """
    matches = list(_TRAILING_LETTER.finditer(text))
    letters = {(m[1] or m[2] or m[3] or m["alone"]).lower() for m in matches}
    return (letters.pop(), text[: matches[0].start()], bool(matches[0]["alone"])) if len(letters) == 1 else None
