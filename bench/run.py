"""How long the default run takes, where the time goes, and how it compares with the paper's way of doing it.

    python bench/run.py                     both, in one go on this machine
    python bench/run.py --turns 4           a shorter run of ours (its figures are scaled to 20 turns)
    python bench/run.py --only asking       the ways that ask the student first, against random, lesson by lesson in turns

Ours: the default 20-turn run (40 questions a turn, exams of 240), warm, that is with everything imported and loaded, as
in the app's spare worker. The paper's way: one question at a time through ``generate``, the checkpoint reloaded every
turn, DPO with a batch of 1 and the library's defaults; measured on fewer turns and scaled. Each in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

ASKING = ("random", "log-probability", "log-probability+category", "likely-wrong")
"""What is compared: first what the others are measured against."""

PAPER_TURNS, PAPER_EXAM = 2, 40
"""What is measured of the paper's way: enough turns to reload twice, and exam questions enough for a rate."""


def ours(turns: int) -> dict[str, float]:
    """Seconds of the default run by part."""
    from studentsim import factory
    from studentsim.config import RunConfig
    from studentsim.events import TurnFinished
    from studentsim.runs.executor import execute
    from studentsim.runs.run_dir import create_run

    factory.preload()
    parts: dict[str, float] = {}

    def add(event: object) -> None:
        if isinstance(event, TurnFinished):
            for part, seconds in event.seconds.items():
                parts[part] = parts.get(part, 0.0) + seconds

    with tempfile.TemporaryDirectory() as data:
        folder = create_run(Path(data), RunConfig.make(turns=turns))
        started = time.monotonic()
        status = execute(folder, on_event=add)
        parts["total"] = time.monotonic() - started
    if status != "finished":
        raise SystemExit(f"the run ended as {status}")
    parts["other"] = parts["total"] - sum(parts.get(p, 0.0) for p in ("study", "training", "exam"))
    return parts


def asking(turns: int) -> dict[str, dict[str, list[float]]]:
    """Seconds of each turn by strategy and part: default runs of all strategies in one process, a turn of each in turns."""
    from studentsim import factory
    from studentsim.config import RunConfig
    from studentsim.events import TurnFinished, TurnStarted
    from studentsim.simulation import simulate

    factory.preload()
    configs = {name: RunConfig.make(turns=turns, strategy=name) for name in ASKING}
    runs = {name: simulate(config, factory.build_components(config)) for name, config in configs.items()}
    found: dict[str, dict[str, list[float]]] = {name: {} for name in runs}
    for _ in range(turns + 1):
        for name, run in runs.items():
            looked_at, event = 0, next(run)
            while not isinstance(event, TurnFinished):
                looked_at = len(event.confidences) if isinstance(event, TurnStarted) else looked_at
                event = next(run)
            for part, seconds in {**event.seconds, "looked_at": looked_at}.items():
                found[name].setdefault(part, []).append(seconds)
    return found


def print_asking(found: dict[str, dict[str, list[float]]]) -> None:
    """Each strategy's time, the questions it looked at in a lesson, and its time in units of random's."""
    base = found[ASKING[0]]["total"]
    for name, parts in found.items():
        total, looked_at = parts["total"], parts["looked_at"][1:]
        ratios = sorted(own / other for own, other in zip(total[1:], base[1:], strict=True))
        print(
            f"{name:25s} {sum(total):6.1f} s (study {sum(parts.get('study', [])):.1f}), "
            f"{sum(looked_at) / len(looked_at):5.0f} questions looked at a lesson, {sum(total) / sum(base):.2f} times random's time; "
            f"a lesson's ratio: median {statistics.median(ratios):.2f}, most {ratios[-1]:.2f}"
        )


def paper(turns: int, exam: int) -> dict[str, float]:
    """Seconds of the paper's way: for each question asked, for each turn's reload and DPO."""
    from paper_way import PaperWay

    return PaperWay().measure(turns=turns, exam=exam)


def measured(part: str, *args: str) -> dict[str, float]:
    """Run one part in a process of its own; its figures and its peak memory in GB."""
    command = [sys.executable, __file__, "--part", part, *args]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--part", choices=("ours", "paper"))
    parser.add_argument("--only", choices=("ours", "paper", "asking"))
    args = parser.parse_args()
    if args.only == "asking":
        print_asking(asking(args.turns))
        return
    if args.part:
        figures = ours(args.turns) if args.part == "ours" else paper(PAPER_TURNS, PAPER_EXAM)
        figures["memory_gb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(json.dumps(figures))
        return
    scaled = {}
    if args.only != "paper":
        figures = measured("ours", "--turns", str(args.turns))
        scaled["ours"] = figures["total"] * 20 / args.turns
        print(
            f"Default run, {args.turns} turns, warm: {figures['total']:.1f} s, peak memory {figures['memory_gb']:.2f} GB"
        )
        for part in ("study", "training", "exam", "other"):
            print(f"  {part:9s} {figures[part]:6.1f} s")
    if args.only != "ours":
        figures = measured("paper")
        answered = 20 * 40 + 11 * 240
        scaled["paper"] = answered * figures["seconds_a_question"] + 20 * (figures["reload"] + figures["dpo"])
        print(f"The paper's way, {PAPER_TURNS} turns measured, peak memory {figures['memory_gb']:.2f} GB:")
        print(
            f"  {figures['seconds_a_question']:.3f} s a question, {figures['reload']:.2f} s a reload, {figures['dpo']:.1f} s of DPO a turn"
        )
        print(f"  scaled to 20 turns and 11 exams of 240: {scaled['paper']:.0f} s")
    if len(scaled) == 2:
        print(f"Ratio: {scaled['paper'] / scaled['ours']:.1f} times as fast as the paper's way")


if __name__ == "__main__":
    main()
