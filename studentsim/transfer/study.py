"""The runs behind a transfer matrix: each category practised alone from the same start, an exam before and one after.

Each run is an ordinary one (``simulate`` with the components of ``factory.build_components``) with a mix of 100 % of its category:

    python -m studentsim run --strategy random --mix physics=100 --turns 12 --exam-size 600 --exam-every 12

A category's result is cached as ``<data>/transfer/<key>.json``. The key is a fingerprint of all that decides the result, so that
after a change of settings, model or version the run is simulated anew.
"""

from __future__ import annotations

import gc
import hashlib
import json
import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import studentsim
from studentsim.config import RunConfig
from studentsim.errors import BankError, ConfigError
from studentsim.events import AnswerRecorded, TurnFinished
from studentsim.files import write_atomically
from studentsim.runs.history import package_versions
from studentsim.runs.run_dir import data_folder_error
from studentsim.selection.strategies.random import STRATEGY as RANDOM
from studentsim.simulation import Components, simulate
from studentsim.transfer.matrix import CategoryResult, PairedOutcome

CACHE_FOLDER_NAME = "transfer"
"""Folder of the cached results, in the data folder."""
MIN_CATEGORIES, MAX_CATEGORIES = 2, 14
"""Number of categories of a matrix: one has nothing to compare with, a table of more than 14 cannot be read."""
RESULTS_VERSION = 1
"""To be raised when the same settings give other results, so that cached ones are made anew; a test compares a small run's."""

BuildComponents = Callable[[RunConfig], Components]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TransferProgress:
    """How far the work is: category ``category_number`` (from 1) of ``category_count``, turn ``turn`` of ``turns`` (0: first exam).

    ``seconds_left`` is for all categories, None: not known yet.
    """

    category: str
    category_number: int
    category_count: int
    turn: int
    turns: int
    seconds_left: float | None


def build_category_configs(base: RunConfig, categories: Sequence[str]) -> dict[str, RunConfig]:
    """The settings of each category's run: those of ``base`` with a mix of this category only, and exams only before and after.

    :raises ConfigError: fewer than 2 categories or more than 14, or one of them twice.
    """
    distinct_names = list(dict.fromkeys(categories))
    if len(distinct_names) != len(categories):
        raise ConfigError(f"A category is named twice: {', '.join(categories)}.", "Name each once.", field="categories")
    if not MIN_CATEGORIES <= len(distinct_names) <= MAX_CATEGORIES:
        raise ConfigError(
            f"A transfer matrix needs {MIN_CATEGORIES} to {MAX_CATEGORIES} categories, but there are {len(distinct_names)}.",
            "Choose among them with --categories a,b,c, or choose other questions.",
            field="categories",
        )
    settings = base.model_dump() | {"name": "", "strategy": RANDOM.id, "exam_every": base.turns, "categories": ()}
    return {name: RunConfig.make(**settings | {"mix": {name: 100.0}}) for name in distinct_names}


def run_each_category(
    settings: Mapping[str, RunConfig], *, build_components: BuildComponents, data_folder: Path | None = None
) -> Iterator[TransferProgress | CategoryResult]:
    """Practise each category of ``build_category_configs`` and yield its result, in order, with progress before and between. Writes.

    Results are cached in ``data_folder`` as runs finish; cached ones are not simulated again.

    :raises DataFolderError: the folder cannot be written.
    :raises BankError: the exam asks nothing in one of the categories; known after the first exam.
    :raises StudentsimError: whatever a run may raise.
    """
    cache = _ResultCache(data_folder)
    time_estimator = _TimeEstimator()
    missing = [name for name, config in settings.items() if cache.read(name, config) is None]

    def progress(name: str, turn: int) -> TransferProgress:
        number, config = list(settings).index(name) + 1, settings[name]
        seconds_left = time_estimator.estimate_seconds_left(config, turn, len(missing))
        return TransferProgress(name, number, len(settings), max(0, turn), config.turns, seconds_left)

    for name, config in settings.items():
        if (result := cache.read(name, config)) is not None:
            yield progress(name, config.turns)
            yield result
            continue
        missing.remove(name)
        yield progress(name, -1)
        with closing(_run_category(name, config, build_components, settings)) as steps:
            for item in steps:
                if isinstance(item, CategoryResult):
                    cache.write(item, config)
                    yield item
                else:
                    time_estimator.add_turn(item)
                    yield progress(name, item.turn)
        _release_model()


def _run_category(
    name: str, config: RunConfig, build_components: BuildComponents, required_categories: Collection[str]
) -> Iterator[TurnFinished | CategoryResult]:
    """Simulate one category's run; yields the end of each turn, and last its result."""
    started_at = time.monotonic()
    answers: dict[tuple[str, bool], AnswerRecorded] = {}
    with closing(simulate(config, build_components(config))) as events:
        for event in events:
            if isinstance(event, AnswerRecorded) and event.phase == "exam":
                answers[event.question_id, event.turn > 0] = event
            elif isinstance(event, TurnFinished):
                if event.turn == 0:
                    _check_exam_covers({answer.category for answer in answers.values()}, required_categories)
                yield event
    yield CategoryResult(name, _pair_exam_answers(answers), time.monotonic() - started_at)


def _release_model() -> None:
    """Free a finished run's model: ``build_components`` hides it from the garbage collector, and the next run loads its own."""
    gc.unfreeze()
    gc.collect()


def compute_cache_key(config: RunConfig) -> str:
    """A hash of all that decides a run's result: settings except its name, versions and input files."""
    key_parts = [
        config.model_copy(update={"name": ""}).model_dump_json(),
        sorted(package_versions().items()),
        RESULTS_VERSION,
        _fingerprint_input_files(config),
    ]
    return hashlib.sha256(json.dumps(key_parts).encode()).hexdigest()[:24]


def _fingerprint_input_files(config: RunConfig) -> list[str]:
    """Hashes of the files that the settings only name: the shipped weights and the bank's files."""
    package = Path(studentsim.__file__).parent
    paths = [package / "student" / "embedded" / "weights"] if config.model == "embedded" else []
    paths += [package / "grader" / "weights"] if config.teacher.grader == "embedded" else []
    paths += [Path(part.strip()) for part in config.bank.split(" | ")]
    files = [f for path in paths for f in (sorted(path.rglob("*")) if path.is_dir() else [path]) if f.is_file()]
    return [_hash_file(file, file.stat().st_mtime_ns) for file in files]


@lru_cache(maxsize=64)
def _hash_file(file: Path, mtime_ns: int) -> str:
    """A file's SHA-256, cached until its modification time changes."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _check_exam_covers(exam_categories: Collection[str], required_categories: Collection[str]) -> None:
    for category in required_categories:
        if category not in exam_categories:
            raise BankError(
                f"The exam asks nothing in {category!r}.",
                "Ask for a longer exam (--exam), or leave the category out (--categories).",
            )


def _pair_exam_answers(answers: Mapping[tuple[str, bool], AnswerRecorded]) -> tuple[PairedOutcome, ...]:
    """Both answers to each exam question, sorted by category and id, since a student may answer in any order."""
    pairs = (
        PairedOutcome(id, answer.category, answer.is_correct, answers[id, True].is_correct)
        for (id, is_after), answer in answers.items()
        if not is_after
    )
    return tuple(sorted(pairs, key=lambda pair: (pair.category, pair.question_id)))


@dataclass
class _TimeEstimator:
    """Estimates the time left from the mean seconds of turns and exams so far."""

    turn_seconds: list[float] = field(default_factory=list)
    exam_seconds: list[float] = field(default_factory=list)

    def add_turn(self, event: TurnFinished) -> None:
        """Record the seconds of a finished turn."""
        exam = event.seconds.get("exam")
        if exam is not None:
            self.exam_seconds.append(exam)
        if event.turn > 0:
            self.turn_seconds.append(event.seconds["total"] - (exam or 0.0))

    def estimate_seconds_left(self, config: RunConfig, turn: int, remaining_categories: int) -> float | None:
        """Seconds for the rest of a run after ``turn`` (-1: before its first exam) and for ``remaining_categories`` more runs.

        None before the first turn has ended.
        """
        if not self.turn_seconds or not self.exam_seconds:
            return None
        seconds_per_turn, seconds_per_exam = (
            sum(times) / len(times) for times in (self.turn_seconds, self.exam_seconds)
        )
        remaining_exams = 2 if turn < 0 else 1 if turn < config.turns else 0
        return (
            (config.turns - max(turn, 0)) * seconds_per_turn
            + remaining_exams * seconds_per_exam
            + remaining_categories * (config.turns * seconds_per_turn + 2 * seconds_per_exam)
        )


class _ResultCache:
    """The results in the data folder, each a file with its own checksum; without a data folder nothing is cached."""

    def __init__(self, data_folder: Path | None) -> None:
        self.folder = None if data_folder is None else Path(data_folder) / CACHE_FOLDER_NAME
        self.results: dict[str, CategoryResult | None] = {}
        if self.folder is not None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise data_folder_error(self.folder.parent, error) from error

    def read(self, name: str, config: RunConfig) -> CategoryResult | None:
        """A category's cached result; None if there is none or it is damaged."""
        if self.folder is not None and name not in self.results:
            self.results[name] = _read_cached_result(self.folder / f"{compute_cache_key(config)}.json", name)
        return self.results.get(name)

    def write(self, result: CategoryResult, config: RunConfig) -> None:
        """Cache a result. Writes.

        :raises DataFolderError: the file cannot be written.
        """
        if self.folder is None:
            return
        path = self.folder / f"{compute_cache_key(config)}.json"
        payload = {
            "config": config.model_dump(mode="json"),
            "practised": result.practised_category,
            "seconds": round(result.seconds, 3),
            "marked": [
                [o.question_id, o.category, int(o.was_correct_before), int(o.was_correct_after)]
                for o in result.outcomes
            ],
        }
        try:
            write_atomically(path, json.dumps({"key": path.stem, "checksum": _compute_checksum(payload), **payload}))
        except OSError as error:
            raise data_folder_error(self.folder.parent, error) from error


def _read_cached_result(path: Path, name: str) -> CategoryResult | None:
    try:
        payload = json.loads(path.read_text(encoding="utf-8"))
        key, checksum = payload.pop("key"), payload.pop("checksum")
        if key != path.stem or checksum != _compute_checksum(payload) or payload["practised"] != name:
            raise ValueError("its checksum does not fit")
        outcomes = tuple(
            PairedOutcome(id, category, bool(before), bool(after)) for id, category, before, after in payload["marked"]
        )
        return CategoryResult(name, outcomes, float(payload["seconds"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("%s is damaged (%s): %s is practised anew", path, error, name)
        return None


def _compute_checksum(payload: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()[:16]
