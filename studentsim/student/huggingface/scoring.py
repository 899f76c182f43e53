"""Log-probabilities of texts behind their prompts by the packed decoder, each prompt read once for all of its texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from studentsim.parallel import each
from studentsim.student.huggingface.decoder import PackedDecoder
from studentsim.student.huggingface.generation import in_pieces
from studentsim.student.huggingface.packing import Pack, PackedRow
from studentsim.student.huggingface.token_logprobs import token_figures


class CompletionScore(NamedTuple):
    """Of a completion: its summed log-probability (natural), and its mean logit over the vocabulary and its tokens."""

    logprob: float
    mean_logit: float


@torch.no_grad()
def score_completions(
    decoder: PackedDecoder, rows: Sequence[PackedRow], counted: Sequence[Sequence[Sequence[int]]] | None = None
) -> list[list[CompletionScore]]:
    """The scores of each row's completions. Rows of like length should stand together.

    ``counted`` holds as many masks, 1 for each token that counts; None: all do.
    """
    adapters = decoder.adapters()
    masks = iter(counted or ())
    pieces = [(rows, [next(masks) for _ in rows] if counted else None) for rows in in_pieces(rows)]

    def told(piece: tuple[list[PackedRow], list[Sequence[Sequence[int]]] | None]) -> list[list[CompletionScore]]:
        own_rows, own_masks = piece
        pack = Pack(own_rows)
        asked = torch.ones_like(pack.targets, dtype=torch.bool)
        if own_masks:
            asked = torch.tensor([bool(own) for row in own_masks for mask in row for own in mask])
        with torch.no_grad():
            hidden = decoder.hidden(pack, adapters, pack.states[asked])
            figures = token_figures(hidden, decoder.head, pack.targets[asked])
        count = sum(len(row.completions) for row in own_rows)
        owners = pack.owners[asked]
        sums, means = (
            torch.zeros(count, dtype=torch.float64).index_add_(0, owners, values.double())
            for values in (figures.log_probs, figures.mean_logits)
        )
        lengths = torch.bincount(owners, minlength=count).clamp(min=1)
        flat = iter(map(CompletionScore, sums.tolist(), (means / lengths).tolist()))
        return [[next(flat) for _ in row.completions] for row in own_rows]

    return [scores for found in each(told, pieces) for scores in found]
