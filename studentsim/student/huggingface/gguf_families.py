"""Reads the headers of GGUF files, and lists the architectures that can be converted. No torch.

tests/test_gguf_conversion.py converts a model of each and compares its logits with the original's. Folders of safetensors may have
many more architectures: there transformers needs no table of tensor names.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import mmap
import os
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from studentsim.errors import ConfigError

SUPPORTED_ARCHITECTURES = {
    "llama": "Llama",
    "qwen2": "Qwen 2",
    "qwen3": "Qwen 3",
    "gemma3": "Gemma 3",
    "phi3": "Phi-3",
    "bloom": "BLOOM",
}
"""Titles by GGUF's ``general.architecture``. Mistral's and SmolLM's files are llama."""

IGNORED_CONFIG_KEYS = {
    "qwen3": {"attention.key_length": "head_dim"},
    "phi3": {"attention.sliding_window": "sliding_window"},
}
"""By architecture: metadata keys that transformers 5.23 ignores, and the names of these settings in the model's config."""
_ROPE_SCALING_TENSORS = ("rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight")
"""Tensors that scale positions (Llama 3.1, Phi-3's long versions). transformers ignores these, too."""

GGUF_MAGIC = b"GGUF"
_SCALAR_FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING_TYPE, _ARRAY_TYPE = 8, 9
_MAX_ENTRIES = 2**16
_MAX_STRING_BYTES = 2**20
_FLOAT_BITS = {0: 32, 1: 16, 30: 16, 28: 64}
"""Bits of a weight in ggml's types without blocks: F32, F16, BF16, F64."""


@dataclass(frozen=True)
class GgufHeader:
    """The header of a GGUF file."""

    architecture: str
    metadata: dict[str, Any]
    """Its keys with their numbers and strings; of arrays only the length."""
    parameters: int
    bit_range: tuple[int, int]
    """The least and the most bits of a weight, among types that at least 5 % of the parameters have."""
    file_bytes: int
    tensor_names: frozenset[str]

    @property
    def weight_description(self) -> str:
        """How its weights are stored, for users: "from 4-bit weights", "from 4- to 8-bit weights"."""
        least, most = self.bit_range
        return f"from {most}-bit weights" if least == most else f"from {least}- to {most}-bit weights"

    @property
    def pre_tokenizer(self) -> str:
        """Its pre-tokenizer (``tokenizer.ggml.pre``), which splits text before the vocabulary is applied; "" where it is missing."""
        return str(self.metadata.get("tokenizer.ggml.pre", ""))

    @property
    def config_overrides(self) -> dict[str, int]:
        """Config settings in the file that transformers ignores and must be passed to it."""
        config_names = IGNORED_CONFIG_KEYS.get(self.architecture, {})
        found = {setting: self.metadata.get(f"{self.architecture}.{key}") for key, setting in config_names.items()}
        return {setting: value for setting, value in found.items() if value is not None}

    @property
    def has_rope_scaling(self) -> bool:
        """Whether it scales positions for longer texts, which cannot be converted."""
        kind = self.metadata.get(f"{self.architecture}.rope.scaling.type", "none")
        factor = self.metadata.get(f"{self.architecture}.rope.scaling.factor", 0)
        return bool(self.tensor_names.intersection(_ROPE_SCALING_TENSORS)) or (kind != "none" and factor != 1)


def read_gguf_header(path: Path) -> GgufHeader:
    """The header of a GGUF file. Weights are not read, only their offsets: a truncated file is recognised.

    :raises ConfigError: (``model``) when it is no GGUF file, or truncated, or cannot be opened.
    """
    if not os.path.isfile(path):
        raise model_error(f"{path} is no file that can be read.", "Check its name and permissions.")
    try:
        with path.open("rb") as handle, mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _HeaderReader(content).read_header()
    except OSError as error:
        raise model_error(f"{path} cannot be read ({error.strerror}).", "Check its name and permissions.") from error
    except (struct.error, ValueError, KeyError, IndexError) as error:
        reason = str(error) if isinstance(error, _MalformedFileError) else "it was cut off, or is damaged"
        raise model_error(f"{path} cannot be used as a GGUF file: {reason}.", "Download it again.") from error


def check_architecture(path: Path, header: GgufHeader) -> None:
    """Check that a GGUF file can be converted.

    :raises ConfigError: (``model``) when its architecture is not supported, it has RoPE scaling, or it is one part of several.
    """
    if header.architecture not in SUPPORTED_ARCHITECTURES:
        *most, last = SUPPORTED_ARCHITECTURES.values()
        raise model_error(
            f"{path.name} is of the architecture {header.architecture!r}, which cannot be read from a GGUF file.",
            f"Choose a model of the kind {', '.join(most)} or {last}, or a folder with the original weights (safetensors).",
        )
    if header.has_rope_scaling:
        raise model_error(
            f"{path.name} scales positions for longer texts (RoPE scaling), which cannot be read from a GGUF file: it would be "
            "another model.",
            "Choose a folder with the original weights (safetensors).",
        )
    if header.metadata.get("split.count", 0) > 1:
        raise model_error(
            f"{path.name} is one part of {header.metadata['split.count']}.",
            "Join them first: llama-gguf-split --merge FIRST.gguf WHOLE.gguf",
        )


class _MalformedFileError(ValueError):
    """Not a valid GGUF file; the message is the reason, as a clause for users."""


class _TensorInfo(NamedTuple):
    """An entry of the table of tensors."""

    name: str
    parameters: int
    ggml_type: int
    """Its type's number in ggml."""
    offset: int
    """In bytes from the beginning of the weights."""


class _HeaderReader:
    """Reads the header of a memory-mapped file, from its beginning."""

    def __init__(self, content: mmap.mmap) -> None:
        self.content, self.position = content, 0

    def read_header(self) -> GgufHeader:
        if self.content[:4] != GGUF_MAGIC:
            raise _MalformedFileError("it does not begin with 'GGUF'")
        self.position = 4
        version, tensor_count, entry_count = self.read_scalar("I"), self.read_scalar("Q"), self.read_scalar("Q")
        if version not in (2, 3):
            raise _MalformedFileError(f"it is of version {version}, and versions 2 and 3 can be read")
        if max(tensor_count, entry_count) > _MAX_ENTRIES:
            raise _MalformedFileError("its header makes no sense")
        metadata = dict(self.read_entry() for _ in range(entry_count))
        tensor_infos = [self.read_tensor_info() for _ in range(tensor_count)]
        if "general.architecture" not in metadata:
            raise _MalformedFileError("it does not say of which architecture it is")
        if not tensor_infos or self.position + max(tensor.offset for tensor in tensor_infos) >= len(self.content):
            raise _MalformedFileError(f"it was cut off: it ends, at {len(self.content):,} bytes, before its weights do")
        by_type: Counter[int] = Counter()
        for tensor in tensor_infos:
            by_type[tensor.ggml_type] += tensor.parameters
        bits = [_bits_per_weight(kind) for kind, parameters in by_type.items() if parameters >= 0.05 * by_type.total()]
        return GgufHeader(
            architecture=str(metadata["general.architecture"]),
            metadata=metadata,
            parameters=by_type.total(),
            bit_range=(min(bits), max(bits)),
            file_bytes=len(self.content),
            tensor_names=frozenset(tensor.name for tensor in tensor_infos),
        )

    def read_scalar(self, type_code: str) -> Any:
        (value,) = struct.unpack_from(f"<{type_code}", self.content, self.position)
        self.position += struct.calcsize(f"<{type_code}")
        return value

    def read_string(self) -> str:
        length = self.read_scalar("Q")
        if length > _MAX_STRING_BYTES or self.position + length > len(self.content):
            raise _MalformedFileError("it was cut off, or its header makes no sense")
        self.position += length
        return self.content[self.position - length : self.position].decode("utf-8", "replace")

    def read_entry(self) -> tuple[str, Any]:
        return self.read_string(), self.read_value(self.read_scalar("I"))

    def read_value(self, value_type: int) -> Any:
        if value_type == _STRING_TYPE:
            return self.read_string()
        if value_type != _ARRAY_TYPE:
            return self.read_scalar(_SCALAR_FORMATS[value_type])
        element_type, count = self.read_scalar("I"), self.read_scalar("Q")
        if element_type == _STRING_TYPE:
            for _ in range(count):
                self.position += struct.unpack_from("<Q", self.content, self.position)[0] + 8
        else:
            self.position += count * struct.calcsize(f"<{_SCALAR_FORMATS[element_type]}")
        if self.position > len(self.content):
            raise _MalformedFileError("it was cut off within its header")
        return count

    def read_tensor_info(self) -> _TensorInfo:
        name, sizes = self.read_string(), [self.read_scalar("Q") for _ in range(self.read_scalar("I"))]
        return _TensorInfo(name, math.prod(sizes), self.read_scalar("I"), self.read_scalar("Q"))


def _bits_per_weight(ggml_type: int) -> int:
    """Bits of a weight of this ggml type: the first number in the type's name (Q4_1, IQ3_XS)."""
    if ggml_type in _FLOAT_BITS:
        return _FLOAT_BITS[ggml_type]
    from gguf import GGMLQuantizationType

    return int("".join(c for c in GGMLQuantizationType(ggml_type).name.partition("_")[0] if c.isdigit()) or 0)


def is_gguf_file_name(name: str) -> bool:
    """Whether a model's name means a GGUF file (which need not exist)."""
    return name.lower().endswith(".gguf") and not os.path.isdir(os.path.expanduser(name))


def model_error(problem: str, remedy: str) -> ConfigError:
    """An error of the setting ``model``."""
    return ConfigError(problem, remedy, field="model")
