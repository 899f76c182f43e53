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
def score_completions(decoder: PackedDecoder, rows: Sequence[PackedRow]) -> list[list[CompletionScore]]:
    """The scores of each row's completions. Rows of like length should stand together."""
    adapters = decoder.adapters()

    def told(piece: list[PackedRow]) -> list[list[CompletionScore]]:
        pack = Pack(piece)
        with torch.no_grad():
            figures = token_figures(decoder.hidden(pack, adapters, pack.states), decoder.head, pack.targets)
        count = sum(len(row.completions) for row in piece)
        sums, means = (
            torch.zeros(count, dtype=torch.float64).index_add_(0, pack.owners, values.double())
            for values in (figures.log_probs, figures.mean_logits)
        )
        lengths = torch.bincount(pack.owners, minlength=count).clamp(min=1)
        flat = iter(map(CompletionScore, sums.tolist(), (means / lengths).tolist()))
        return [[next(flat) for _ in row.completions] for row in piece]

    return [scores for found in each(told, list(in_pieces(rows))) for scores in found]
