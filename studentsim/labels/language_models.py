"""Language models that the app itself can get, as the pages name them. No streamlit and no torch here.

A run calls such a model by its name in the catalogue (``smollm2``); people read its title, and once beside it what it is.
"""

from __future__ import annotations

from dataclasses import replace

from studentsim import presets
from studentsim.config import RunConfig
from studentsim.student.huggingface.catalogue import CATALOGUE, CatalogueModel


def list_models() -> list[CatalogueModel]:
    """All that can be got."""
    return list(CATALOGUE.values())


def find_model(name: str) -> CatalogueModel | None:
    """The catalogue's entry; None for the embedded student and for a model of one's own."""
    return CATALOGUE.get(name)


def model_title(name: str) -> str:
    """What people call the model: ``SmolLM2``; a model of one's own is called by its name."""
    entry = find_model(name)
    return entry.title if entry else name


def describe_model(name: str) -> str:
    """What a catalogue model is, in a few words, to be said once a page: ``135 M parameters, from 4-bit weights``; else blank."""
    entry = find_model(name)
    return entry.size_description if entry else ""


def preset_departures(config: RunConfig) -> list[presets.Departure]:
    """As ``presets.list_departures``, with a catalogue model called by its title, and what it is beside it."""
    departures = presets.list_departures(config)
    if find_model(config.model) is None:
        return departures
    model_label = f"{model_title(config.model)} ({describe_model(config.model)})"
    return [replace(d, ours=model_label) if d.run_value == config.model else d for d in departures]
