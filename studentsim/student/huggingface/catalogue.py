"""Language models that can be got from a package index. (Stands in for the full catalogue until that is merged.)"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class CatalogueModel:
    """One model that can be got."""

    name: str
    title: str
    about: str
    licence: str
    size_mb: int
    parameters: int
    weights: str

    @property
    def described(self) -> str:
        """How large it is and what its weights were."""
        return f"{self.parameters / 1e6:.0f} M parameters, {self.weights}"

    @property
    def card(self) -> str:
        """Its heading."""
        return f"{self.title}, {self.about} ({self.size_mb} MB)"


CATALOGUE: Mapping[str, CatalogueModel] = {
    "smollm2": CatalogueModel(
        "smollm2", "SmolLM2", "a real small language model", "Apache-2.0", 93, 134_515_008, "from 4-bit weights"
    ),
}
