"""Writing with the packed decoder: prompts are read without padding, keys and values are held in place, rows leave when they end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from studentsim.parallel import MAX_THREADS, parallel_map
from studentsim.student.huggingface.packed_decoder import KeysAndValues, PackedDecoder, StepWeights
from studentsim.student.huggingface.packing import PackedBatch, PackedRow

PREFILL_CHUNK_TOKENS = 1536
"""Tokens that are read in one forward pass: enough for matrices to be fast, few enough for a core's caches and for two cores to share."""
LEAST_TOKENS = 256
"""Tokens below which a piece is not worth a thread of its own."""
CACHE_GROWTH_TOKENS = 64
"""Positions by which keys and values grow when they are full."""


def iter_token_chunks(rows: Sequence[PackedRow], max_tokens: int = PREFILL_CHUNK_TOKENS) -> Iterator[list[PackedRow]]:
    """The rows in their order, in pieces of at most ``max_tokens`` tokens, at least one row each; like in size and a multiple of ``MAX_THREADS`` in
    number, so that no thread is left with a piece while the others have none. The pieces do not depend on how many cores there are.
    """
    total = sum(map(len, rows))
    count = max(1, -(-total // max_tokens))
    if total >= MAX_THREADS * LEAST_TOKENS:
        count = -(-count // MAX_THREADS) * MAX_THREADS
    chunk: list[PackedRow] = []
    made = tokens = read = 0
    for row in rows:
        if chunk and (tokens + len(row) > max_tokens or read + len(row) / 2 > (made + 1) * total / count):
            yield chunk
            chunk, tokens, made = [], 0, made + 1
        chunk.append(row)
        tokens += len(row)
        read += len(row)
    if chunk:
        yield chunk


class PackedSession:
    """Rows in the midst of being written; see ``sampling.DecodingSession``. Memory: 2 x layers x KV heads x D numbers a token of a row."""

    @torch.no_grad()
    def __init__(self, decoder: PackedDecoder, weights: StepWeights, prompts: Sequence[Sequence[int]]) -> None:
        self.decoder = decoder
        self._weights, self._adapters = weights, decoder.combine_layer_adapters()
        self._slots = torch.arange(len(prompts))
        """Where each row stands in what is held: a permutation, since rows move into the places of those that leave."""
        self._lengths = torch.tensor([len(p) for p in prompts])  # by slot, as are keys and values
        capacity = int(self._lengths.max()) + CACHE_GROWTH_TOKENS
        layers, heads, head_dim = len(decoder.layers), decoder.kv_heads, decoder.head_dim
        self._keys = torch.zeros(layers, len(prompts), heads, capacity, head_dim, dtype=decoder.dtype)
        self._values = torch.zeros_like(self._keys)
        self.scores = torch.empty(0)
        scores, first_row = [], 0
        for pack, last_scores, states in parallel_map(
            self._prefill, list(iter_token_chunks([PackedRow(p) for p in prompts]))
        ):
            scores.append(last_scores)
            self._store_states(states, pack, first_row)
            first_row += len(pack.rows)
        self.scores = torch.cat(scores)

    def _prefill(self, rows: list[PackedRow]) -> tuple[PackedBatch, torch.Tensor, KeysAndValues]:
        pack, states = PackedBatch(rows), KeysAndValues()
        with torch.no_grad():
            hidden = self.decoder.compute_hidden_states(pack, self._adapters, pack.prompt_end_positions, states)
            return pack, self.decoder.compute_logits(hidden), states

    def _store_states(self, states: KeysAndValues, pack: PackedBatch, first_row: int) -> None:
        """Keys and values of the pack's rows into their places, from row ``first_row`` on; the prefix that they share into each."""
        prefix = pack.prefix
        for number, layer in enumerate(states.layers):
            for held, read in zip((self._keys, self._values), layer, strict=True):
                span = held[number, first_row : first_row + len(pack.spans)]  # (rows, KV heads, room, D)
                if prefix:
                    span[:, :, :prefix] = read[:prefix].transpose(0, 1)
                for row, span in zip(span, pack.spans, strict=True):
                    row[:, prefix : prefix + span.stop - span.start] = read[span.start : span.stop].transpose(0, 1)

    def advance(self, tokens: torch.Tensor, active_rows: Sequence[int] | None) -> None:
        """See ``sampling.DecodingSession``."""
        if active_rows is not None:
            self._keep_slots(self._slots[torch.tensor(active_rows)])
        count = len(self._slots)
        if int(self._lengths.max()) >= self._keys.shape[3]:
            self._keys = _grow_cache(self._keys[:, :count])
            self._values = _grow_cache(self._values[:, :count])
        is_permuted = not torch.equal(self._slots, torch.arange(count))
        by_slot = torch.empty_like(tokens).scatter_(0, self._slots, tokens) if is_permuted else tokens
        scores = self.decoder.decode_step(
            by_slot, self._lengths, self._keys[:, :count], self._values[:, :count], self._weights
        )
        self.scores = scores.index_select(0, self._slots) if is_permuted else scores
        self._lengths = self._lengths + 1

    def _keep_slots(self, slots: torch.Tensor) -> None:
        """Keep the rows in these slots, in this order. Those in the last slots move into the free ones: copying all that stay took longer
        than the tokens of the step."""
        count = len(slots)
        free_slots = sorted(set(range(count)) - set(slots.tolist()))
        for row, slot in zip((slots >= count).nonzero().flatten().tolist(), free_slots, strict=True):
            last = int(slots[row])
            for cache in (self._keys, self._values):
                cache[:, slot] = cache[:, last]
            self._lengths[slot] = self._lengths[last]
            slots[row] = slot
        self._slots, self._lengths = slots, self._lengths[:count]


def _grow_cache(cache: torch.Tensor) -> torch.Tensor:
    *outer, capacity, size = cache.shape
    grown = cache.new_zeros(*outer, capacity + CACHE_GROWTH_TOKENS, size)
    grown[..., :capacity, :] = cache
    return grown
