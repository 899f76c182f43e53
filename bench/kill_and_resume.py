"""Is a run with a language model, killed at any moment and resumed, equal to one that nothing interrupted?

    python bench/kill_and_resume.py MODEL                     ten tries with a name, a got model's or a folder
    python bench/kill_and_resume.py MODEL --tries 1 --calculator --dtype bfloat16 --rehearsal 0

Options that are not its own (``--help``) go to the run.

Real processes: ``python -m studentsim run`` is carried out once to its end, then for each try anew and killed (SIGKILL, its whole
process group) at a moment drawn from the seed, evenly over the time that the uninterrupted run took from its first event to its
last; ``python -m studentsim resume`` ends it. Compared are all standing events but their times. A line a try; exit status 1 if
any differs. The run: 3 lessons of 6 questions of the built-in curriculum, a scored exam of 10 before and after each, two passes.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from studentsim.runs.run_dir import RunFolder, list_runs  # noqa: E402
from studentsim.runs.status import read_run_state  # noqa: E402
from studentsim.store.journal import effective_events, read_events  # noqa: E402

SETTINGS = {
    "turns": 3, "questions-per-turn": 6, "exam-size": 10, "exam-every": 1, "validation": 2, "max-new-tokens": 40, "exam-mode": "scored",
    "strategy": "random", "epochs": 2, "batch-size": 2, "learning-rate": 2e-4, "seed": 5, "exam-seed": 6,
}  # fmt: skip
TIMES = ("timestamp", "seq", "lease", "seconds", "milliseconds")
LIFECYCLE = ("RunStarted", "RunResumed", "RunEnded")
PATIENCE = 60.0
"""Seconds that a killed worker may be taken for a living one."""
DRAWS = 20
"""Moments drawn at most for a try; a run that was faster than the first one may have ended before."""


@dataclass(frozen=True)
class Killed:
    """A run that was killed, and how far it was."""

    folder: RunFolder
    seconds: float
    events: int
    turn: int
    stage: str


def command(data: Path, *words: str) -> list[str]:
    """A command of the product's, for this data folder."""
    return [sys.executable, "-m", "studentsim", *words, "--data", str(data)]


def start(data: Path, options: list[str]) -> tuple[subprocess.Popen[bytes], RunFolder]:
    """Start a run in an empty data folder; the process and the run, as soon as its journal has begun."""
    data.mkdir()
    process = spawn(data, command(data, "run", "--no-trial", *options))
    while process.poll() is None:
        if (folders := list_runs(data)) and folders[0].journal_path.exists() and folders[0].journal_path.stat().st_size:
            return process, folders[0]
        time.sleep(0.02)
    raise SystemExit(f"The run did not begin:\n{data.with_suffix('.log').read_text(errors='replace')[-2000:]}")


def spawn(data: Path, words: list[str]) -> subprocess.Popen[bytes]:
    """A process group of its own, which does not outlive this script. It says what it says into a log beside it."""
    with data.with_suffix(".log").open("ab") as log:
        process = subprocess.Popen(words, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
    atexit.register(kill, process)
    return process


def kill(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started, at once, if it is still there."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def whole(data: Path, options: list[str]) -> tuple[RunFolder, float]:
    """A run that nothing interrupts, and the seconds from its first event to its last."""
    process, folder = start(data, options)
    process.wait()
    ended(folder, data)
    times = [event["timestamp"] for event in read_events(folder.journal_path)]
    return folder, times[-1] - times[0]


def killed(data: Path, options: list[str], seconds: float) -> Killed | None:
    """A run killed so many seconds after its first event; None if it had ended by then."""
    process, folder = start(data, options)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=seconds)
    kill(process)
    events = read_events(folder.journal_path)
    if events[-1]["type"] == "RunEnded":
        return None
    stage = next((e["stage"] for e in reversed(events) if e["type"] == "StageStarted"), "the beginning")
    return Killed(folder, seconds, len(events), events[-1]["turn"], stage)


def resume(data: Path, folder: RunFolder) -> int:
    """Let a killed run go on to its end; the last lesson that counted, -1 if none did."""
    deadline = time.monotonic() + PATIENCE
    while read_run_state(folder).is_live and time.monotonic() < deadline:
        time.sleep(0.2)
    spawn(data, command(data, "resume", folder.run_id)).wait()
    ended(folder, data)
    return next((int(e["turn"]) for e in read_events(folder.journal_path) if e["type"] == "RunResumed"), -1)


def ended(folder: RunFolder, data: Path) -> None:
    """:raises SystemExit: the run is not finished."""
    last = read_events(folder.journal_path)[-1]
    if last.get("status") != "finished":
        log = data.with_suffix(".log").read_text(errors="replace")[-2000:]
        raise SystemExit(f"The run {folder.path} is not finished; its last event: {last}\n{log}")


def comparable_events(folder: RunFolder) -> list[dict[str, Any]]:
    """What the standing events tell, but times and the coming and going of workers."""
    return [
        {key: value for key, value in event.items() if key not in TIMES}
        for event in effective_events(read_events(folder.journal_path))
        if event["type"] not in LIFECYCLE and event.get("stage") != "loading"
    ]


def difference(first: list[dict[str, Any]], second: list[dict[str, Any]]) -> str:
    """Where two runs part, in a line; blank where they are equal."""
    for number, (one, other) in enumerate(zip(first, second, strict=False)):
        if one != other:
            keys = [key for key in {**one, **other} if one.get(key) != other.get(key)]
            parts = "; ".join(
                f"{key}: {str(one.get(key))[:120]} against {str(other.get(key))[:120]}" for key in keys[:3]
            )
            return f"event {number}, {one['type']} of lesson {one['turn']}: {parts}"
    return "" if len(first) == len(second) else f"{len(first)} events against {len(second)}"


def attempt(work: Path, number: int, options: list[str], span: float, rng: random.Random) -> tuple[Killed, int]:
    """One try: a run that was killed before its end, and went on. And the lesson after which it went on."""
    for draw in range(DRAWS):
        data = work / f"try-{number}-{draw}"
        if found := killed(data, options, rng.uniform(0.0, span)):
            return found, resume(data, found.folder)
    raise SystemExit(f"{DRAWS} runs ended before they were to be killed; is the machine busy with something else?")


def options_of(arguments: argparse.Namespace, further: list[str]) -> list[str]:
    """The run's options on the command line."""
    got = Path(os.environ.get("STUDENTSIM_DATA", "data")) / "models" / arguments.model
    model = next((str(path.resolve()) for path in (Path(arguments.model), got) if path.is_dir()), arguments.model)
    options = ["--model", model]
    for name, value in SETTINGS.items():
        options += [f"--{name}", str(value)]
    return [*options, *further]


def main() -> None:
    """Carry the tries out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="a folder, a model that 'studentsim models get' got, or a name of the hub")
    parser.add_argument("--tries", type=int, default=10)
    parser.add_argument("--moments", type=int, default=0, help="seed of the moments")
    arguments, further = parser.parse_known_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options, rng, differ = options_of(arguments, further), random.Random(arguments.moments), 0
    with tempfile.TemporaryDirectory(prefix="studentsim-kill-") as folder:
        work = Path(folder)
        reference, span = whole(work / "whole", options)
        expected = comparable_events(reference)
        print(f"uninterrupted: {len(expected)} events in {span:.1f} s", flush=True)
        for number in range(1, arguments.tries + 1):
            found, lesson = attempt(work, number, options, span, rng)
            apart = difference(expected, comparable_events(found.folder))
            differ += bool(apart)
            moment = f"killed after {found.seconds:.1f} s in lesson {found.turn}, {found.stage} ({found.events} events)"
            went_on = f"went on after lesson {lesson}" if lesson >= 0 else "began anew"
            print(f"try {number} of {arguments.tries}: {moment}, {went_on}: {apart or 'equal'}", flush=True)
    print(f"{arguments.tries - differ} of {arguments.tries} equal")
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
