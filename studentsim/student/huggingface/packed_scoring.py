"""Log-probabilities of completions by the packed decoder, with each prompt computed once for all of its completions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from studentsim.parallel import parallel_map
from studentsim.student.huggingface.packed_decoder import PackedDecoder
from studentsim.student.huggingface.packed_generation import iter_token_chunks
from studentsim.student.huggingface.packing import PackedBatch, PackedRow
from studentsim.student.huggingface.token_logprobs import compute_token_statistics


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
