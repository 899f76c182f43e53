"""The calculator beside any language model: what follows the ``=`` of a closed sum is computed, not guessed.

As ``studentsim.student.calculator`` has it for the embedded student (from the GSM8K paper, "Training Verifiers to Solve Math Word
Problems", https://arxiv.org/abs/2110.14168, section on calculation annotations), for the tokenizer of any model and for sums as
such models write them (``sums.py``). The text decides, not the tokens: the row's last tokens are decoded where one of them ends
in ``=``. The forced tokens are the tokenizer's own for that text, and are left out of every loss and log-probability, since the
student did not choose them. When the number is written, the student goes on by itself, but not with more digits: a model that
had 270 in mind would make that of the calculator's 27.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import torch
from transformers import LogitsProcessor, PreTrainedTokenizerBase

from studentsim.arithmetic import MAX_LENGTH
from studentsim.student.huggingface.sums import result_after

WINDOW = MAX_LENGTH + 8
"""Tokens looked back at. Nearly all are a character or more, so the longest sum is among them."""
_ANCHORS = ("=", "\n", "(", "a")
"""Behind these a text is encoded, so that it begins as it does in the midst of a line."""
_MORE_DIGITS = re.compile(r"[.,]?[0-9]|<0x3[0-9]>")
"""How a token begins that goes on with a number."""


@dataclass
class Row:
    """Where a row stands with its calculator."""

    queue: list[int] = field(default_factory=list)
    """What is left of a value to be written."""
    number: str = ""
    """``value`` where a value was just written, ``point`` where a point or comma came after it: no digit may follow."""
    forced: bool = False
    """Whether the token of this step was forced."""


class TextCalculator:
    """Knows, from the ids that a row has written so far, which ids the calculator writes next."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer
        self._core = getattr(tokenizer, "backend_tokenizer", None)
        self._listens: dict[int, bool] = {}
        self._encoded = lru_cache(4096)(self._encode)

    def listens(self, token: int) -> bool:
        """Whether a sum may end in this token: its text ends in ``=`` or is blank."""
        if token not in self._listens:
            text = self._text([token]).rstrip(" ")
            self._listens[token] = not text or text.endswith("=")
        return self._listens[token]

    def result(self, ids: Sequence[int]) -> tuple[int, ...]:
        """The ids of the value, if what the row wrote ends in the ``=`` of a closed sum; else none."""
        if not ids or not self.listens(ids[-1]):
            return ()
        tail = list(ids[-WINDOW:])
        before = self._text(tail)
        shown = result_after(before)
        forced = self._encoded(shown) if shown else ()
        # A tokenizer that would write it otherwise here (by its own spaces, or not at all) is left alone.
        return forced if shown and self._text([*tail, *forced]) == before + shown else ()

    def state(self, ids: Sequence[int]) -> Row:
        """Where a row stands that has written ``ids``: in the midst of a value, at its end, or elsewhere."""
        return self._walk(ids)[1]

    def forced_mask(self, ids: Sequence[int]) -> list[int]:
        """1 for each of an answer's ids that the student chose, 0 for each that the calculator wrote.

        A value counts as the calculator's where it stands whole, or up to the end of an answer that was cut there.
        """
        return self._walk(ids)[0]

    @cached_property
    def digits(self) -> torch.Tensor:
        """Ids (N,) of the tokens that would make a number longer."""
        tokens = self.tokenizer.convert_ids_to_tokens(range(len(self.tokenizer)))
        return torch.tensor(
            [n for n, token in enumerate(tokens) if token and _MORE_DIGITS.match(token)], dtype=torch.long
        )

    def processor(self, begun: Sequence[Sequence[int]]) -> TextCalculatorProcessor:
        """For one batch; ``begun`` are the ids that its rows have written already."""
        return TextCalculatorProcessor(self, begun)

    # ------------------------------------------------------------------ inside

    def _walk(self, ids: Sequence[int]) -> tuple[list[int], Row]:
        chosen, at, row = [1] * len(ids), 0, Row()
        while at < len(ids):
            at += 1
            row = Row(number=self.after(row, ids[at - 1]))
            forced = self.result(ids[max(0, at - WINDOW) : at]) if self.listens(ids[at - 1]) else ()
            written = ids[at : at + len(forced)]
            if forced and tuple(written) == forced[: len(written)]:
                chosen[at : at + len(written)] = [0] * len(written)
                at += len(written)
                row = Row(list(forced[len(written) :]), "value" if len(written) == len(forced) else "")
        return chosen, row

    def after(self, row: Row, token: int) -> str:
        """A row's ``number`` after a token that the student chose."""
        return "point" if row.number == "value" and self._text([token]) in (".", ",") else ""

    def _text(self, ids: Sequence[int]) -> str:
        if self._core is not None:  # a fifth of the time that transformers' way takes
            return self._core.decode(list(ids), skip_special_tokens=True)
        return self.tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)

    def _ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)

    def _encode(self, text: str) -> tuple[int, ...]:
        """A text's ids as they follow another; none where the tokenizer always lets the two grow together."""
        for anchor in _ANCHORS:
            before, whole = self._ids(anchor), self._ids(anchor + text)
            if before and whole[: len(before)] == before:
                return tuple(whole[len(before) :])
        return ()


class TextCalculatorProcessor(LogitsProcessor):
    """Forces the calculator's tokens. One for each batch, called once a step: it keeps what each row has written.

    ``begun`` holds, for each row, the ids written before the first call: the calculator may be in the midst of a value.
    """

    def __init__(self, calculator: TextCalculator, begun: Sequence[Sequence[int]]) -> None:
        self.calculator = calculator
        self.rows = [calculator.state(ids) for ids in begun]
        self.written = [list(ids[-WINDOW:]) for ids in begun]
        self._first = True

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """``input_ids`` (B, T) of which the last column is the token of the step before, ``scores`` (B, V), changed in place.

        A row under the calculator keeps one finite score, 0: whatever is sampled, it is that token, at log-probability 0.
        """
        if not self._first:
            for place, token in enumerate(input_ids[:, -1].tolist()):
                self._heard(place, token)
        self._first = False
        for place, row in enumerate(self.rows):
            row.forced = bool(row.queue)
            if row.queue:
                scores[place].fill_(-torch.inf)
                scores[place, row.queue.pop(0)] = 0.0
            elif row.number:
                digits = self.calculator.digits
                scores[place, digits[digits < scores.shape[-1]].to(scores.device)] = -torch.inf
        return scores

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these rows only, in this order (finished ones leave the batch)."""
        self.rows = [self.rows[row] for row in rows]
        self.written = [self.written[row] for row in rows]

    def _heard(self, place: int, token: int) -> None:
        row, written = self.rows[place], self.written[place]
        written.append(token)
        if row.forced:
            row.number = "" if row.queue else "value"
            return
        row.number = self.calculator.after(row, token)
        if self.calculator.listens(token):
            del written[:-WINDOW]
            row.queue = list(self.calculator.result(written))
