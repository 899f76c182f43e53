"""Where a reply names its answer: "The answer is …", "Answer: …", "Option C is correct", "That leaves C", ``A: 18``, a last line.

A statement that is denied, supposed, asked or ascribed to others is none. Every pattern is tried once at each place and looks a bounded
number of characters ahead or back; at most ``MOST`` statements are looked at, the last ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

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


_BE = (
    r"(?:is|was|are|be|'s|(?:would|should|must|will|has to|have to|ought to|needs to|seems to|appears to|"
    r"turns out to|turned out to|"
    r"looks to|comes out to|works out to|is going to)(?: most likely| probably| likely| therefore| then| only|"
    r" definitely)? be|can only be|(?:comes?|came) (?:out )?(?:to|as|at)|"
    r"works out (?:to|as|at)|equals?|becomes?|seems|"
    r"appears|looks like|remains|amounts to|(?P<maybe>(?:could|may|might) (?:well |also |possibly )?be))\b"
)
_LINK = (
    r"(?:\s*[\"')\]]?\s*(?::|=(?!=)|->|→|[-–—](?=[ ]))|"
    r"" + r"\s*[\"')\]]?(?<=[\s\"')\]\w])\s*" + _BE + r"(?:\s*[:=])?)"
)
_NOUN = (
    r"(?:(?<![A-Za-z])(?:(?:answer|ans|antwort|r[ée]ponse|respuesta|resposta|risposta|"
    r"response)s?(?:[ ](?:choice|option|letter))?|option|choice|letter|alternative|answer key|"
    r"(?P<weak>solution|result|output|key))\b\.?(?:[ ]\([^()\n]{1,40}\))?|(?:答案|选项|正确答案))"
)
_OF = r"(?:\s(?:to|for|of|here|in|from|we)\b[^.:\n=]{0,80}?)?"
_NAMES = re.compile(f"(?i){_NOUN}")
_NAMED = re.compile(rf"(?i){_OF}(?:(?P<chinese>(?<=[\u4e00-\u9fff])\s*[:是为選选]\s*)|{_LINK})")
_END = r"[^\w\n]{0,12}$"
_HEADED = re.compile(
    rf"(?im)^[^\w\n]{{0,12}}(?:(?:the|my)\s+)?(?:final\s+|correct\s+)?(?:answer|"
    rf"ans)\b\.?[ ]*(?=[\[(]?[a-j][\])]?{_END})"
)
_NUMBERED = re.compile(
    r"(?im)^[ ]*(?:(?:the|final|correct)[ ]){0,2}(?:answer|ans)\.?[ ]+(?=[-$€£₹]?[ ]?\.?\d[^\n]{0,30}$)"
)
_LIST_GOES_ON = re.compile(r"(?i)\s*[\[(]?b\s?[\]).:]")
_HEADING = re.compile(r"(?im)^[ ]*(?:(?:the|my)[ ])?(?:final[ ]|correct[ ])?answer[ .]*$")
_BRACKETED = re.compile(rf"(?m)^[ ]*(?=[\[(]{{2}}[A-Ja-j][\])]{{2}}{_END})")
_SUBJECT = re.compile(
    r"(?i)\s(?:is|are|was|must be|should be|seems|seems to be|appears to be|looks|has to be|(?P<would>would be))\s+"
    r"(?:therefore\s+|thus\s+|indeed\s+|clearly\s+|hence\s+|definitely\s+|also\s+|actually\s+|probably\s+|"
    r"most likely\s+)?"
    r"(?:(?:the|our|my|your)\s+(?:only\s+|single\s+|most likely\s+)?)?(?:(?:correct|right|best|final|closest|"
    r"accurate|true|most (?:appropriate|accurate|likely))\b"
    r"(?:\s+(?:answer|option|choice|one))?|answer\b)(?!\s*-|\s+(?:angle|triangle|only|if|when|but|"
    r"for the wrong|unless|way|order))"
)
_L = r"[\[(\"']?[A-Ja-j][\])\"']?"
_CAP = r"(?:[\[(\"'][A-Ja-j][\])\"']|[A-J]\b\)?|[b-j]\))"
_GO = r"(?=\s*(?:[.,;:!)\]]|$|\b(?:because|since|as|is (?:correct|right|the)|which|with|and|so|from)\b))"
_MENTIONS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?im)\b(?:is|be|matches|match|equals|gives|to|with|near|nearest|hence|thus|so|therefore|leaves|"
        rf"leaving|only)(?:\s*[,:])?\s+(?:only\s+|just\s+|us\s+with\s+|in\s+)?"
        rf"(?:the\s+)?(?:answer\s+)?(?:option|choice|letter)\s+(?={_L}{_GO}|[\[(][a-j][\])])",
        rf"(?im)^[ ]*(?:the\s+)?(?:correct\s+|right\s+|best\s+)(?:option|choice|letter)\s+(?={_L}{_END})",
        rf"(?m)\b(?:leaves|leaving|left with|left only|remaining is|"
        rf"remains only)\s+(?:us\s+)?(?:with\s+)?(?:only\s+|just\s+)?(?:[Oo]ption\s+|[Cc]hoice\s+|"
        rf"answer\s+)?(?={_CAP}{_GO})",
        rf"(?m)\b(?:[Ii]t|[Tt]his|[Tt]hat)(?:'s|\s(?:is|must be|should be|has to be))\s+(?:therefore\s+|"
        rf"actually\s+|definitely\s+|clearly\s+|probably\s+)?(?:[Oo]ption\s+|[Cc]hoice\s+|answer\s+)?(?={_CAP}{_GO})",
        rf"(?im)(?:^|[.!?;,]\s+)(?:so|thus|hence|therefore|actually|no|rather|wait|finally|correction|i mean|"
        rf"make that|sorry|or rather|looks like|must be|has to be|should be)\b[,:;]?\s+(?:wait,\s+)?(?:it's\s+|"
        rf"it is\s+|make that\s+)?"
        rf"(?:option\s+|choice\s+|answer\s+)?(?={_L}\s*[.!]?\s*$)",
        rf"(?im)\b(?:answer|ans)\b\.?[ ](?={_L}[ .,!)]*$)",
        r"(?m)(?:\b[Oo]nly\s+(?:[Oo]ption\s+|[Cc]hoice\s+|answer\s+)?)(?=\(?[A-J]\)?\s+(?:fits|works|remains|"
        r"is left|matches|satisfies|holds|is possible|survives|agrees|is consistent)\b)",
        r"(?m)(?:^|[.;]\s+|\bso\s+|\b[Ss]o,\s+)(?:[Oo]ption\s+)?(?=\(?[A-J]\)?\s+(?:remains|is left|it is|"
        r"matches|fits)\b)",
    )
)
_PICKS = re.compile(
    r"(?i)(?P<first>\b(?:i(?:'d|'ll|'m)?|let's|let me)\s+(?:would\s+|will\s+|think\s+|am\s+|have to\s+|"
    r"must\s+)?(?:say|guess|answer)\s+|\b(?:i(?:'d|'ll|'m)?|let's|let me)\s+(?:would\s+|will\s+|therefore\s+|"
    r"am\s+|have to\s+|must\s+|shall\s+)?)?"
    r"(?(first)|\b)(?:choose|pick|select|chose|picked|selected|go with|going with|went with|opt for|settle on|"
    r"tick|mark|vote for)\s+(?:is\s+)?|"
    r"\b(?:i'd|i would|i'll|i)\s+(?:say|guess|answer)\s+(?:it's\s+|it is\s+|that\s+)?"
)
_A_LINE = re.compile(r"(?m)^[ ]*A(?P<sign>[ ]?[:.])[ ]?(?=\S)")
_VERDICT = re.compile(
    r"(?im)^[ ]*(?:✓|✔|✅|☑)[ ]*[\[(]?(?P<b>[a-j])[\]).:][^\n]*$|"
    r"^[ ]*(?:option[ ])?[\[(]?(?P<a>[a-j])[\]).:][^\n]{0,200}?(?:✓|✔|✅|☑|"
    r"[-–—:=(←][ ]?(?:this is[ ])?(?:the[ ])?(?:correct|right|true)(?:[ ](?:answer|option|choice))?)[^\w\n]{0,20}$"
)
_NONE = re.compile(
    r"(?i)\bnone of (?:the|these)(?: given| listed| above| provided| available)? (?:options?|choices?|"
    r"answers?|values)\b|"
    r"\bno (?:correct |such |given |valid )?(?:option|choice)\b|\b(?:does not|doesn't|do not) match any\b|"
    r"\bnot (?:listed|among|in|one of|given|provided)(?: in| among)? (?:the |any )?(?:of the )?(?:given |"
    r"answer |provided |listed )?(?:options|choices|list|answers)\b"
)
_SUPPOSED = re.compile(
    r"(?i)\b(?:if|suppose|supposing|assume|assuming|imagine|whether|unless|pretend|had|were|why)\b[^,:;]{0,40}$"
)
_OF_OTHERS = re.compile(
    r"(?i)\b(?:wrong|incorrect|false|bad|tempting|initial|first|second|previous|earlier|original|other|"
    r"another|old|common|typical|naive|trap|possible|"
    r"no|any|each|every|neither|given|those|these|following|two|three|four|five|multiple|several|options?'? ?|"
    r"not the|n't the)\s+(?:correct\s+)?$"
)
_MISTAKEN = re.compile(
    r"(?i)\b(?:might|may|could|would) (?:think|say|believe|guess)|\btempt|\bmistake(?:n|nly)?\b|"
    r"\bnot true that\b|\bwrong to\b|\bnot (?:think|believe|say)\b|\b(?:don't|doesn't|do not|didn't) (?:think|"
    r"believe|mean)\b"
)
_HEDGE = re.compile(r"(?i)\b(?:maybe|perhaps|possibly|might|could it|at first|initially|at first glance)\b")
_START = re.compile(r"[.!?;]\s|\n")


def statements(text: str) -> list[Statement]:
    """The statements of a text, the last first."""
    found = [*_named(text), *_mentioned(text), *_verdicts(text)]
    found.sort(key=lambda s: (s.at, s.kind), reverse=True)
    return found[:MOST]


def _named(text: str) -> Iterator[Statement]:
    for noun in list(_NAMES.finditer(text))[-4 * MOST :]:
        match = _NAMED.match(text, noun.end())
        if not match or (noun["weak"] and match[0].lstrip()[:2].lower() in ("to", "fo", "of", "he", "in", "fr", "we")):
            continue
        before = _before(text, noun.start())
        if match["maybe"] is None and "would" in match[0].lower() and re.search(r"(?i)\bif\b", before):
            continue
        if _SUPPOSED.search(before) or _OF_OTHERS.search(before) or _MISTAKEN.search(before):
            continue
        hedged = bool(match["maybe"] or noun["weak"] or _HEDGE.search(before))
        yield _statement(text, match.end(), Kind.HEDGED if hedged else Kind.ANSWER)
    for pattern in (_HEADED, _HEADING, _NUMBERED, _BRACKETED):
        for match in _last(pattern, text):
            yield _statement(text, match.end(), Kind.ANSWER)
    lines = list(_A_LINE.finditer(text))
    for match in lines[-MOST:]:
        yield _statement(text, match.end(), Kind.ANSWER, form="A" + match["sign"].strip())
    for match in _last(_NONE, text):
        if not _SUPPOSED.search(_before(text, match.start())):
            yield Statement(match.start(), match[0], Kind.MENTIONED, form="none")


def _mentioned(text: str) -> Iterator[Statement]:
    for pattern in _MENTIONS:
        for match in _last(pattern, text):
            before = _before(text, match.end())
            if not (
                _SUPPOSED.search(before)
                or _MISTAKEN.search(before)
                or re.search(r"(?i)\b(?:not|n't|never)\W+(?:\w+\W+){0,3}$", before)
            ):
                hedged = _HEDGE.search(before)
                yield _statement(text, match.end(), Kind.HEDGED if hedged else Kind.MENTIONED, form="letter")
    for match in _last(_SUBJECT, text):
        before = _before(text, match.start())
        after = text[match.end() : match.end() + 60].split(".")[0].split("\n")[0]
        if match["would"] and re.search(r"(?i)\bif\b", before + after):
            continue
        if not (_SUPPOSED.search(before) or _MISTAKEN.search(before) or after.lstrip().startswith("?")):
            subject = re.split(
                r"(?i)[,:]\s+(?=[A-Za-z(])|\b(?:that|so|but|hence|therefore|thus|think|believe|means|mean|"
                r"implies|conclude|shows|because|since|"
                r"while|whereas|know|see)\b(?!\))",
                before,
            )[-1]
            yield Statement(
                match.start(),
                subject.strip(),
                Kind.HEDGED if _HEDGE.search(before) else Kind.MENTIONED,
                True,
                form="subject",
            )
    for match in _last(_PICKS, text):
        before = _before(text, match.start())
        if not (
            _SUPPOSED.search(before) or re.search(r"(?i)(?:\bnot|n't|\bnever|\bwould|\bmight|\bcould)\s+$", before)
        ):
            said = _statement(
                text, match.end(), Kind.MENTIONED, form="first" if re.match(r"(?i)i\b|i'|let", match[0]) else "pick"
            )
            yield Statement(said.at, said.said, said.kind, True, said.last, said.form)


def _verdicts(text: str) -> Iterator[Statement]:
    """One listed option that is marked as right; two marked so are none."""
    found = [m for m in _VERDICT.finditer(text) if not re.search(r"(?i)\b(?:in|not |n't )correct\W*$|incorrect", m[0])]
    if len({(m["a"] or m["b"]).lower() for m in found}) == 1:
        yield Statement(
            found[-1].start(), (found[-1]["a"] or found[-1]["b"]) + ")", Kind.MENTIONED, True, form="letter"
        )


def _last(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    return list(pattern.finditer(text))[-MOST:]


def _before(text: str, at: int) -> str:
    """The sentence's part before a place."""
    return re.split(r"(?i)\b(?:but|however|yet)\b", _START.split(text[max(0, at - BACK) : at])[-1])[-1]


def _statement(text: str, at: int, kind: Kind, form: str = "") -> Statement:
    """What is said from a place on: the rest of the line, or the next line where the rest is blank."""
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    strictly = False
    if not text[at:end].strip(" \"'*:"):
        begin = end + (len(text[end : end + 20]) - len(text[end : end + 20].lstrip()))
        strictly, following = True, text.find("\n", begin)
        start, end = begin, len(text) if following < 0 else following
        if _LIST_GOES_ON.match(text, end):
            start = end  # the options follow, not one of them
    else:
        start = at
    return Statement(
        at, text[start : min(end, start + AHEAD)], kind, strictly, not text[end : end + 200].strip(' \n."}`*'), form
    )
