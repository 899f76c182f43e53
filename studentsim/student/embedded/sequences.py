"""Prompts and what stands behind them, read in one pass each: what the embedded student computes of a question.

A row is a prompt with a text behind it, padded on the right: no mask, and no prompt's keys and values are copied for the text.
Another text that begins alike is read on from where the two part, as in a prefix tree: only its own part is computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from studentsim.student.generation.llama_decoder import Decoder, KVCache

POSITIONS_PER_CHUNK = 128
"""Positions scored at once: their scores over the embedded student's vocabulary (2 MB) stay in a core's cache."""


class PrefilledSequences:
    """Rows of token ids, read. ``hidden_states`` (N, H) are the states asked for, row by row."""

    def __init__(self, decoder: Decoder, rows: Sequence[Sequence[int]], positions: Sequence[Sequence[int]]) -> None:
        """Read the rows; ``positions`` are, by row, the positions whose states are asked for, ascending."""
        self.decoder = decoder
        self._cache = KVCache()
        self.hidden_states = decoder.hidden_states(
            input_ids=_pad_right(rows),
            past_key_values=self._cache,
            output_mask=_position_mask(positions, max(map(len, rows))),
        )

    def extend(
        self,
        rows: Sequence[int],
        prefix_lengths: Sequence[int],
        ids: Sequence[Sequence[int]],
        positions: Sequence[Sequence[int]],
    ) -> torch.Tensor:
        """States (N, H) of other texts: each is the first ``prefix_lengths`` ids of one of the ``rows``, and then its ``ids``.

        ``positions`` count from each text's own first id. The rows stay as they are.
        """
        longest, max_prefix_length = max(map(len, ids)), max(prefix_lengths)
        starts = torch.tensor(prefix_lengths)[:, None]
        lengths = torch.tensor([len(row) for row in ids])[:, None]
        mask = torch.cat([torch.arange(max_prefix_length)[None] < starts, torch.arange(longest)[None] < lengths], -1)
        return self.decoder.hidden_states(
            input_ids=_pad_right(ids), attention_mask=mask, position_ids=starts + torch.arange(longest)[None],
            past_key_values=self._cache.take_rows(torch.tensor(rows), max_prefix_length), output_mask=_position_mask(positions, longest),
        )  # fmt: skip


def iter_logits(decoder: Decoder, hidden: torch.Tensor) -> Iterator[tuple[slice, torch.Tensor]]:
    """Scores (n, V) of states (N, H), in parts: each with its place among the states."""
    for start in range(0, len(hidden), POSITIONS_PER_CHUNK):
        chunk = slice(start, min(start + POSITIONS_PER_CHUNK, len(hidden)))
        yield chunk, decoder.compute_logits(hidden[chunk])


def common_prefix_length(one: Sequence[int], other: Sequence[int]) -> int:
    """How many ids the two begin with alike."""
    for at, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return at
    return min(len(one), len(other))


def _pad_right(rows: Sequence[Sequence[int]]) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows])


def _position_mask(positions: Sequence[Sequence[int]], width: int) -> torch.Tensor:
    """True (B, ``width``) at these positions."""
    mask = torch.zeros(len(positions), width, dtype=torch.bool)
    for row, row_positions in enumerate(positions):
        mask[row, list(row_positions)] = True
    return mask
