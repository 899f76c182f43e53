"""Encodes a sequence-to-sequence grader's inputs and targets as token ids of its own tokenizer.

Inputs are the source paper's (prompt.py), within a number of tokens: 128 in the paper. Of a longer answer the deciding part is
kept: the beginning of its last ``Answer:`` line or, without one, its end or both its ends (``TruncationMode``). The question put to
the grader is always kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from studentsim.errors import StudentError
from studentsim.grader.prompt import TARGETS, build_grader_prompt
from studentsim.grader.tokenizer import encode_with_end_token
from studentsim.types import Question

MAX_INPUT_TOKENS = 128
"""Tokens of the longest input. P0: 128."""
NO_LIMIT = 10**9

TruncationMode = Literal["whole", "ends"]
"""``whole``: fine-tuned, as P0's, only on answers that fit; reads the end of longer ones. ``ends``: fine-tuned on all answers; reads
the beginning and the end of longer ones. ``grader.json`` in the grader's folder says which."""


@dataclass(frozen=True)
class InputEncoder:
    """Turns (question, answer) into input ids of at most ``max_tokens`` tokens."""

    tokenizer: PreTrainedTokenizerBase
    max_tokens: int = MAX_INPUT_TOKENS
    truncation: TruncationMode = "whole"

    def encode_untruncated(self, question: Question, text: str) -> list[int]:
        """Ids of the whole input, however long."""
        return self._encode_prompt(question, text, NO_LIMIT, None)

    def __call__(self, question: Question, text: str) -> list[int]:
        """Ids of the input; one that is too long is cut inside the answer, then inside the correct option."""
        ids = self.encode_untruncated(question, text)
        if len(ids) <= self.max_tokens:
            return ids
        option_chars = len(question.correct_option.text)
        if len(self._encode_prompt(question, "", 0, option_chars)) > self.max_tokens // 2:  # leave half for the answer
            option_chars = _largest_fitting(
                option_chars, lambda n: len(self._encode_prompt(question, "", 0, n)) <= self.max_tokens // 2
            )
        answer_chars = _largest_fitting(
            len(text), lambda n: len(self._encode_prompt(question, text, n, option_chars)) <= self.max_tokens
        )
        ids = self._encode_prompt(question, text, answer_chars, option_chars)
        return ids if len(ids) <= self.max_tokens else [*ids[: self.max_tokens - 1], ids[-1]]

    def _encode_prompt(self, question: Question, text: str, max_chars: int, max_option_chars: int | None) -> list[int]:
        prompt_text = build_grader_prompt(
            question, text, max_chars=max_chars, max_option_chars=max_option_chars, both_ends=self.truncation == "ends"
        )
        return encode_literal_text(self.tokenizer, prompt_text)


def encode_literal_text(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Ids of a text with the tokenizer's own start and end tokens; control tokens written in the text are plain characters."""
    if getattr(tokenizer, "is_fast", False):
        return encode_with_end_token(tokenizer, text, NO_LIMIT)
    return tokenizer(text, split_special_tokens=True).input_ids


def encode_targets(tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    """Ids of the two targets, ``Correct`` first, without end tokens.

    What the tokenizer puts before a text (BART's ``<s>``) stays: the decoder learns to write it.

    :raises StudentError: the tokenizer has no vocabulary, or the same ids for both words.
    """
    encoded = []
    for word in TARGETS:
        ids = list(tokenizer(text_target=word).input_ids)
        special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
        while ids and ids[-1] in special:
            ids.pop()
        encoded.append(ids)
    unknown = any(tokenizer.unk_token_id in ids for ids in encoded if tokenizer.unk_token_id is not None)
    if unknown or not all(encoded) or encoded[0] == encoded[1]:
        raise StudentError(
            f"The marker's tokenizer cannot write {TARGETS[0]!r} and {TARGETS[1]!r}: its files are missing, or it has no such letters.",
            "Name a folder that holds the tokenizer too: tokenizer.save_pretrained(folder).",
        )
    return encoded


def encode_label(tokenizer: PreTrainedTokenizerBase, is_correct: bool) -> list[int]:
    """Ids of one target with its end token, as used in fine-tuning."""
    ids = encode_targets(tokenizer)[0 if is_correct else 1]
    return ids if tokenizer.eos_token_id is None else [*ids, tokenizer.eos_token_id]


def get_decoder_start_token_id(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """The id of the decoder's first token: T5's padding, BART's ``</s>``.

    :raises StudentError: neither the model nor the tokenizer names one.
    """
    for holder, name in (
        (model.config, "decoder_start_token_id"), (model.generation_config, "decoder_start_token_id"),
        (model.config, "bos_token_id"), (tokenizer, "bos_token_id"), (tokenizer, "pad_token_id"),
    ):  # fmt: skip
        token_id = getattr(holder, name, None)
        if isinstance(token_id, int):
            return token_id
    raise StudentError("The marker's config.json names no token that its decoder begins with.", "Name another model.")


def shift_tokens_right(target: Sequence[int], start_token_id: int) -> list[int]:
    """The decoder's input for ``target``: the start token, then the target without its last token."""
    return [start_token_id, *target[:-1]]


def _largest_fitting(upper: int, fits: Callable[[int], bool]) -> int:
    """The largest n from 0 to ``upper`` that fits, by bisection; 0 if none does."""
    lower = 0
    while lower < upper:
        middle = (lower + upper + 1) // 2
        lower, upper = (middle, upper) if fits(middle) else (lower, middle - 1)
    return lower
