"""What a trained marker reads, in the source paper's words, and the two words it may say. No torch here.

    Context: d) 248.22
    Answer: "Answer: 248.22"
    Is the answer Correct or Wrong?

Of an answer it reads what ``read_answer`` reads: the last line that begins with ``Answer:``, and some of what follows; without
such a line, its end, or its beginning and its end (replies of language models often tick an option first, and explain it then). How much
is ``LONGEST`` characters for the embedded marker, and what fits into 128 tokens for others (encoding.py). The working
before it cannot change the mark, would not fit into the paper's 128 tokens, and is many times as long. Beyond the paper, a
fraction is followed by its decimal value: ``1/2 (0.5)``.
"""

from __future__ import annotations

import re

from studentsim.records import Question

CORRECT, WRONG = "Correct", "Wrong"
"""The paper's targets."""

TARGETS: tuple[str, str] = (CORRECT, WRONG)
BEGIN, MIDDLE, FINISH = "Context: ", '\nAnswer: "', '"\nIs the answer Correct or Wrong?'
"""The parts of the paper's input that stand around the right option and the answer."""

LONGEST = 128
"""Characters of an answer that are read; a value is read up to 120 by the key too."""

GAP = " ... "
"""Stands for what is left out between the two ends of a long answer."""

DECIMALS = 4
"""Places to which a fraction is worked out."""

_FRACTION = re.compile(r"(?<![\d/.,])(\d[\d,]{0,9}) ?/ ?(\d[\d,]{0,9})(?![\d/]|[.,]\d)")
_LAST = re.compile(r"(?im)^\s*answer\s*[:=]\s*\S")


def prompt(
    question: Question, text: str, *, longest: int = LONGEST, option_longest: int | None = None, both_ends: bool = False
) -> str:
    """The marker's input for one answer: the right option, what the answer ends in, and the question put to the marker.

    Of the answer ``longest`` characters are read, of the right option ``option_longest`` (None: all). ``both_ends``: of a longer
    answer its beginning and its end, in place of its end alone. Quotation marks become apostrophes, so that no answer can end its own
    quotation and go on in the teacher's place.
    """
    excerpt = beginning_and_end(text, longest) if both_ends else ending(text, longest)
    right, said = question.right, worked_out(_quoted(excerpt))
    option = worked_out(_quoted(" ".join(right.text.split())[:option_longest]))
    return f"{BEGIN}{right.letter}) {option}{MIDDLE}{said}{FINISH}"


def ending(text: str, longest: int = LONGEST) -> str:
    """The part of an answer that is judged: from its last ``Answer:`` line on; without one, its end.

    >>> ending("Add: 2 + 3 = 5\\nAnswer: 4\\nAnswer:   5 cm\\nDone.")
    'Answer: 5 cm\\nDone.'
    """
    told = _judged(text)
    return told[:longest] if _LAST.match(told) else told[len(told) - min(longest, len(told)) :]


def beginning_and_end(text: str, longest: int) -> str:
    """The part of an answer that is judged, and of a longer one ``longest`` characters, half of them from either end.

    Language models often tick an option first and explain it at length, or change their mind in the last line.

    >>> beginning_and_end("b) 980\\n\\nJustification: the sum of both is 2200, so that it is b).", 14)
    'b) 980\\n ...  is b).'
    """
    told = _judged(text)
    if len(told) <= longest:
        return told
    last = longest // 2
    return f"{told[: longest - last]}{GAP}{told[len(told) - last :]}"


def worked_out(text: str) -> str:
    """Each fraction followed by its decimal value: a marker has a calculator on the desk too, as the pupil has.

    >>> worked_out("Answer: 136/5 km")
    'Answer: 136/5 (27.2) km'
    """
    return _FRACTION.sub(_with_decimal, text)


def _with_decimal(found: re.Match[str]) -> str:
    above, below = (int(part.replace(",", "")) for part in found.groups())
    if not below:
        return found[0]
    value = f"{above / below:.{DECIMALS}f}".rstrip("0").rstrip(".")
    return f"{found[0]} ({value})"


def _judged(text: str) -> str:
    """From the last ``Answer:`` line on, or all, without empty lines and needless spaces."""
    lines = (" ".join(line.split()) for line in text[_begin(text) :].split("\n"))
    return "\n".join(line for line in lines if line)


def _begin(text: str) -> int:
    found = [match.start() for match in _LAST.finditer(text)]
    return found[-1] if found else 0


def _quoted(text: str) -> str:
    return re.sub('["“”„«»]', "'", text)
