"""What a teacher says to a wrong answer, from the questions' own words. Three levels.

mark         Not quite. Try again.
hint         Not quite. <a hint that does not give the answer away>
explanation  Not quite. <what went wrong> <the hint>, then the right working

The curriculum knows a hint for every misconception. For other questions the rationale's first step serves as one, as far as it
does not tell the answer.
"""

from __future__ import annotations

import re

from studentsim.arithmetic import number
from studentsim.bank import curriculum
from studentsim.records import Feedback, Option, Question

LEVELS: tuple[str, ...] = ("mark", "hint", "explanation")

LONGEST_HINT = 240
"""Characters of a rationale's step that a hint may have: longer ones are whole solutions."""

_STEP = re.compile(r"(?<=[.;])\s+|\n+|\s*=\s*>\s*")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:\s*/\s*\d+)?")
_TELLS = re.compile(r"(?i)\b(?:answer|ans|option|choice)\b\s*(?:is\b|[:=]|\(?[a-j]\b)")


def feedback(level: str, *, explanation: str = "", hint: str = "", working: str = "") -> str:
    """The teacher's words at a level; falls back to the mark where the words for more are not known.

    >>> feedback("hint", hint="Count how many numbers there are.")
    'Not quite. Count how many numbers there are.'
    """
    if level == "explanation" and working:
        said = " ".join(part for part in (explanation, hint) if part)
        return f"Not quite. {said}\n{working}" if said else f"Not quite.\n{working}"
    if level in ("hint", "explanation") and hint:
        return f"Not quite. {hint}"
    return "Not quite. Try again."


def to_wrong(question: Question, option: Option | None, level: str, hint: str = "") -> Feedback:
    """What is said to a wrong answer that ticked ``option`` (None: no option). ``hint`` stands in for the questions' own.

    ``Feedback.level`` is what the words came to hold: without a hint there is but the mark.
    """
    slip = curriculum.SLIPS.get((option and option.misconception) or "")
    hint = hint or (slip.hint if slip else first_step(question))
    text = feedback(level, explanation=slip.explanation if slip else "", hint=hint, working=question.rationale)
    return Feedback(text, _held(level, hint=hint, working=question.rationale))


def to_right_called_wrong(question: Question, believed: Option, level: str) -> Feedback:
    """What a teacher says who takes a right answer for wrong, and ``believed``, a wrong option, for right."""
    slip = curriculum.SLIPS.get(believed.misconception or "")
    hint, working = (slip.hint if slip else first_step(question)), believed.working or ""
    text = feedback(level, explanation=slip.explanation if slip else "", hint=hint, working=working)
    return Feedback(text, _held(level, hint=hint, working=working))


def first_step(question: Question) -> str:
    """A rationale's first step, where it can serve as a hint: short, without the right value, and not about options.

    The curriculum's workings are in words and sums; of them a hint has the first line's words alone.
    """
    if question.right.working:
        return f"Begin so: {question.right.working.split(':', 1)[0].strip().lower()}."
    steps = [step.strip() for step in _STEP.split(question.rationale) if step.strip()]
    step = steps[0] if len(steps) > 1 else ""  # a single step is the solution
    return "" if not step or len(step) > LONGEST_HINT or gives_away(step, question) else f"Begin so: {step}"


def gives_away(words: str, question: Question) -> bool:
    """Whether words tell the answer: by the right option's text or value, or by naming an option."""
    if _TELLS.search(words):
        return True
    text = " ".join(question.right.text.lower().split())
    if text and text in " ".join(words.lower().split()) and not text.isdigit():
        return True
    value = number(question.right.text)
    found = (number(n.replace(" ", "").rstrip(",")) for n in _NUMBER.findall(words))
    return any(n == value for n in found if n is not None) if value is not None else False


def _held(level: str, *, hint: str, working: str) -> str:
    if level == "explanation" and working:
        return level
    return "hint" if level in ("hint", "explanation") and hint else "mark"
