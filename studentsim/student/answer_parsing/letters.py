"""The letter that a statement names: ``c``, ``(C)``, ``c) 24``, ``option C``, ``24 (c)``; not the article in "a park"."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

_MARKED = re.compile(
    r"(?i)^[\[({<]+\s?[\"']?([a-j])[\"']?\s?[\])}>]+|^([a-j])(?:\s?[\])}]|[.:,;!](?=\s|$)|[\s\"'.:,;!?*)\]}>|"
    r"]*$|\s[-–—→]\s|\s?=>\s|—|"
    r"\s?(?=\((?!\w\))))"
)
_EQUALS = re.compile(r"(?i)^([a-j])\s?=\s?(?=\S)")
_BARE = re.compile(r"^([A-Ja-j])\s+(\S+)")
_GOES_ON = re.compile(
    r"(?i)^(?:because|since|as|which|that|with|and|or|is|for|due|if|where|explanation|reason(?:ing)?|solution|"
    r"rather|instead|not|from|among|in|so|"
    r"based|by|after|would|here|therefore|thus|it|this|the|we|when|unless|but|seems|only|on|given|at)\b[:.]?"
)
_ANOTHER = re.compile(
    r"(?i)(?:\b(?:or|and|nor|o|ou|oder|y|et|und)\b|[/&,])\s*(?:(?:la|le|el|die)\s+)?(?:also\s+|either\s+|perhaps\s+|possibly\s+|maybe\s+)?(?:(?:option|"
    r"choice|answer)\s+)?[\[(]*([a-j])"
    r"(?:[\])]|[.:;!?,](?=\s|$)|\s*$|\s+(?:is|are|could|both|may|might|or|and|seem)\b)"
)
_CUT = re.compile(r"(?i)\b(?:not|rather|instead|unlike|whereas|while|because|since|but|although|though)\b")
_CONDITION = re.compile(
    r"(?i)^\W*(?:only\s+)?(?:if|unless|when|provided|assuming|would|could|might)\b|^\W*is (?:right|correct|"
    r"true) (?:only|if|when|for)\b|\b(?:otherwise|respectively)\b"
)
_REJECTED = re.compile(
    r"(?i)^\W*(?:(?:it|this|that|which|option|one)\s+)?(?:(?:is|are|was|were|would be|must be|seems?|looks?|"
    r"can be|could be|may be|might be)\s+"
    r"(?:also\s+|clearly\s+|definitely\s+|therefore\s+|thus\s+|obviously\s+|just\s+|simply\s+)*(?:not|"
    r"in?correct(?<=incorrect)|wrong|false|too|out|ruled|eliminated|excluded|"
    r"impossible|invalid|unlikely|tempting|close)\b|(?:isn't|aren't|wasn't|can't|cannot|doesn't|does not|"
    r"did not|didn't|won't|fails?|stops?|ignores?|"
    r"forgets?|leaves out|can be (?:ruled|eliminated)|wrong|incorrect|false|no\b))"
)
_TRAILING = re.compile(
    r"(?i)(?:\b(?:option|choice|answer choice)\s+[\[(\"']?([a-j])[\])\"']?(?=\W*$|[.,;)])|"
    r"(?<=\s)[\[(]\s?([a-j])\s?[\])]\W*$|→\s*[\[(]?([a-j])[\])]?\W*$|(?<=\s)(?P<alone>[b-j])\s?\)?\W*$)"
)


class Named(NamedTuple):
    """The letter a statement begins with, and what follows it; with the sign behind the letter, and without."""

    letter: str
    after: str
    tail: str

    @property
    def ends(self) -> bool:
        """Whether a sentence ends with the letter: "C. If it were A …"."""
        return bool(re.match(r"[\])\"']?\.\s+[A-Z]", self.tail))


def leading(said: str, shows: Callable[[str, str], bool]) -> Named | None:
    """The letter at the beginning of a statement. ``shows(letter, text)``: whether that option's text is, or begins, the text."""
    if marked := _MARKED.match(said):
        dash = re.search(r"[-–—]\s?$", marked[0])
        after = said[marked.end() :]
        if dash and (marked[2] or "").islower() and not shows(marked[2], after):
            return None  # a - b = 120
        return Named((marked[1] or marked[2]).lower(), said[marked.end() :], said[marked.end(1 if marked[1] else 2) :])
    if equals := _EQUALS.match(said):  # "c = 24" names an option where it shows 24; else c is a variable
        named = Named(equals[1].lower(), said[equals.end() :], said[equals.end(1) :])
        return named if shows(named.letter, named.after) else None
    bare = _BARE.match(said)
    if not bare:
        return None
    letter, after = bare[1].lower(), said[bare.end(1) :]
    # "a" is an article, "I" and "e" are words of their own: alone they count only where it goes on as after a letter.
    goes_on = _GOES_ON.match(bare[2]) and (
        bare[1] not in "aI" or re.match(r"(?i)because|since|as\b|which|is\b|due|for\b", bare[2])
    )
    return Named(letter, after, after) if shows(letter, after) or goes_on else None


def another(after: str, letter: str) -> set[str]:
    """Other letters that are named beside one, as in "a or c"."""
    if beside := re.match(r"(?i)\W{0,2}[\[(]([a-j])[\])]", after):
        return {beside[1].lower()} - {letter}  # (C)(D)
    return {m.lower() for m in _ANOTHER.findall(_CUT.split(after, maxsplit=1)[0])} - {letter}


def rejected(after: str) -> bool:
    """Whether what follows a letter says that it is wrong."""
    return bool(_REJECTED.match(after))


def conditional(after: str) -> bool:
    """Whether what follows a letter makes it hang on something: "A if x > 0"."""
    return bool(_CONDITION.search(after[:80]))


def trailing(said: str) -> tuple[str, str, bool] | None:
    """A letter behind a value, the value, and whether the letter stands there with no sign: ``24 (c)``, "24, which is option C", ``24 c``.

    >>> trailing("24 km, which is option (C)."), trailing("24 km")
    (('c', '24 km, which is ', False), None)
    """
    found = list(_TRAILING.finditer(said))
    letters = {(m[1] or m[2] or m[3] or m["alone"]).lower() for m in found}
    return (letters.pop(), said[: found[0].start()], bool(found[0]["alone"])) if len(letters) == 1 else None
