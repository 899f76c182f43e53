"""A question's given answer as a text to learn from: the whole solution, its last step alone, or the option alone.

The paper (P0) prefers the whole rationale to what the student wrote. The two differ in style as well as in sense; the
shorter forms leave less of the style.
"""

from __future__ import annotations

import re

from studentsim.config import ChosenText
from studentsim.records import Option, Question

MOST_WORDS = 40
"""Words (what stands between blanks) of a last step at most; the line with the answer comes on top."""
FEW_WORDS = 3
"""A sentence of fewer words gets the one before, which says whence."""
LONG_SENTENCE = 25
"""Words from which on a sentence gives way to the last sum in it: many rationales of MathQA are one sentence from end to end."""
SHORT_SUM = 5
"""A sum of fewer words gets what stands before it."""
NAME_WORDS = 12
"""Words before a sum's first number that are taken to name it."""

_SENTENCE = re.compile(
    r"\n+|(?<=[^\s.\d])(?<!\b\w)(?<!\brs)(?<!\bno)(?<!\bapprox)[ \t]*[.!?;](?=\s)(?![\s.]*=)"
    r"|(?<=\d)[ \t]*[.!?;](?=[ \t]+[^\d\s.=])"
)
"""Where a sentence ends. A point between two numbers, after a letter that stands alone ("s . p .") or after "rs" is none."""
_LEADS_ON = re.compile(
    r"(?i)[\s,:;.∴]*\b(?:so|hence|thus|therefore|then|and|the|our|correct|right|final|best|required)[\s,:]*$"
)
"""What is left of "hence the correct answer is b" without its end."""
_CLAUSE = frozenset({"so", "hence", "thus", "therefore", "then", "now", ",", "∴", "=>", "⇒", "-", "→", ":"})
_VALUE = re.compile(r"[\d$€£%]|^[-+*/x×÷^=()\[\]{}<>~≈√|!.,]+$")
"""A word that belongs to a sum: it holds a digit, or is an operator."""


def right_answer(question: Question, form: ChosenText = "full") -> str:
    """The right answer as a text, never empty; see ``Teaching.chosen_text`` for the forms.

    Workings of the built-in curriculum end in their value, by which the embedded student ticks; other questions get a line with
    letter and text of the right option.
    """
    if question.right.working:
        return option_text(question.right, form)
    stated = option_text(question.right)
    if form == "option":
        return stated
    told = question.rationale if form == "full" else last_step(question.rationale or "", question.right)
    return f"{told}\n{stated}".lstrip()


def option_text(option: Option, form: ChosenText = "full") -> str:
    """An option, right or wrong, as the text of who takes it for right: its working, or a line with its letter and text.

    >>> option_text(Option("b", "980", None))
    'Answer: b) 980'
    """
    if not option.working:
        return f"Answer: {option.letter}) {option.text}"
    kept = {"full": 0, "short": -2, "option": -1}[
        form
    ]  # a working's last line is its answer, the one before its last sum
    return "\n".join(option.working.strip().split("\n")[kept:])


def last_step(rationale: str, right: Option) -> str:
    """The last sum or sentence of a rationale that leads to the answer, of ``MOST_WORDS`` words at most.

    What merely states the answer ("hence the answer is b") is left out; so it is blank where nothing else is said.

    >>> last_step("each costs 4 dollars . 4 * 6 = 24 . hence , answer : c", Option("c", "24", None))
    '4 * 6 = 24'
    """
    sentences = [s.strip() for s in _SENTENCE.split(_without_answer(rationale, right)) if s.strip(" .,:;\"'")]
    if not sentences:
        return ""
    words = sentences[-1].split()
    if len(words) > LONG_SENTENCE:
        words = _last_sum(words) or _last_clauses(words)
    elif len(words) < FEW_WORDS and len(sentences) > 1:
        words = [*sentences[-2].split(), *words]
    return " ".join(words[-MOST_WORDS:]).lstrip(",.;:)=>⇒∴ ").rstrip(",.;( ")


def _without_answer(rationale: str, right: Option) -> str:
    """The rationale up to where it states the answer at its end."""
    key = rf"[(\[\"']*\s*{re.escape(right.letter)}\s*[)\]\"'.]*"
    text = re.escape(" ".join(right.text.split()))
    linking = r"(?:is|are|be|must|should|will|would|has|to|the|above|question|option|choice|number|clearly|approximately|closest)"
    stated = re.compile(
        r"(?i)(?:^|(?<=[\s.,;:)]))(?:answers?|ans|option|choice|opt|imo|oa)\b"
        rf"(?:[\s.:=\-]|\b{linking}\b)*(?:\b{key}|{key})?(?:\W*{text})?[\s.\"']*$"
    )
    bare = re.compile(rf"(?i)(?<![=+*/^\-])(?:^|\s+)(?:,\s*)?{key}[\s.\"']*$")
    text = rationale.strip().rstrip("\"' ")
    while True:
        shorter = _LEADS_ON.sub("", bare.sub("", stated.sub("", text))).rstrip()
        if shorter == text:
            return text
        text = shorter


def _last_sum(words: list[str]) -> list[str]:
    """The last sum of a sentence, with what is reckoned before its first ``=``; empty where there is none that fits."""
    at = next((n for n in range(len(words) - 1, -1, -1) if words[n] == "="), 0)
    start = at
    while start > 0 and (_VALUE.search(words[start - 1]) or len(words[start - 1]) == 1):
        start -= 1
    for _ in range(2):  # what is named before the sum; and the number before that, where it is no more than "day = 60"
        least = max(0, start - NAME_WORDS)
        while start > least and not _VALUE.search(words[start - 1]) and words[start - 1].lower() not in _CLAUSE:
            start -= 1
        if len(words) - start >= SHORT_SUM or start == 0:
            break
        start -= 1
    return words[start:] if at and len(words) - start <= MOST_WORDS else []


def _last_clauses(words: list[str]) -> list[str]:
    """The longest end of a sentence that begins with a clause and is not too long; empty clauses at its beginning left out."""
    starts = [n + 1 for n in range(max(0, len(words) - MOST_WORDS - 1), len(words) - 3) if words[n].lower() in _CLAUSE]
    return words[starts[0] :] if starts else words[-MOST_WORDS:]
