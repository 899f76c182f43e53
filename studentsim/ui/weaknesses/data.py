"""Data of Weaknesses: one run's findings and item analysis, cached by the run's last event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from studentsim.analysis import item_analysis
from studentsim.analysis.findings import ExamFindings, load_findings
from studentsim.config import RunConfig, parse_stored_config
from studentsim.labels import formatting
from studentsim.reporting import html
from studentsim.store import queries
from studentsim.store.database import Database
from studentsim.store.queries import RunRow
from studentsim.ui.data import Engine, cached_query, read_run


@dataclass(frozen=True)
class WeaknessesView:
    """One run as Weaknesses shows it. ``status`` is a key of ``formatting.STATUS_DISPLAY``."""

    run: RunRow
    config: RunConfig
    status: str
    findings: ExamFindings

    @property
    def title(self) -> str:
        """The run's title."""
        return formatting.run_title(self.config)


@dataclass(frozen=True)
class ItemAnalysis:
    """``item_analysis.analyse_items``'s table, the option choices behind it, and the numbers of answer sheets: of all runs, of this one."""

    table: pd.DataFrame
    option_choices: pd.DataFrame
    sheet_count: int
    own_sheet_count: int


def load_view(engine: Engine, run_id: str) -> WeaknessesView:
    """The run's current state. Writes: reads new events of all journals, since other runs may have sat the same exam.

    :raises UnknownRun: there is no run of that id.
    """
    state, run = read_run(engine, run_id, sync_all=True)
    findings = cached_query(engine, run.last_seq, load_findings, run_id)
    return WeaknessesView(run, parse_stored_config(run.config), state.status, findings)


def load_item_analysis(engine: Engine, view: WeaknessesView) -> ItemAnalysis:
    """The item analysis of the run's exam, over the answer sheets of all runs that sat it."""
    sheets = queries.fetch_answer_sheets(engine.database, view.run.run_id)
    run_id, questions = view.run.run_id, view.findings.questions
    # the key changes whenever this run goes on or another run sits the same exam
    return cached_query(
        engine, (run_id, view.run.last_seq, tuple(sheets)), lambda db: _analyse_items(db, run_id, sheets, questions)
    )


def build_report_file(engine: Engine, view: WeaknessesView) -> bytes:
    """The report as an HTML file."""
    return html.build_report_html(engine.database, view.run.run_id).encode()


def _analyse_items(
    database: Database, run_id: str, sheets: Sequence[tuple[str, int, int]], questions: pd.DataFrame
) -> ItemAnalysis:
    choices = queries.fetch_item_choices(database, run_id, sheets)
    own_sheet_count = sum(run == run_id for run, *_ in sheets)
    return ItemAnalysis(item_analysis.analyse_items(questions, choices), choices, len(sheets), own_sheet_count)
