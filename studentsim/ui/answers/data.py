"""The data of the Answers page: one run's view, cached by the run's last event."""

from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import streamlit as st

from studentsim.config import parse_stored_config
from studentsim.labels import category_names, formatting
from studentsim.labels.titles import misconception_title, skill_title
from studentsim.store import queries
from studentsim.store.database import Database
from studentsim.ui import components
from studentsim.ui.answers import counts
from studentsim.ui.answers.sentences import MARK_LABELS, PHASE_LABELS
from studentsim.ui.answers.view import AnswersView
from studentsim.ui.data import Engine, cached_query, read_run
from studentsim.ui.filtered_list import FilteredList
from studentsim.ui.layout import ANSWERS_PAGE

CARDS_PER_PAGE = 10
"""Cards per page."""


@dataclass(frozen=True)
class AnswerListing:
    """A view's answers: their seqs in order, and their table for display."""

    seqs: np.ndarray
    table: pa.Table

    def position(self, seq: int) -> int | None:
        """An answer's position in the list, from 1; None if it is not in it."""
        index = bisect.bisect_left(self.seqs, seq)
        return index + 1 if index < len(self.seqs) and self.seqs[index] == seq else None

    def neighbors(self, seq: int) -> tuple[int | None, int | None]:
        """The seqs before and after an answer in the list; the answer itself need not be in it."""
        before = bisect.bisect_left(self.seqs, seq) - 1
        after = bisect.bisect_right(self.seqs, seq)
        return (
            int(self.seqs[before]) if before >= 0 else None,
            int(self.seqs[after]) if after < len(self.seqs) else None,
        )


@dataclass(frozen=True)
class AnswersPageData:
    """One run's answers as a link shows them. ``base_counts`` ignores the filters ``mark`` and ``slip``, ``shown_counts`` applies all."""

    view: AnswersView
    invalid_params: Sequence[str]
    """Names of the link's invalid parameters."""
    title: str
    subtitle: str
    """``formatting.run_subtitle``."""
    status: str
    last_seq: int
    tally: pd.DataFrame
    base_counts: counts.AnswerCounts
    shown_counts: counts.AnswerCounts
    listing: AnswerListing
    categories: tuple[str, ...]
    """All categories of the run's answers, whatever the view; labels depend on them (``category_names``)."""

    @property
    def is_active(self) -> bool:
        """Whether more answers may come by themselves."""
        return self.status in formatting.ACTIVE_STATUSES

    @property
    def filtered_list(self) -> FilteredList:
        """The list's filters and links."""
        return FilteredList(ANSWERS_PAGE, "answers", "answer", "answer", self.view)

    def misconception_link(self, misconception: str, count: int, icon: str = "") -> None:
        """A link to the wrong answers of this view that show a misconception."""
        params = self.view.with_changes(slip=misconception, mark="wrong").to_params()
        components.render_misconception_link(ANSWERS_PAGE, misconception, count, params, icon=icon)


def load_page_data(engine: Engine, run_id: str, parameters: Mapping[str, str]) -> AnswersPageData:
    """The view that a link names. Writes: ingests new lines of the run's journal.

    :raises UnknownRun: when there is no such run.
    """
    state, row = read_run(engine, run_id)
    config = parse_stored_config(row.config)
    view, invalid_params = AnswersView.from_params({**parameters, "run": run_id})
    cached = partial(cached_query, engine, row.last_seq)
    view = view.with_default_filters(*cached(_query_last_exam, run_id))
    count_answers = partial(cached, queries.fetch_answer_counts, run_id)
    tally = count_answers(search=view.search, question_id=view.question)
    categories = tuple(count_answers(search="", question_id="").category.unique())
    return AnswersPageData(
        view=view,
        invalid_params=invalid_params,
        title=formatting.run_title(config),
        subtitle=formatting.run_subtitle(config),
        status=state.status,
        last_seq=row.last_seq,
        tally=tally,
        base_counts=counts.count_answers(tally, view, ignored_filters=("mark", "slip")),
        shown_counts=counts.count_answers(tally, view),
        listing=_query_listing(
            engine.database, str(engine.data_dir), run_id, row.last_seq, view.to_filter(), categories
        ),
        categories=categories,
    )


def load_open_answer(engine: Engine, page_data: AnswersPageData) -> tuple[dict[str, Any] | None, pd.DataFrame]:
    """The open answer, None where there is no such one, and the run's answers to the same question."""
    if page_data.view.answer is None:
        return None, pd.DataFrame()
    return cached_query(engine, page_data.last_seq, _query_answer, page_data.view.run, page_data.view.answer)


def load_card_answers(engine: Engine, page_data: AnswersPageData) -> list[dict[str, Any]]:
    """The answers on the current page of cards."""
    first = (current_page(page_data) - 1) * CARDS_PER_PAGE
    seqs = [int(seq) for seq in page_data.listing.seqs[first : first + CARDS_PER_PAGE]]
    return queries.fetch_answers_by_seq(engine.database, page_data.view.run, seqs)


def current_page(page_data: AnswersPageData) -> int:
    """The number of the shown page of cards, from 1: the link's, or the last one where there are fewer."""
    return max(1, min(page_data.view.page or 1, -(-len(page_data.listing.seqs) // CARDS_PER_PAGE)))


def _query_last_exam(database: Database, run_id: str) -> tuple[int | None, int]:
    """The turn of the last complete exam (None: there is none) and its number of wrong answers."""
    exams = queries.fetch_exams(database, run_id)
    if exams.empty:
        return None, 0
    last = exams.iloc[-1]
    return int(last.turn), int(last.questions - last.correct)


@st.cache_resource(max_entries=6, show_spinner=False)
def _query_listing(
    _database: Database,
    folder: str,
    run_id: str,
    last_seq: int,
    selected: queries.AnswerFilter,
    categories: tuple[str, ...],
) -> AnswerListing:
    """Shared, not copied, since it may be long; never change it."""
    rows = queries.fetch_answer_list(_database, run_id, selected)
    return AnswerListing(rows["seq"].to_numpy(), _display_table(rows, categories))


def _query_answer(database: Database, run_id: str, seq: int) -> tuple[dict[str, Any] | None, pd.DataFrame]:
    rows = queries.fetch_answers_by_seq(database, run_id, [seq])
    if not rows:
        return None, pd.DataFrame()
    return rows[0], queries.fetch_question_history(database, run_id, rows[0]["question_id"])


def _display_table(rows: pa.Table, categories: Sequence[str]) -> pa.Table:
    """The list for display: ids and marks in words, and the row's number as text of its Open button."""
    return pa.table(
        {
            "row": pa.array(range(1, len(rows) + 1)).cast(pa.string()),
            "mark": _map_distinct(rows["mark"], lambda mark: MARK_LABELS.get(mark, mark)),
            "question": rows["problem"],
            "slip": _map_distinct(rows["misconception"], misconception_title),
            "result": rows["value"],
            "lesson": rows["turn"],
            "asked in": _map_distinct(rows["phase"], lambda phase: PHASE_LABELS.get(phase, phase)),
            "category": _map_distinct(
                rows["category"], lambda category: category_names.category_label(category, categories)
            ),
            "skill": _map_distinct(rows["skill"], skill_title),
            "answer": rows["seq"],
        }
    )


def _map_distinct(column: pa.ChunkedArray, to_label: Any) -> pa.ChunkedArray:
    """A column with each of its few distinct values replaced by its label."""
    encoded = column.combine_chunks().dictionary_encode()
    names = pa.array([None if v is None else to_label(v) for v in encoded.dictionary.to_pylist()], type=pa.string())
    return pa.chunked_array([names.take(encoded.indices)])
