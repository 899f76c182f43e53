"""Parses a language model's free-form reply: which option it chooses, or none.

    **Answer: (c)**        The correct answer is c) 24.        So option C is right.        \\boxed{24}        24 km

The last statement of an answer counts, and a letter takes precedence over a value. Two letters, a refusal, or a value that no option
shows leave the question unanswered; nothing is guessed.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import NamedTuple

from studentsim.student.answer_parsing.agreement import find_value_letter, is_lone_value
from studentsim.student.answer_parsing.claims import (
    ResolvedAnswer,
    last_match,
    resolve_answer,
    resolve_whole_reply,
    resolve_with_unit,
)
from studentsim.student.answer_parsing.listed import remove_listed_options
from studentsim.student.answer_parsing.options import ParsedOptions, parse_options
from studentsim.student.answer_parsing.reasoning import strip_reasoning, truncate_at_next_question
from studentsim.student.answer_parsing.statements import Statement, StatementKind, find_statements
from studentsim.student.answer_parsing.text_cleaning import collapse_whitespace, strip_markup
from studentsim.student.answer_parsing.unstated import find_unmarked_statements, is_refusal, remove_farewell
from studentsim.types import Question

MAX_REPLY_CHARS = 12_000
"""Characters parsed, from the end; about 4,096 tokens."""
MAX_VALUE_CHARS = 200
"""Characters of the value returned."""
MAX_RAW_CHARS = 200_000
"""Characters searched for reasoning tags, from the end."""

MAX_RESOLVED_STATEMENTS = 6
"""Statements with an answer that are compared, counted from the end."""

_RETRACTION = re.compile(
    r"(?i)\b(?:wait|w?hoops|oops|scratch that|hold on|correction(?! of)|that(?:'s| is| was)(?: actually| clearly)? (?:wrong|"
    r"incorrect|not right|a mistake)|(?:can't|cannot) be right|"
    r"i (?:made|was|have made) (?:a |an )?(?:mistake|error|wrong|mistaken)|let me (?:re-?check|re-?do|correct))\b"
)
_LONE_NUMBER = re.compile(r"\W{0,3}\d[\d.,/]{0,20}\s?\w{0,10}\W{0,3}")
_HORIZONTAL_RULE = re.compile(r"(?m)^[ ]?[-=_*]{3,}[ ]?\n")
"""A horizontal rule."""
_IMMEDIATE_OBJECTION = re.compile(r"[^.!\n]{0,40}\b(?:[Nn]o|[Bb]ut|[Ww]ait)\b")
_OPTION_MARK = re.compile(r"(?im)^[ ]{0,8}[\[(]?([a-j])[\])]")
"""A line that begins with an option's mark."""
_CONFIRMATION = re.compile(r"(?i)\b(?:yes|correct|confirm(?:s|ed)?|matches|indeed|right)\b")


class ParsedReply(NamedTuple):
    """A reply's answer."""

    letter: str | None
    """The option chosen."""
    value: str | None
    """The value written."""
    value_letter: str | None
    """The option that the value beside the letter shows, see ``agreement.find_value_letter``; it may contradict ``letter``."""


def parse_reply_full(text: str, question: Question, *, ended: bool | None = None) -> ParsedReply:
    """The chosen letter, the value written, and the option that the value shows, each None where there is none.

    ``ended``: whether the model ended its reply. In one that was cut off (False) only explicit statements count, up to the last whole
    word, unless the reply had gone on to another question.
    """
    options = parse_options(question.options, question.problem)
    full_reply = strip_reasoning(collapse_whitespace(text[-MAX_RAW_CHARS:]))
    reply = truncate_at_next_question(full_reply, question.problem, options.option_keys)
    is_cut_off = ended is False and full_reply.endswith(reply)
    if is_cut_off:
        reply = _drop_partial_word(reply)
    reply = _HORIZONTAL_RULE.sub("", reply)
    reply = remove_farewell(strip_markup(reply[-MAX_REPLY_CHARS:]).strip()[-MAX_REPLY_CHARS:])
    if not is_cut_off and (resolved_reply := resolve_whole_reply(reply, options)):
        return _to_parsed_reply(resolved_reply, options)
    has_several_marks = len({mark.lower() for mark in _OPTION_MARK.findall(reply)}) > 1
    reply = remove_listed_options(reply, options)
    resolved = _resolve_statements(reply, options)
    if resolved is None and not is_cut_off:
        lines = [
            (line, r)
            for line in find_unmarked_statements(reply)
            if (r := _resolve_line(line, options, has_several_marks))
        ]
        if is_refusal(reply):  # "e) cannot be determined" may be an option
            lines = [
                (line, r) for line, r in lines if line.exact_only and r.letter in options.match_whole(r.value or "")
            ]
        resolved = lines[0][1] if lines else None
    return _to_parsed_reply(resolved, options) if resolved else ParsedReply(None, None, None)


def _to_parsed_reply(resolved: ResolvedAnswer, options: ParsedOptions) -> ParsedReply:
    shown_letter = find_value_letter(resolved, options)
    return ParsedReply(resolved.letter, resolved.value and resolved.value[:MAX_VALUE_CHARS], shown_letter)


def _drop_partial_word(text: str) -> str:
    """Remove a last word that may be incomplete: 12 of 120, but not (c)."""
    text = text.rstrip()
    return text if re.search(r"[)\]}*!?]$|[A-Za-z]\.$", text) else text[: max(text.rfind(" "), text.rfind("\n"), 0)]


def _resolve_statements(reply: str, options: ParsedOptions) -> ResolvedAnswer | None:
    """The answer of the last firm statement; without a letter where an earlier one contradicts it and nothing was retracted."""
    resolvable = ((s, r) for s in find_statements(reply) if (r := _resolve_statement(s, options)))
    candidates = list(islice(resolvable, MAX_RESOLVED_STATEMENTS))
    if not candidates:
        return None
    best_kind = max(s.kind for s, _ in candidates)
    if best_kind == StatementKind.HEDGED:
        return candidates[0][1]
    firm_candidates = [(s, r) for s, r in candidates if s.kind > StatementKind.HEDGED]
    statement, resolved = firm_candidates[0]
    if _is_retracted(reply[statement.start :]):
        return ResolvedAnswer(None, resolved.value)
    if any(s.form == "correction" and r.letter == resolved.letter for s, r in firm_candidates[:2]):
        return resolved
    others = ((s, r) for s, r in firm_candidates[1:] if r.letter != resolved.letter and r.letter)
    other_statement, other = next(others, (None, None))
    if other_statement is None:
        return resolved
    between = reply[other_statement.start : statement.start]
    is_other_firmer = resolved.letter and statement.kind < other_statement.kind
    is_unresolved = (_asks_another_question(between) or is_other_firmer) and not _RETRACTION.search(between)
    # An uncertain later answer may be to another question.
    if is_unresolved or (not resolved.is_certain and other.is_certain):
        return ResolvedAnswer(None, resolved.value)
    return resolved


def _asks_another_question(between: str) -> bool:
    """Whether, between two answers, a paragraph asks a question that is not answered at once, or there is no sentence at all."""
    if not re.search(r"[.!?;\n]|\b(?:not|but|no)\b", between):
        return True  # "the answer is a and the answer is b"
    paragraphs = [p.partition("?") for p in between.split("\n\n")[1:]]
    return any(
        mark and len(before) >= 20 and not _IMMEDIATE_OBJECTION.match(after) for before, mark, after in paragraphs
    )


def _is_retracted(after: str) -> bool:
    """Whether an answer is retracted after it and not confirmed again."""
    retraction = last_match(_RETRACTION, after[:2000])
    return bool(retraction) and not _CONFIRMATION.search(after[retraction.end() :])


def _resolve_statement(statement: Statement, options: ParsedOptions) -> ResolvedAnswer | None:
    form = statement.form
    if form == "none":
        return ResolvedAnswer(options.none_letter, statement.text)
    if form in ("A:", "A."):
        return _resolve_a_line(statement, options)
    resolved = resolve_answer(statement.text, options, exact_only=statement.exact_only, is_last=statement.is_last)
    if form == "correction" and resolved and not resolved.letter and not _LONE_NUMBER.fullmatch(statement.text):
        return None
    if resolved is None or form not in ("pick", "first", "subject", "letter"):
        return resolved
    if form in ("pick", "first") and resolved.letter and re.match(r"\W*\d", statement.text):
        if form == "pick" or not statement.is_last or len(statement.text.split()) > 3:
            return None  # "we choose 2 of 5" states no answer
    return resolved if resolved.letter or form != "subject" else None


def _resolve_a_line(statement: Statement, options: ParsedOptions) -> ResolvedAnswer | None:
    """``A: 18`` means "Answer: 18", unless option a is 18. ``A. 18`` may mean either, and counts where both agree."""
    resolved = resolve_answer(statement.text, options, exact_only=statement.exact_only, is_last=statement.is_last)
    if resolved is None or resolved.letter is None:
        return None
    if "a" in options.match_whole(statement.text) and resolved.letter != "a":
        return ResolvedAnswer("a" if statement.form == "A." else None, resolved.value)
    if statement.form == "A." and resolved.letter != "a":
        return ResolvedAnswer(None, resolved.value)
    return resolved


def _resolve_line(line: Statement, options: ParsedOptions, has_several_marks: bool) -> ResolvedAnswer | None:
    """The answer in an unmarked line; ``has_several_marks``: lines begin with several letters, so that a letter alone is uncertain."""
    if line.form == "tail":
        return resolve_with_unit(line.text, options, exact_only=line.exact_only)
    resolved = resolve_answer(line.text, options, exact_only=line.exact_only, is_last=line.is_last)
    if (
        resolved
        and resolved.letter == "a"
        and re.match(r"\s*(?:[Aa]\s?:|A\s?\.)\s*\S", line.text)
        and resolved.letter not in options.match_whole_or_value(resolved.value or "")
    ):
        return None  # "A:" means "Answer:"
    if line.form == "clause" and (not resolved or not resolved.letter or not resolved.is_certain):
        return None  # the whole sentence may have an answer
    if resolved and not resolved.is_certain and (has_several_marks or not is_lone_value(resolved.value, options)):
        return ResolvedAnswer(None, resolved.value)  # "a) 36 x 5 = 980" may be a step of the solution
    return resolved
