"""Snapshots of a run, shared by all who watch it: taken once for every viewer, and only what is new is read.

A snapshot checks the journal's size. If it grew, the new lines are read, and only the tables with new rows are queried again;
figures are rebuilt when their own data changed, and cached in packed form for every viewer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from studentsim.analysis import mix_table
from studentsim.analysis.last_exam import last_exam_category_frame
from studentsim.analysis.mix_table import MixRow
from studentsim.analysis.practice_accuracy import describe_latest_practice, with_practice_accuracy
from studentsim.config import RunConfig, parse_stored_config
from studentsim.labels import category_names, formatting, teacher_settings
from studentsim.narration import run_summary
from studentsim.runs.live_text import LiveText
from studentsim.runs.status import FINAL_STATUSES, RunState
from studentsim.store import queries
from studentsim.types import FIVE_OPTION_CHANCE
from studentsim.ui import data
from studentsim.ui.watch.writing import PartialAnswer, parse_partial_answer

SNAPSHOT_TTL_SECONDS = 0.8
"""Seconds for which a snapshot is reused."""
LATEST_ANSWERS = 6
"""Number of the latest answers that are shown."""

T = TypeVar("T")


@dataclass(frozen=True)
class RunSnapshot:
    """The state of one run. ``turn`` is its last complete turn (a lesson on the screen); frames are of ``store.queries``, read-only."""

    run_id: str
    config: RunConfig
    state: RunState
    turn: int
    progress_text: str
    recorded_label: str
    """Date and version of a recorded run that comes with the product; blank: it was made here."""
    notice: str
    """A warning for the viewer; blank: none."""
    exams: pd.DataFrame
    last_exam_by_category: pd.DataFrame
    exams_by_category: pd.DataFrame
    """``row`` (a category), ``turn, correct, questions`` of every exam."""
    lessons: pd.DataFrame
    """``turn, correct, questions, accuracy, ci_low, ci_high`` of the practice of every finished turn."""
    practised: list[MixRow]
    """``mix_table.mix_rows`` of ``fetch_practice_mix``: what each turn practises by category, with the exam before it."""
    mistakes: list[MixRow]
    """``mix_table.mix_rows`` of ``fetch_next_mix``: the exams' mistakes by category, and the mix that they lead to."""
    lookups: pd.DataFrame
    """``fetch_selection_score_summary``: the turns for which the strategy scored questions; empty if it does not score."""
    steps: pd.DataFrame
    validations: pd.DataFrame
    answers: pd.DataFrame
    chance_accuracy: float
    """Accuracy of guessing in its exams, 0 to 1: the mean of 1 / number of options."""
    stage: str
    """The current stage, as ``events.StageStarted`` names it; blank: none has begun."""
    partial_answer: PartialAnswer | None
    """The answer that a language model is generating; None: none, or the embedded student."""
    last_seqs: dict[str, int]
    cache: RunCache = field(repr=False, compare=False)

    @property
    def status(self) -> str:
        """A key of ``formatting.STATUS_DISPLAY``."""
        return self.state.status

    @property
    def stopped_text(self) -> str:
        """Why it does not go on, and what to do; blank while it runs."""
        if self.state.message and self.status in ("paused", "queued", "damaged"):
            return f"{self.state.message} {self.state.remedy}".strip()
        return run_summary.describe_stopped_run(
            self.status, self.turn, self.planned_turns, queue_position=self.state.queue_position
        )

    @property
    def practice_text(self) -> str:
        """The latest practice's score, and why it does not measure learning."""
        return describe_latest_practice(self.lessons, self.config.strategy, has_custom_mix=bool(self.config.mix))

    @property
    def title(self) -> str:
        """The run's title."""
        return formatting.run_title(self.config)

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories of its bank; before the first exam is over known only for the built-in curriculum."""
        if len(self.exams_by_category):
            return tuple(dict.fromkeys(self.exams_by_category.row))
        return category_names.bank_categories(self.config.bank)

    @property
    def planned_turns(self) -> int:
        """Number of planned turns."""
        return self.config.turns

    @property
    def progress(self) -> float:
        """Fraction of the turns that are complete, 0 to 1."""
        return min(1.0, self.turn / self.planned_turns)

    @property
    def is_live(self) -> bool:
        """Whether figures may still change without a user's action."""
        return self.status in formatting.ACTIVE_STATUSES or (self.state.request == "cancel" and not self.is_over)

    @property
    def can_show_writing(self) -> bool:
        """Whether partial answers can be shown: a language model is at work."""
        return self.config.model != "embedded" and self.status in ("starting", "running")

    @property
    def is_over(self) -> bool:
        """Whether the run has ended for good."""
        return self.status in FINAL_STATUSES

    @property
    def page_state(self) -> tuple[str, str, bool]:
        """Everything that the page outside the fragment depends on."""
        return self.status, self.state.request, self.answers.empty


class RunCache:
    """Cached values of one run: for each name, the newest version."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.checked_at = -1.0
        self.snapshot: RunSnapshot | None = None
        self._entries: dict[str, tuple[object, Any]] = {}

    def get_or_compute(self, name: str, version: object, compute: Callable[[], T]) -> T:
        """``compute()``, unless ``name`` is cached with this ``version``. Concurrent callers wait."""
        with self.lock:
            entry = self._entries.get(name)
            if entry is None or entry[0] != version:
                entry = self._entries[name] = (version, compute())
            return entry[1]


@st.cache_resource(max_entries=32, show_spinner=False)
def _run_cache(folder: str, run_id: str) -> RunCache:
    return RunCache()


def take_snapshot(engine: data.Engine, run_id: str) -> RunSnapshot:
    """The run's state, at most ``SNAPSHOT_TTL_SECONDS`` old. Writes: reads new events of its journal into the database.

    :raises UnknownRun: there is no run of that id.
    """
    cache = _run_cache(str(engine.data_dir), run_id)
    with cache.lock:
        if cache.snapshot is None or not 0 <= time.monotonic() - cache.checked_at < SNAPSHOT_TTL_SECONDS:
            cache.snapshot = _build_snapshot(engine, run_id, cache)
            cache.checked_at = time.monotonic()
        return cache.snapshot


def control_runs(engine: data.Engine, action: str, run_ids: list[str]) -> None:
    """Pause, resume or cancel runs and expire their snapshots. Writes. For a button's callback."""
    for run_id in run_ids:
        data.control_run(engine, action, run_id)
        _run_cache(str(engine.data_dir), run_id).checked_at = -1.0


def _build_snapshot(engine: data.Engine, run_id: str, cache: RunCache) -> RunSnapshot:
    state, row = data.read_run(engine, run_id)
    config = cache.get_or_compute("config", row.name, lambda: parse_stored_config(row.config))
    frames, seqs = cache.get_or_compute(
        "frames", row.last_seq, lambda: _load_frames(engine, run_id, row.last_seq, config, cache)
    )
    turn = max(0, row.turn)
    current_turn = min(turn + (1 if row.turn >= 0 else 0), config.turns)
    seconds_left = _estimate_seconds_left(frames["lessons"], turn, config.turns)
    stage_text = run_summary.describe_stage(
        row.stage, _count_stage_answers(engine, run_id, row, config, cache), row.stage_items
    )
    return RunSnapshot(
        run_id=run_id,
        config=config,
        state=state,
        turn=turn,
        progress_text=f"{run_summary.describe_progress(current_turn, config.turns, seconds_left)} {stage_text}",
        recorded_label=formatting.recorded_label(row.started, row.versions) if row.recorded else "",
        notice=row.notice or "",
        chance_accuracy=_chance_accuracy(engine, run_id, cache, seqs["exams"], frames["answers"]),
        stage=row.stage or "",
        partial_answer=_load_partial_answer(engine, row, config, state),
        last_seqs=seqs,
        cache=cache,
        **frames,
    )


def _load_frames(
    engine: data.Engine, run_id: str, last_seq: int, config: RunConfig, cache: RunCache
) -> tuple[dict[str, Any], dict[str, int]]:
    db = engine.database
    seqs = queries.fetch_last_seqs(db, run_id)
    wrong = cache.get_or_compute("wrong", seqs["exams"], lambda: queries.fetch_wrong_by_category(db, run_id))
    answers = queries.fetch_newest_answers(db, run_id, last_seq, LATEST_ANSWERS)
    loaders: dict[str, tuple[object, Callable[[], Any]]] = {
        "exams": (seqs["exams"], lambda: queries.fetch_exams(db, run_id)),
        "last_exam_by_category": (seqs["exams"], lambda: last_exam_category_frame(wrong)),
        "lessons": (seqs["turns"], lambda: with_practice_accuracy(queries.fetch_finished_turns(db, run_id))),
        "practised": (
            (seqs["turns"], seqs["exams"]), lambda: mix_table.mix_rows(queries.fetch_practice_mix(db, [run_id])),
        ),
        "mistakes": (seqs["exams"], lambda: mix_table.mix_rows(queries.fetch_next_mix(db, [run_id]))),
        "lookups": (seqs["turns"], lambda: queries.fetch_selection_score_summary(db, {run_id: config.threshold})),
        "steps": (seqs["training_steps"], lambda: queries.fetch_training_steps(db, run_id)),
        "validations": (seqs["validations"], lambda: queries.fetch_validations(db, run_id)),
    }  # fmt: skip
    frames = {name: cache.get_or_compute(name, *loader) for name, loader in loaders.items()}
    frames["exams_by_category"] = wrong.rename(columns={"category": "row"}).assign(
        correct=wrong.questions - wrong.wrong
    )
    # pandas represents a missing text as nan, which is truthy
    frames["answers"] = answers.astype(object).where(answers.notna(), None)
    return frames, seqs


def _load_partial_answer(
    engine: data.Engine, row: queries.RunRow, config: RunConfig, state: RunState
) -> PartialAnswer | None:
    if config.model == "embedded" or state.status != "running":
        return None
    return parse_partial_answer(LiveText.read(engine.runs_dir / row.run_id), stage=row.stage, turn=row.turn + 1)


def _chance_accuracy(
    engine: data.Engine, run_id: str, cache: RunCache, last_exam_seq: int, answers: pd.DataFrame
) -> float:
    """Of the first exam once it is over; until then of the newest question."""
    exam_chance = cache.get_or_compute(
        "guessing", last_exam_seq >= 0, lambda: queries.fetch_chance_accuracy(engine.database, [run_id]).get(run_id)
    )
    return exam_chance or (1 / len(run_summary.parse_options(answers.iloc[0])) if len(answers) else FIVE_OPTION_CHANCE)


def _count_stage_answers(
    engine: data.Engine, run_id: str, row: queries.RunRow, config: RunConfig, cache: RunCache
) -> int:
    """Answers of the current stage so far; 0 where the journal does not tell, as with several rounds of further attempts."""
    if row.stage not in ("study", "revision", "exam") or (
        row.stage == "revision" and teacher_settings.teaching_settings(config).attempts > 2
    ):
        return 0
    # an exam belongs to the turn before it, whose end is journalled after the exam
    return cache.get_or_compute(
        "done",
        row.last_seq,
        lambda: queries.count_phase_answers(engine.database, run_id, turn=row.turn + 1, phase=row.stage),
    )


def _estimate_seconds_left(lessons: pd.DataFrame, turn: int, planned_turns: int) -> float | None:
    """Seconds left, from the run's own turns so far; None before the first is complete."""
    if lessons.empty:
        return None
    elapsed = time.time() - float(lessons["timestamp"].iloc[-1])
    mean_seconds = float(lessons.seconds.mean())
    return max(0.0, (planned_turns - turn) * mean_seconds - min(elapsed, mean_seconds))
