"""A language model and its adapter asked through the packed decoder: texts written, texts weighed against each other, pairs scored."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np
import torch
from peft import PeftModel

from studentsim.student.generation.sampling import AnyCalculator, Generation, iter_generations
from studentsim.student.huggingface.allocator import release_free_memory
from studentsim.student.huggingface.decoding_weights import ReorderedStepWeights
from studentsim.student.huggingface.memory import MAX_ACTIVATION_BYTES
from studentsim.student.huggingface.packed_decoder import PackedDecoder
from studentsim.student.huggingface.packed_decoder_check import build_packed_decoder
from studentsim.student.huggingface.packed_generation import PackedSession
from studentsim.student.huggingface.packed_scoring import score_completions
from studentsim.student.huggingface.packing import PackedRow
from studentsim.student.huggingface.threads import use_all_cores
from studentsim.types import PairScore

CLOSE_CALL_NATS = 0.5
"""Nats by which the likeliest text must lead for the choice to be left to 16 bits: four standard deviations of what rounding makes of
a lead (SmolLM2, docs/log.md)."""

TokenIds = Sequence[int]


class PackedInference:
    """One model's; the adapter counts as it stands, and not at all where PEFT has it switched off."""

    def __init__(self, model: PeftModel, decoder: PackedDecoder) -> None:
        self.model = model
        self.decoder = decoder
        self._step_weights: ReorderedStepWeights | None = None
        self._float32_decoder: PackedDecoder | None = None

    @classmethod
    def from_model(cls, model: PeftModel, dtype: torch.dtype) -> PackedInference | None:
        """For a model that the packed decoder knows and computes rightly; None where transformers is to be asked."""
        decoder = build_packed_decoder(model, dtype)
        return cls(model, decoder) if decoder else None

    def completion_logprobs(
        self, prompts: Sequence[TokenIds], completions: Sequence[Sequence[TokenIds]]
    ) -> list[list[float]]:
        """The summed log-probability (natural) of each of the ``completions`` behind its prompt. Prompts of like length should stand together."""
        return _score_logprobs(self.decoder, prompts, completions)

    def rechecked_logprobs(
        self, prompts: Sequence[TokenIds], completions: Sequence[Sequence[TokenIds]]
    ) -> list[list[float]]:
        """As ``completion_logprobs``, with close calls computed again in float32: which text is taken is not to hang on 16 bits' rounding."""
        found = self.completion_logprobs(prompts, completions)
        if self.decoder.dtype == torch.float32:
            return found
        close = [n for n, row in enumerate(found) if _lead_over_runner_up(row) < CLOSE_CALL_NATS]
        if close:
            self._float32_decoder = self._float32_decoder or PackedDecoder(self.model, torch.float32)
            recomputed = _score_logprobs(
                self._float32_decoder, [prompts[n] for n in close], [completions[n] for n in close]
            )
            for n, row in zip(close, recomputed, strict=True):
                found[n] = row
        return found

    def pair_scores(self, rows: Sequence[Mapping[str, TokenIds]]) -> list[PairScore]:
        """Of each of the pairs (``dpo.TrainableStudent.pair_ids``) the log-probabilities and mean logits of chosen and rejected."""
        in_order = sorted(range(len(rows)), key=lambda n: len(rows[n]["prompt_ids"]))
        packed = [PackedRow(rows[n]["prompt_ids"], [rows[n]["chosen_ids"], rows[n]["rejected_ids"]]) for n in in_order]
        masks = [[rows[n]["chosen_mask"], rows[n]["rejected_mask"]] for n in in_order]
        found = {
            n: PairScore(chosen.logprob, rejected.logprob, chosen.mean_logit, rejected.mean_logit)
            for n, (chosen, rejected) in zip(in_order, score_completions(self.decoder, packed, masks), strict=True)
        }
        return [found[n] for n in range(len(rows))]

    def generate(
        self,
        prompts: Sequence[TokenIds],
        uniforms: np.ndarray,
        calculator: AnyCalculator | None,
        *,
        end_token_ids: Collection[int],
        temperature: float,
        min_p: float,
        on_step: Callable[[Sequence[TokenIds]], None] | None = None,
    ) -> Iterator[tuple[int, Generation]]:
        """What is written behind each prompt (by its number), each as soon as it is done; see ``sampling.iter_generations``.

        To be followed by ``release_weights`` before the adapter changes, and where nothing is written for a while.
        """
        self._step_weights = self._step_weights or ReorderedStepWeights(self.decoder)
        session = PackedSession(self.decoder, self._step_weights, prompts)
        ids: list[list[int]] = [[] for _ in prompts]
        rows = iter_generations(
            session, calculator and calculator.processor(ids), uniforms, ids=ids,
            end=end_token_ids, temperature=temperature, min_p=min_p, on_step=on_step,
        )  # fmt: skip
        with use_all_cores():
            yield from rows

    def release_weights(self) -> None:
        """Let go of weights that are held a second time, with the adapter as it was: made again in half a second, and training needs
        the memory. What lies free in the heap goes back to the system as well."""
        self._step_weights = self._float32_decoder = None
        release_free_memory()

    def fit_micro_batch_size(self, planned_size: int, tokens_per_pair: int) -> int:
        """Pairs of so many ``tokens_per_pair`` (prompt and both texts) that go through the model together in training: a divisor of ``planned_size``,
        and all that is kept of them fits."""
        max_pairs = max(1, int(MAX_ACTIVATION_BYTES / (self.decoder.activation_bytes_per_token * tokens_per_pair)))
        return max(d for d in range(1, planned_size + 1) if planned_size % d == 0 and d <= max_pairs)


def _score_logprobs(
    decoder: PackedDecoder, prompts: Sequence[TokenIds], completions: Sequence[Sequence[TokenIds]]
) -> list[list[float]]:
    rows = [PackedRow(prompt, own) for prompt, own in zip(prompts, completions, strict=True)]
    return [[score.logprob for score in row] for row in score_completions(decoder, rows)]


def _lead_over_runner_up(logps: Sequence[float]) -> float:
    """How far (nats) the likeliest text is ahead of the next."""
    best, *others = sorted(logps, reverse=True)
    return best - others[0] if others else math.inf
