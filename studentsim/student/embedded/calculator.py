"""The pupil's calculator: what follows an ``=`` that closes a sum is not the student's to guess.

As in "Training Verifiers to Solve Math Word Problems" (the GSM8K paper, section on the calculator): when the model
writes ``12 + 15 =``, the tokens of `` 27`` are forced. And when it writes ``Answer:`` under a sum, what the calculator
shows is written down: when to stop is the student's choice, copying the display is not. These tokens are left out of
every loss and every log-probability, since the student did not choose them. Sums are read by
``studentsim.arithmetic``, a small grammar; nothing is evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import torch
from transformers import LogitsProcessor, PreTrainedTokenizerFast

from studentsim.arithmetic import MAX_EXPRESSION_CHARS, calculate
from studentsim.student.embedded.tokenizer import SPACE_MARKER, encode

_RESULT_LINE = re.compile(r" = (-?[\d./]+)\n$")
"""The result at the end of the line above."""

LOOKBACK_TOKENS = 48
"""Tokens looked back at for the sum: longer than any the grammar takes."""


class Calculator:
    """Knows, from the ids written so far, which ids the calculator writes next."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self.tokenizer = tokenizer
        self.equals_ids = frozenset(
            i for i in map(tokenizer.convert_tokens_to_ids, (SPACE_MARKER + "=", "=")) if i is not None
        )
        self.answer_prefix_ids = tuple(tokenizer.convert_tokens_to_ids(piece) for piece in ("Answer", ":"))
        self._result_cache: dict[str, list[int] | None] = {}
        self._cached_forced_ids = lru_cache(4096)(self._compute_forced_ids)  # the same workings come in every exam

    def result_ids(self, ids: Sequence[int]) -> list[int] | None:
        """The ids of the result, if ``ids`` ends in an ``=`` that closes a sum, or in ``Answer:`` under one; else None."""
        if tuple(ids[-2:]) == self.answer_prefix_ids:
            result_line = _RESULT_LINE.search(self._text(ids[-LOOKBACK_TOKENS:-2]))
            return encode(self.tokenizer, f" {result_line[1]}") if result_line else None
        if not ids or ids[-1] not in self.equals_ids:
            return None
        text = self._text(ids[-LOOKBACK_TOKENS:-1])
        expression = expression_before_equals(text)
        if expression not in self._result_cache:
            value = calculate(expression)
            self._result_cache[expression] = None if value is None else encode(self.tokenizer, f" {value}")
        return self._result_cache[expression]

    def _text(self, ids: Sequence[int]) -> str:
        """Decoded by the tokenizer's own core: transformers' way to it takes five times as long, and this is asked often."""
        return self.tokenizer.backend_tokenizer.decode(list(ids), skip_special_tokens=False)

    def forced_ids(self, ids: Sequence[int]) -> tuple[tuple[int | None, ...], tuple[int, ...]]:
        """For each place of ``ids`` the id that the calculator writes there, None where the student chooses; and what is still to come."""
        return self._cached_forced_ids(tuple(ids))

    def _compute_forced_ids(self, ids: tuple[int, ...]) -> tuple[tuple[int | None, ...], tuple[int, ...]]:
        forced: list[int | None] = []
        queue: list[int] = []
        for at in range(len(ids) + 1):
            if not queue and at and self.is_trigger(ids[at - 1]):
                queue = list(self.result_ids(ids[max(0, at - LOOKBACK_TOKENS) : at]) or ())
            if at < len(ids):
                forced.append(queue.pop(0) if queue else None)
        return tuple(forced), tuple(queue)

    def is_trigger(self, token: int) -> bool:
        """Whether a sum, or an answer, may end in this token."""
        return token in self.equals_ids or token == self.answer_prefix_ids[-1]

    def loss_mask(self, ids: Sequence[int], end: int | None = None) -> list[int]:
        """1 for each id the student chose, 0 for each the calculator wrote: for losses and log-probabilities.

        Of the first ``end`` ids, or of all. What comes later decides here too: a result counts where it stands whole.
        """
        end = len(ids) if end is None else end
        mask = [1] * len(ids)
        for at, token in enumerate(ids[:end]):
            if mask[at] and self.is_trigger(token):
                result = self.result_ids(ids[: at + 1])
                if result and list(ids[at + 1 : at + 1 + len(result)]) == result:
                    mask[at + 1 : at + 1 + len(result)] = [0] * len(result)
        return mask[:end]

    def processor(self, generated_ids: Sequence[Sequence[int]]) -> CalculatorProcessor:
        """For one batch; ``generated_ids`` are the ids that its rows have written already."""
        return CalculatorProcessor(self, generated_ids)


def expression_before_equals(text: str) -> str:
    """The sum that an ``=`` after ``text`` would close: what follows the last colon, newline or ``=``."""
    line = text[-MAX_EXPRESSION_CHARS:]
    for mark in ("\n", ":", "="):
        line = line.rsplit(mark, 1)[-1]
    return line.strip()


class CalculatorProcessor(LogitsProcessor):
    """Forces the calculator's tokens. One for each batch: it remembers, for each row, what is still to be written.

    ``begun`` holds, for each row, the ids written before: the calculator may be in the middle of a result.
    """

    def __init__(self, calculator: Calculator, generated_ids: Sequence[Sequence[int]]) -> None:
        self.calculator = calculator
        self.pending_ids = [list(calculator.forced_ids(ids)[1]) for ids in generated_ids]

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """``input_ids`` (B, T), ``scores`` (B, V). A row under the calculator keeps one finite score."""
        last = input_ids[:, -1].tolist()
        for row, queue in enumerate(self.pending_ids):
            if not queue and self.calculator.is_trigger(last[row]):
                queue.extend(self.calculator.result_ids(input_ids[row, -LOOKBACK_TOKENS:].tolist()) or ())
            if queue:
                forced = queue.pop(0)
                scores[row].fill_(-torch.inf)
                scores[row, forced] = 0.0
        return scores

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these rows only, in this order (finished ones leave the batch)."""
        self.pending_ids = [self.pending_ids[row] for row in rows]
