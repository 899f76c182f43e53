"""The answer format that the prompt asks for, and solutions rewritten in that format. No torch here.

The source paper's prompt (P0) asks for no format. Asked to end with "Answer: (letter)", most models do, and the letter can be parsed
reliably. Asked for the working first, they reason step by step (chain of thought, Wei et al. 2022), which takes longer to generate.
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
    """The instruction after a question's options that asks for the format; "" for the paper's prompt."""
    return _INSTRUCTIONS[answer_form]


def apply_answer_form(question: Question, text: str, answer_form: AnswerForm) -> str:
    """A solution in the format that the prompt asks for: its last line names the option it leads to. Other texts are unchanged.

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
    """An option's letter as an answer in this format gives it."""
    return option.letter if answer_form == "free" else f"({option.letter})"


def _find_stated_option(question: Question, text: str) -> Option | None:
    """The option that a solution, or the last lines of one, leads to; None where the text is no option's."""
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
