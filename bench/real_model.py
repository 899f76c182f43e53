"""A real language model as the student: how fast, against version 0.1's way in the same run, and whether it tells the same.

    python bench/real_model.py --model smollm2 --bank mathqa_dev.json                 speed and memory
    python bench/real_model.py --model smollm2 --bank mathqa_dev.json --check         texts, log-probabilities, choices
    python bench/real_model.py --model smollm2 --bank mathqa_dev.json --out FILE      also: figures as JSON, for docs/real_model_figures.py

Version 0.1's way: the model through transformers and PEFT as they come, TRL's forward in training. Each way has a process of its own
and waits while the other computes; parts take turns, so what else the machine does meets both alike, and medians are told. Both
compute in ``--dtype`` (bfloat16: what version 0.1 was given by hand).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from studentsim import presets
from studentsim.config import RunConfig
from studentsim.runs.model_info import EXPECTED_WRONG_SHARE

WAYS = {"now": True, "0.1's way": False}
PARTS = {
    "write": "writing, {write} questions",
    "turn1": "DPO turn, {pairs} pairs, one pass",
    "turn2": "DPO turn, {pairs} pairs, two passes",
    "exam": "scored exam, {exam} questions",
    "held_out": "held-out pairs, {held_out}",
    "weigh": "weighing options, {weigh} questions",
}
SIZES = {"write": 40, "pairs": 15, "exam": 40, "held_out": 8, "weigh": 24}
TINY = {"write": 2, "pairs": 2, "exam": 3, "held_out": 2, "weigh": 2}
LESSONS, QUESTIONS, EXAMS = 20, 40, 11
"""The paper's protocol: 20 lessons of 40, an exam before and after every second."""


def settings_of(model: str, bank: str, **more: Any) -> dict[str, Any]:
    """Settings of a run as these measurements take it: MathQA without the doubtful rows, exams scored, nothing rehearsed."""
    preset = presets.get_preset("default", model).model_dump()
    learning = {**preset["dpo"], "rehearsal": 0.0}
    hub = {**preset["model_loading"], "exam_mode": "scored", **more.pop("model_loading", {})}
    own = {"model": model, "bank": bank, "drop_invalid": True, "dpo": learning, "model_loading": hub}
    return RunConfig.make(**{**preset, **own, **more}).model_dump(mode="json")


class Child:
    """A process of one way."""

    def __init__(self, folder: Path, settings: Mapping[str, Any], *, fast: bool, sizes: Mapping[str, int]) -> None:
        job = folder / f"{'now' if fast else 'then'}.json"
        job.write_text(json.dumps({"settings": settings, "fast": fast, "sizes": sizes}))
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("real_model_way.py")), str(job)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.loading = self._heard()["seconds"]

    def do(self, part: str, **given: Any) -> dict[str, Any]:
        """Have a part done; what the child tells of it."""
        self.process.stdin.write(json.dumps({"part": part, **given}) + "\n")
        self.process.stdin.flush()
        return self._heard()

    def close(self) -> None:
        """End it."""
        self.process.stdin.close()
        self.process.wait()

    def _heard(self) -> dict[str, Any]:
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("one way's process ended; its words stand above")
        return json.loads(line)


def measure(settings: Mapping[str, Any], sizes: Mapping[str, int], repetitions: int) -> dict[str, Any]:
    """All parts, ``repetitions`` times after one that warms up, the ways taking turns; plain figures."""
    with tempfile.TemporaryDirectory() as scratch:
        ways = {name: Child(Path(scratch), settings, fast=fast, sizes=sizes) for name, fast in WAYS.items()}
        seconds: dict[str, dict[str, list[float]]] = {name: {part: [] for part in PARTS} for name in ways}
        tokens = {name: [] for name in ways}
        letters: dict[str, dict[str, str]] = {}
        for repetition in range(-1, repetitions):
            for part in PARTS:
                for name, way in ways.items():
                    told = way.do(part)
                    if part == "write":
                        if repetition < 0 and name == "now":
                            rejected = told["rejected"]
                        if repetition < 0:
                            way.do("take_pairs", rejected=rejected)
                        else:
                            tokens[name].append(told["tokens"])
                    letters |= {name: told["letters"]} if part == "exam" else {}
                    if repetition >= 0:
                        seconds[name][part].append(told["seconds"])
                        print(
                            f"{name}, {PARTS[part].format(**sizes)}: {told['seconds']:.2f} s",
                            file=sys.stderr,
                            flush=True,
                        )
        memory = {name: way.do("memory") for name, way in ways.items()}
        for way in ways.values():
            way.close()
    now, then = (letters[name] for name in WAYS)
    return {
        "sizes": dict(sizes), "repetitions": repetitions, "said": memory["now"]["said"],
        "seconds": {name: {part: median(all) for part, all in own.items()} for name, own in seconds.items()},
        "spread": {name: {part: [min(all), max(all)] for part, all in own.items()} for name, own in seconds.items()},
        "tokens": {name: median(all) for name, all in tokens.items()},
        "peak_bytes": {name: told["peak_bytes"] for name, told in memory.items()},
        "loading": {name: way.loading for name, way in ways.items()},
        "same_choices": [sum(now[q] == then[q] for q in now), len(now)],
    }  # fmt: skip


def whole_run(found: Mapping[str, Any], way: str, *, passes: int, held_out: int) -> float:
    """Seconds of 20 lessons of 40 with scored exams of 40, extrapolated from the parts; three in four questions become a pair."""
    seconds, sizes = found["seconds"][way], found["sizes"]
    lesson = QUESTIONS * seconds["write"] / sizes["write"]
    lesson += EXPECTED_WRONG_SHARE * QUESTIONS * seconds[f"turn{passes}"] / sizes["pairs"]
    lesson += held_out * seconds["held_out"] / sizes["held_out"]
    return found["loading"][way] + LESSONS * lesson + EXAMS * QUESTIONS * seconds["exam"] / sizes["exam"]


def report(found: Mapping[str, Any]) -> str:
    """The figures as Markdown."""
    now, then = WAYS
    rows = [["part", now, then, "times as fast"], ["---"] * 4]
    for part, name in PARTS.items():
        own, other = (found["seconds"][way][part] for way in WAYS)
        rows.append([name.format(**found["sizes"]), f"{own:.2f} s", f"{other:.2f} s", f"{other / own:.2f}"])
    speeds = [found["tokens"][way] / found["seconds"][way]["write"] for way in WAYS]
    rows.append(["tokens written a second", *(f"{speed:.0f}" for speed in speeds), f"{speeds[0] / speeds[1]:.2f}"])
    memory = [found["peak_bytes"][way] / 1e9 for way in WAYS]
    rows.append(["most memory of the process", *(f"{gb:.2f} GB" for gb in memory), ""])
    for passes, held_out in ((1, 8), (2, 8), (1, 40), (2, 40)):
        own, other = (whole_run(found, way, passes=passes, held_out=held_out) for way in WAYS)
        name = f"20 × 40, exams of 40, {held_out} held-out pairs, {'two passes' if passes == 2 else 'one pass'} (extrapolated)"
        rows.append([name, f"{own / 60:.0f} min", f"{other / 60:.0f} min", f"{other / own:.2f}"])
    same, asked = found["same_choices"]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return (
        f"{found['said']}. Medians of {found['repetitions']} repetitions, the ways taking turns. "
        f"Both tick the same option in {same} of {asked} exam questions.\n\n{lines}"
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, or check; with ``--check`` 1 where something differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="smollm2", help="a name of `studentsim models`, or a folder")
    parser.add_argument("--bank", required=True, help="MathQA's dev split, a file")
    parser.add_argument("--data", type=Path, default=Path("data"), help="the data folder that holds the model")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--tiny", action="store_true", help="two questions of each, to see that this program works")
    parser.add_argument(
        "--check", action="store_true", help="does it tell the same as transformers, float32 and bfloat16?"
    )
    parser.add_argument("--only", default="texts,logps,choices", help="which checks")
    parser.add_argument("--out", type=Path, help="a file for the figures, as JSON")
    parser.add_argument("--settings", type=json.loads, default={}, help="more settings, as JSON")
    args = parser.parse_args(argv)
    os.environ.setdefault("STUDENTSIM_DATA", str(args.data.absolute()))
    more = dict(args.settings)
    hub = {"dtype": args.dtype, **more.pop("model_loading", {})}
    if args.check:
        from real_model_check import check

        found: dict[str, Any] = check(args.model, args.bank, args.only.split(","), tiny=args.tiny, more=more)
    else:
        settings = settings_of(args.model, args.bank, model_loading=hub, **more)
        found = measure(settings, TINY if args.tiny else SIZES, 1 if args.tiny else args.repetitions)
        print(report(found))
    if args.out:
        args.out.write_text(json.dumps(found, indent=1))
    sys.exit(1 if args.check and not found["passed"] else 0)


if __name__ == "__main__":
    main()
