"""A grader's input, in P0's words, and its two targets. No torch here.

    Context: d) 248.22
    Answer: "Answer: 248.22"
    Is the answer Correct or Wrong?

Of an answer it reads what ``parse_answer`` reads: the last line that begins with ``Answer:``, and some of what follows; without
such a line its end, or its beginning and its end (language models often choose an option first and then explain it). The embedded
grader reads ``MAX_ANSWER_CHARS`` characters, others what fits into 128 tokens (encoding.py). The working before that cannot
change the grade, and would not fit into P0's 128 tokens. Unlike in P0, a fraction is followed by its decimal value: ``1/2 (0.5)``.
"""

from __future__ import annotations

import re

from studentsim.types import Question

CORRECT, WRONG = "Correct", "Wrong"
"""P0's targets."""

TARGETS: tuple[str, str] = (CORRECT, WRONG)
PROMPT_START, PROMPT_MIDDLE, PROMPT_END = "Context: ", '\nAnswer: "', '"\nIs the answer Correct or Wrong?'
"""The parts of P0's input around the correct option and the answer."""

MAX_ANSWER_CHARS = 128
"""Characters of an answer that are read; the key reads 120 of a value."""

OMISSION_MARK = " ... "
"""Replaces what is left out between the two ends of a long answer."""

DECIMAL_PLACES = 4
"""Decimal places of a fraction's value."""

_FRACTION_PATTERN = re.compile(r"(?<![\d/.,])(\d[\d,]{0,9}) ?/ ?(\d[\d,]{0,9})(?![\d/]|[.,]\d)")
_ANSWER_LINE_PATTERN = re.compile(r"(?im)^\s*answer\s*[:=]\s*\S")


def build_grader_prompt(
    question: Question,
    text: str,
    *,
    max_chars: int = MAX_ANSWER_CHARS,
    max_option_chars: int | None = None,
    both_ends: bool = False,
) -> str:
    """The grader's input for one answer: the correct option, an excerpt of the answer, and the question put to the grader.

    The excerpt has ``max_chars`` characters, of a longer answer its end or, with ``both_ends``, half from either end; the correct
    option has ``max_option_chars`` (None: all). Quotation marks become apostrophes, so that no answer can close its quotation and
    continue as the teacher.
    """
    excerpt = excerpt_both_ends(text, max_chars) if both_ends else excerpt_ending(text, max_chars)
    correct, answer_text = question.correct_option, add_decimals_to_fractions(_replace_quotation_marks(excerpt))
    option_text = add_decimals_to_fractions(_replace_quotation_marks(" ".join(correct.text.split())[:max_option_chars]))
    return f"{PROMPT_START}{correct.letter}) {option_text}{PROMPT_MIDDLE}{answer_text}{PROMPT_END}"


def excerpt_ending(text: str, max_chars: int = MAX_ANSWER_CHARS) -> str:
    """The part of an answer that is graded: from its last ``Answer:`` line on or, without one, its end.

    >>> excerpt_ending("Add: 2 + 3 = 5\\nAnswer: 4\\nAnswer:   5 cm\\nDone.")
    'Answer: 5 cm\\nDone.'
    """
    judged_text = _extract_judged_text(text)
    return (
        judged_text[:max_chars]
        if _ANSWER_LINE_PATTERN.match(judged_text)
        else judged_text[len(judged_text) - min(max_chars, len(judged_text)) :]
    )


def excerpt_both_ends(text: str, max_chars: int) -> str:
    """The part of an answer that is graded; of a longer one ``max_chars`` characters, half of them from either end.

    Language models often choose an option first and explain it at length, or change their mind in the last line.

    >>> excerpt_both_ends("b) 980\\n\\nJustification: the sum of both is 2200, so that it is b).", 14)
    'b) 980\\n ...  is b).'
    """
    judged_text = _extract_judged_text(text)
    if len(judged_text) <= max_chars:
        return judged_text
    end_chars = max_chars // 2
    return f"{judged_text[: max_chars - end_chars]}{OMISSION_MARK}{judged_text[len(judged_text) - end_chars :]}"


def add_decimals_to_fractions(text: str) -> str:
    """Append its decimal value to each fraction: the grader gets a calculator, as the student does.

    >>> add_decimals_to_fractions("Answer: 136/5 km")
    'Answer: 136/5 (27.2) km'
    """
    return _FRACTION_PATTERN.sub(_append_decimal, text)


def _append_decimal(match: re.Match[str]) -> str:
    numerator, denominator = (int(part.replace(",", "")) for part in match.groups())
    if not denominator:
        return match[0]
    value = f"{numerator / denominator:.{DECIMAL_PLACES}f}".rstrip("0").rstrip(".")
    return f"{match[0]} ({value})"


def _extract_judged_text(text: str) -> str:
    """The text from its last ``Answer:`` line on, or all of it, without empty lines and repeated spaces."""
    lines = (" ".join(line.split()) for line in text[_find_last_answer_line(text) :].split("\n"))
    return "\n".join(line for line in lines if line)


def _find_last_answer_line(text: str) -> int:
    starts = [match.start() for match in _ANSWER_LINE_PATTERN.finditer(text)]
    return starts[-1] if starts else 0


def _replace_quotation_marks(text: str) -> str:
    return re.sub('["“”„«»]', "'", text)
