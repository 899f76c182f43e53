"""Which option a freely written reply ticks. Models of the hub write as they like: this reads what they mean, or nothing.

    **Answer: (c)**        The correct answer is c) 24.        So option C is right.        \\boxed{24}        24 km

The last statement that names an answer counts. A letter goes before a value, as in marking. Two letters, a refusal, or a value that
no option shows leave the question unanswered, which is an outcome of its own: nothing is guessed.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import NamedTuple

from studentsim.records import Question
from studentsim.student.answer_parsing.agreement import alone, value_letter
from studentsim.student.answer_parsing.claims import Reading, last_match, resolve, whole_reply, with_unit
from studentsim.student.answer_parsing.listed import without_list
from studentsim.student.answer_parsing.options import Options, options_of
from studentsim.student.answer_parsing.reasoning import first_answer, without_reasoning
from studentsim.student.answer_parsing.statements import Kind, Statement, statements
from studentsim.student.answer_parsing.unstated import refuses, unstated, without_farewell
from studentsim.student.plain import single_spaced, undressed

LONGEST = 12_000
"""Characters that are looked at, from the end: a reply of 4,096 tokens has about as many."""
LONGEST_VALUE = 200
"""Characters of the value that is handed on."""
LONGEST_RAW = 200_000
"""Characters of a reply that are searched for thinking aloud, from the end."""

ENOUGH = 6
"""Statements that name an answer, counted from the end, after which no earlier one is looked at."""

_RETRACTED = re.compile(
    r"(?i)\b(?:wait|w?hoops|oops|scratch that|hold on|correction(?! of)|that(?:'s| is| was)(?: actually| clearly)? (?:wrong|"
    r"incorrect|not right|a mistake)|(?:can't|cannot) be right|"
    r"i (?:made|was|have made) (?:a |an )?(?:mistake|error|wrong|mistaken)|let me (?:re-?check|re-?do|correct))\b"
)
_NUMBER = re.compile(r"\W{0,3}\d[\d.,/]{0,20}\s?\w{0,10}\W{0,3}")
_RULE = re.compile(r"(?m)^[ ]?[-=_*]{3,}[ ]?\n")
"""A line across the page, as below a heading."""
_GOES_ON = re.compile(r"[^.!\n]{0,40}\b(?:[Nn]o|[Bb]ut|[Ww]ait)\b")
_MARK = re.compile(r"(?im)^[ ]{0,8}[\[(]?([a-j])[\])]")
"""A line that begins with an option's mark."""
_CONFIRMED = re.compile(r"(?i)\b(?:yes|correct|confirm(?:s|ed)?|matches|indeed|right)\b")


class ReadReply(NamedTuple):
    """What a reply says its answer is. ``value_letter``: the option that the value written beside the letter shows; None where no letter
    is named, no value stands beside it, or no single option shows it. Where it is not ``letter``, the two disagree.
    """

    letter: str | None
    value: str | None
    value_letter: str | None


def read_reply(text: str, question: Question, *, ended: bool | None = None) -> tuple[str | None, str | None]:
    """The chosen letter and the value written, either None where there is none; see ``read_reply_full``."""
    return read_reply_full(text, question, ended=ended)[:2]


def read_reply_full(text: str, question: Question, *, ended: bool | None = None) -> ReadReply:
    """The chosen letter, the value written, and the option that the value shows, each None where there is none.

    The letter counts, whatever value stands beside it.

    ``ended``: whether the model ended its reply itself. Of one that was cut off (False) only what it states as its answer is read, up
    to the last whole word: its last line is none. A reply that had gone on to another question had ended its answer to this one.
    """
    options = options_of(question.options, question.problem)
    whole = without_reasoning(single_spaced(text[-LONGEST_RAW:]))
    reply = first_answer(whole, question.problem, options.texts)
    cut_off = ended is False and whole.endswith(reply)
    if cut_off:
        reply = _up_to_the_last_word(reply)
    reply = _RULE.sub("", reply)
    reply = without_farewell(undressed(reply[-LONGEST:]).strip()[-LONGEST:])
    if not cut_off and (found := whole_reply(reply, options)):
        return _told(found, options)
    several = len({mark.lower() for mark in _MARK.findall(reply)}) > 1
    reply = without_list(reply, options)
    reading = _stated(reply, options)
    if reading is None and not cut_off:
        lines = [(line, r) for line in unstated(reply) if (r := _line(line, options, several))]
        if refuses(reply):  # "e) cannot be determined" may be an option
            lines = [(line, r) for line, r in lines if line.strictly and r.letter in options.whole(r.value or "")]
        reading = lines[0][1] if lines else None
    return _told(reading, options) if reading else ReadReply(None, None, None)


def _told(reading: Reading, options: Options) -> ReadReply:
    shown = value_letter(reading, options)
    return ReadReply(reading.letter, reading.value and reading.value[:LONGEST_VALUE], shown)


def _up_to_the_last_word(text: str) -> str:
    """Without a last word that may be half of one: 12 of 120; (c) is whole."""
    text = text.rstrip()
    return text if re.search(r"[)\]}*!?]$|[A-Za-z]\.$", text) else text[: max(text.rfind(" "), text.rfind("\n"), 0)]


def _stated(reply: str, options: Options) -> Reading | None:
    """What the reply's statements come to: the last of the best kind, unless one that is no worse says otherwise."""
    found = list(islice(((s, r) for s in statements(reply) if (r := _read(s, options))), ENOUGH))
    if not found:
        return None
    surest = max(s.kind for s, _ in found)
    if surest == Kind.HEDGED:
        return found[0][1]
    firm = [(s, r) for s, r in found if s.kind > Kind.HEDGED]
    statement, reading = firm[0]
    if _taken_back(reply[statement.at :]):
        return Reading(None, reading.value)
    if any(s.form == "correction" and r.letter == reading.letter for s, r in firm[:2]):
        return reading
    others = [(s, r) for s, r in firm[1:] if r.letter != reading.letter and r.letter]
    if others and _asks_another(between := reply[others[0][0].at : statement.at]) and not _RETRACTED.search(between):
        return Reading(None, reading.value)
    if others and not reading.sure and others[0][1].sure:
        return Reading(None, reading.value)  # the later one may be of another question
    if (
        others
        and reading.letter
        and statement.kind < others[0][0].kind
        and not _RETRACTED.search(reply[others[0][0].at : statement.at])
    ):
        return Reading(None, reading.value)
    return reading


def _asks_another(between: str) -> bool:
    """Whether a paragraph between two answers asks a question that is not answered at once; or nothing stands between them."""
    if not re.search(r"[.!?;\n]|\b(?:not|but|no)\b", between):
        return True  # "the answer is a and the answer is b"
    asked = [p.partition("?") for p in between.split("\n\n")[1:]]
    return any(mark and len(before) >= 20 and not _GOES_ON.match(after) for before, mark, after in asked)


def _taken_back(after: str) -> bool:
    """Whether an answer is taken back behind it, and no other given."""
    found = last_match(_RETRACTED, after[:2000])
    return bool(found) and not _CONFIRMED.search(after[found.end() :])


def _read(statement: Statement, options: Options) -> Reading | None:
    form = statement.form
    if form == "none":
        return Reading(options.none, statement.said)
    if form in ("A:", "A."):
        return _a_line(statement, options)
    reading = resolve(statement.said, options, strictly=statement.strictly, last=statement.last)
    if form == "correction" and reading and not reading.letter and not _NUMBER.fullmatch(statement.said):
        return None
    if reading is None or form not in ("pick", "first", "subject", "letter"):
        return reading
    if form in ("pick", "first") and reading.letter and re.match(r"\W*\d", statement.said):
        if form == "pick" or not statement.last or len(statement.said.split()) > 3:
            return None  # "we choose 2 of 5": nobody says that this is the answer
    return reading if reading.letter or form != "subject" else None


def _a_line(statement: Statement, options: Options) -> Reading | None:
    """``A: 18`` says "Answer: 18", unless option a is 18. A stop for the colon may be either, so that it counts where both agree."""
    reading = resolve(statement.said, options, strictly=statement.strictly, last=statement.last)
    if reading is None or reading.letter is None:
        return None
    if "a" in options.whole(statement.said) and reading.letter != "a":
        return Reading("a" if statement.form == "A." else None, reading.value)
    if statement.form == "A." and reading.letter != "a":
        return Reading(None, reading.value)
    return reading


def _line(line: Statement, options: Options, several: bool) -> Reading | None:
    """``several``: lines of the reply begin with several letters, as where it writes the options out, so that one of them says little."""
    if line.form == "tail":
        return with_unit(line.said, options, strictly=line.strictly)
    reading = resolve(line.said, options, strictly=line.strictly, last=line.last)
    if (
        reading
        and reading.letter == "a"
        and re.match(r"\s*(?:[Aa]\s?:|A\s?\.)\s*\S", line.said)
        and reading.letter not in options.shown(reading.value or "")
    ):
        return None  # "A:" is as good as "Answer:"
    if line.form == "clause" and (not reading or not reading.letter or not reading.sure):
        return None  # the sentence as a whole may say more
    if reading and not reading.sure and (several or not alone(reading.value, options)):
        return Reading(None, reading.value)  # "a) 36 x 5 = 980" may be a step of the working
    return reading
