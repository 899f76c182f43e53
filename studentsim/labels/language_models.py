"""Display names of the language models in the catalogue. No streamlit and no torch here.

A run names such a model by its catalogue name (``smollm2``); pages show its title, and its size once beside it.
"""

from __future__ import annotations

from dataclasses import replace

from studentsim import presets
from studentsim.config import RunConfig
from studentsim.student.huggingface.catalogue import CATALOGUE, CatalogueModel


def list_models() -> list[CatalogueModel]:
    """All models of the catalogue."""
    return list(CATALOGUE.values())


def find_model(name: str) -> CatalogueModel | None:
    """The catalogue's entry; None for the embedded student and for a user's own model."""
    return CATALOGUE.get(name)


def model_title(name: str) -> str:
    """The model's title (``SmolLM2``); the name of a user's own model."""
    entry = find_model(name)
    return entry.title if entry else name


def describe_model(name: str) -> str:
    """A catalogue model's size, for once a page: ``135 M parameters, from 4-bit weights``; blank for others."""
    entry = find_model(name)
    return entry.size_description if entry else ""


def preset_departures(config: RunConfig) -> list[presets.Departure]:
    """``presets.list_departures`` with a catalogue model named by its title and size."""
    departures = presets.list_departures(config)
    if find_model(config.model) is None:
        return departures
    model_label = f"{model_title(config.model)} ({describe_model(config.model)})"
    return [replace(d, run_value=model_label) if d.run_value == config.model else d for d in departures]
