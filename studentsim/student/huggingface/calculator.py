"""A calculator for any language model: the value after the ``=`` of a complete sum is computed and its tokens are forced.

``studentsim.student.embedded.calculator`` does the same for the embedded student (from the GSM8K paper, "Training Verifiers to Solve
Math Word Problems", https://arxiv.org/abs/2110.14168, section on calculation annotations); this one works with any tokenizer and with
sums as language models write them (``sums.py``). It works on text: where a row's token ends in ``=``, its last tokens are decoded. The
forced tokens are the tokenizer's own for that text, and are left out of every loss and log-probability, since the student did not
choose them. After the value the student goes on by itself, but not with a digit: a model that expects 270 would turn the calculator's
27 into that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import torch
from transformers import LogitsProcessor, PreTrainedTokenizerBase

from studentsim.arithmetic import MAX_EXPRESSION_CHARS
from studentsim.student.huggingface.chat import encode_after_anchor
from studentsim.student.huggingface.sums import complete_equation

WINDOW_TOKENS = MAX_EXPRESSION_CHARS + 8
"""The last tokens of a row that are decoded. Nearly all have a character or more, so they include the longest sum."""
_CONTEXT_ANCHORS = ("=", "\n", "(", "a")
"""A value is encoded after one of these, so that its first token is the one it has within a line."""
_DIGIT_TOKEN_PATTERN = re.compile(r"[.,]?[0-9]|<0x3[0-9]>")
"""The beginning of tokens that continue a number."""


@dataclass
class RowState:
    """The calculator's state for one row."""

    pending_ids: list[int] = field(default_factory=list)
    """The remaining ids of a value that is being written."""
    number_state: str = ""
    """``value`` directly after a value, ``point`` after a value and a point or comma: then no digit may follow. Else ""."""
    is_forced: bool = False
    """Whether this step's token is forced."""


class TextCalculator:
    """Computes from the ids that a row has written which ids the calculator writes next, with one tokenizer."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer
        self._fast_tokenizer = getattr(tokenizer, "backend_tokenizer", None)
        self._may_end_sum_cache: dict[int, bool] = {}
        self._encode_result_cached = lru_cache(4096)(
            lambda text: tuple(encode_after_anchor(tokenizer, text, _CONTEXT_ANCHORS))
        )
        """The ids of a value; none where the tokenizer merges it with the text before, whatever that is."""

    def may_end_sum(self, token: int) -> bool:
        """Whether a sum may end with this token: its text ends in ``=`` or is blank."""
        if token not in self._may_end_sum_cache:
            text = self._decode([token]).rstrip(" ")
            self._may_end_sum_cache[token] = not text or text.endswith("=")
        return self._may_end_sum_cache[token]

    def result_ids(self, ids: Sequence[int]) -> tuple[int, ...]:
        """The ids of the value, if ``ids`` end in the ``=`` of a complete sum; else none."""
        if not ids or not self.may_end_sum(ids[-1]):
            return ()
        tail = list(ids[-WINDOW_TOKENS:])
        written_text = self._decode(tail)
        result_text = complete_equation(written_text, is_truncated=len(tail) == WINDOW_TOKENS)
        forced = self._encode_result_cached(result_text) if result_text else ()
        # Nothing is forced where the tokenizer would decode the ids to another text here (by spaces of its own).
        return forced if result_text and self._decode([*tail, *forced]) == written_text + result_text else ()

    def compute_row_state(self, ids: Sequence[int]) -> RowState:
        """The state of a row that has written ``ids``: within a value, at its end, or elsewhere."""
        return self._replay(ids)[1]

    def loss_mask(self, ids: Sequence[int]) -> list[int]:
        """1 for each of an answer's ids that the student chose, 0 for each that the calculator forced.

        A value counts as forced where it is complete, or cut off by the end of the answer.
        """
        return self._replay(ids)[0]

    @cached_property
    def digit_token_ids(self) -> torch.Tensor:
        """Ids (N,) of the tokens that would continue a number."""
        tokens = self.tokenizer.convert_ids_to_tokens(range(len(self.tokenizer)))
        return torch.tensor(
            [n for n, token in enumerate(tokens) if token and _DIGIT_TOKEN_PATTERN.match(token)], dtype=torch.long
        )

    def processor(self, generated_ids: Sequence[Sequence[int]]) -> TextCalculatorProcessor:
        """The logits processor of one batch; ``generated_ids``: the ids that each row has written already."""
        return TextCalculatorProcessor(self, generated_ids)

    # ------------------------------------------------------------------ inside

    def _replay(self, ids: Sequence[int]) -> tuple[list[int], RowState]:
        mask, position, row = [1] * len(ids), 0, RowState()
        while position < len(ids):
            position += 1
            row = RowState(number_state=self.next_number_state(row, ids[position - 1]))
            forced = (
                self.result_ids(ids[max(0, position - WINDOW_TOKENS) : position])
                if self.may_end_sum(ids[position - 1])
                else ()
            )
            written = ids[position : position + len(forced)]
            if forced and tuple(written) == forced[: len(written)]:
                mask[position : position + len(written)] = [0] * len(written)
                position += len(written)
                row = RowState(list(forced[len(written) :]), "value" if len(written) == len(forced) else "")
        return mask, row

    def next_number_state(self, row: RowState, token: int) -> str:
        """A row's ``number_state`` after a token that the student chose."""
        return "point" if row.number_state == "value" and self._decode([token]) in (".", ",") else ""

    def _decode(self, ids: Sequence[int]) -> str:
        if self._fast_tokenizer is not None:  # a fifth of the time of transformers' own decode
            return self._fast_tokenizer.decode(list(ids), skip_special_tokens=True)
        return self.tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)


class TextCalculatorProcessor(LogitsProcessor):
    """Forces the calculator's tokens. One for each batch, called once a step.

    ``generated_ids``: the ids that each row has written before the first call, which may end within a value.
    """

    def __init__(self, calculator: TextCalculator, generated_ids: Sequence[Sequence[int]]) -> None:
        self.calculator = calculator
        self.row_states = [calculator.compute_row_state(ids) for ids in generated_ids]
        self.written = [list(ids[-WINDOW_TOKENS:]) for ids in generated_ids]
        self._is_first_call = True

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Change ``scores`` (B, V) in place and return them; the last column of ``input_ids`` (B, T) is the step before.

        A row with a forced token keeps one finite score, 0, so that this token is sampled at log-probability 0.
        """
        if not self._is_first_call:
            for row_index, token in enumerate(input_ids[:, -1].tolist()):
                self._update_row(row_index, token)
        self._is_first_call = False
        for row_index, row in enumerate(self.row_states):
            row.is_forced = bool(row.pending_ids)
            if row.pending_ids:
                scores[row_index].fill_(-torch.inf)
                scores[row_index, row.pending_ids.pop(0)] = 0.0
            elif row.number_state:
                digits = self.calculator.digit_token_ids
                scores[row_index, digits[digits < scores.shape[-1]].to(scores.device)] = -torch.inf
        return scores

    def keep(self, rows: Sequence[int]) -> None:
        """Continue with these rows only, in this order (finished ones leave the batch)."""
        self.row_states = [self.row_states[row] for row in rows]
        self.written = [self.written[row] for row in rows]

    def _update_row(self, row_index: int, token: int) -> None:
        row, written = self.row_states[row_index], self.written[row_index]
        written.append(token)
        if row.is_forced:
            row.number_state = "" if row.pending_ids else "value"
            return
        row.number_state = self.calculator.next_number_state(row, token)
        if self.calculator.may_end_sum(token):
            del written[:-WINDOW_TOKENS]
            row.pending_ids = list(self.calculator.result_ids(written))
