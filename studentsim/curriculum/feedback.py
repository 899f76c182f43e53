"""Feedback on a wrong answer, from the question's own texts. Three levels:

    mark         Not quite. Try again.
    hint         Not quite. <a hint that does not reveal the answer>
    explanation  Not quite. <what went wrong> <the hint>, then the correct solution

The curriculum has a hint for every misconception. For other questions the rationale's first step is the hint, unless it reveals
the answer.
"""

from __future__ import annotations

import re

from studentsim.arithmetic import parse_number
from studentsim.curriculum import generator
from studentsim.types import Feedback, Option, Question

FEEDBACK_LEVELS: tuple[str, ...] = ("mark", "hint", "explanation")

MAX_HINT_CHARS = 240
"""Longest rationale step that serves as a hint, in characters: longer ones are whole solutions."""

_STEP_SEPARATOR = re.compile(r"(?<=[.;])\s+|\n+|\s*=\s*>\s*")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:\s*/\s*\d+)?")
_ANSWER_REFERENCE = re.compile(r"(?i)\b(?:answer|ans|option|choice)\b\s*(?:is\b|[:=]|\(?[a-j]\b)")


def format_feedback(level: str, *, explanation: str = "", hint: str = "", solution: str = "") -> str:
    """The feedback's text at a level; falls back to a lower level if the texts for it are missing.

    >>> format_feedback("hint", hint="Count how many numbers there are.")
    'Not quite. Count how many numbers there are.'
    """
    if level == "explanation" and solution:
        advice = " ".join(part for part in (explanation, hint) if part)
        return f"Not quite. {advice}\n{solution}" if advice else f"Not quite.\n{solution}"
    if level in ("hint", "explanation") and hint:
        return f"Not quite. {hint}"
    return "Not quite. Try again."


def feedback_for_wrong_answer(question: Question, option: Option | None, level: str, hint: str = "") -> Feedback:
    """Feedback on a wrong answer that chose ``option`` (None: none). ``hint`` replaces the question's own hint.

    ``Feedback.level`` is what the text really contains: without a hint it is ``mark``.
    """
    misconception = generator.MISCONCEPTIONS.get((option and option.misconception) or "")
    hint = hint or (misconception.hint if misconception else first_step_hint(question))
    text = format_feedback(
        level, explanation=misconception.explanation if misconception else "", hint=hint, solution=question.rationale
    )
    return Feedback(text, _effective_level(level, hint=hint, solution=question.rationale))


def feedback_for_misjudged_answer(question: Question, believed_option: Option, level: str) -> Feedback:
    """Feedback of a teacher who takes a correct answer for wrong, and the wrong ``believed_option`` for correct."""
    misconception = generator.MISCONCEPTIONS.get(believed_option.misconception or "")
    hint = misconception.hint if misconception else first_step_hint(question)
    solution = believed_option.solution or ""
    text = format_feedback(
        level, explanation=misconception.explanation if misconception else "", hint=hint, solution=solution
    )
    return Feedback(text, _effective_level(level, hint=hint, solution=solution))


def first_step_hint(question: Question) -> str:
    """The rationale's first step as a hint; "" if it is too long, the only step, or reveals the answer.

    Of the curriculum's solutions only the words of the first step are used, without its sum.
    """
    if question.correct_option.solution:
        return f"Begin so: {question.correct_option.solution.split(':', 1)[0].strip().lower()}."
    steps = [step.strip() for step in _STEP_SEPARATOR.split(question.rationale) if step.strip()]
    step = steps[0] if len(steps) > 1 else ""  # a single step is the solution
    return "" if not step or len(step) > MAX_HINT_CHARS or reveals_answer(step, question) else f"Begin so: {step}"


def reveals_answer(hint_text: str, question: Question) -> bool:
    """Whether a text gives the answer away: the correct option's text or value, or the mention of an option."""
    if _ANSWER_REFERENCE.search(hint_text):
        return True
    text = " ".join(question.correct_option.text.lower().split())
    if text and text in " ".join(hint_text.lower().split()) and not text.isdigit():
        return True
    value = parse_number(question.correct_option.text)
    numbers = (parse_number(n.replace(" ", "").rstrip(",")) for n in _NUMBER.findall(hint_text))
    return any(n == value for n in numbers if n is not None) if value is not None else False


def _effective_level(level: str, *, hint: str, solution: str) -> str:
    """The level that ``format_feedback`` falls back to."""
    if level == "explanation" and solution:
        return level
    return "hint" if level in ("hint", "explanation") and hint else "mark"
