"""Patches gguf during a conversion, so that transformers reads GGUF files in a third of the time.

transformers 5.23 parses a file three times with gguf's reader, each string of the vocabulary into several numpy views, and builds
gguf's table of tensor names again for each module of the model: together two thirds of a conversion's time. It then uses only the
length of the vocabulary; the tokenizer is read by other code. Config and weights are read as before.
"""

from __future__ import annotations

import contextlib
import functools
import struct
from collections.abc import Iterator
from typing import Any

import gguf
import numpy as np
from gguf import GGUFReader, GGUFValueType


class FastGGUFReader(GGUFReader):
    """gguf's reader, with arrays of strings skipped: only their length is right. For little-endian files."""

    @property
    def data(self) -> np.ndarray:
        """The file's bytes."""
        return self._data

    @data.setter
    def data(self, mapped: np.memmap) -> None:
        """Store the mapped bytes as a plain array: views of a memmap cost several times as much."""
        self._data = mapped.view(np.ndarray)

    def _get_field_parts(
        self, orig_offs: int, raw_type: int
    ) -> tuple[int, list[np.ndarray], list[int], list[GGUFValueType]]:
        if raw_type == GGUFValueType.ARRAY:
            inner, count = self._get(orig_offs, np.uint32), self._get(orig_offs + 4, np.uint64)
            if inner[0] == GGUFValueType.STRING:
                end = orig_offs + 12
                for _ in range(int(count[0])):
                    end += 8 + struct.unpack_from("<Q", self._data, end)[0]
                parts = [inner, count, np.zeros(0, np.uint8)]
                return end - orig_offs, parts, [2] * int(count[0]), [GGUFValueType.ARRAY, GGUFValueType.STRING]
        return super()._get_field_parts(orig_offs, raw_type)


@contextlib.contextmanager
def fast_gguf_reading() -> Iterator[None]:
    """Within the block, functions that import gguf's reader or its table of tensor names get cached and faster ones."""
    originals: dict[str, Any] = {name: getattr(gguf, name) for name in ("GGUFReader", "get_tensor_name_map")}
    gguf.GGUFReader = functools.lru_cache(maxsize=1)(FastGGUFReader)
    gguf.get_tensor_name_map = functools.lru_cache(maxsize=4)(gguf.get_tensor_name_map)
    try:
        yield
    finally:
        for name, value in originals.items():
            setattr(gguf, name, value)
