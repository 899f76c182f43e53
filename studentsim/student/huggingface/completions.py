"""What may follow a prompt, as token ids: a question's options as answers, and the two texts of a preference pair."""

from __future__ import annotations

from studentsim.student.huggingface.answer_form import AnswerForm, apply_answer_form, format_option_letter
from studentsim.student.huggingface.chat import ChatFormatter, Prompt
from studentsim.types import Option, Pair, Question

TAIL_TOKENS = 24
"""Tokens at the end of a given working that are learnt however long it is: they tell the answer."""


def encode_options(question: Question, prompt: Prompt, chat: ChatFormatter, *, option_scoring: str) -> list[list[int]]:
    """The ids of each option as the answer, told by its ``text`` or its ``letter`` (``Hub.scores``)."""
    option_texts = [
        chat.escape_control_tokens(
            f"Answer: {format_scored_option(o, chat.answer_form, option_scoring=option_scoring)}"
        )
        for o in question.options
    ]
    return [chat.encode_continuation(prompt, text) for text in option_texts]


def format_scored_option(option: Option, answer_form: AnswerForm, *, option_scoring: str) -> str:
    """What stands for an option where it is scored: its text, or its letter as the form has it."""
    return format_option_letter(option, answer_form) if option_scoring == "letter" else option.text


def encode_pair_texts(
    pair: Pair, prompt: Prompt, chat: ChatFormatter, *, max_new_tokens: int
) -> tuple[list[int], list[int]]:
    """The ids of chosen and rejected. What the student wrote itself is taken as it wrote it; a given working, which may be longer than
    any answer (``max_new_tokens`` tokens), is put into the run's form, and keeps its beginning and its end."""
    max_tokens = max(max_new_tokens, 2 * TAIL_TOKENS)

    def encode_text(ids: tuple[int, ...] | None, text: str, ended: bool) -> list[int]:
        if ids:
            return list(ids)
        whole = chat.encode_completion(prompt, apply_answer_form(pair.question, text, chat.answer_form), ended=ended)
        return truncate_middle(whole, max_tokens, TAIL_TOKENS)

    return (
        encode_text(pair.chosen_ids, pair.chosen, pair.chosen_ended),
        encode_text(pair.rejected_ids, pair.rejected, pair.rejected_ended),
    )


def truncate_middle(ids: list[int], max_tokens: int, tail_tokens: int) -> list[int]:
    """Without the middle, where there are more than ``max_tokens``; the ``tail_tokens`` ones stay."""
    return ids if len(ids) <= max_tokens else ids[: max_tokens - tail_tokens] + ids[-tail_tokens:]
