"""What an unreliable teacher costs, and what robust DPO gives back: final exams side by side.

    python bench/noise.py                      5 seeds, 20 % errors, default run: some 15 runs of a minute or two
    python bench/noise.py --seeds 2 --turns 4  a quick look

Three teachers, same student, questions and exam for each seed: one who marks by the key (sigmoid loss), one who says the opposite of
the key on the given share of practice answers (sigmoid), and the same with the robust loss, whose label smoothing is told
that share ("Provably Robust DPO", Chowdhury et al. 2024; P1). A right answer called wrong is trained against, in favour of
a misconception that the teacher takes for right; a wrong answer called right is not mended.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

ARMS = {
    "key, sigmoid": lambda rate: {},
    "errs, sigmoid": lambda rate: {"teacher": {"error_rate": rate}},
    "errs, robust": lambda rate: {
        "teacher": {"error_rate": rate},
        "dpo": {"loss": "robust", "label_smoothing": rate},
    },
}


def one(arm: str, seed: int, rate: float, turns: int, exam: int) -> dict[str, object]:
    """One run, in this process: correct answers in each exam, pairs and flipped pairs learnt from."""
    from studentsim.config import RunConfig
    from studentsim.events import AnswerRecorded, ExamFinished, TurnFinished
    from studentsim.factory import build_components
    from studentsim.simulation import simulate

    config = RunConfig.make(seed=seed, turns=turns, exam_size=exam, **ARMS[arm](rate))
    exams, pairs, called_wrong = [], 0, 0
    for event in simulate(config, build_components(config)):
        if isinstance(event, ExamFinished):
            exams.append(event.correct)
        elif isinstance(event, TurnFinished):
            pairs += event.pairs
        elif isinstance(event, AnswerRecorded):
            called_wrong += event.phase == "study" and event.is_correct and not event.assigned_correct
    return {"arm": arm, "seed": seed, "exams": exams, "questions": exam, "pairs": pairs, "called_wrong": called_wrong}


def apart(arm: str, seed: int, args: argparse.Namespace) -> dict[str, object]:
    """The same in a process of its own, on one thread: two of them fill two cores."""
    command = [sys.executable, __file__, "--one", arm, "--seed", str(seed)]
    command += ["--rate", str(args.rate), "--turns", str(args.turns), "--exam", str(args.exam)]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"{arm:<14} seed {seed}: {_curve(found)}", flush=True)
    return found


def report(found: list[dict], args: argparse.Namespace) -> None:
    """The last exams side by side, their means over the seeds, and the differences seed by seed, with 95 % intervals (t)."""
    last = {(f["arm"], f["seed"]): 100 * f["exams"][-1] / f["questions"] for f in found}
    seeds = range(args.seeds)
    print(f"\nLast exam, % right; teacher errs on {100 * args.rate:.0f} % of practice answers; {args.turns} lessons")
    print(f"{'seed':<6}" + "".join(f"{arm:>16}" for arm in ARMS))
    for seed in seeds:
        print(f"{seed:<6}" + "".join(f"{last[arm, seed]:>16.1f}" for arm in ARMS))
    for arm in ARMS:
        print(f"{arm:<14} mean {_interval([last[arm, s] for s in seeds])}")
    for a, b in (("errs, sigmoid", "key, sigmoid"), ("errs, robust", "errs, sigmoid")):
        print(f"{a} minus {b}: {_interval([last[a, s] - last[b, s] for s in seeds])} points")
    for arm in ARMS:
        mine = [f for f in found if f["arm"] == arm]
        pairs, wrong = sum(f["pairs"] for f in mine), sum(f["called_wrong"] for f in mine)
        print(f"{arm:<14} {pairs} pairs learnt from; {wrong} right answers were called wrong")


def _interval(values: list[float]) -> str:
    from scipy import stats

    mean = sum(values) / len(values)
    if len(values) < 2:
        return f"{mean:.1f} (one seed: no interval)"
    if len(set(values)) == 1:
        return f"{mean:.1f} (the same in all: no interval)"
    low, high = stats.t.interval(0.95, len(values) - 1, mean, stats.sem(values))
    return f"{mean:.1f} ({low:.1f} to {high:.1f})"


def _curve(found: dict) -> str:
    return " ".join(f"{100 * n / found['questions']:.0f}" for n in found["exams"])


def main() -> None:
    """Every arm with every seed, two at a time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rate", type=float, default=0.2)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--exam", type=int, default=240)
    parser.add_argument("--one", choices=list(ARMS), help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(one(args.one, args.seed, args.rate, args.turns, args.exam)))
        return
    jobs = [(arm, seed) for seed in range(args.seeds) for arm in ARMS]
    with ThreadPoolExecutor(2) as pool:
        report(list(pool.map(lambda job: apart(*job, args), jobs)), args)


if __name__ == "__main__":
    main()
