"""One run as it stands, for all who watch it: looked at once, however many ask, and only what is new is asked for.

A look costs a glance at the journal's size. Where it grew, the new lines are taken in, and of the tables only those that hold
something new are read again; pictures are made when their own figures changed, and kept packed for every viewer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from studentsim.config import RunConfig
from studentsim.runs.live_text import LiveText
from studentsim.runs.states import OVER, RunState
from studentsim.store import ingest, queries
from studentsim.ui import category_names, data, mix_table, sentences, words
from studentsim.ui.cards import config_of
from studentsim.ui.mix_table import Row
from studentsim.ui.teaching import names
from studentsim.ui.watch.practice import with_bounds
from studentsim.ui.watch.writing import Writing, written
from studentsim.ui.weak import weak_categories

SHARED = 0.8
"""Seconds for which one look serves everybody who asks."""
ANSWERS = 6
"""How many of the latest answers are shown."""

T = TypeVar("T")


@dataclass(frozen=True)
class Snapshot:
    """One run as it stands. ``turn`` is its last complete lesson; frames are those of store/queries, to be read only."""

    run_id: str
    config: RunConfig
    state: RunState
    turn: int
    doing: str
    recorded: str
    """When and with which version a run that came with the product was made, in words; blank: it was made here."""
    notice: str
    """What happened to it that its viewer must know; blank: nothing."""
    exams: pd.DataFrame
    weak: pd.DataFrame
    cells: pd.DataFrame
    """``row`` (a category)``, turn, correct, questions`` of every exam."""
    lessons: pd.DataFrame
    """``turn, correct, questions, accuracy, low, high`` of the practice of every finished lesson."""
    practised: list[Row]
    """Of ``practice_mix.rows_of``: what each lesson begun practises by category, beside the exam before it."""
    mistakes: list[Row]
    """Of ``practice_mix.exam_rows_of``: the exams' mistakes by category, and the mix that they ask for."""
    looked_at: pd.DataFrame
    """Of ``queries.looked_at``: lessons before which the way of choosing looked at questions; empty where it does not look."""
    steps: pd.DataFrame
    validations: pd.DataFrame
    answers: pd.DataFrame
    guessing: float
    """What guessing would reach in its exams, 0 to 1: the mean over their questions of one in as many as they have options."""
    stage: str
    """What goes on in it, as ``records.StageStarted`` names it; blank: nothing has begun."""
    writing: Writing | None
    """The answer that a language model is writing now; None: none, or a student that writes too fast to be watched."""
    seqs: dict[str, int]
    kept: Kept = field(repr=False, compare=False)

    @property
    def status(self) -> str:
        """How it stands, in the words of ``words.STATUS``."""
        return self.state.status

    @property
    def title(self) -> str:
        """What the run is called."""
        return words.title(self.config)

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories of its bank, as far as they are known: before the first exam is over, of the built-in curriculum alone."""
        if len(self.cells):
            return tuple(dict.fromkeys(self.cells.row))
        return category_names.of_bank(self.config.bank)

    @property
    def turns(self) -> int:
        """Lessons planned."""
        return self.config.turns

    @property
    def share_done(self) -> float:
        """Of the run's lessons, 0 to 1."""
        return min(1.0, self.turn / self.turns)

    @property
    def alive(self) -> bool:
        """Whether figures may still change by themselves."""
        return self.status in words.ALIVE or (self.state.request == "cancel" and not self.over)

    @property
    def writes(self) -> bool:
        """Whether it may be watched writing: a language model at work."""
        return self.config.model != "embedded" and self.status in ("starting", "running")

    @property
    def over(self) -> bool:
        """Whether nothing more will come of it, whatever anyone does."""
        return self.status in OVER

    @property
    def shown(self) -> tuple[str, str, bool]:
        """What the page around the live part depends on."""
        return self.status, self.state.request, self.answers.empty

    def once(self, name: str, version: object, make: Callable[[], T]) -> T:
        """What ``make`` gave for this version of the run's figures, made once for all viewers."""
        return self.kept.once(name, version, make)


class Kept:
    """What has been made of one run: by name, the newest version of each."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.at = -1.0
        self.snapshot: Snapshot | None = None
        self._made: dict[str, tuple[object, Any]] = {}

    def once(self, name: str, version: object, make: Callable[[], T]) -> T:
        """``make()``, unless it was made for this ``version`` before. Others who want it meanwhile wait."""
        with self.lock:
            known = self._made.get(name)
            if known is None or known[0] != version:
                known = self._made[name] = (version, make())
            return known[1]


@st.cache_resource(max_entries=32, show_spinner=False)
def _kept(folder: str, run_id: str) -> Kept:
    return Kept()


def look(engine: data.Engine, run_id: str) -> Snapshot:
    """The run as it stood at most ``SHARED`` seconds ago. Writes: takes in what is new in its journal.

    :raises UnknownRun: there is none of that id.
    """
    kept = _kept(str(engine.folder), run_id)
    with kept.lock:
        if kept.snapshot is None or not 0 <= time.monotonic() - kept.at < SHARED:
            kept.snapshot = _snapshot(engine, run_id, kept)
            kept.at = time.monotonic()
        return kept.snapshot


def act(engine: data.Engine, what: str, run_ids: list[str]) -> None:
    """Pause, resume or cancel runs, and let the next look be a fresh one. Writes. For a button's callback."""
    for run_id in run_ids:
        data.act(engine, what, run_id)
        _kept(str(engine.folder), run_id).at = -1.0


def _snapshot(engine: data.Engine, run_id: str, kept: Kept) -> Snapshot:
    state = engine.manager.state(run_id)  # before the database is asked: it can tell "deleted" from "never was"
    ingest.sync(engine.database, engine.runs_folder, run_id)
    row = queries.run(engine.database, run_id)
    config = kept.once("config", row.name, lambda: config_of(row.config))
    frames, seqs = kept.once("frames", row.last_seq, lambda: _frames(engine, run_id, row.last_seq, config, kept))
    turn = max(0, row.turn)
    lesson = min(turn + (1 if row.turn >= 0 else 0), config.turns)
    left = _seconds_left(frames["lessons"], turn, config.turns)
    doing = sentences.doing(row.stage, _done(engine, run_id, row, config, kept), row.stage_items)
    return Snapshot(
        run_id=run_id,
        config=config,
        state=state,
        turn=turn,
        doing=f"{sentences.progress(lesson, config.turns, left)} {doing}",
        recorded=words.recorded(row.started, row.versions) if row.recorded else "",
        notice=row.notice or "",
        guessing=_guessing(engine, run_id, kept, seqs["exams"], frames["answers"]),
        stage=row.stage or "",
        writing=_writing(engine, row, config, state),
        seqs=seqs,
        kept=kept,
        **frames,
    )


def _frames(
    engine: data.Engine, run_id: str, last_seq: int, config: RunConfig, kept: Kept
) -> tuple[dict[str, Any], dict[str, int]]:
    db = engine.database
    seqs = queries.last_seqs(db, run_id)
    chosen = seqs["turns"], seqs["exams"]
    wrong = kept.once("wrong", seqs["exams"], lambda: queries.wrong_by_category(db, run_id))
    cells = wrong.rename(columns={"category": "row"}).assign(correct=wrong.questions - wrong.wrong)
    answers = queries.newest_answers(db, run_id, last_seq, ANSWERS)
    frames = {
        "exams": kept.once("exams", seqs["exams"], lambda: queries.exams(db, run_id)),
        "weak": kept.once("weak", seqs["exams"], lambda: weak_categories(wrong)),
        "cells": cells,
        "lessons": kept.once("lessons", seqs["turns"], lambda: with_bounds(queries.lessons(db, run_id))),
        "practised": kept.once("practised", chosen, lambda: mix_table.rows(queries.practice_mix_of(db, [run_id]))),
        "mistakes": kept.once("mistakes", seqs["exams"], lambda: mix_table.rows(queries.next_mix_of(db, [run_id]))),
        "looked_at": kept.once("looked_at", seqs["turns"], lambda: queries.looked_at(db, {run_id: config.threshold})),
        "steps": kept.once("steps", seqs["steps"], lambda: queries.steps(db, run_id)),
        "validations": kept.once("validations", seqs["validations"], lambda: queries.validations(db, run_id)),
        # pandas turns a missing text into nan, which is true
        "answers": answers.astype(object).where(answers.notna(), None),
    }
    return frames, seqs


def _writing(engine: data.Engine, row: queries.RunRow, config: RunConfig, state: RunState) -> Writing | None:
    if config.model == "embedded" or state.status != "running":
        return None
    return written(LiveText.read(engine.runs_folder / row.run_id), stage=row.stage, turn=row.turn + 1)


def _guessing(engine: data.Engine, run_id: str, kept: Kept, exams: int, answers: pd.DataFrame) -> float:
    """As of the first exam, which is known whole once it is over; until then as of the newest question."""
    known = kept.once("guessing", exams >= 0, lambda: queries.guessing(engine.database, [run_id]).get(run_id))
    return known or (1 / len(sentences.options_of(answers.iloc[0])) if len(answers) else 0.2)


def _done(engine: data.Engine, run_id: str, row: queries.RunRow, config: RunConfig, kept: Kept) -> int:
    """How much of the stage's work the journal tells of; 0 where that is not told, as of one of several rounds of further tries."""
    if row.stage not in ("study", "revision", "exam") or (row.stage == "revision" and names.of(config).attempts > 2):
        return 0
    # an exam belongs to the lesson before it, whose end is told only after it
    return kept.once(
        "done",
        row.last_seq,
        lambda: queries.answered(engine.database, run_id, turn=row.turn + 1, phase=row.stage),
    )


def _seconds_left(lessons: pd.DataFrame, turn: int, planned: int) -> float | None:
    """From this run's own lessons so far; None before the first is complete."""
    if lessons.empty:
        return None
    since = time.time() - float(lessons["at"].iloc[-1])
    mean = float(lessons.seconds.mean())
    return max(0.0, (planned - turn) * mean - min(since, mean))
