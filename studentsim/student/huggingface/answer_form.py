"""The form a model is asked to answer in, and given workings put into that form. No torch here.

The source paper's prompt (P0) asks for none. Asked to end with "Answer: (letter)", most models do, and their letter is read surely.
Asked for the working first, they show how they came by it (chain of thought, Wei et al. 2022), which takes longer to write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from studentsim.types import Option, Question

AnswerForm = Literal["free", "letter", "working"]
LETTER_INSTRUCTION = "End your answer with a line of this form: Answer: (letter)"
WORKING_INSTRUCTION = "Write the working first, step by step. Then end with a line of this form: Answer: (letter)"
_INSTRUCTIONS: Mapping[AnswerForm, str] = {
    "free": "",
    "letter": f"\n{LETTER_INSTRUCTION}",
    "working": f"\n{WORKING_INSTRUCTION}",
}


def answer_instruction(answer_form: AnswerForm) -> str:
    """What stands behind a question's options to ask for the form; blank for the paper's own prompt."""
    return _INSTRUCTIONS[answer_form]


def apply_answer_form(question: Question, text: str, answer_form: AnswerForm) -> str:
    """A given working as the prompt asks for it: its last line names the option it ends in. Other texts stay as they are.

    >>> apply_answer_form(question, "4 x 6 = 24\\nAnswer: c) 24", "letter")  # doctest: +SKIP
    '4 x 6 = 24\\nAnswer: (c)'
    """
    option = None if answer_form == "free" else _find_stated_option(question, text)
    if option is None:
        return text
    head, _, last = text.strip().rpartition("\n")
    lines = [head] if last.strip().lower().startswith("answer:") else [text.strip()]
    return "\n".join([*filter(None, lines), f"Answer: {format_option_letter(option, answer_form)}"])


def format_option_letter(option: Option, answer_form: AnswerForm) -> str:
    """An option's letter as an answer in this form names it."""
    return option.letter if answer_form == "free" else f"({option.letter})"


def _find_stated_option(question: Question, text: str) -> Option | None:
    """The option that a given working, or the end of one, ends in."""
    text = text.strip()
    last = text.rpartition("\n")[2].strip()
    for option in question.options:
        if (
            option.solution
            and f"\n{option.solution.strip()}".endswith(f"\n{text}")
            or last == f"Answer: {option.letter}) {option.text}"
        ):
            return option
    return None
