"""Writing with the packed decoder: prompts are read without padding, keys and values are held in place, rows leave when they end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from studentsim.parallel import MOST, each
from studentsim.student.huggingface.decoder import KeysAndValues, PackedDecoder, StepWeights
from studentsim.student.huggingface.packing import Pack, PackedRow

TOKENS_AT_ONCE = 1536
"""Tokens that are read in one forward pass: enough for matrices to be fast, few enough for a core's caches and for two cores to share."""
LEAST_TOKENS = 256
"""Tokens below which a piece is not worth a thread of its own."""
ROOM = 64
"""Positions by which keys and values grow when they are full."""


def in_pieces(rows: Sequence[PackedRow], most: int = TOKENS_AT_ONCE) -> Iterator[list[PackedRow]]:
    """The rows in their order, in pieces of at most ``most`` tokens, at least one row each; like in size and a multiple of ``MOST`` in
    number, so that no thread is left with a piece while the others have none. The pieces do not depend on how many cores there are.
    """
    total = sum(map(len, rows))
    count = max(1, -(-total // most))
    if total >= MOST * LEAST_TOKENS:
        count = -(-count // MOST) * MOST
    piece: list[PackedRow] = []
    made = tokens = read = 0
    for row in rows:
        if piece and (tokens + len(row) > most or read + len(row) / 2 > (made + 1) * total / count):
            yield piece
            piece, tokens, made = [], 0, made + 1
        piece.append(row)
        tokens += len(row)
        read += len(row)
    if piece:
        yield piece


class PackedSession:
    """Rows in the midst of being written; see ``sampling.Session``. Memory: 2 x layers x KV heads x D numbers a token of a row."""

    @torch.no_grad()
    def __init__(self, decoder: PackedDecoder, weights: StepWeights, prompts: Sequence[Sequence[int]]) -> None:
        self.decoder = decoder
        self._weights, self._adapters = weights, decoder.adapters()
        self._slots = torch.arange(len(prompts))
        """Where each row stands in what is held: a permutation, since rows move into the places of those that leave."""
        self._lengths = torch.tensor([len(p) for p in prompts])  # by slot, as are keys and values
        room = int(self._lengths.max()) + ROOM
        layers, heads, size = len(decoder.layers), decoder.kv_heads, decoder.size
        self._keys = torch.zeros(layers, len(prompts), heads, room, size, dtype=decoder.dtype)
        self._values = torch.zeros_like(self._keys)
        self.scores = torch.empty(0)
        scores, first = [], 0
        for pack, last, kept in each(self._read, list(in_pieces([PackedRow(p) for p in prompts]))):
            scores.append(last)
            self._take(kept, pack, first)
            first += len(pack.rows)
        self.scores = torch.cat(scores)

    def _read(self, rows: list[PackedRow]) -> tuple[Pack, torch.Tensor, KeysAndValues]:
        pack, kept = Pack(rows), KeysAndValues()
        with torch.no_grad():
            hidden = self.decoder.hidden(pack, self._adapters, pack.last, kept)
            return pack, self.decoder.logits(hidden), kept

    def _take(self, kept: KeysAndValues, pack: Pack, first: int) -> None:
        """Keys and values of the pack's rows into their places, from row ``first`` on; the prefix that they share into each."""
        prefix = pack.prefix
        for number, layer in enumerate(kept.layers):
            for held, read in zip((self._keys, self._values), layer, strict=True):
                own = held[number, first : first + len(pack.spans)]  # (rows, KV heads, room, D)
                if prefix:
                    own[:, :, :prefix] = read[:prefix].transpose(0, 1)
                for row, span in zip(own, pack.spans, strict=True):
                    row[:, prefix : prefix + span.stop - span.start] = read[span.start : span.stop].transpose(0, 1)

    def advance(self, tokens: torch.Tensor, stay: Sequence[int] | None) -> None:
        """See ``sampling.Session``."""
        if stay is not None:
            self._leave(self._slots[torch.tensor(stay)])
        count = len(self._slots)
        if int(self._lengths.max()) >= self._keys.shape[3]:
            self._keys = _grown(self._keys[:, :count])
            self._values = _grown(self._values[:, :count])
        moved = not torch.equal(self._slots, torch.arange(count))
        by_slot = torch.empty_like(tokens).scatter_(0, self._slots, tokens) if moved else tokens
        scores = self.decoder.step(
            by_slot, self._lengths, self._keys[:, :count], self._values[:, :count], self._weights
        )
        self.scores = scores.index_select(0, self._slots) if moved else scores
        self._lengths = self._lengths + 1

    def _leave(self, slots: torch.Tensor) -> None:
        """Keep the rows in these slots, in this order. Those in the last slots move into the free ones: copying all that stay took longer
        than the tokens of the step."""
        count = len(slots)
        free = sorted(set(range(count)) - set(slots.tolist()))
        for row, slot in zip((slots >= count).nonzero().flatten().tolist(), free, strict=True):
            last = int(slots[row])
            for held in (self._keys, self._values):
                held[:, slot] = held[:, last]
            self._lengths[slot] = self._lengths[last]
            slots[row] = slot
        self._slots, self._lengths = slots, self._lengths[:count]


def _grown(held: torch.Tensor) -> torch.Tensor:
    *outer, room, size = held.shape
    grown = held.new_zeros(*outer, room + ROOM, size)
    grown[..., :room, :] = held
    return grown
