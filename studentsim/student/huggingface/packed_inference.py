"""Inference with the packed decoder: generates texts, and scores completions and preference pairs."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from peft import PeftModel

from studentsim.parallel import parallel_map
from studentsim.student.generation.sampling import AnyCalculator, Generation, iter_generations
from studentsim.student.huggingface.allocator import release_free_memory
from studentsim.student.huggingface.decoding_weights import ReorderedStepWeights
from studentsim.student.huggingface.memory import MAX_ACTIVATION_BYTES
from studentsim.student.huggingface.packed_decoder import PackedDecoder
from studentsim.student.huggingface.packed_decoder_check import build_packed_decoder
from studentsim.student.huggingface.packed_generation import PackedSession, iter_token_chunks
from studentsim.student.huggingface.packing import PackedBatch, PackedRow
from studentsim.student.huggingface.threads import use_all_cores
from studentsim.student.huggingface.token_logprobs import compute_token_statistics
from studentsim.types import PairScore

CLOSE_CALL_NATS = 0.5
"""Nats by which the likeliest completion must lead for the choice to be made in 16 bits: four standard deviations of a lead's rounding
error (SmolLM2, docs/log.md)."""

TokenIds = Sequence[int]


class PackedInference:
    """Inference with one model and its current adapter, or with the base model while PEFT has the adapter disabled."""

    def __init__(self, model: PeftModel, decoder: PackedDecoder) -> None:
        self.model = model
        self.decoder = decoder
        self._step_weights: ReorderedStepWeights | None = None
        self._float32_decoder: PackedDecoder | None = None

    @classmethod
    def from_model(cls, model: PeftModel, dtype: torch.dtype) -> PackedInference | None:
        """For a model that the packed decoder supports and computes correctly; None where transformers must be used."""
        decoder = build_packed_decoder(model, dtype)
        return cls(model, decoder) if decoder else None

    def completion_logprobs(
        self, prompts: Sequence[TokenIds], completions: Sequence[Sequence[TokenIds]]
    ) -> list[list[float]]:
        """Summed natural log-probability of each prompt's completions. Fastest with prompts of similar length together."""
        return _score_logprobs(self.decoder, prompts, completions)

    def rechecked_logprobs(
        self, prompts: Sequence[TokenIds], completions: Sequence[Sequence[TokenIds]]
    ) -> list[list[float]]:
        """As ``completion_logprobs``, with close calls computed again in float32, so that rounding does not decide which is likeliest."""
        logprobs = self.completion_logprobs(prompts, completions)
        if self.decoder.dtype == torch.float32:
            return logprobs
        close = [n for n, row in enumerate(logprobs) if _lead_over_runner_up(row) < CLOSE_CALL_NATS]
        if close:
            self._float32_decoder = self._float32_decoder or PackedDecoder(self.model, torch.float32)
            recomputed = _score_logprobs(
                self._float32_decoder, [prompts[n] for n in close], [completions[n] for n in close]
            )
            for n, row in zip(close, recomputed, strict=True):
                logprobs[n] = row
        return logprobs

    def pair_scores(self, rows: Sequence[Mapping[str, TokenIds]]) -> list[PairScore]:
        """Log-probabilities and mean logits of chosen and rejected of each pair (rows as of ``TrainableStudent.pair_ids``)."""
        in_order = sorted(range(len(rows)), key=lambda n: len(rows[n]["prompt_ids"]))
        packed = [PackedRow(rows[n]["prompt_ids"], [rows[n]["chosen_ids"], rows[n]["rejected_ids"]]) for n in in_order]
        masks = [[rows[n]["chosen_mask"], rows[n]["rejected_mask"]] for n in in_order]
        scores = {
            n: PairScore(chosen.logprob, rejected.logprob, chosen.mean_logit, rejected.mean_logit)
            for n, (chosen, rejected) in zip(in_order, score_completions(self.decoder, packed, masks), strict=True)
        }
        return [scores[n] for n in range(len(rows))]

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
        """Generate after each prompt; yields (prompt's index, generation) as each is finished. See ``sampling.iter_generations``.

        Call ``release_weights`` before the adapter changes, and when nothing is generated for a while.
        """
        self._step_weights = self._step_weights or ReorderedStepWeights(self.decoder)
        session = PackedSession(self.decoder, self._step_weights, prompts)
        ids: list[list[int]] = [[] for _ in prompts]
        rows = iter_generations(
            session, calculator and calculator.processor(ids), uniforms, ids=ids,
            eos_token_id=end_token_ids, temperature=temperature, min_p=min_p, on_step=on_step,
        )  # fmt: skip
        with use_all_cores():
            yield from rows

    def release_weights(self) -> None:
        """Free the second copies of the weights, which include the adapter as it was, and return free heap memory to the system.

        Training needs the memory, and ``generate`` makes them again in half a second.
        """
        self._step_weights = self._float32_decoder = None
        release_free_memory()

    def fit_micro_batch_size(self, planned_size: int, tokens_per_pair: int) -> int:
        """The largest divisor of ``planned_size`` pairs whose activations fit into ``MAX_ACTIVATION_BYTES``, at least 1.

        ``tokens_per_pair``: of its prompt and both texts.
        """
        max_pairs = max(1, int(MAX_ACTIVATION_BYTES / (self.decoder.activation_bytes_per_token * tokens_per_pair)))
        return max(d for d in range(1, planned_size + 1) if planned_size % d == 0 and d <= max_pairs)


class CompletionScore(NamedTuple):
    """A completion's summed natural log-probability, and its mean logit over the vocabulary and its tokens."""

    logprob: float
    mean_logit: float


@torch.no_grad()
def score_completions(
    decoder: PackedDecoder, rows: Sequence[PackedRow], token_masks: Sequence[Sequence[Sequence[int]]] | None = None
) -> list[list[CompletionScore]]:
    """The scores of each row's completions. Fastest with rows of similar length together.

    ``token_masks``: 1 for each token that counts, of each completion of each row; None: all count.
    """
    adapters = decoder.combine_layer_adapters()
    masks = iter(token_masks or ())
    chunks = [(rows, [next(masks) for _ in rows] if token_masks else None) for rows in iter_token_chunks(rows)]

    def score_chunk(chunk: tuple[list[PackedRow], list[Sequence[Sequence[int]]] | None]) -> list[list[CompletionScore]]:
        chunk_rows, chunk_masks = chunk
        pack = PackedBatch(chunk_rows)
        is_scored = torch.ones_like(pack.targets, dtype=torch.bool)
        if chunk_masks:
            is_scored = torch.tensor([bool(flag) for row in chunk_masks for mask in row for flag in mask])
        with torch.no_grad():
            hidden = decoder.compute_hidden_states(pack, adapters, pack.predicting_positions[is_scored])
            statistics = compute_token_statistics(hidden, decoder.lm_head, pack.targets[is_scored])
        count = sum(len(row.completions) for row in chunk_rows)
        completion_numbers = pack.completion_numbers[is_scored]
        sums, means = (
            torch.zeros(count, dtype=torch.float64).index_add_(0, completion_numbers, values.double())
            for values in (statistics.log_probs, statistics.mean_logits)
        )
        lengths = torch.bincount(completion_numbers, minlength=count).clamp(min=1)
        flat = iter(map(CompletionScore, sums.tolist(), (means / lengths).tolist()))
        return [[next(flat) for _ in row.completions] for row in chunk_rows]

    return [row_scores for chunk_scores in parallel_map(score_chunk, chunks) for row_scores in chunk_scores]


def _score_logprobs(
    decoder: PackedDecoder, prompts: Sequence[TokenIds], completions: Sequence[Sequence[TokenIds]]
) -> list[list[float]]:
    rows = [PackedRow(prompt, texts) for prompt, texts in zip(prompts, completions, strict=True)]
    return [[score.logprob for score in row] for row in score_completions(decoder, rows)]


def _lead_over_runner_up(logps: Sequence[float]) -> float:
    """The likeliest completion's log-probability minus the next one's, in nats; infinite for a single one."""
    best, *others = sorted(logps, reverse=True)
    return best - others[0] if others else math.inf
