"""Tries readers with a million hostile inputs: rows, files, replies, formulas, links, names, settings, journals, models' files.

    python bench/fuzz.py                       1,000,000 inputs, about 15 minutes on two cores
    python bench/fuzz.py --inputs 5000         some seconds
    python bench/fuzz.py --only replies:1234   one input, with its traceback

Each input is made from the seed, its kind and its number alone. Inputs are read in processes that the parent watches: one that hangs,
or ends its process, is found and counted, and the rest go on. Prints a line a kind, and how to repeat each fault. The exit status is 1
if anything but a refusal in words was raised, an input took more than a second of processor time, or a process more memory than allowed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
import time
import traceback
import warnings
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

CHUNK_INPUTS = 500
MAX_SECONDS = 1.0
"""Seconds of processor time that an input may take."""
HANG_SECONDS = 20.0
"""Seconds after which a process is ended: whatever it reads hangs."""
MAX_MEMORY_MB = 700
MAX_SHOWN_FAULTS = 20

Chunk = tuple[str, int, int]
"""A kind, the number of its first input, and how many there are."""


@dataclass
class Tally:
    """What came of the inputs of one kind."""

    inputs: int = 0
    refused: int = 0
    longest_seconds: float = 0.0
    tracebacks: int = 0
    faults: list[tuple[int, str]] = field(default_factory=list)
    """Number of an input and what was wrong, of at most ``MAX_SHOWN_FAULTS``."""

    def add(self, other: Tally) -> None:
        """Add another part's."""
        self.inputs += other.inputs
        self.refused += other.refused
        self.longest_seconds = max(self.longest_seconds, other.longest_seconds)
        self.tracebacks += other.tracebacks
        self.faults = (self.faults + other.faults)[:MAX_SHOWN_FAULTS]


def main(arguments: list[str] | None = None) -> int:
    """Run, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--kinds", default="", help="comma-separated; default: all")
    parser.add_argument("--only", default="", metavar="KIND:NUMBER", help="read one input here, with its traceback")
    options = parser.parse_args(arguments)
    from fuzz_kinds import KINDS, remove_scratch_folder

    if options.only:
        kind, _, number = options.only.partition(":")
        try:
            value = _make_input(options.seed, kind, int(number))
            print(repr(value)[:4000])
            started = time.perf_counter()
            print(
                "refused" if KINDS[kind].read(value) else "read", f"in {1000 * (time.perf_counter() - started):.0f} ms"
            )
        finally:
            remove_scratch_folder()
        return 0
    kinds = options.kinds.split(",") if options.kinds else list(KINDS)
    total_share = sum(KINDS[kind].share for kind in kinds)
    counts = {kind: max(1, round(options.inputs * KINDS[kind].share / total_share)) for kind in kinds}
    started = time.monotonic()
    tallies, memory_mb = run_all(counts, options.seed, options.jobs)
    return report(tallies, memory_mb, time.monotonic() - started, options.seed)


def report(tallies: dict[str, Tally], memory_mb: float, seconds: float, seed: int) -> int:
    """Print the table and the faults; the exit status."""
    row = "{:<10}| {:>9} | {:>9} | {:>10} | {:>10}".format
    print(row("kind", "inputs", "refused", "longest ms", "tracebacks"))
    total = Tally()
    for kind, tally in tallies.items():
        total.add(tally)
        print(
            row(
                kind, f"{tally.inputs:,}", f"{tally.refused:,}", f"{1000 * tally.longest_seconds:.0f}", tally.tracebacks
            )
        )
    print(
        row("all", f"{total.inputs:,}", f"{total.refused:,}", f"{1000 * total.longest_seconds:.0f}", total.tracebacks)
    )
    print(f"{seconds:.0f} s; most memory of a process: {memory_mb:.0f} MB")
    for kind, tally in tallies.items():
        for number, fault in tally.faults:
            print(f"\n{kind}:{number}  (python bench/fuzz.py --seed {seed} --only {kind}:{number})\n{fault.rstrip()}")
    is_sound = not total.tracebacks and total.longest_seconds <= MAX_SECONDS and memory_mb <= MAX_MEMORY_MB
    return 0 if is_sound else 1


# ------------------------------------------------------------------ the parent


@dataclass
class _Worker:
    process: Any
    pipe: Any
    progress: Any
    """The number of the input that is read, and when that was begun (``time.monotonic``)."""
    chunk: Chunk | None = None
    has_ended: bool = False


def run_all(counts: dict[str, int], seed: int, jobs: int) -> tuple[dict[str, Tally], float]:
    """Read so many inputs of each kind; their tallies, and the most memory of a process in MB."""
    tallies = {kind: Tally() for kind in counts}
    chunks = deque(_split(counts))
    context = multiprocessing.get_context("spawn")
    workers = [_start_worker(context, seed) for _ in range(max(1, jobs))]
    memory_mb = 0.0
    try:
        while chunks or any(worker.chunk for worker in workers):
            for index, worker in enumerate(workers):
                if worker.chunk is None and chunks:
                    worker.chunk = chunks.popleft()
                    worker.progress[:] = (worker.chunk[1], time.monotonic() + 30)  # the first one waits for imports
                    worker.pipe.send(worker.chunk)
                if worker.chunk and (reason := _explain_loss(worker)):
                    (kind, start, count), number = worker.chunk, int(worker.progress[0])
                    tallies[kind].add(Tally(1, 0, 0.0, 1, [(number, reason)]))
                    for rest in ((kind, start, number - start), (kind, number + 1, start + count - number - 1)):
                        if rest[2]:  # what came of the earlier ones is lost with the process
                            chunks.appendleft(rest)
                    workers[index] = _start_worker(context, seed)
            for worker in workers:
                if worker.chunk and not worker.has_ended and worker.pipe.poll(0.2 / len(workers)):
                    try:
                        tally, worker_memory_mb = worker.pipe.recv()
                    except EOFError:
                        worker.has_ended = True
                        continue
                    tallies[worker.chunk[0]].add(tally)
                    memory_mb, worker.chunk = max(memory_mb, worker_memory_mb), None
    finally:
        for worker in workers:
            worker.pipe.close()  # it then removes its files and ends
            worker.process.join(10)
            worker.process.kill()
    return tallies, memory_mb


def _split(counts: dict[str, int]) -> Iterable[Chunk]:
    """Chunks of all kinds in turn, so that an early end has tried all of them."""
    chunks = [
        (start / count, (kind, start, min(CHUNK_INPUTS, count - start)))
        for kind, count in counts.items()
        for start in range(0, count, CHUNK_INPUTS)
    ]
    return [chunk for _, chunk in sorted(chunks)]


def _start_worker(context: Any, seed: int) -> _Worker:
    ours, theirs = context.Pipe()
    progress = context.Array("d", 2, lock=False)
    process = context.Process(target=_work, args=(theirs, progress, seed), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours, progress)


def _explain_loss(worker: _Worker) -> str:
    """Why the input that the worker reads will not be done with: it ended the process, or hangs and was ended; "": it is read."""
    if worker.has_ended:
        worker.process.join()
        return f"it ended the process (exit code {worker.process.exitcode})"
    if time.monotonic() - worker.progress[1] > HANG_SECONDS:
        worker.process.kill()
        worker.process.join()
        return f"it was not read within {HANG_SECONDS:.0f} seconds"
    return ""


# ------------------------------------------------------------------ a worker


def _work(pipe: Any, progress: Any, seed: int) -> None:
    """Read chunks until the pipe is closed."""
    warnings.simplefilter("ignore")
    from fuzz_kinds import remove_scratch_folder

    try:
        while True:
            try:
                kind, start, count = pipe.recv()
            except EOFError:
                return
            tally = _read_chunk(kind, range(start, start + count), progress, seed)
            unit = 1 if sys.platform == "darwin" else 1024
            pipe.send((tally, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20))
    finally:
        remove_scratch_folder()


_tried_kinds: set[str] = set()
"""Kinds of which this process has read an input."""


def _read_chunk(kind: str, numbers: range, progress: Any, seed: int) -> Tally:
    from fuzz_kinds import KINDS

    tally, read = Tally(), KINDS[kind].read
    if kind not in _tried_kinds:  # its imports, the tables that it fills once: not the input's time
        _tried_kinds.add(kind)
        with suppress(Exception):
            read(_make_input(seed, kind, numbers[0]))
    for number in numbers:
        fault, started = "", time.process_time()
        try:
            value = _make_input(seed, kind, number)
            progress[:] = (number, time.monotonic())
            started = time.process_time()
            tally.refused += read(value)
        except BaseException:  # a RecursionError, SystemExit: all the same
            tally.tracebacks += 1
            fault = traceback.format_exc(limit=-6)
        seconds = time.process_time() - started
        tally.longest_seconds = max(tally.longest_seconds, seconds)
        tally.inputs += 1
        if not fault and seconds > MAX_SECONDS:
            fault = f"it took {seconds:.1f} s of processor time"
        if fault and len(tally.faults) < MAX_SHOWN_FAULTS:
            tally.faults.append((number, fault))
    return tally


def _make_input(seed: int, kind: str, number: int) -> Any:
    from fuzz_kinds import KINDS

    return KINDS[kind].make(Random(f"{seed} {kind} {number}"))


if __name__ == "__main__":
    sys.exit(main())
