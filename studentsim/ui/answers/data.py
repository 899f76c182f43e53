"""What Answers asks for: one run's view, cached by how far the run has come."""

from __future__ import annotations

import bisect
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import streamlit as st

from studentsim.store import ingest, queries
from studentsim.store.database import Database
from studentsim.ui import category_names, words
from studentsim.ui.answers import counts
from studentsim.ui.answers.sentences import MARKS, PHASES
from studentsim.ui.answers.view import View
from studentsim.ui.cards import config_of
from studentsim.ui.data import Engine
from studentsim.ui.titles import skill_title, slip_title

PAGE = 10
"""Cards on a page."""


@dataclass(frozen=True)
class Listing:
    """A view's answers: their seqs in order, and the table that is shown of them."""

    seqs: np.ndarray
    table: pa.Table

    def position(self, seq: int) -> int | None:
        """Where an answer stands in the list, from 1; None: the filter does not let it through."""
        place = bisect.bisect_left(self.seqs, seq)
        return place + 1 if place < len(self.seqs) and self.seqs[place] == seq else None

    def beside(self, seq: int) -> tuple[int | None, int | None]:
        """The answers before and after one in the list, which need not be in it itself."""
        before = bisect.bisect_left(self.seqs, seq) - 1
        after = bisect.bisect_right(self.seqs, seq)
        return (
            int(self.seqs[before]) if before >= 0 else None,
            int(self.seqs[after]) if after < len(self.seqs) else None,
        )


@dataclass(frozen=True)
class Sheet:
    """One run's answers as one link shows them. ``base`` counts the view without its mark and slip, ``shown`` with them."""

    view: View
    lost: Sequence[str]
    """Parameters of the link that could not be meant."""
    title: str
    who: str
    """Of ``words.who``."""
    status: str
    last_seq: int
    tally: pd.DataFrame
    base: counts.Count
    shown: counts.Count
    listing: Listing
    categories: tuple[str, ...]
    """All that the run's answers are in, whatever the view: by them each is named (``category_names``)."""

    @property
    def alive(self) -> bool:
        """Whether more answers may come by themselves."""
        return self.status in words.ALIVE

    @property
    def key(self) -> str:
        """Names what is listed, for keys of widgets: the same filter, the same key."""
        return f"{zlib.crc32(repr((self.view.run, self.view.filters())).encode()):08x}"


def sheet(engine: Engine, run_id: str, parameters: Mapping[str, str]) -> Sheet:
    """The view that a link names. Writes: takes in what is new in the run's journal.

    :raises UnknownRun: there is no such run.
    """
    ingest.sync(engine.database, engine.runs_folder, run_id)
    state = engine.manager.state(run_id)
    row = queries.run(engine.database, run_id)
    config = config_of(row.config)
    view, lost = View.read({**parameters, "run": run_id})
    of_run = (engine.database, str(engine.folder), run_id, row.last_seq)
    view = view.opening(*_last_exam(*of_run))
    tally = _tally(*of_run, view.search, view.question)
    categories = tuple(_tally(*of_run, "", "").category.unique())
    return Sheet(
        view=view,
        lost=lost,
        title=words.title(config),
        who=words.who(config),
        status=state.status,
        last_seq=row.last_seq,
        tally=tally,
        base=counts.counted(tally, view, without=("mark", "slip")),
        shown=counts.counted(tally, view),
        listing=_listing(*of_run, view.filters(), categories),
        categories=categories,
    )


def card(engine: Engine, shown: Sheet) -> tuple[dict[str, Any] | None, pd.DataFrame]:
    """The open answer whole, and all of the run's answers to the same question; None: there is no such answer."""
    if shown.view.answer is None:
        return None, pd.DataFrame()
    return _card(engine.database, str(engine.folder), shown.view.run, shown.last_seq, shown.view.answer)


def cards(engine: Engine, shown: Sheet) -> list[dict[str, Any]]:
    """The answers of the view's page of cards, whole."""
    first = (page(shown) - 1) * PAGE
    seqs = [int(seq) for seq in shown.listing.seqs[first : first + PAGE]]
    return queries.answer_cards(engine.database, shown.view.run, seqs)


def page(shown: Sheet) -> int:
    """The page of cards that is shown: the one asked for, the last one where there are fewer."""
    return max(1, min(shown.view.page or 1, -(-len(shown.listing.seqs) // PAGE)))


@st.cache_data(max_entries=64, show_spinner=False)
def _last_exam(_database: Database, folder: str, run_id: str, last_seq: int) -> tuple[int | None, int]:
    """After which lesson the last whole exam was, and how many of its answers are wrong."""
    exams = queries.exams(_database, run_id)
    if exams.empty:
        return None, 0
    last = exams.iloc[-1]
    return int(last.turn), int(last.questions - last.correct)


@st.cache_data(max_entries=64, show_spinner=False)
def _tally(_database: Database, folder: str, run_id: str, last_seq: int, search: str, question: str) -> pd.DataFrame:
    return queries.answer_tally(_database, run_id, search=search, question_id=question)


@st.cache_resource(max_entries=6, show_spinner=False)
def _listing(
    _database: Database, folder: str, run_id: str, last_seq: int, chosen: queries.Filter, categories: tuple[str, ...]
) -> Listing:
    """Shared, not copied, for it may be long; nobody changes it."""
    rows = queries.answer_list(_database, run_id, chosen)
    return Listing(rows["seq"].to_numpy(), _told(rows, categories))


@st.cache_data(max_entries=64, show_spinner=False)
def _card(
    _database: Database, folder: str, run_id: str, last_seq: int, seq: int
) -> tuple[dict[str, Any] | None, pd.DataFrame]:
    rows = queries.answer_cards(_database, run_id, [seq])
    if not rows:
        return None, pd.DataFrame()
    return rows[0], queries.question_history(_database, run_id, rows[0]["question_id"])


def _told(rows: pa.Table, categories: Sequence[str]) -> pa.Table:
    """The list as it is shown: ids and marks in words, the row's number as the text of the button that opens the answer."""
    return pa.table(
        {
            "row": pa.array(range(1, len(rows) + 1)).cast(pa.string()),
            "mark": _named(rows["mark"], lambda mark: MARKS.get(mark, mark)),
            "question": rows["problem"],
            "slip": _named(rows["misconception"], slip_title),
            "result": rows["value"],
            "lesson": rows["turn"],
            "asked in": _named(rows["phase"], lambda phase: PHASES.get(phase, phase)),
            "category": _named(rows["category"], lambda category: category_names.label(category, categories)),
            "skill": _named(rows["skill"], skill_title),
            "answer": rows["seq"],
        }
    )


def _named(column: pa.ChunkedArray, name: Any) -> pa.ChunkedArray:
    """A column with each of its few different values exchanged for a name."""
    encoded = column.combine_chunks().dictionary_encode()
    names = pa.array([None if v is None else name(v) for v in encoded.dictionary.to_pylist()], type=pa.string())
    return pa.chunked_array([names.take(encoded.indices)])
