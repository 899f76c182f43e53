"""The runs behind a transfer matrix: each category practised alone from the same start, an exam before and one after.

Each is a run like any other (``simulate`` over a cast that ``casting.load_cast`` gathers), with the category's own mix of 100 %:

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
from studentsim.records import Answered, TurnFinished
from studentsim.runs.folder import data_folder_error, write_atomically
from studentsim.runs.past import versions
from studentsim.simulation import Cast, simulate
from studentsim.transfer.matrix import Cell, Marked

FOLDER = "transfer"
"""In the data folder: what came of each category's practice."""
FEWEST, MOST = 2, 14
"""Categories of a matrix: with one there is nothing to compare, with more than 14 no table is read."""
NOT_THE_LOOP = ("ui", "cli", "store", "runs", "transfer", "recorded")
"""Parts of the package in which nothing decides what a student learns."""

LoadCast = Callable[[RunConfig], Cast]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Step:
    """How far the work is: ``cell`` of ``cells`` (from 1), a category each, in its lesson ``turn`` of ``turns`` (0: its first exam).

    ``seconds_left`` is for all cells; None: not known yet. ``kept``: the cell was there from before.
    """

    category: str
    cell: int
    cells: int
    turn: int
    turns: int
    seconds_left: float | None
    kept: bool = False


def configs(base: RunConfig, categories: Sequence[str]) -> dict[str, RunConfig]:
    """The settings of each category's run: ``base``'s, with that category's mix alone, and exams only before and after.

    :raises ConfigError: fewer than 2 categories or more than 14, or one of them twice.
    """
    names = list(dict.fromkeys(categories))
    if len(names) != len(categories):
        raise ConfigError(f"A category is named twice: {', '.join(categories)}.", "Name each once.", field="categories")
    if not FEWEST <= len(names) <= MOST:
        raise ConfigError(
            f"A transfer matrix needs {FEWEST} to {MOST} categories, but there are {len(names)}.",
            "Choose among them with --categories a,b,c, or choose other questions.",
            field="categories",
        )
    settings = base.model_dump() | {"name": "", "strategy": "random", "exam_every": base.turns, "categories": ()}
    return {name: RunConfig.make(**settings | {"mix": {name: 100.0}}) for name in names}


def practise_each(
    settings: Mapping[str, RunConfig], *, load_cast: LoadCast, data: Path | None = None
) -> Iterator[Step | Cell]:
    """Practise each category (``configs``) and yield its Cell, in order; before and meanwhile Steps.

    With a ``data`` folder finished cells are kept there, and taken from there. Broken off, all cells yielded so far are kept. Writes.

    :raises DataFolderError: the folder cannot be written.
    :raises BankError: the exam asks nothing in one of the categories; known after the first exam.
    :raises StudentsimError: whatever a run may raise.
    """
    kept = _Kept(data)
    pace = _Pace()
    missing = [name for name, config in settings.items() if kept.read(name, config) is None]
    for place, (name, config) in enumerate(settings.items(), 1):
        cell = kept.read(name, config)
        if cell is not None:
            left = pace.left(config, config.turns, len(missing))
            yield Step(name, place, len(settings), config.turns, config.turns, left, kept=True)
            yield cell
            continue
        missing.remove(name)
        yield Step(name, place, len(settings), 0, config.turns, pace.left(config, -1, len(missing)))
        with closing(_practise(name, config, load_cast, settings)) as work:
            for told in work:
                if isinstance(told, Cell):
                    kept.write(told, config)
                    yield told
                else:
                    pace.heed(told)
                    left = pace.left(config, told.turn, len(missing))
                    yield Step(name, place, len(settings), told.turn, config.turns, left)
        _forget()


def _practise(
    name: str, config: RunConfig, load_cast: LoadCast, wanted: Collection[str]
) -> Iterator[TurnFinished | Cell]:
    """One category's run: the end of each turn, and at last its Cell."""
    begun = time.monotonic()
    marked: dict[tuple[str, bool], Answered] = {}
    with closing(simulate(config, load_cast(config))) as events:
        for event in events:
            if isinstance(event, Answered) and event.phase == "exam":
                marked[event.question_id, event.turn > 0] = event
            elif isinstance(event, TurnFinished):
                if event.turn == 0:
                    _check_exam({answer.category for answer in marked.values()}, wanted)
                yield event
    yield Cell(name, _paired(marked), time.monotonic() - begun)


def _forget() -> None:
    """Give a finished cell's model back: ``load_cast`` freezes it out of the garbage hunts, and the next cell loads its own."""
    gc.unfreeze()
    gc.collect()


def key_of(config: RunConfig) -> str:
    """Names what comes of this run: all settings but its name, the program text that decides, and the packages' versions."""
    decides = [
        config.model_copy(update={"name": ""}).model_dump_json(), sorted(versions().items()), program(), _files(config),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:24]


@lru_cache(maxsize=1)
def program() -> str:
    """A fingerprint of the program text that decides what a student learns."""
    package = Path(studentsim.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        parts = path.relative_to(package).parts
        if path.suffix in (".py", ".toml") and parts[0] not in NOT_THE_LOOP:
            digest.update("/".join(parts).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _files(config: RunConfig) -> list[str]:
    """Fingerprints of what the settings name but do not hold: weights that come with the product, the bank's own files."""
    package = Path(studentsim.__file__).parent
    paths = [package / "student" / "weights"] if config.model == "embedded" else []
    paths += [package / "teacher" / "weights"] if config.teaching.marker == "embedded" else []
    paths += [Path(part.strip()) for part in config.bank.split(" | ")]
    files = [f for path in paths for f in (sorted(path.rglob("*")) if path.is_dir() else [path]) if f.is_file()]
    return [_digest(file, file.stat().st_mtime_ns) for file in files]


@lru_cache(maxsize=64)
def _digest(file: Path, changed: int) -> str:
    """A file's fingerprint, read once for each time it ``changed``."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _check_exam(asked: Collection[str], wanted: Collection[str]) -> None:
    for category in wanted:
        if category not in asked:
            raise BankError(
                f"The exam asks nothing in {category!r}.",
                "Ask for a longer exam (--exam), or leave the category out (--categories).",
            )


def _paired(answers: Mapping[tuple[str, bool], Answered]) -> tuple[Marked, ...]:
    """Each exam question with its two answers, by category and id: a student may answer them in any order."""
    pairs = (
        Marked(id, answer.category, answer.right, answers[id, True].right)
        for (id, later), answer in answers.items()
        if not later
    )
    return tuple(sorted(pairs, key=lambda m: (m.category, m.question_id)))


@dataclass
class _Pace:
    """How fast lessons and exams went, for the time that is left."""

    lessons: list[float] = field(default_factory=list)
    exams: list[float] = field(default_factory=list)

    def heed(self, event: TurnFinished) -> None:
        """Take a turn's seconds in."""
        exam = event.seconds.get("exam")
        if exam is not None:
            self.exams.append(exam)
        if event.turn > 0:
            self.lessons.append(event.seconds["total"] - (exam or 0.0))

    def left(self, config: RunConfig, turn: int, cells: int) -> float | None:
        """Seconds for the rest of a cell after ``turn`` (-1: before its first exam), and for so many ``cells`` more; None: not
        known before the first lesson.
        """
        if not self.lessons or not self.exams:
            return None
        lesson, exam = (sum(times) / len(times) for times in (self.lessons, self.exams))
        exams = 2 if turn < 0 else 1 if turn < config.turns else 0
        return (config.turns - max(turn, 0)) * lesson + exams * exam + cells * (config.turns * lesson + 2 * exam)


class _Kept:
    """The cells in the data folder, each a file that bears its own checksum."""

    def __init__(self, data: Path | None) -> None:
        self.folder = None if data is None else Path(data) / FOLDER
        self.cells: dict[str, Cell | None] = {}
        if self.folder is not None:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise data_folder_error(self.folder.parent, error) from error

    def read(self, name: str, config: RunConfig) -> Cell | None:
        """The cell, if it is there and whole; read once."""
        if self.folder is not None and name not in self.cells:
            self.cells[name] = _read(self.folder / f"{key_of(config)}.json", name)
        return self.cells.get(name)

    def write(self, cell: Cell, config: RunConfig) -> None:
        """Keep it. Writes.

        :raises DataFolderError: it cannot be.
        """
        if self.folder is None:
            return
        path = self.folder / f"{key_of(config)}.json"
        told = {
            "config": config.model_dump(mode="json"),
            "practised": cell.practised,
            "seconds": round(cell.seconds, 3),
            "marked": [[m.question_id, m.category, int(m.before), int(m.after)] for m in cell.marked],
        }
        try:
            write_atomically(path, json.dumps({"key": path.stem, "checksum": _checksum(told), **told}))
        except OSError as error:
            raise data_folder_error(self.folder.parent, error) from error


def _read(path: Path, name: str) -> Cell | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        key, checksum = told.pop("key"), told.pop("checksum")
        if key != path.stem or checksum != _checksum(told) or told["practised"] != name:
            raise ValueError("its checksum does not fit")
        marked = tuple(Marked(id, category, bool(a), bool(b)) for id, category, a, b in told["marked"])
        return Cell(name, marked, float(told["seconds"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("%s is damaged (%s): %s is practised anew", path, error, name)
        return None


def _checksum(told: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
