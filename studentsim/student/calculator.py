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

from studentsim.arithmetic import MAX_LENGTH, calculate
from studentsim.student.tokenizer import SPACE, encode

_DISPLAY = re.compile(r" = (-?[\d./]+)\n$")
"""The result at the end of the line above."""

WINDOW = 48
"""Tokens looked back at for the sum: longer than any the grammar takes."""


class Calculator:
    """Knows, from the ids written so far, which ids the calculator writes next."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self.tokenizer = tokenizer
        self.equals = frozenset(i for i in map(tokenizer.convert_tokens_to_ids, (SPACE + "=", "=")) if i is not None)
        self.answer = tuple(tokenizer.convert_tokens_to_ids(piece) for piece in ("Answer", ":"))
        self._known: dict[str, list[int] | None] = {}
        self._walked = lru_cache(4096)(self._walk)  # the same workings come in every exam

    def result(self, ids: Sequence[int]) -> list[int] | None:
        """The ids of the result, if ``ids`` ends in an ``=`` that closes a sum, or in ``Answer:`` under one; else None."""
        if tuple(ids[-2:]) == self.answer:
            shown = _DISPLAY.search(self._text(ids[-WINDOW:-2]))
            return encode(self.tokenizer, f" {shown[1]}") if shown else None
        if not ids or ids[-1] not in self.equals:
            return None
        written = self._text(ids[-WINDOW:-1])
        expression = sum_before(written)
        if expression not in self._known:
            value = calculate(expression)
            self._known[expression] = None if value is None else encode(self.tokenizer, f" {value}")
        return self._known[expression]

    def _text(self, ids: Sequence[int]) -> str:
        """Decoded by the tokenizer's own core: transformers' way to it takes five times as long, and this is asked often."""
        return self.tokenizer.backend_tokenizer.decode(list(ids), skip_special_tokens=False)

    def walk(self, ids: Sequence[int]) -> tuple[tuple[int | None, ...], tuple[int, ...]]:
        """For each place of ``ids`` the id that the calculator writes there, None where the student chooses; and what is still to come."""
        return self._walked(tuple(ids))

    def _walk(self, ids: tuple[int, ...]) -> tuple[tuple[int | None, ...], tuple[int, ...]]:
        forced: list[int | None] = []
        queue: list[int] = []
        for at in range(len(ids) + 1):
            if not queue and at and self.listens(ids[at - 1]):
                queue = list(self.result(ids[max(0, at - WINDOW) : at]) or ())
            if at < len(ids):
                forced.append(queue.pop(0) if queue else None)
        return tuple(forced), tuple(queue)

    def listens(self, token: int) -> bool:
        """Whether a sum, or an answer, may end in this token."""
        return token in self.equals or token == self.answer[-1]

    def mask(self, ids: Sequence[int], until: int | None = None) -> list[int]:
        """1 for each id the student chose, 0 for each the calculator wrote: for losses and log-probabilities.

        Of the first ``until`` ids, or of all. What comes later decides here too: a result counts where it stands whole.
        """
        until = len(ids) if until is None else until
        chosen = [1] * len(ids)
        for at, token in enumerate(ids[:until]):
            if chosen[at] and self.listens(token):
                result = self.result(ids[: at + 1])
                if result and list(ids[at + 1 : at + 1 + len(result)]) == result:
                    chosen[at + 1 : at + 1 + len(result)] = [0] * len(result)
        return chosen[:until]

    def processor(self, begun: Sequence[Sequence[int]]) -> CalculatorProcessor:
        """For one batch; ``begun`` are the ids that its rows have written already."""
        return CalculatorProcessor(self, begun)


def sum_before(written: str) -> str:
    """The sum that an ``=`` after ``written`` would close: what follows the last colon, newline or ``=``."""
    line = written[-MAX_LENGTH:]
    for mark in ("\n", ":", "="):
        line = line.rsplit(mark, 1)[-1]
    return line.strip()


class CalculatorProcessor(LogitsProcessor):
    """Forces the calculator's tokens. One for each batch: it remembers, for each row, what is still to be written.

    ``begun`` holds, for each row, the ids written before: the calculator may be in the middle of a result.
    """

    def __init__(self, calculator: Calculator, begun: Sequence[Sequence[int]]) -> None:
        self.calculator = calculator
        self.queues = [list(calculator.walk(ids)[1]) for ids in begun]

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """``input_ids`` (B, T), ``scores`` (B, V). A row under the calculator keeps one finite score."""
        last = input_ids[:, -1].tolist()
        for row, queue in enumerate(self.queues):
            if not queue and self.calculator.listens(last[row]):
                queue.extend(self.calculator.result(input_ids[row, -WINDOW:].tolist()) or ())
            if queue:
                forced = queue.pop(0)
                scores[row].fill_(-torch.inf)
                scores[row, forced] = 0.0
        return scores

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these rows only, in this order (finished ones leave the batch)."""
        self.queues = [self.queues[row] for row in rows]
