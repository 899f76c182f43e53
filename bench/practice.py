"""Is what is practised what is learnt? The runs behind that sentence, by the product's own loop; each run is kept, so it can be stopped.

    python bench/practice.py --out FOLDER --seeds 31 1234 5678          all groups
    python bench/practice.py --out FOLDER --only alone --seeds 31       one category practised alone, 12 lessons, exams of 600

alone     physics, and probability, alone, for each seed
matrix    each category alone, for the first two seeds
fixed     the same 40 questions over and over, against random ones, 20 lessons, the first two seeds
gap       85 % everywhere and 10 % in physics: category against random, 12 lessons, three seeds
balanced  no gap: category against random, 12 lessons, four seeds
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from studentsim.types import CATEGORIES

GAP = {c: 10.0 if c == "physics" else 85.0 for c in CATEGORIES}
Settings = dict[str, Any]


def alone(category: str, seed: int) -> tuple[str, Settings]:
    """Twelve lessons of one category alone."""
    mix = {c: 100.0 if c == category else 0.0 for c in CATEGORIES}
    return f"alone-{category}-{seed}", {"mix": mix, "turns": 12, "exam_every": 12, "seed": seed, "strategy": "random"}


def lessons(strategy: str, seed: int, turns: int, *, gap: bool = False) -> tuple[str, Settings]:
    """Lessons by a way of choosing, with an exam after each second one."""
    settings: Settings = {"strategy": strategy, "turns": turns, "exam_every": 2, "seed": seed}
    if gap:
        settings |= {"student": "gap", "student_table": {"categories": GAP}}
    return f"{'gap-' if gap else ''}{strategy}-{turns}-{seed}", settings


def groups(seeds: list[int]) -> dict[str, list[tuple[str, Settings]]]:
    """The runs of each group; some belong to several."""
    more = [*seeds, *(seeds[0] + k for k in range(1, 5))]
    return {
        "alone": [alone(c, s) for s in seeds for c in ("physics", "probability")],
        "matrix": [alone(c, s) for s in seeds[:2] for c in CATEGORIES],
        "fixed": [lessons(way, s, 20) for s in seeds[:2] for way in ("fixed", "random")],
        "gap": [lessons(way, s, 12, gap=True) for s in more[:3] for way in ("random", "category")],
        "balanced": [lessons(way, s, 12) for s in more[:4] for way in ("random", "category")],
    }


def carry_out(settings: Settings, exam: int) -> list[dict[str, Any]]:
    """The run's exams: lesson, right answers, questions, wrong ones by category."""
    from studentsim.config import RunConfig
    from studentsim.events import ExamFinished
    from studentsim.factory import build_components
    from studentsim.simulation import simulate

    config = RunConfig.make(**{"exam_size": exam, "exam_seed": settings["seed"], "validation": 0, **settings})
    return [
        {"turn": e.turn, "correct": e.correct, "questions": e.questions, "wrong": dict(e.wrong_by_category)}
        for e in simulate(config, build_components(config))
        if isinstance(e, ExamFinished)
    ]


def run_all(
    wanted: dict[str, Settings], out: Path, exam: int, extra: Settings, workers: int
) -> dict[str, list[dict[str, Any]]]:
    """The exams of every run by its name; those that ``out`` holds are not done again. ``workers`` processes side by side."""
    out.mkdir(parents=True, exist_ok=True)
    left = [name for name in wanted if not (out / f"{name}.json").is_file()]
    parts = [left[k::workers] for k in range(workers)]
    processes = []
    for part in filter(None, parts):
        job = json.dumps({"runs": {n: {**wanted[n], **extra} for n in part}, "out": str(out), "exam": exam})
        processes.append(subprocess.Popen([sys.executable, __file__, "--job", job]))
    if any(process.wait() for process in processes):
        raise SystemExit("a run failed")
    return {name: json.loads((out / f"{name}.json").read_text()) for name in wanted}


def accuracy(exams: list[dict[str, Any]], turn: int) -> float:
    """Percent right in the exam after that lesson."""
    found = next(e for e in exams if e["turn"] == turn)
    return 100 * found["correct"] / found["questions_per_turn"]


def gains(exams: list[dict[str, Any]]) -> dict[str, float]:
    """Points gained by each category from the first exam to the last."""
    each = exams[0]["questions"] / len(CATEGORIES)
    return {c: 100 * (exams[0]["wrong"][c] - exams[-1]["wrong"][c]) / each for c in CATEGORIES}


def sentences(seeds: list[int], found: dict[str, list[dict[str, Any]]], only: str | None) -> Iterator[str]:
    """What came out, group by group."""
    for group, runs in groups(seeds).items():
        if only not in (None, group):
            continue
        yield f"== {group}"
        if group in ("alone", "matrix"):
            yield from _rows(runs, found)
        for name, _ in runs if group not in ("alone", "matrix") else ():
            yield f"{name}: " + ", ".join(
                f"{e['turn']}: {100 * e['correct'] / e['questions']:.1f}" for e in found[name]
            )
        turns = {"fixed": (20,), "gap": (8, 12), "balanced": (8, 12)}.get(group, ())
        for turn in turns:
            leads = []
            for (first, _), (second, _) in zip(runs[::2], runs[1::2], strict=True):
                leads.append(accuracy(found[second], turn) - accuracy(found[first], turn))
            yield f"second minus first after {turn}: {', '.join(f'{x:+.1f}' for x in leads)}; mean {fmean(leads):+.1f}"


def _rows(runs: list[tuple[str, Settings]], found: dict[str, list[dict[str, Any]]]) -> Iterator[str]:
    off = []
    for name, settings in runs:
        own = next(c for c, share in settings["mix"].items() if share)
        gained = gains(found[name])
        others = [points for c, points in gained.items() if c != own]
        off += others
        table = " ".join(f"{c} {points:+.0f}" for c, points in gained.items())
        yield f"{name}: own {gained[own]:+.1f}, others {fmean(others):+.1f} on the mean, at most {max(others):+.1f}   ({table})"
    yield f"off the diagonal on the mean {fmean(off):+.2f}"


def main() -> None:
    """Carry the groups out, then say what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("data/practice"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[31, 32, 33])
    parser.add_argument("--only", choices=list(groups([0])))
    parser.add_argument("--exam", type=int, default=600)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--settings", type=json.loads, default={}, help="more settings of every run, as JSON")
    parser.add_argument("--job", type=json.loads, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.job:
        for name, settings in args.job["runs"].items():
            exams = carry_out(settings, args.job["exam"])
            file = Path(args.job["out"]) / f"{name}.json"
            file.with_suffix(".new").write_text(json.dumps(exams))
            file.with_suffix(".new").replace(file)
            print(f"{name}: {exams[0]['correct']} to {exams[-1]['correct']} of {exams[-1]['questions']}", flush=True)
        return
    wanted = {name: s for group, runs in groups(args.seeds).items() if args.only in (None, group) for name, s in runs}
    found = run_all(wanted, args.out, args.exam, args.settings, args.workers)
    for sentence in sentences(args.seeds, found, args.only):
        print(sentence)


if __name__ == "__main__":
    main()
