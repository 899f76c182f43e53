"""A question's given answer as a text to learn from: the whole solution, its last step alone, or the option alone.

The paper (P0) prefers the whole rationale to what the student wrote. The two differ in style as well as in sense; the
shorter forms leave less of the style.
"""

from __future__ import annotations

import re

from studentsim.settings import ChosenText
from studentsim.types import Option, Question

MAX_STEP_WORDS = 40
"""Words (what stands between blanks) of a last step at most; the line with the answer comes on top."""
MIN_SENTENCE_WORDS = 3
"""A sentence of fewer words gets the one before, which says whence."""
LONG_SENTENCE_WORDS = 25
"""Words from which on a sentence gives way to the last sum in it: many rationales of MathQA are one sentence from end to end."""
MIN_SUM_WORDS = 5
"""A sum of fewer words gets what stands before it."""
MAX_SUM_LABEL_WORDS = 12
"""Words before a sum's first number that are taken to name it."""

_SENTENCE_END = re.compile(
    r"\n+|(?<=[^\s.\d])(?<!\b\w)(?<!\brs)(?<!\bno)(?<!\bapprox)[ \t]*[.!?;](?=\s)(?![\s.]*=)"
    r"|(?<=\d)[ \t]*[.!?;](?=[ \t]+[^\d\s.=])"
)
"""Where a sentence ends. A point between two numbers, after a letter that stands alone ("s . p .") or after "rs" is none."""
_TRAILING_CONNECTIVES = re.compile(
    r"(?i)[\s,:;.∴]*\b(?:so|hence|thus|therefore|then|and|the|our|correct|right|final|best|required)[\s,:]*$"
)
"""What is left of "hence the correct answer is b" without its end."""
_CLAUSE_STARTERS = frozenset({"so", "hence", "thus", "therefore", "then", "now", ",", "∴", "=>", "⇒", "-", "→", ":"})
_SUM_WORD = re.compile(r"[\d$€£%]|^[-+*/x×÷^=()\[\]{}<>~≈√|!.,]+$")
"""A word that belongs to a sum: it holds a digit, or is an operator."""


def correct_solution_text(question: Question, form: ChosenText = "full") -> str:
    """The right answer as a text, never empty; see ``Teaching.chosen_text`` for the forms.

    Workings of the built-in curriculum end in their value, by which the embedded student ticks; other questions get a line with
    letter and text of the right option.
    """
    if question.correct_option.solution:
        return option_solution_text(question.correct_option, form)
    stated = option_solution_text(question.correct_option)
    if form == "option":
        return stated
    explanation = (
        question.rationale if form == "full" else extract_last_step(question.rationale or "", question.correct_option)
    )
    return f"{explanation}\n{stated}".lstrip()


def option_solution_text(option: Option, form: ChosenText = "full") -> str:
    """An option, right or wrong, as the text of who takes it for right: its working, or a line with its letter and text.

    >>> option_solution_text(Option("b", "980", None))
    'Answer: b) 980'
    """
    if not option.solution:
        return f"Answer: {option.letter}) {option.text}"
    first_line = {"full": 0, "short": -2, "option": -1}[
        form
    ]  # a working's last line is its answer, the one before its last sum
    return "\n".join(option.solution.strip().split("\n")[first_line:])


def extract_last_step(rationale: str, correct_option: Option) -> str:
    """The last sum or sentence of a rationale that leads to the answer, of ``MAX_STEP_WORDS`` words at most.

    What merely states the answer ("hence the answer is b") is left out; so it is blank where nothing else is said.

    >>> extract_last_step("each costs 4 dollars . 4 * 6 = 24 . hence , answer : c", Option("c", "24", None))
    '4 * 6 = 24'
    """
    sentences = [
        s.strip() for s in _SENTENCE_END.split(_strip_stated_answer(rationale, correct_option)) if s.strip(" .,:;\"'")
    ]
    if not sentences:
        return ""
    words = sentences[-1].split()
    if len(words) > LONG_SENTENCE_WORDS:
        words = _extract_last_sum(words) or _extract_last_clauses(words)
    elif len(words) < MIN_SENTENCE_WORDS and len(sentences) > 1:
        words = [*sentences[-2].split(), *words]
    return " ".join(words[-MAX_STEP_WORDS:]).lstrip(",.;:)=>⇒∴ ").rstrip(",.;( ")


def _strip_stated_answer(rationale: str, correct_option: Option) -> str:
    """The rationale up to where it states the answer at its end."""
    key = rf"[(\[\"']*\s*{re.escape(correct_option.letter)}\s*[)\]\"'.]*"
    text = re.escape(" ".join(correct_option.text.split()))
    linking = r"(?:is|are|be|must|should|will|would|has|to|the|above|question|option|choice|number|clearly|approximately|closest)"
    stated = re.compile(
        r"(?i)(?:^|(?<=[\s.,;:)]))(?:answers?|ans|option|choice|opt|imo|oa)\b"
        rf"(?:[\s.:=\-]|\b{linking}\b)*(?:\b{key}|{key})?(?:\W*{text})?[\s.\"']*$"
    )
    bare = re.compile(rf"(?i)(?<![=+*/^\-])(?:^|\s+)(?:,\s*)?{key}[\s.\"']*$")
    text = rationale.strip().rstrip("\"' ")
    while True:
        shorter = _TRAILING_CONNECTIVES.sub("", bare.sub("", stated.sub("", text))).rstrip()
        if shorter == text:
            return text
        text = shorter


def _extract_last_sum(words: list[str]) -> list[str]:
    """The last sum of a sentence, with what is reckoned before its first ``=``; empty where there is none that fits."""
    equals_index = next((n for n in range(len(words) - 1, -1, -1) if words[n] == "="), 0)
    start = equals_index
    while start > 0 and (_SUM_WORD.search(words[start - 1]) or len(words[start - 1]) == 1):
        start -= 1
    for _ in range(2):  # what is named before the sum; and the number before that, where it is no more than "day = 60"
        earliest_start = max(0, start - MAX_SUM_LABEL_WORDS)
        while (
            start > earliest_start
            and not _SUM_WORD.search(words[start - 1])
            and words[start - 1].lower() not in _CLAUSE_STARTERS
        ):
            start -= 1
        if len(words) - start >= MIN_SUM_WORDS or start == 0:
            break
        start -= 1
    return words[start:] if equals_index and len(words) - start <= MAX_STEP_WORDS else []


def _extract_last_clauses(words: list[str]) -> list[str]:
    """The longest end of a sentence that begins with a clause and is not too long; empty clauses at its beginning left out."""
    starts = [
        n + 1
        for n in range(max(0, len(words) - MAX_STEP_WORDS - 1), len(words) - 3)
        if words[n].lower() in _CLAUSE_STARTERS
    ]
    return words[starts[0] :] if starts else words[-MAX_STEP_WORDS:]
