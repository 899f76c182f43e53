"""Makes transformers read GGUF files in a fraction of the time, for as long as a conversion takes.

transformers 5.23 lets gguf's reader take a file apart three times, each string of the vocabulary into several numpy views, and
builds gguf's table of tensor names anew for each module of the model: together two thirds of a conversion's time. Of the
vocabulary it then uses the length alone; the tokenizer is read by other code. What is read of config and weights is the same.
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
    """gguf's reader, which takes no list of strings apart: it stands there as as many empty strings. Little-endian files alone."""

    @property
    def data(self) -> np.ndarray:
        """The file's bytes."""
        return self._data

    @data.setter
    def data(self, mapped: np.memmap) -> None:
        """Keep the file's bytes as a plain array."""
        self._data = mapped.view(np.ndarray)  # views of a memmap cost several times as much

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
    """While this lasts, what imports gguf's reader and its table of names within a function gets the quick ones."""
    originals: dict[str, Any] = {name: getattr(gguf, name) for name in ("GGUFReader", "get_tensor_name_map")}
    gguf.GGUFReader = functools.lru_cache(maxsize=1)(FastGGUFReader)
    gguf.get_tensor_name_map = functools.lru_cache(maxsize=4)(gguf.get_tensor_name_map)
    try:
        yield
    finally:
        for name, value in originals.items():
            setattr(gguf, name, value)
