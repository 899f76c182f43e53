"""What a trained marker reads, in the source paper's words, and the two words it may say. No torch here.

    Context: d) 248.22
    Answer: "Answer: 248.22"
    Is the answer Correct or Wrong?

Of an answer it reads what ``read_answer`` reads: the last line that begins with ``Answer:``, and some of what follows; without
such a line, its end, or its beginning and its end (replies of language models often tick an option first, and explain it then). How much
is ``MAX_ANSWER_CHARS`` characters for the embedded marker, and what fits into 128 tokens for others (encoding.py). The working
before it cannot change the mark, would not fit into the paper's 128 tokens, and is many times as long. Beyond the paper, a
fraction is followed by its decimal value: ``1/2 (0.5)``.
"""

from __future__ import annotations

import re

from studentsim.types import Question

CORRECT, WRONG = "Correct", "Wrong"
"""The paper's targets."""

TARGETS: tuple[str, str] = (CORRECT, WRONG)
PROMPT_START, PROMPT_MIDDLE, PROMPT_END = "Context: ", '\nAnswer: "', '"\nIs the answer Correct or Wrong?'
"""The parts of the paper's input that stand around the right option and the answer."""

MAX_ANSWER_CHARS = 128
"""Characters of an answer that are read; a value is read up to 120 by the key too."""

OMISSION_MARK = " ... "
"""Stands for what is left out between the two ends of a long answer."""

DECIMAL_PLACES = 4
"""Places to which a fraction is worked out."""

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
    """The marker's input for one answer: the right option, what the answer ends in, and the question put to the marker.

    Of the answer ``max_chars`` characters are read, of the right option ``max_option_chars`` (None: all). ``both_ends``: of a longer
    answer its beginning and its end, in place of its end alone. Quotation marks become apostrophes, so that no answer can end its own
    quotation and go on in the teacher's place.
    """
    excerpt = excerpt_both_ends(text, max_chars) if both_ends else excerpt_ending(text, max_chars)
    right, answer_text = question.correct_option, add_decimals_to_fractions(_replace_quotation_marks(excerpt))
    option_text = add_decimals_to_fractions(_replace_quotation_marks(" ".join(right.text.split())[:max_option_chars]))
    return f"{PROMPT_START}{right.letter}) {option_text}{PROMPT_MIDDLE}{answer_text}{PROMPT_END}"


def excerpt_ending(text: str, max_chars: int = MAX_ANSWER_CHARS) -> str:
    """The part of an answer that is judged: from its last ``Answer:`` line on; without one, its end.

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
    """The part of an answer that is judged, and of a longer one ``max_chars`` characters, half of them from either end.

    Language models often tick an option first and explain it at length, or change their mind in the last line.

    >>> excerpt_both_ends("b) 980\\n\\nJustification: the sum of both is 2200, so that it is b).", 14)
    'b) 980\\n ...  is b).'
    """
    judged_text = _extract_judged_text(text)
    if len(judged_text) <= max_chars:
        return judged_text
    end_chars = max_chars // 2
    return f"{judged_text[: max_chars - end_chars]}{OMISSION_MARK}{judged_text[len(judged_text) - end_chars :]}"


def add_decimals_to_fractions(text: str) -> str:
    """Each fraction followed by its decimal value: a marker has a calculator on the desk too, as the pupil has.

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
    """From the last ``Answer:`` line on, or all, without empty lines and needless spaces."""
    lines = (" ".join(line.split()) for line in text[_find_last_answer_line(text) :].split("\n"))
    return "\n".join(line for line in lines if line)


def _find_last_answer_line(text: str) -> int:
    starts = [match.start() for match in _ANSWER_LINE_PATTERN.finditer(text)]
    return starts[-1] if starts else 0


def _replace_quotation_marks(text: str) -> str:
    return re.sub('["“”„«»]', "'", text)
