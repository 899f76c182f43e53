"""Which architectures are read from GGUF files, and the reading of such a file's header. No torch.

Those listed are converted and compared with the original's logits in tests/test_gguf_conversion.py. Of a folder (safetensors)
many more can be used: there transformers needs no table of tensors' names.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import mmap
import os
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studentsim.errors import ConfigError

FAMILIES = {
    "llama": "Llama",
    "qwen2": "Qwen 2",
    "qwen3": "Qwen 3",
    "gemma3": "Gemma 3",
    "phi3": "Phi-3",
    "bloom": "BLOOM",
}
"""Architectures by GGUF's names (``general.architecture``). Mistral's and SmolLM's files call themselves llama."""

MAGIC = b"GGUF"
_FIXED = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_MOST_ENTRIES = 2**16
_LONGEST_STRING = 2**20
_FLOATS = {0: 32, 1: 16, 30: 16, 28: 64}
"""Bits a weight in the types that are no blocks: F32, F16, BF16, F64."""


@dataclass(frozen=True)
class GgufHeader:
    """What a GGUF file says of itself."""

    architecture: str
    metadata: dict[str, Any]
    """Its keys with numbers and texts; of arrays their length."""
    parameters: int
    bits: int
    """Bits of a weight in the type that most of its parameters have."""
    bytes: int

    @property
    def weights(self) -> str:
        """How its weights are stored, in words: "from 4-bit weights"."""
        return f"from {self.bits}-bit weights"


def read_header(path: Path) -> GgufHeader:
    """The header of a GGUF file. Its weights are not read, but their place is: a file that was cut off is noticed.

    :raises ConfigError: (``model``) it is no GGUF file, or was cut off, or cannot be opened.
    """
    try:
        with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _Reader(content).header()
    except OSError as error:
        raise _refused(f"{path} cannot be read ({error.strerror}).", "Check its name and permissions.") from error
    except (struct.error, ValueError, KeyError, IndexError) as error:
        why = str(error) if isinstance(error, _Malformed) else "it was cut off, or is damaged"
        raise _refused(f"{path} cannot be used as a GGUF file: {why}.", "Download it again.") from error


def check_family(path: Path, header: GgufHeader) -> None:
    """Refuse a GGUF file of an architecture that cannot be read.

    :raises ConfigError: (``model``) naming the architecture and those that can.
    """
    if header.architecture not in FAMILIES:
        *most, last = FAMILIES.values()
        raise _refused(
            f"{path.name} is of the architecture {header.architecture!r}, which cannot be read from a GGUF file.",
            f"Choose a model of the kind {', '.join(most)} or {last}, or a folder with the original weights (safetensors).",
        )
    if header.metadata.get("split.count", 0) > 1:
        raise _refused(
            f"{path.name} is one part of {header.metadata['split.count']}.",
            "Join them first: llama-gguf-split --merge FIRST.gguf WHOLE.gguf",
        )


class _Malformed(ValueError):
    """No GGUF file; the message says why, in words."""


class _Reader:
    """Reads a header from the beginning of a file that is mapped into memory."""

    def __init__(self, content: mmap.mmap) -> None:
        self.content, self.at = content, 0

    def header(self) -> GgufHeader:
        if self.content[:4] != MAGIC:
            raise _Malformed("it does not begin with 'GGUF'")
        self.at = 4
        version, tensors, entries = self.take("I"), self.take("Q"), self.take("Q")
        if version not in (2, 3):
            raise _Malformed(f"it is of version {version}, and versions 2 and 3 can be read")
        if max(tensors, entries) > _MOST_ENTRIES:
            raise _Malformed("its header makes no sense")
        metadata = dict(self.entry() for _ in range(entries))
        parameters, by_type = 0, Counter()
        for _ in range(tensors):
            kind, count, offset = self.tensor()
            parameters += count
            by_type[kind] += count
            furthest = max(offset, self.furthest) if tensors else 0
            self.furthest = furthest
        if tensors and self.at + self.furthest >= len(self.content):
            raise _Malformed(f"it was cut off: its last weights lie behind its end at {len(self.content):,} bytes")
        if "general.architecture" not in metadata:
            raise _Malformed("it does not say of which architecture it is")
        return GgufHeader(
            str(metadata["general.architecture"]),
            metadata,
            parameters,
            _bits(by_type.most_common(1)[0][0]) if by_type else 0,
            len(self.content),
        )

    furthest = 0

    def take(self, form: str) -> Any:
        (value,) = struct.unpack_from(f"<{form}", self.content, self.at)
        self.at += struct.calcsize(f"<{form}")
        return value

    def text(self) -> str:
        length = self.take("Q")
        if length > _LONGEST_STRING or self.at + length > len(self.content):
            raise _Malformed("it was cut off, or its header makes no sense")
        self.at += length
        return self.content[self.at - length : self.at].decode("utf-8", "replace")

    def entry(self) -> tuple[str, Any]:
        return self.text(), self.value(self.take("I"))

    def value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.text()
        if kind != _ARRAY:
            return self.take(_FIXED[kind])
        inner, count = self.take("I"), self.take("Q")
        if inner == _STRING:
            for _ in range(count):
                self.at += struct.unpack_from("<Q", self.content, self.at)[0] + 8
        else:
            self.at += count * struct.calcsize(f"<{_FIXED[inner]}")
        if self.at > len(self.content):
            raise _Malformed("it was cut off within its header")
        return count

    def tensor(self) -> tuple[int, int, int]:
        """A tensor's type, how many parameters it has, and where it begins, in bytes from where the weights begin."""
        self.text()
        sizes = [self.take("Q") for _ in range(self.take("I"))]
        return self.take("I"), math.prod(sizes), self.take("Q")


def _bits(kind: int) -> int:
    """Bits of a weight, by the number of its type in ggml: the digit in its name (Q4_1, IQ3_XS)."""
    if kind in _FLOATS:
        return _FLOATS[kind]
    from gguf import GGMLQuantizationType

    return int("".join(c for c in GGMLQuantizationType(kind).name.partition("_")[0] if c.isdigit()) or 0)


def is_file(name: str) -> bool:
    """Whether a model's name means a GGUF file, which need not exist."""
    return name.lower().endswith(".gguf") and not os.path.isdir(os.path.expanduser(name))


def _refused(problem: str, remedy: str) -> ConfigError:
    return ConfigError(problem, remedy, field="model")
