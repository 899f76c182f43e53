"""The runs behind a transfer matrix: each category practised alone from the same start, an exam before and one after.

Each is a run like any other (``simulate`` over a cast that ``casting.build_components`` gathers), with the category's own mix of 100 %:

    python -m studentsim run --strategy random --mix physics=100 --turns 12 --exam 600 --exam-every 12

What came of it is kept as ``<data>/transfer/<key>.json``, a file a category. The key is a fingerprint of all that decides it, so a
changed setting, model or program text finds nothing there and the run is done anew.
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
from studentsim.events import Answered, TurnFinished
from studentsim.runs.history import package_versions
from studentsim.runs.run_dir import data_folder_error, write_atomically
from studentsim.simulation import Components, simulate
from studentsim.transfer.matrix import CategoryResult, PairedOutcome

CACHE_FOLDER_NAME = "transfer"
"""In the data folder: what came of each category's practice."""
MIN_CATEGORIES, MAX_CATEGORIES = 2, 14
"""Categories of a matrix: with one there is nothing to compare, with more than 14 no table is read."""
UNFINGERPRINTED_PACKAGES = ("ui", "cli", "store", "runs", "transfer", "recorded")
"""Parts of the package in which nothing decides what a student learns."""

BuildComponents = Callable[[RunConfig], Components]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TransferProgress:
    """How far the work is: ``category_number`` of ``category_count`` (from 1), a category each, in its lesson ``turn`` of ``turns`` (0: its first exam).

    ``seconds_left`` is for all cells; None: not known yet. ``is_cached``: the cell was there from before.
    """

    category: str
    category_number: int
    category_count: int
    turn: int
    turns: int
    seconds_left: float | None
    is_cached: bool = False


def build_category_configs(base: RunConfig, categories: Sequence[str]) -> dict[str, RunConfig]:
    """The settings of each category's run: ``base``'s, with that category's mix alone, and exams only before and after.

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
    settings = base.model_dump() | {"name": "", "strategy": "random", "exam_every": base.turns, "categories": ()}
    return {name: RunConfig.make(**settings | {"mix": {name: 100.0}}) for name in distinct_names}


def run_each_category(
    settings: Mapping[str, RunConfig], *, build_components: BuildComponents, data_folder: Path | None = None
) -> Iterator[TransferProgress | CategoryResult]:
    """Practise each category (``build_category_configs``) and yield its Cell, in order; before and meanwhile Steps.

    With a ``data_folder`` folder finished cells are kept there, and taken from there. Broken off, all cells yielded so far are kept. Writes.

    :raises DataFolderError: the folder cannot be written.
    :raises BankError: the exam asks nothing in one of the categories; known after the first exam.
    :raises StudentsimError: whatever a run may raise.
    """
    cache = _ResultCache(data_folder)
    time_estimator = _TimeEstimator()
    missing = [name for name, config in settings.items() if cache.read(name, config) is None]
    for number, (name, config) in enumerate(settings.items(), 1):
        result = cache.read(name, config)
        if result is not None:
            seconds_left = time_estimator.estimate_seconds_left(config, config.turns, len(missing))
            yield TransferProgress(
                name, number, len(settings), config.turns, config.turns, seconds_left, is_cached=True
            )
            yield result
            continue
        missing.remove(name)
        yield TransferProgress(
            name, number, len(settings), 0, config.turns, time_estimator.estimate_seconds_left(config, -1, len(missing))
        )
        with closing(_run_category(name, config, build_components, settings)) as progress:
            for item in progress:
                if isinstance(item, CategoryResult):
                    cache.write(item, config)
                    yield item
                else:
                    time_estimator.add_turn(item)
                    seconds_left = time_estimator.estimate_seconds_left(config, item.turn, len(missing))
                    yield TransferProgress(name, number, len(settings), item.turn, config.turns, seconds_left)
        _release_model()


def _run_category(
    name: str, config: RunConfig, build_components: BuildComponents, required_categories: Collection[str]
) -> Iterator[TurnFinished | CategoryResult]:
    """One category's run: the end of each turn, and at last its Cell."""
    started_at = time.monotonic()
    answers: dict[tuple[str, bool], Answered] = {}
    with closing(simulate(config, build_components(config))) as events:
        for event in events:
            if isinstance(event, Answered) and event.phase == "exam":
                answers[event.question_id, event.turn > 0] = event
            elif isinstance(event, TurnFinished):
                if event.turn == 0:
                    _check_exam_covers({answer.category for answer in answers.values()}, required_categories)
                yield event
    yield CategoryResult(name, _pair_exam_answers(answers), time.monotonic() - started_at)


def _release_model() -> None:
    """Give a finished cell's model back: ``load_cast`` freezes it out of the garbage hunts, and the next cell loads its own."""
    gc.unfreeze()
    gc.collect()


def compute_cache_key(config: RunConfig) -> str:
    """Names what comes of this run: all settings but its name, the program text that decides, and the packages' versions."""
    key_parts = [
        config.model_copy(update={"name": ""}).model_dump_json(), sorted(package_versions().items()), compute_code_fingerprint(), _fingerprint_input_files(config),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(key_parts).encode()).hexdigest()[:24]


@lru_cache(maxsize=1)
def compute_code_fingerprint() -> str:
    """A fingerprint of the program text that decides what a student learns."""
    package = Path(studentsim.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        parts = path.relative_to(package).parts
        if path.suffix in (".py", ".toml") and parts[0] not in UNFINGERPRINTED_PACKAGES:
            digest.update("/".join(parts).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _fingerprint_input_files(config: RunConfig) -> list[str]:
    """Fingerprints of what the settings name but do not hold: weights that come with the product, the bank's own files."""
    package = Path(studentsim.__file__).parent
    paths = [package / "student" / "embedded" / "weights"] if config.model == "embedded" else []
    paths += [package / "grader" / "weights"] if config.teaching.marker == "embedded" else []
    paths += [Path(part.strip()) for part in config.bank.split(" | ")]
    files = [f for path in paths for f in (sorted(path.rglob("*")) if path.is_dir() else [path]) if f.is_file()]
    return [_hash_file(file, file.stat().st_mtime_ns) for file in files]


@lru_cache(maxsize=64)
def _hash_file(file: Path, mtime_ns: int) -> str:
    """A file's fingerprint, read once for each time it ``mtime_ns``."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _check_exam_covers(exam_categories: Collection[str], required_categories: Collection[str]) -> None:
    for category in required_categories:
        if category not in exam_categories:
            raise BankError(
                f"The exam asks nothing in {category!r}.",
                "Ask for a longer exam (--exam), or leave the category out (--categories).",
            )


def _pair_exam_answers(answers: Mapping[tuple[str, bool], Answered]) -> tuple[PairedOutcome, ...]:
    """Each exam question with its two answers, by category and id: a student may answer them in any order."""
    pairs = (
        PairedOutcome(id, answer.category, answer.right, answers[id, True].right)
        for (id, later), answer in answers.items()
        if not later
    )
    return tuple(sorted(pairs, key=lambda m: (m.category, m.question_id)))


@dataclass
class _TimeEstimator:
    """How fast lessons and exams went, for the time that is left."""

    turn_seconds: list[float] = field(default_factory=list)
    exam_seconds: list[float] = field(default_factory=list)

    def add_turn(self, event: TurnFinished) -> None:
        """Take a turn's seconds in."""
        exam = event.seconds.get("exam")
        if exam is not None:
            self.exam_seconds.append(exam)
        if event.turn > 0:
            self.turn_seconds.append(event.seconds["total"] - (exam or 0.0))

    def estimate_seconds_left(self, config: RunConfig, turn: int, remaining_categories: int) -> float | None:
        """Seconds for the rest of a cell after ``turn`` (-1: before its first exam), and for so many ``remaining_categories`` more; None: not
        known before the first lesson.
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
    """The cells in the data folder, each a file that bears its own checksum."""

    def __init__(self, data_folder: Path | None) -> None:
        self.folder = None if data_folder is None else Path(data_folder) / CACHE_FOLDER_NAME
        self.results: dict[str, CategoryResult | None] = {}
        if self.folder is not None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise data_folder_error(self.folder.parent, error) from error

    def read(self, name: str, config: RunConfig) -> CategoryResult | None:
        """The cell, if it is there and whole; read once."""
        if self.folder is not None and name not in self.results:
            self.results[name] = _read_cached_result(self.folder / f"{compute_cache_key(config)}.json", name)
        return self.results.get(name)

    def write(self, result: CategoryResult, config: RunConfig) -> None:
        """Keep it. Writes.

        :raises DataFolderError: it cannot be.
        """
        if self.folder is None:
            return
        path = self.folder / f"{compute_cache_key(config)}.json"
        payload = {
            "config": config.model_dump(mode="json"),
            "practised": result.practised_category,
            "seconds": round(result.seconds, 3),
            "marked": [
                [m.question_id, m.category, int(m.was_correct_before), int(m.was_correct_after)]
                for m in result.outcomes
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
        outcomes = tuple(PairedOutcome(id, category, bool(a), bool(b)) for id, category, a, b in payload["marked"])
        return CategoryResult(name, outcomes, float(payload["seconds"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("%s is damaged (%s): %s is practised anew", path, error, name)
        return None


def _compute_checksum(payload: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(payload, sort_keys=True).encode()).hexdigest()[:16]
