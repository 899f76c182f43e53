"""A journal with a flipped bit, without some of its lines, cut at its end: noticed, repaired, and the run ends as if nothing had been."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import fakes
from run_help import comparable_events

from drills.results import EQUAL, SILENT, TRACEBACK, DrillResult
from drills.takeover import finish
from studentsim.runs.executor import execute
from studentsim.runs.repair import check_run, repair_run
from studentsim.runs.run_dir import RunFolder, create_run

MAX_REMOVED_LINES = 10


def flip_bit(path: Path, random: Random) -> str:
    """Flip one bit of a file; says where."""
    data = bytearray(path.read_bytes())
    position, bit = random.randrange(len(data)), random.randrange(8)
    data[position] ^= 1 << bit
    path.write_bytes(data)
    return f"bit {bit} of byte {position}"


def remove_lines(path: Path, random: Random) -> str:
    """Remove up to ten lines from the middle of a file; says which."""
    lines = path.read_bytes().splitlines(keepends=True)
    count = random.randint(1, MAX_REMOVED_LINES)
    begin = random.randrange(len(lines) - count - 1)
    path.write_bytes(b"".join(lines[:begin] + lines[begin + count :]))
    return f"lines {begin + 1} to {begin + count}"


def remove_end(path: Path, random: Random) -> str:
    """Cut up to ten lines from a file's end, or within the last one; says how much."""
    lines = path.read_bytes().splitlines(keepends=True)
    kept = b"".join(lines[: -random.randint(1, MAX_REMOVED_LINES)]) + lines[-1][: random.choice((0, 0, 7))]
    os.truncate(path, len(kept))
    path.write_bytes(kept)
    return f"all after byte {len(kept)}"


KINDS: tuple[tuple[str, Callable[[Path, Random], str]], ...] = (
    ("journal: one bit flipped", flip_bit),
    ("journal: lines removed from the middle", remove_lines),
    ("journal: its end removed (13)", remove_end),
)


def damage_journals(tries: int, seed: int) -> list[DrillResult]:
    """``tries`` of each kind of damage to a finished run's journal."""
    results = []
    with tempfile.TemporaryDirectory() as path:
        data = Path(path)
        whole = create_run(data, fakes.config())
        execute(whole, build_components=fakes.fake, pause_on=())
        journal, expected = whole.journal_path.read_bytes(), comparable_events(whole)
        for fault, damage in KINDS:
            result, random = DrillResult(fault), Random(seed)
            for _ in range(tries):
                whole.journal_path.write_bytes(journal)
                where = damage(whole.journal_path, random)
                result.add(*_notice_and_repair(whole, expected, where))
                for aside in whole.path.glob("events.damaged-*"):
                    aside.unlink()
            results.append(result)
    return results


def _notice_and_repair(run: RunFolder, expected: list[dict[str, object]], where: str) -> tuple[str, str]:
    try:
        if not check_run(run).problems:
            return SILENT, f"{where} was not noticed"
        repair_run(run)
        finish(run)
    except Exception as error:  # whatever it is, it is what the drill looks for
        return TRACEBACK, f"{where}: {error!r}"
    if problems := check_run(run).problems:
        return SILENT, f"{where}: after the repair {problems}"
    return (EQUAL, "") if comparable_events(run) == expected else (SILENT, f"{where}: other events after the repair")
