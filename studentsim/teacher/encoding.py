"""What a sequence-to-sequence grader reads and may say, as token ids of whatever tokenizer it came with.

Inputs are the source paper's (prompt.py), within a number of tokens: 128 in the paper. Of an answer that is too long the part
that decides is kept: the beginning of its last ``Answer:`` line, or, without one, its end, or both its ends (``Reading``); the
question put to the grader always stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from studentsim.errors import StudentError
from studentsim.records import Question
from studentsim.teacher.prompt import TARGETS, prompt
from studentsim.teacher.tokenizer import encode

INPUT_TOKENS = 128
"""Longest input. paper: 128."""
NO_LIMIT = 10**9

Reading = Literal["whole", "ends"]
"""``whole``: a grader is fine-tuned on answers that it can read whole, as P0's was, and of a longer one reads the end.
``ends``: of a longer one it reads the beginning and the end, and learns so too. What it learnt with stands in its folder."""


class InputEncoder:
    """Turns (question, answer) into input ids of at most ``limit`` tokens."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, limit: int = INPUT_TOKENS, reading: Reading = "whole"
    ) -> None:
        self.tokenizer = tokenizer
        self.limit = limit
        self.reading = reading

    def whole(self, question: Question, text: str) -> list[int]:
        """Ids of the input with nothing cut, however long."""
        return self._ids(question, text, NO_LIMIT, None)

    def __call__(self, question: Question, text: str) -> list[int]:
        """Ids of the input, cut inside the answer, and then inside the right option, where it would be too long."""
        ids = self.whole(question, text)
        if len(ids) <= self.limit:
            return ids
        option = len(question.right.text)
        if len(self._ids(question, "", 0, option)) > self.limit // 2:  # leave half for the answer
            option = _most(option, lambda n: len(self._ids(question, "", 0, n)) <= self.limit // 2)
        answer = _most(len(text), lambda n: len(self._ids(question, text, n, option)) <= self.limit)
        ids = self._ids(question, text, answer, option)
        return ids if len(ids) <= self.limit else [*ids[: self.limit - 1], ids[-1]]

    def _ids(self, question: Question, text: str, longest: int, option_longest: int | None) -> list[int]:
        said = prompt(question, text, longest=longest, option_longest=option_longest, both_ends=self.reading == "ends")
        return plain_ids(self.tokenizer, said)


def plain_ids(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """Ids of a text with the tokenizer's own beginning and end; control tokens written in the text are plain characters."""
    if getattr(tokenizer, "is_fast", False):
        return encode(tokenizer, text, NO_LIMIT)
    return tokenizer(text, split_special_tokens=True).input_ids


def target_ids(tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    """Ids of the two targets, ``Correct`` first, as a decoder is to say them, without an end token.

    What the tokenizer puts before a text (BART's ``<s>``) stays: it is part of what the decoder learns to say.

    :raises StudentError: the tokenizer cannot tell the two words apart, as one that has no vocabulary.
    """
    found = []
    for word in TARGETS:
        ids = list(tokenizer(text_target=word).input_ids)
        special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
        while ids and ids[-1] in special:
            ids.pop()
        found.append(ids)
    unknown = any(tokenizer.unk_token_id in ids for ids in found if tokenizer.unk_token_id is not None)
    if unknown or not all(found) or found[0] == found[1]:
        raise StudentError(
            f"The marker's tokenizer cannot write {TARGETS[0]!r} and {TARGETS[1]!r}: its files are missing, or it has no such letters.",
            "Name a folder that holds the tokenizer too: tokenizer.save_pretrained(folder).",
        )
    return found


def label_ids(tokenizer: PreTrainedTokenizerBase, correct: bool) -> list[int]:
    """Ids of one target with its end token, as fine-tuning teaches it."""
    ids = target_ids(tokenizer)[0 if correct else 1]
    return ids if tokenizer.eos_token_id is None else [*ids, tokenizer.eos_token_id]


def decoder_start(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> int:
    """The id that the decoder begins with: T5's padding, BART's ``</s>``.

    :raises StudentError: neither the model nor the tokenizer names one.
    """
    for holder, name in (
        (model.config, "decoder_start_token_id"), (model.generation_config, "decoder_start_token_id"),
        (model.config, "bos_token_id"), (tokenizer, "bos_token_id"), (tokenizer, "pad_token_id"),
    ):  # fmt: skip
        found = getattr(holder, name, None)
        if isinstance(found, int):
            return found
    raise StudentError("The marker's config.json names no token that its decoder begins with.", "Name another model.")


def decoder_inputs(target: Sequence[int], start: int) -> list[int]:
    """What the decoder is given while it says ``target``: the same, one place later."""
    return [start, *target[:-1]]


def _most(high: int, fits: Callable[[int], bool]) -> int:
    """The largest n from 0 to ``high`` that fits, by halving; 0 where none does."""
    low = 0
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low
