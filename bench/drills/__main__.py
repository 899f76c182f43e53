"""Drills: faults made on purpose, and what came of them, a line a fault.

    python bench/drills                      all (``make drills``, about half an hour)
    python bench/drills --only takeover      one part
    python bench/drills --share 0.1          a tenth of the tries

A line: ``fault | tries | equal | said | silent | traceback | leaked processes``. Equal: all events are those of an uninterrupted run.
Said: a status or message says what is wrong and what to do. Numbers in brackets are those of the list of faults in docs/operation.md.
The exit status is 1 where anything was silent, raised or left a process behind.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "bench"), str(ROOT / "tests")]
os.environ["STUDENTSIM_RECORDED"] = "0"

from drills import (  # noqa: E402
    database,
    injected,
    journal_damage,
    kills,
    listed,
    many_runs,
    memory,
    odd_files,
    small_disk,
    students,
    surroundings,
    takeover,
)
from drills.results import OUTCOMES, DrillResult, all_good, format_row  # noqa: E402

PARTS: dict[str, Callable[[Callable[[int], int], int], Iterable[DrillResult]]] = {
    "listed": lambda tries, seed: listed.run_listed(),
    "kills": lambda tries, seed: [
        kills.kill_at_random(tries(235), seed),
        kills.kill_at_random(tries(100), seed, power_loss=True),
    ],
    "takeover": lambda tries, seed: [takeover.stop_at_boundaries(tries(300), seed)],
    "injected": lambda tries, seed: injected.fail_writes(tries(150), seed),
    "journal": lambda tries, seed: journal_damage.damage_journals(tries(300), seed),
    "database": lambda tries, seed: database_flips(tries(400), seed),
    "surroundings": lambda tries, seed: [
        surroundings.other_namespace(tries(10), seed),
        surroundings.clock_jumps(tries(20), seed),
        surroundings.sleeping_computer(tries(5), seed),
    ],
    "odd": lambda tries, seed: odd_files.show_odd_runs(tries(1000) / 1000),
    "disk": lambda tries, seed: [small_disk.run_on_small_disks(), many_runs.queue_without_room(max(5, tries(60)))],
    "memory": lambda tries, seed: [memory.out_of_memory(tries(5))],
    "many": lambda tries, seed: [many_runs.many_runs(tries(50), 1), many_runs.many_runs(tries(20), 2)],
    "students": lambda tries, seed: students.kill_students(tries(10), seed),
}
"""Parts: what each does with its numbers of tries and a seed."""


def database_flips(tries: int, seed: int) -> list[DrillResult]:
    """Flips in the database's file and in its log."""
    results = {name: DrillResult(f"{name}: one bit flipped (14, 15)") for name in ("database", "log")}
    for flip in database.flip_database(tries, seed):
        results[flip.file].add(flip.outcome, f"bit {flip.bit} of byte {flip.offset}: {flip.detail}")
    return list(results.values())


def main() -> None:
    """Carry the parts out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=PARTS, action="append", help="this part; may be given several times")
    parser.add_argument("--share", type=float, default=1.0, help="share of the tries, 0 to 1")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began, results = time.monotonic(), []
    print(" | ".join(["fault", "tries", *OUTCOMES, "leaked processes"]), flush=True)
    for name in options.only or PARTS:
        for result in _run_part(name, options.share, options.seed):
            results.append(result)
            print(format_row(result), flush=True)
            for detail in result.details[:5]:
                print(f"    {detail[:300]}", flush=True)
    tries = sum(result.outcomes.total() for result in results)
    print(
        f"{tries} tries in {(time.monotonic() - began) / 60:.1f} minutes: {'good' if all_good(results) else 'NOT GOOD'}"
    )
    sys.exit(0 if all_good(results) else 1)


def _run_part(name: str, share: float, seed: int) -> Iterable[DrillResult]:
    results = list(PARTS[name](lambda tries: max(1, round(share * tries)), seed))
    results[-1].leaked_processes = _count_children()
    return results


def _count_children() -> int:
    """Child processes that are still there a moment after a part has ended."""
    for _ in range(50):
        alive = [child for child in psutil.Process().children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE]
        if not alive:
            return 0
        time.sleep(0.1)
    return len(alive)


if __name__ == "__main__":
    main()
