"""Solutions as training texts: the whole solution, its last step, or the option alone.

The paper (P0) prefers the whole rationale to the student's text. The two differ in style as well as in content; the shorter forms
contain less of the style.
"""

from __future__ import annotations

import re

from studentsim.settings import ChosenText
from studentsim.types import Option, Question

MAX_STEP_WORDS = 40
"""The most whitespace-separated words of a last step, without the line with the answer."""
MIN_SENTENCE_WORDS = 3
"""A shorter sentence gets the one before it as context."""
LONG_SENTENCE_WORDS = 25
"""A longer sentence is replaced by the last sum in it: many rationales of MathQA are a single sentence."""
MIN_SUM_WORDS = 5
"""A shorter sum gets the words before it."""
MAX_SUM_LABEL_WORDS = 12
"""The most words before a sum's first number that are taken as its label."""

_SENTENCE_END = re.compile(
    r"\n+|(?<=[^\s.\d])(?<!\b\w)(?<!\brs)(?<!\bno)(?<!\bapprox)[ \t]*[.!?;](?=\s)(?![\s.]*=)"
    r"|(?<=\d)[ \t]*[.!?;](?=[ \t]+[^\d\s.=])"
)
"""Ends of sentences. A point between two numbers, after a single letter ("s . p .") or after "rs" is none."""
_TRAILING_CONNECTIVES = re.compile(
    r"(?i)[\s,:;.∴]*\b(?:so|hence|thus|therefore|then|and|the|our|correct|right|final|best|required)[\s,:]*$"
)
"""The rest of "hence the correct answer is b" without "answer is b"."""
_CLAUSE_STARTERS = frozenset({"so", "hence", "thus", "therefore", "then", "now", ",", "∴", "=>", "⇒", "-", "→", ":"})
_SUM_WORD = re.compile(r"[\d$€£%]|^[-+*/x×÷^=()\[\]{}<>~≈√|!.,]+$")
"""A word that belongs to a sum: it contains a digit, or is an operator."""


def correct_solution_text(question: Question, form: ChosenText = "full") -> str:
    """The correct answer as a text, never empty; see ``TeacherSettings.chosen_text`` for the forms.

    Solutions of the built-in curriculum end in their value, by which the embedded student's answer is matched to an option; other
    questions get a line with the correct option's letter and text.
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
    """The text of a student who takes this option for correct: its solution, or a line with its letter and text.

    >>> option_solution_text(Option("b", "980", None))
    'Answer: b) 980'
    """
    if not option.solution:
        return f"Answer: {option.letter}) {option.text}"
    first_line = {"full": 0, "short": -2, "option": -1}[
        form
    ]  # the last line is the answer, the one before it the last sum
    return "\n".join(option.solution.strip().split("\n")[first_line:])


def extract_last_step(rationale: str, correct_option: Option) -> str:
    """The last sum or sentence of a rationale that leads to the answer, of ``MAX_STEP_WORDS`` words at most.

    Statements of the answer ("hence the answer is b") are left out; "" where nothing else remains.

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
    """A sentence's words from its last sum on, with a label if it has one; empty where there is no sum or it is too long."""
    equals_index = next((n for n in range(len(words) - 1, -1, -1) if words[n] == "="), 0)
    start = equals_index
    while start > 0 and (_SUM_WORD.search(words[start - 1]) or len(words[start - 1]) == 1):
        start -= 1
    for _ in range(2):  # the label before the sum, and once more if that is too short ("day = 60")
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
    """The longest end of a sentence that begins after a clause starter, of at most ``MAX_STEP_WORDS`` words."""
    starts = [
        n + 1
        for n in range(max(0, len(words) - MAX_STEP_WORDS - 1), len(words) - 3)
        if words[n].lower() in _CLAUSE_STARTERS
    ]
    return words[starts[0] :] if starts else words[-MAX_STEP_WORDS:]
