"""Hidden states of prompts with completions, one pass for each row, and of further completions from a shared prefix.

A row is a prompt and a completion, padded on the right: no mask is needed, and no keys and values are copied. Another completion
with a common prefix is computed only from where the two differ, as in a prefix tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from studentsim.student.generation.llama_decoder import Decoder, KVCache

POSITIONS_PER_CHUNK = 128
"""Positions whose logits are computed at once: over the embedded student's vocabulary (2 MB) they stay in a core's cache."""


class PrefilledSequences:
    """Prompts, each with a text after it, and their key/value cache. ``hidden_states`` (N, H) are those before the requested ids of the
    texts, row by row."""

    def __init__(
        self,
        decoder: Decoder,
        prompts: Sequence[Sequence[int]],
        texts: Sequence[Sequence[int]],
        positions: Sequence[Sequence[int]],
    ) -> None:
        """Process the rows; ``positions`` are those of the requested ids in each text, ascending."""
        self.decoder = decoder
        self._cache = KVCache()
        self._prompt_lengths = list(map(len, prompts))
        rows = [[*prompt, *text[:-1]] for prompt, text in zip(prompts, texts, strict=True)]
        states = [
            [length - 1 + position for position in row]
            for length, row in zip(self._prompt_lengths, positions, strict=True)
        ]
        self.hidden_states = decoder.hidden_states(
            input_ids=_pad_right(rows),
            past_key_values=self._cache,
            output_mask=_position_mask(states, max(map(len, rows))),
        )

    def extend(
        self,
        rows: Sequence[int],
        shared_lengths: Sequence[int],
        texts: Sequence[Sequence[int]],
        positions: Sequence[Sequence[int]],
    ) -> torch.Tensor:
        """Hidden states (N, H) before the ids at ``positions`` of other texts after the prompts of ``rows``.

        The first ``shared_lengths`` ids of each text are those of the row's first text. The cached rows stay unchanged.
        """
        ids = [text[shared:-1] for text, shared in zip(texts, shared_lengths, strict=True)]
        states = [
            [position - 1 - shared for position in row] for row, shared in zip(positions, shared_lengths, strict=True)
        ]
        prefix_lengths = [self._prompt_lengths[row] + shared for row, shared in zip(rows, shared_lengths, strict=True)]
        longest, max_prefix_length = max(map(len, ids)), max(prefix_lengths)
        starts = torch.tensor(prefix_lengths)[:, None]
        lengths = torch.tensor([len(row) for row in ids])[:, None]
        mask = torch.cat([torch.arange(max_prefix_length)[None] < starts, torch.arange(longest)[None] < lengths], -1)
        return self.decoder.hidden_states(
            input_ids=_pad_right(ids),
            attention_mask=mask,
            position_ids=starts + torch.arange(longest)[None],
            past_key_values=self._cache.take_rows(torch.tensor(rows), max_prefix_length),
            output_mask=_position_mask(states, longest),
        )


def iter_logits(decoder: Decoder, hidden: torch.Tensor) -> Iterator[tuple[slice, torch.Tensor]]:
    """Logits (n, V) of hidden states (N, H), in chunks, each with its slice of the states."""
    for start in range(0, len(hidden), POSITIONS_PER_CHUNK):
        chunk = slice(start, min(start + POSITIONS_PER_CHUNK, len(hidden)))
        yield chunk, decoder.compute_logits(hidden[chunk])


def _pad_right(rows: Sequence[Sequence[int]]) -> torch.Tensor:
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows])


def _position_mask(positions: Sequence[Sequence[int]], width: int) -> torch.Tensor:
    """A mask (B, ``width``), true at these positions."""
    mask = torch.zeros(len(positions), width, dtype=torch.bool)
    for row, row_positions in enumerate(positions):
        mask[row, list(row_positions)] = True
    return mask
