"""Generation with the packed decoder: prompts are computed without padding, and rows leave the KV cache when they end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from studentsim.parallel import MAX_THREADS, parallel_map
from studentsim.student.huggingface.packed_decoder import KeysAndValues, PackedDecoder, StepWeights
from studentsim.student.huggingface.packing import PackedBatch, PackedRow

PREFILL_CHUNK_TOKENS = 1536
"""Tokens of one forward pass: enough for fast matrix products, few enough for a core's caches and for two cores to share."""
MIN_CHUNK_TOKENS = 256
"""The least tokens of a chunk for which a thread of its own pays."""
CACHE_GROWTH_TOKENS = 64
"""Positions by which the KV cache grows when it is full."""


def iter_token_chunks(rows: Sequence[PackedRow], max_tokens: int = PREFILL_CHUNK_TOKENS) -> Iterator[list[PackedRow]]:
    """The rows in order, in chunks of at most ``max_tokens`` tokens (at least one row), about equal in size.

    Their number is a multiple of ``MAX_THREADS``, so that no thread works alone at the end. It does not depend on the number of cores.
    """
    total = sum(map(len, rows))
    count = max(1, -(-total // max_tokens))
    if total >= MAX_THREADS * MIN_CHUNK_TOKENS:
        count = -(-count // MAX_THREADS) * MAX_THREADS
    chunk: list[PackedRow] = []
    finished_chunks = chunk_tokens = tokens_so_far = 0
    for row in rows:
        is_full = chunk_tokens + len(row) > max_tokens
        if chunk and (is_full or tokens_so_far + len(row) / 2 > (finished_chunks + 1) * total / count):
            yield chunk
            chunk, chunk_tokens, finished_chunks = [], 0, finished_chunks + 1
        chunk.append(row)
        chunk_tokens += len(row)
        tokens_so_far += len(row)
    if chunk:
        yield chunk


class PackedSession:
    """Rows that are being generated; see ``sampling.DecodingSession``. Memory: 2 x layers x KV heads x D numbers for each token."""

    @torch.no_grad()
    def __init__(self, decoder: PackedDecoder, weights: StepWeights, prompts: Sequence[Sequence[int]]) -> None:
        self.decoder = decoder
        self._weights, self._adapters = weights, decoder.combine_layer_adapters()
        self._slots = torch.arange(len(prompts))
        """Each row's slot in the KV cache: a permutation, since rows move into the slots of those that leave."""
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
        """Copy keys and values of a pack's rows, each with the shared prefix, into the cache from slot ``first_row`` on."""
        prefix = pack.prefix
        for number, layer in enumerate(states.layers):
            for cache, packed in zip((self._keys, self._values), layer, strict=True):
                cache_rows = cache[number, first_row : first_row + len(pack.spans)]  # (rows, KV heads, capacity, D)
                if prefix:
                    cache_rows[:, :, :prefix] = packed[:prefix].transpose(0, 1)
                for row, span in zip(cache_rows, pack.spans, strict=True):
                    row[:, prefix : prefix + span.stop - span.start] = packed[span.start : span.stop].transpose(0, 1)

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
        """Keep the rows in these slots, in this order. Only those in the last slots move, into the free ones: copying all of them took
        longer than the step's tokens."""
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
