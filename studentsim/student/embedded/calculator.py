"""The calculator: the result after the ``=`` of an arithmetic expression is forced, not sampled.

When the model writes ``12 + 15 =``, the tokens of `` 27`` are forced. And when it writes ``Answer:`` below an expression, that
expression's result is forced: when to stop is the student's choice, copying the result is not. Forced tokens are left out of every
loss and log-probability. Expressions are parsed by ``studentsim.arithmetic``; ``eval`` is never used.

Source: "Training Verifiers to Solve Math Word Problems" (Cobbe et al. 2021, the GSM8K paper), "calculation annotations".
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
"""The result at the end of the preceding line."""

LOOKBACK_TOKENS = 48
"""Tokens searched backwards for the expression: more than the grammar accepts."""


class Calculator:
    """Computes, from the ids generated so far, which ids are forced next."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self.tokenizer = tokenizer
        self.equals_ids = frozenset(
            i for i in map(tokenizer.convert_tokens_to_ids, (SPACE_MARKER + "=", "=")) if i is not None
        )
        self.answer_prefix_ids = tuple(tokenizer.convert_tokens_to_ids(piece) for piece in ("Answer", ":"))
        self._result_cache: dict[str, list[int] | None] = {}
        self._cached_forced_ids = lru_cache(4096)(self._compute_forced_ids)  # every exam has the same solutions

    def result_ids(self, ids: Sequence[int]) -> list[int] | None:
        """The ids of the result if ``ids`` ends in an ``=`` after an expression, or in ``Answer:`` below one; else None."""
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
        """Decode with the backend tokenizer: ``PreTrainedTokenizerFast.decode`` takes five times as long, and this is called often."""
        return self.tokenizer.backend_tokenizer.decode(list(ids), skip_special_tokens=False)

    def forced_ids(self, ids: Sequence[int]) -> tuple[tuple[int | None, ...], tuple[int, ...]]:
        """For each position of ``ids`` the id forced there (None: the student chooses), and the forced ids still to come."""
        return self._cached_forced_ids(tuple(ids))

    def _compute_forced_ids(self, ids: tuple[int, ...]) -> tuple[tuple[int | None, ...], tuple[int, ...]]:
        forced: list[int | None] = []
        queue: list[int] = []
        for position in range(len(ids) + 1):
            if not queue and position and self.is_trigger(ids[position - 1]):
                queue = list(self.result_ids(ids[max(0, position - LOOKBACK_TOKENS) : position]) or ())
            if position < len(ids):
                forced.append(queue.pop(0) if queue else None)
        return tuple(forced), tuple(queue)

    def is_trigger(self, token: int) -> bool:
        """Whether a forced result may follow this token."""
        return token in self.equals_ids or token == self.answer_prefix_ids[-1]

    def loss_mask(self, ids: Sequence[int], end: int | None = None) -> list[int]:
        """1 for each id the student chose, 0 for each forced one; of the first ``end`` ids, or of all.

        Ids after ``end`` matter too: a result is masked only where it stands complete.
        """
        end = len(ids) if end is None else end
        mask = [1] * len(ids)
        for position, token in enumerate(ids[:end]):
            if mask[position] and self.is_trigger(token):
                result = self.result_ids(ids[: position + 1])
                start = position + 1
                if result and list(ids[start : start + len(result)]) == result:
                    mask[start : start + len(result)] = [0] * len(result)
        return mask[:end]

    def processor(self, generated_ids: Sequence[Sequence[int]]) -> CalculatorProcessor:
        """A logits processor for one batch; ``generated_ids`` are the ids that its rows have generated already."""
        return CalculatorProcessor(self, generated_ids)


def expression_before_equals(text: str) -> str:
    """The expression before an ``=`` after ``text``: what follows the last colon, newline or ``=``."""
    line = text[-MAX_EXPRESSION_CHARS:]
    for separator in ("\n", ":", "="):
        line = line.rsplit(separator, 1)[-1]
    return line.strip()


class CalculatorProcessor(LogitsProcessor):
    """Forces the calculator's tokens. One for each batch: it keeps each row's forced ids still to come.

    ``generated_ids`` are each row's ids so far, which may end within a result.
    """

    def __init__(self, calculator: Calculator, generated_ids: Sequence[Sequence[int]]) -> None:
        self.calculator = calculator
        self.pending_ids = [list(calculator.forced_ids(ids)[1]) for ids in generated_ids]

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """``input_ids`` (B, T), ``scores`` (B, V). A forced row keeps one finite score."""
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
        """Keep these rows only, in this order (finished rows leave the batch)."""
        self.pending_ids = [self.pending_ids[row] for row in rows]
