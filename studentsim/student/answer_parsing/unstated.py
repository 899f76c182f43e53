"""Lines that may be a reply's answer although nothing says so: the first and the last."""

from __future__ import annotations

import re
from collections.abc import Iterator

from studentsim.student.answer_parsing.claims import last_match, split_at_last_equals
from studentsim.student.answer_parsing.statements import MAX_STATEMENT_CHARS, Statement, StatementKind

_REFUSAL = re.compile(
    r"(?i)\b(?:cannot|can't|can not|could not|couldn't|unable to|not able to|don't know|do not know|not sure|"
    r"no idea|impossible to (?:say|tell|answer|determine)|"
    r"not enough information|insufficient|sorry|as an ai|need more information|not provided|unclear|"
    r"apologi[sz]e|no way to)\b"
)
_FAREWELL = re.compile(
    r"(?i)\bhope (?:this|that|it) helps|\blet me know\b|\bfeel free\b|\bhappy to help\b|\bany (?:other|"
    r"further|more) questions\b|\bgood luck\b"
)
_OPTION_LINE = re.compile(r"(?im)^[ ]*[\[(]?([a-j])(?:\s?[\])]|[.:])\s+\S")
_OPTION_MARK = re.compile(
    r"(?i)^(?:(?:option|choice)\s+[\[(]?[a-j]\b|[\[(]+\s*[a-j]\s*[\])]+|[a-j](?:\s?[\])]|[.:,;!](?=\s|$)|\s*$|"
    r"\s[-–—]\s))"
)
_WORKING_STEP = re.compile(
    r"(?i)^\W*(?:first|next|then|now|let|step|we (?:need|must|have to|can|should|are|know|add|subtract|"
    r"multiply|divide)|add|subtract|multiply|divide|"
    r"given|suppose|assume|if|to (?:find|get|solve)|consider|recall|note|there (?:were|are|is|was)|for|at|"
    r"since|because|when|a\b(?! total)|but)\b"
)
_CONCLUSION = re.compile(
    r"(?i)^\W*(?:so|therefore|thus|hence|finally|in total|altogether|in all|this (?:means|gives)|"
    r"that (?:means|gives)|it follows)\b"
)
_SENTENCE_BREAK = re.compile(r"(?<=[a-z\d)%°.][.!?])\s+(?=[A-Z(])")
_INLINE_MARK = re.compile(r"(?<!\w)([a-j])(?:\s?\)|[.:](?=\s))")
_TRAILING_CLAUSE = re.compile(
    r"(?i)\s(?:between|for|left|on|each|every|that|which|until|when|after|before|by|more|less|fewer|faster|in|"
    r"if|to|at|worth|so|because|since|as|who|while|from)\b|\s?/\s?[a-z]{3,}"
)
_IS_VALUE = re.compile(r"(?i)\b(?:is|are|equals)\s+(\S+(?:\s\S+){0,3})$")
_TRAILING_EMOJI = re.compile(r"[ ]?[✓✔✅☑👍🎉🙂😊]{1,5}$")
_CONCLUDING_CLAUSE = re.compile(
    r"(?i)[,;]\s(?:and\s)?(?:so(?!\s(?:is|are|was|were|does|do|did|has)\b)|thus|hence|therefore)\b,?\s+"
)
_VALUE_LEAD_IN = re.compile(
    r"(?i)(?:there\s(?:are|is|were|was)|(?:it|that|this)(?:'s|\sis)|(?:i|we|he|she|it|they|you|[A-Z][a-z]{1,15})\s"
    r"(?:has|have|had|gets?|needs?|pays?|earns?|makes?|will\shave|must\sbe))\s+(?=\S+(?:\s\S+){0,2}$)"
)
_VERB_BEFORE_END = re.compile(
    r"(?i)\b(?:is|are|was|were|equals|takes|took|lasts?|lasted|costs?|has|have|had|gets?|got|makes?|needs?|left)\s+"
)
_NEGATED_EQUALITY = re.compile(r"(?i)(?:\bnot|n't|\bnever)\s+\S{1,20}\s*$")
_DENIAL = re.compile(
    r"(?i)^\W*(?:let|suppose|assume|if|given|consider|say|where|since|because|as)\b|\b(?:answer|option|choice|"
    r"not|never|wrong|whether)\b|n't"
)
_DOUBT_WORDS = re.compile(
    r"(?i)\b(?:nobody|no one|hardly|scarcely|thinks?|thought|believes?|claims?|told|said|says|guess(?:ed|es)?|might|could|"
    r"would|should|supposed|wrongly|half|twice|double|each|both|two|another|without)\b|\?$"
)
"""Words in a sentence that mentions a value which need not be the answer."""
_TEMPTING_WORDS = re.compile(r"(?i)\b(?:tempting|tempted|common (?:error|mistake)|unlikely|doubtful|mistakenly)\b")
_SUPPOSITION = re.compile(r"(?i)^\W*(?:let|suppose|assume|consider|say|where)\b")
_VERBS = re.compile(
    r"(?i)\b(?:is|are|was|be|has|have|had|gets?|got|makes?|made|costs?|needs?|left|earns?|pays?|paid|spends?|"
    r"spent|will|takes?|gives?)\b"
)


def remove_farewell(text: str) -> str:
    """Remove a last line like "I hope this helps!".

    >>> remove_farewell("24 km\\n\\nI hope this helps!")
    '24 km'
    """
    body, _, last = text.rpartition("\n")
    return body.rstrip() if body.strip() and len(last) < 200 and _FAREWELL.search(last) else text


def is_refusal(text: str) -> bool:
    """Whether a reply says that it can give no answer."""
    return bool(_REFUSAL.search(text))


def find_unmarked_statements(text: str) -> Iterator[Statement]:
    """The first line if it begins with an option letter; the last, as far as it may be a value, a result or a conclusion."""
    lines = [_TRAILING_EMOJI.sub("", line.strip()) for line in text.splitlines() if re.search(r"[^\W_]", line)]
    lines = _remove_option_lists(lines)
    if not lines:
        return
    if len(lines) > 1 and re.fullmatch(r"A ?:", lines[0]):
        lines = lines[1:]  # "A:" means "Answer:"
    if _OPTION_MARK.match(lines[0]) and len(set(_INLINE_MARK.findall(lines[0].lower()))) < 3:
        yield Statement(0, lines[0][:MAX_STATEMENT_CHARS], StatementKind.LINE, True)
    last = lines[-1][-MAX_STATEMENT_CHARS:]
    if _OPTION_MARK.match(last):
        if len(set(_INLINE_MARK.findall(last.lower()))) > 2:
            return
        if len(last) == 1 and len(lines) > 1 and not re.search(rf"[\n:]\s*\n\s*{last}\s*$", text):
            return  # an unfinished line of a reply that was cut off
        yield Statement(0, last, StatementKind.LINE, True)
        return
    *_, sentence = _SENTENCE_BREAK.split(last)
    if _TEMPTING_WORDS.search(sentence):
        return
    if clause := last_match(_CONCLUDING_CLAUSE, sentence):
        clause_text = sentence[clause.end() :]
        yield Statement(0, clause_text, StatementKind.LINE, True, True, "clause")
        if verb := _VALUE_LEAD_IN.match(clause_text):
            yield Statement(0, clause_text[verb.end() :], StatementKind.LINE, True, True, "clause")
    if len(lines) == 1 and sentence == last and not (_DENIAL.search(last) or _DOUBT_WORDS.search(last)):
        if (verb := last_match(_VERB_BEFORE_END, sentence)) and not _WORKING_STEP.match(sentence):
            yield Statement(0, sentence[verb.end() :], StatementKind.LINE, False, True, "tail")
        yield Statement(0, sentence, StatementKind.LINE, bool(_WORKING_STEP.match(sentence)), True, "tail")
    if "=" in sentence:
        before, _, result = split_at_last_equals(sentence)
        if _SUPPOSITION.match(sentence) or _NEGATED_EQUALITY.search(before):
            return
        result = _TRAILING_CLAUSE.split(result, maxsplit=1)[0]
        if (
            re.search(r"(?i)=[^=]*\bor\b[^=\d]*$|=[^=]*\bor\s+\w+\s*$", before)
            or not re.search(r"\w", result)
            or len(result.split()) > 8
            or re.search(r"\s[.;]\s", result)
        ):
            return
        yield Statement(0, result, StatementKind.LINE, False, True)
    elif _is_lone_value(sentence):
        yield Statement(0, sentence, StatementKind.LINE, False, True)
    elif (
        len(lines) == 1 and sentence == last and (found := _IS_VALUE.search(sentence)) and not _DENIAL.search(sentence)
    ):
        yield Statement(0, found[1], StatementKind.LINE, False, True)
    elif _is_conclusion(sentence, has_context=len(lines) > 1 or sentence != last):
        yield Statement(0, sentence, StatementKind.LINE, False, True)


def _remove_option_lists(lines: list[str]) -> list[str]:
    """Remove repeated options: lines marked a, b, c … in order, and other marked lines unless all have the same letter."""
    remaining: list[str] = []
    run: list[str] = []
    for line in lines:
        marked = _OPTION_LINE.match(line)
        letter = marked[1].lower() if marked else ""
        if letter and letter == chr(ord("a") + len(run)):
            run.append(line)
            continue
        if len(run) == 1:
            remaining += run
        run = [line] if letter == "a" else []
        remaining += [] if letter == "a" else [line]
    remaining += run if len(run) == 1 else []
    letters = {marked[1].lower() for line in remaining if (marked := _OPTION_LINE.match(line))}
    return [line for line in remaining if not _OPTION_LINE.match(line)] if len(letters) > 1 else remaining


def _is_lone_value(sentence: str) -> bool:
    """Whether a sentence is little more than a value or an option's words."""
    is_unfinished = _CONCLUSION.match(sentence) and not re.search(r"[.!)%°]\W*$", sentence)
    return (
        len(sentence.split()) <= 8
        and not is_unfinished
        and not _VERBS.search(sentence)
        and not _WORKING_STEP.match(sentence)
    )


def _is_conclusion(sentence: str, has_context: bool) -> bool:
    """Whether it is a whole sentence that may conclude a solution."""
    is_whole = bool(re.search(r"[.!)]\W*$", sentence)) and len(sentence.split()) <= 40
    has_context = has_context or bool(re.search(r"(?i)\b(?:is|are|equals|comes to)\b", sentence))
    if re.match(r"\W*[\d.,]+\s+(?:is|are|was|were)\b", sentence):
        return False  # a statement about a number, not the answer
    return is_whole and (bool(_CONCLUSION.match(sentence)) or (has_context and not _WORKING_STEP.match(sentence)))
