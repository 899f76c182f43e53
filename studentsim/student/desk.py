"""A cache of keys and values with room to write on: what transformers' own copies at every token is written in place here.

Copying took a seventh of an exam's time (docs/log.md): 120 rows, 4 layers, keys and values, at each of a hundred steps.
"""

from __future__ import annotations

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer


class RoomyLayer(DynamicLayer):
    """A layer's keys and values (B, heads, T, D), as views of buffers with ``room`` for that many more positions."""

    def __init__(self, keys: torch.Tensor, values: torch.Tensor, room: int) -> None:
        super().__init__()
        self.dtype, self.device, self.is_initialized = keys.dtype, keys.device, True
        self.room = room
        self._place(keys, values)

    def _place(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        rows, heads, length, size = keys.shape
        self._buffers = [keys.new_empty(rows, heads, length + self.room, size) for _ in range(2)]
        for buffer, tensor in zip(self._buffers, (keys, values), strict=True):
            buffer[:, :, :length] = tensor
        self._show(length)

    def _show(self, length: int) -> None:
        self.keys, self.values = (buffer[:, :, :length] for buffer in self._buffers)

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: object, **kwargs: object
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Takes in the new positions and returns all of them; see ``DynamicLayer``."""
        before, new = self.keys.shape[-2], key_states.shape[-2]
        if new > self.room:
            self.room = max(new, 32)
            self._place(self.keys, self.values)
        for buffer, tensor in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[:, :, before : before + new] = tensor
        self.room -= new
        self._show(before + new)
        return self.keys, self.values

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Goes on with these rows only."""
        self._place(self.keys[indices], self.values[indices])


def with_room(cache: DynamicCache, room: int) -> DynamicCache:
    """A copy of ``cache``, which stays as it is, with room for ``room`` more positions."""
    copy = DynamicCache()
    copy.layers = [RoomyLayer(layer.keys, layer.values, room) for layer in cache.layers]
    return copy
