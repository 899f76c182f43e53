"""Token ids of completions: a question's options as answers, and the two texts of a preference pair."""

from __future__ import annotations

from studentsim.student.huggingface.answer_form import AnswerForm, apply_answer_form, format_option_letter
from studentsim.student.huggingface.calculator import TextCalculator
from studentsim.student.huggingface.chat import ChatFormatter, Prompt
from studentsim.types import Option, Pair, Question

TAIL_TOKENS = 24
"""Tokens at the end of a solution that truncation keeps: they contain the answer."""


def encode_options(question: Question, prompt: Prompt, chat: ChatFormatter, *, option_scoring: str) -> list[list[int]]:
    """Token ids of each option as the answer, by its ``text`` or its ``letter`` (``ModelLoadingSettings.option_scoring``)."""
    option_texts = [
        chat.escape_control_tokens(
            f"Answer: {format_scored_option(o, chat.answer_form, option_scoring=option_scoring)}"
        )
        for o in question.options
    ]
    return [chat.encode_continuation(prompt, text) for text in option_texts]


def format_scored_option(option: Option, answer_form: AnswerForm, *, option_scoring: str) -> str:
    """How an option is written where it is scored: its text, or its letter in the answer format."""
    return format_option_letter(option, answer_form) if option_scoring == "letter" else option.text


def tokenize_pair(
    pair: Pair, prompt: Prompt, chat: ChatFormatter, calculator: TextCalculator | None, *, max_new_tokens: int
) -> dict[str, list[int]]:
    """A pair's token ids: ``prompt_ids``, ``chosen_ids``, ``rejected_ids``, and ``chosen_mask`` and ``rejected_mask``.

    A mask is 1 for each token that counts, 0 for the calculator's. Texts that the student generated keep its tokens. Solutions, which may
    be longer than any answer (``max_new_tokens``), are rewritten in the answer format, and lose their middle.
    """
    max_tokens = max(max_new_tokens, 2 * TAIL_TOKENS)

    def encode_text(ids: tuple[int, ...] | None, text: str, ended: bool) -> list[int]:
        if ids:
            return list(ids)
        whole = chat.encode_completion(prompt, apply_answer_form(pair.question, text, chat.answer_form), ended=ended)
        return truncate_middle(whole, max_tokens, TAIL_TOKENS)

    chosen = encode_text(pair.chosen_ids, pair.chosen, pair.chosen_ended)
    rejected = encode_text(pair.rejected_ids, pair.rejected, pair.rejected_ended)
    return {
        "prompt_ids": prompt.ids,
        "chosen_ids": chosen,
        "rejected_ids": rejected,
        "chosen_mask": calculator.loss_mask(chosen) if calculator else [1] * len(chosen),
        "rejected_mask": calculator.loss_mask(rejected) if calculator else [1] * len(rejected),
    }


def truncate_middle(ids: list[int], max_tokens: int, tail_tokens: int) -> list[int]:
    """``ids`` without their middle where there are more than ``max_tokens``; the last ``tail_tokens`` stay."""
    return ids if len(ids) <= max_tokens else ids[: max_tokens - tail_tokens] + ids[-tail_tokens:]
