"""Log-probabilities of texts behind their prompts by the packed decoder, each prompt read once for all of its texts."""

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
    """Of a completion: its summed log-probability (natural), and its mean logit over the vocabulary and its tokens."""

    logprob: float
    mean_logit: float


@torch.no_grad()
def score_completions(
    decoder: PackedDecoder, rows: Sequence[PackedRow], token_masks: Sequence[Sequence[Sequence[int]]] | None = None
) -> list[list[CompletionScore]]:
    """The scores of each row's completions. Rows of like length should stand together.

    ``token_masks`` holds as many masks, 1 for each token that counts; None: all do.
    """
    adapters = decoder.combine_layer_adapters()
    masks = iter(token_masks or ())
    chunks = [(rows, [next(masks) for _ in rows] if token_masks else None) for rows in iter_token_chunks(rows)]

    def score_chunk(chunk: tuple[list[PackedRow], list[Sequence[Sequence[int]]] | None]) -> list[list[CompletionScore]]:
        chunk_rows, chunk_masks = chunk
        pack = PackedBatch(chunk_rows)
        is_scored = torch.ones_like(pack.targets, dtype=torch.bool)
        if chunk_masks:
            is_scored = torch.tensor([bool(own) for row in chunk_masks for mask in row for own in mask])
        with torch.no_grad():
            hidden = decoder.compute_hidden_states(pack, adapters, pack.predicting_positions[is_scored])
            figures = compute_token_statistics(hidden, decoder.lm_head, pack.targets[is_scored])
        count = sum(len(row.completions) for row in chunk_rows)
        owners = pack.completion_numbers[is_scored]
        sums, means = (
            torch.zeros(count, dtype=torch.float64).index_add_(0, owners, values.double())
            for values in (figures.log_probs, figures.mean_logits)
        )
        lengths = torch.bincount(owners, minlength=count).clamp(min=1)
        flat = iter(map(CompletionScore, sums.tolist(), (means / lengths).tolist()))
        return [[next(flat) for _ in row.completions] for row in chunk_rows]

    return [scores for found in parallel_map(score_chunk, chunks) for scores in found]
