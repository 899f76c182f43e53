"""A language model and its adapter asked through the packed decoder: texts written, texts weighed against each other, pairs scored."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np
import torch
from peft import PeftModel

from studentsim.heap import give_back
from studentsim.records import PairScore
from studentsim.student.hub.sizes import KEPT_AT_ONCE
from studentsim.student.huggingface.decoder import PackedDecoder
from studentsim.student.huggingface.decoder_check import decoder_of
from studentsim.student.huggingface.generation import PackedSession
from studentsim.student.huggingface.packing import PackedRow
from studentsim.student.huggingface.scoring import score_completions
from studentsim.student.huggingface.step_weights import OrderedWeights
from studentsim.student.huggingface.threads import all_cores
from studentsim.student.sampling import AnyCalculator, Written, write_on

CLOSE = 0.5
"""Nats by which the likeliest text must lead for the choice to be left to 16 bits: four standard deviations of what rounding makes of
a lead (SmolLM2, docs/log.md)."""

Ids = Sequence[int]


class PackedInference:
    """One model's; the adapter counts as it stands, and not at all where PEFT has it switched off."""

    def __init__(self, model: PeftModel, decoder: PackedDecoder) -> None:
        self.model = model
        self.decoder = decoder
        self._step_weights: OrderedWeights | None = None
        self._exact: PackedDecoder | None = None

    @classmethod
    def of(cls, model: PeftModel, dtype: torch.dtype) -> PackedInference | None:
        """For a model that the packed decoder knows and computes rightly; None where transformers is to be asked."""
        decoder = decoder_of(model, dtype)
        return cls(model, decoder) if decoder else None

    def logprobs(self, prompts: Sequence[Ids], texts: Sequence[Sequence[Ids]]) -> list[list[float]]:
        """The summed log-probability (natural) of each of the ``texts`` behind its prompt. Prompts of like length should stand together."""
        return _logprobs(self.decoder, prompts, texts)

    def decided(self, prompts: Sequence[Ids], texts: Sequence[Sequence[Ids]]) -> list[list[float]]:
        """As ``logprobs``, with close calls computed again in float32: which text is taken is not to hang on 16 bits' rounding."""
        found = self.logprobs(prompts, texts)
        if self.decoder.dtype == torch.float32:
            return found
        close = [n for n, row in enumerate(found) if _lead(row) < CLOSE]
        if close:
            self._exact = self._exact or PackedDecoder(self.model, torch.float32)
            anew = _logprobs(self._exact, [prompts[n] for n in close], [texts[n] for n in close])
            for n, row in zip(close, anew, strict=True):
                found[n] = row
        return found

    def pair_scores(self, rows: Sequence[Mapping[str, Ids]]) -> list[PairScore]:
        """Of each of the pairs (``dpo.Trainable.pair_ids``) the log-probabilities and mean logits of chosen and rejected."""
        in_order = sorted(range(len(rows)), key=lambda n: len(rows[n]["prompt_ids"]))
        packed = [PackedRow(rows[n]["prompt_ids"], [rows[n]["chosen_ids"], rows[n]["rejected_ids"]]) for n in in_order]
        masks = [[rows[n]["chosen_mask"], rows[n]["rejected_mask"]] for n in in_order]
        found = {
            n: PairScore(chosen.logprob, rejected.logprob, chosen.mean_logit, rejected.mean_logit)
            for n, (chosen, rejected) in zip(in_order, score_completions(self.decoder, packed, masks), strict=True)
        }
        return [found[n] for n in range(len(rows))]

    def write(
        self,
        prompts: Sequence[Ids],
        uniforms: np.ndarray,
        calculator: AnyCalculator | None,
        *,
        end: Collection[int],
        temperature: float,
        min_p: float,
        on_step: Callable[[Sequence[Ids]], None] | None = None,
    ) -> Iterator[tuple[int, Written]]:
        """What is written behind each prompt (by its number), each as soon as it is done; see ``sampling.write_on``.

        To be followed by ``release`` before the adapter changes, and where nothing is written for a while.
        """
        self._step_weights = self._step_weights or OrderedWeights(self.decoder)
        session = PackedSession(self.decoder, self._step_weights, prompts)
        ids: list[list[int]] = [[] for _ in prompts]
        rows = write_on(
            session, calculator and calculator.processor(ids), uniforms, ids=ids,
            end=end, temperature=temperature, min_p=min_p, on_step=on_step,
        )  # fmt: skip
        with all_cores():
            yield from rows

    def release(self) -> None:
        """Let go of weights that are held a second time, with the adapter as it was: made again in half a second, and training needs
        the memory. What lies free in the heap goes back to the system as well."""
        self._step_weights = self._exact = None
        give_back()

    def pairs_at_once(self, most: int, tokens: int) -> int:
        """Pairs of so many ``tokens`` (prompt and both texts) that go through the model together in training: a divisor of ``most``,
        and all that is kept of them fits."""
        fits = max(1, int(KEPT_AT_ONCE / (self.decoder.kept_per_token * tokens)))
        return max(d for d in range(1, most + 1) if most % d == 0 and d <= fits)


def _logprobs(decoder: PackedDecoder, prompts: Sequence[Ids], texts: Sequence[Sequence[Ids]]) -> list[list[float]]:
    rows = [PackedRow(prompt, own) for prompt, own in zip(prompts, texts, strict=True)]
    return [[score.logprob for score in row] for row in score_completions(decoder, rows)]


def _lead(logps: Sequence[float]) -> float:
    """How far (nats) the likeliest text is ahead of the next."""
    best, *others = sorted(logps, reverse=True)
    return best - others[0] if others else math.inf
