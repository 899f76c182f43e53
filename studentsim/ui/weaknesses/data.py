"""What Weaknesses asks for: one run's findings and its item figures, cached by how far the run has come."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from studentsim.config import RunConfig
from studentsim.store import ingest, queries
from studentsim.store.database import Database
from studentsim.store.queries import RunRow
from studentsim.ui import words
from studentsim.ui.data import Engine, config_of
from studentsim.ui.report import html as report
from studentsim.ui.weaknesses import items
from studentsim.ui.weaknesses.findings import Findings, gather


@dataclass(frozen=True)
class View:
    """One run as Weaknesses shows it. ``status`` is how it stands now."""

    run: RunRow
    config: RunConfig
    status: str
    found: Findings

    @property
    def title(self) -> str:
        """What the run is called."""
        return words.title(self.config)

    @property
    def guessing(self) -> float:
        """What guessing would reach, 0 to 1."""
        return self.found.guessing


@dataclass(frozen=True)
class Items:
    """Item figures: ``items.analyse``'s table, the choices it was made from, and how many sheets, this run's among them."""

    table: pd.DataFrame
    choices: pd.DataFrame
    sheets: int
    own: int


def view(engine: Engine, run_id: str) -> View:
    """The run as it stands now. Writes: takes in what is new in the journals, all of them: other runs sat the same exam.

    :raises UnknownRun: there is none of that id.
    """
    ingest.sync(engine.database, engine.runs_folder)
    state = engine.manager.state(run_id)
    run = queries.run(engine.database, run_id)
    found = _findings(engine.database, str(engine.folder), run_id, run.last_seq)
    return View(run, config_of(run.config), state.status, found)


def items_of(engine: Engine, shown: View) -> Items:
    """The item figures of the run's exam, over all sheets of it that there are."""
    sheets = queries.answer_sheets(engine.database, shown.run.run_id)
    return _items(
        engine.database, str(engine.folder), shown.run.run_id, shown.run.last_seq, tuple(sheets), shown.found.questions
    )


def report_of(engine: Engine, shown: View) -> bytes:
    """The report as an HTML file."""
    return report.make(engine.database, shown.run.run_id).encode()


@st.cache_data(max_entries=16, show_spinner=False)
def _findings(_database: Database, folder: str, run_id: str, last_seq: int) -> Findings:
    """``last_seq`` grows with every event, so no entry can be stale."""
    return gather(_database, run_id)


@st.cache_data(max_entries=16, show_spinner=False)
def _items(
    _database: Database,
    folder: str,
    run_id: str,
    last_seq: int,
    sheets: tuple[tuple[str, int, int], ...],
    _questions: pd.DataFrame,
) -> Items:
    """Renewed whenever this run goes on, or another run sits the same exam."""
    choices = queries.item_choices(_database, run_id, sheets)
    own = sum(run == run_id for run, *_ in sheets)
    return Items(items.analyse(_questions, choices), choices, len(sheets), own)
