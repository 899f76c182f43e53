"""What pages are given to draw: one run in a list, and one run as it stands. Frozen, no streamlit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from studentsim.config import RunConfig
from studentsim.errors import ConfigError
from studentsim.ui import sentences, words


@dataclass(frozen=True)
class RunCard:
    """One run in a list. ``exam`` is its last exam in words."""

    run_id: str
    title: str
    status: str
    turn: int
    turns: int
    exam: str
    started: float
    recorded: str = ""
    """When and with which version a run that came with the product was made, in words; blank: it was made here."""
    strategy: str = ""
    accuracies: tuple[float, ...] = ()
    """Of every exam, 0 to 1, in order."""


@dataclass(frozen=True)
class Snapshot:
    """One run as it stands. ``turn`` is its last complete lesson; frames are those of store/queries.py."""

    run_id: str
    config: RunConfig
    status: str
    request: str
    """What was asked of it and not yet done: pause, cancel, or nothing."""
    place: int
    """Its place in the queue, from 1; 0: it does not wait."""
    turn: int
    stage: str
    doing: str
    problem: str
    remedy: str
    error: str
    exams: pd.DataFrame
    steps: pd.DataFrame
    validations: pd.DataFrame
    answers: pd.DataFrame
    weak: pd.DataFrame
    recorded: str = ""
    """As in ``RunCard``."""

    @property
    def title(self) -> str:
        """What the run is called."""
        return words.title(self.config)

    @property
    def turns(self) -> int:
        """Lessons planned."""
        return self.config.turns

    @property
    def share_done(self) -> float:
        """Of the run's lessons, 0 to 1."""
        return min(1.0, self.turn / self.turns)

    @property
    def guessing(self) -> float:
        """What guessing would reach, 0 to 1: one in as many as the questions have options."""
        return 1 / len(sentences.options_of(self.answers.iloc[0])) if len(self.answers) else 0.2

    @property
    def shown(self) -> tuple[str, str]:
        """What the head of the page depends on."""
        return self.status, self.request

    @property
    def alive(self) -> bool:
        """Whether figures may still change by themselves."""
        return self.status in words.ALIVE


def config_of(settings: dict[str, Any]) -> RunConfig:
    """A run's config; of another version's, whose settings may be unknown here, as much as this one can read."""
    try:
        return RunConfig.make(**settings)
    except ConfigError:
        return RunConfig.model_construct(**settings)
