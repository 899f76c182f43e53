"""What makes a small language model learn: a search over the settings, and a confirmation with fresh seeds and other questions.

    python bench/small_model_search.py --work FOLDER --bank mathqa_dev.json --hours 4     search; the same again goes on with it
    python bench/small_model_search.py --work FOLDER --report                             what was tried, as Markdown
    python bench/small_model_search.py --work FOLDER --bank mathqa_dev.json --confirm CELL --seeds 3

Successive halving (Jamieson and Talwalkar 2016): many settings with few lessons, the best half of them with more. Every cell is a run
of the product, with one seed and the same 300 exam questions. A setting that was found best of many looks better than it is: so it is
confirmed with seeds and with 600 exam questions that the search never saw. Each result is a line of FOLDER/results.jsonl
(confirmations: confirmed.jsonl); what is there is not done again, and a run that was cut off goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from search_cells import FACTORS, Cell, cell_named, first_cells, goes_on
from search_runs import Protocol, add_result, carry_out, figures, gain_interval, marks, results_of
from size_cue import size_cue

from studentsim.analysis.intervals import t_quantile
from studentsim.cli.record_demo import pause_at_deadline
from studentsim.runs.run_dir import RunFolder
from studentsim.store.journal import effective_events, read_events

ROUNDS = ((18, 3), (6, 6))
"""Cells of each round, and lessons of its runs: what two cores that others use, too, do in four hours."""
SEED, FRESH = 1, 101
"""The seed of the search, and the first of the confirmation."""

Work = Callable[..., RunFolder | None]
"""``carry_out``, with the protocol, the folder and the pausing settled."""


def search(path: Path, work: Work, rounds: Sequence[tuple[int, int]] = ROUNDS) -> bool:
    """All rounds, but for what ``path`` has already; whether they are done. Writes."""
    cells: tuple[Cell, ...] = first_cells(rounds[0][0])
    for number, (keep, lessons) in enumerate(rounds, start=1):
        if number > 1:
            cells = goes_on([r for r in results_of(path) if r["round"] == number - 1], keep)
        done = {r["name"] for r in results_of(path) if r["round"] == number}
        for cell in cells:
            if cell.name in done:
                continue
            folder = work(f"search-{number}-{cell.name}", cell, lessons=lessons, seed=SEED)
            if folder is None:
                return False
            found = {"round": number, **figures(folder, cell)}
            add_result(path, found)
            print(f"round {number}, {_line(found)}", flush=True)
    return True


def confirm(path: Path, work: Work, cell: Cell, *, seeds: int, lessons: int) -> bool:
    """A cell with ``seeds`` fresh seeds on other exam questions; whether it is done. Writes."""
    done = {(r["name"], r["seed"], r["lessons"]) for r in results_of(path)}
    for seed in range(FRESH, FRESH + seeds):
        if (cell.name, seed, lessons) in done:
            continue
        folder = work(f"confirm-{seed}-{lessons}x-{cell.name}", cell, lessons=lessons, seed=seed, confirming=True)
        if folder is None:
            return False
        add_result(path, figures(folder, cell))
        print(f"seed {seed}, {_line(results_of(path)[-1])}", flush=True)
    return True


def _line(found: Mapping[str, Any]) -> str:
    return (
        f"{found['name']}: {found['before']} to {found['after']} of {found['questions']} right "
        f"({_points(found['gain'], found['low'], found['high'])}), {found['seconds']:.0f} s"
    )


# ------------------------------------------------------------------ report


def report(work: Path) -> str:
    """What was tried and what came of it, as Markdown."""
    found = results_of(work / "results.jsonl")
    parts = [_rounds(found), _levels([r for r in found if r["round"] == 1]), _confirmed(work)]
    return "\n\n".join(part for part in parts if part)


def _rounds(found: Sequence[Mapping[str, Any]]) -> str:
    """A table of each round, the best cells first."""
    parts = []
    for number in sorted({r["round"] for r in found}):
        own = sorted((r for r in found if r["round"] == number), key=lambda r: -r["gain"])
        head = (
            f"Round {number}: {len(own)} cells, {own[0]['lessons']} lessons, exam of {own[0]['questions']} questions, seed "
            f"{own[0]['seed']}, {sum(r['seconds'] for r in own) / 3600:.1f} h."
        )
        columns = [
            "cell", "right before", "after", "points (95 %, paired)", "reward accuracy", "option texts alone",
            "held-out log-probability", "pairs", "seconds",
        ]  # fmt: skip
        parts.append(f"{head}\n\n{_table(columns, (_row(r) for r in own))}")
    return "\n\n".join(parts)


def _row(r: Mapping[str, Any]) -> list[str]:
    moved = f"{r['heldout_logp_first']:.1f} → {r['heldout_logp']:.1f}" if r["heldout_logp"] is not None else "–"
    return [
        f"`{r['name']}`", str(r["before"]), str(r["after"]), _points(r["gain"], r["low"], r["high"]),
        _share(r["reward_accuracy"]), _share(r["option_reward_accuracy"]), moved, str(r["pairs"]), f"{r['seconds']:.0f}",
    ]  # fmt: skip


def _levels(found: Sequence[Mapping[str, Any]]) -> str:
    """The mean gain of each level over the first round's cells, which hold each level of the other factors about as often."""
    rows = []
    for factor, levels in FACTORS.items():
        for level in levels:
            gains = [r["gain"] for r in found if r["cell"][factor] == level]
            if len(gains) > 1:
                half = t_quantile(0.975, len(gains) - 1) * stdev(gains) / len(gains) ** 0.5
                rows.append(
                    [
                        factor,
                        str(level),
                        str(len(gains)),
                        _points(fmean(gains), fmean(gains) - half, fmean(gains) + half),
                    ]
                )
    if not rows:
        return ""
    return "Each level by itself, first round:\n\n" + _table(
        ["setting", "level", "cells", "points (95 % over cells)"], rows
    )


def _confirmed(work: Path) -> str:
    """For each confirmed cell the gain over its seeds, on questions that the search did not see."""
    found = results_of(work / "confirmed.jsonl")
    rows = []
    for name, lessons in dict.fromkeys((r["name"], r["lessons"]) for r in found):
        own = [r for r in found if (r["name"], r["lessons"]) == (name, lessons)]
        exams = [_exams(RunFolder(work / "runs" / r["run_id"])) for r in own]
        before, after = exams[0][0], [last for _, last in exams]
        gain = fmean(r["gain"] for r in own)
        rows.append([
            f"`{name}`", str(lessons), ", ".join(str(r["seed"]) for r in own), str(len(before)), str(own[0]["before"]),
            ", ".join(str(r["after"]) for r in own), _points(gain, *gain_interval(before, after)),
        ])  # fmt: skip
    columns = [
        "confirmed cell",
        "lessons",
        "seeds",
        "questions",
        "right before",
        "after",
        "points (95 %, questions and seeds)",
    ]
    return f"{_table(columns, rows)}\n\n{_by_size(work, found)}" if rows else ""


def _by_size(work: Path, found: Sequence[Mapping[str, Any]]) -> str:
    """What the size of the options alone would give, before and after: a gain need not be one in mathematics."""
    rows = []
    for r in found:
        events = effective_events(read_events(RunFolder(work / "runs" / r["run_id"]).journal_path))
        answers = [e for e in events if e["type"] == "AnswerRecorded" and e["phase"] == "exam"]
        cues = [size_cue(a for a in answers if a["turn"] == turn) for turn in (0, max(a["turn"] for a in answers))]
        told = [text for cue in cues for text in (str(cue.right), f"{cue.by_size:.0f}")]
        rows.append([f"`{r['name']}`", str(r["seed"]), str(cues[0].questions), *told, str(cues[0].best)])
    columns = [
        "confirmed cell", "seed", "questions", "right before", "by the ticked options' size alone", "right after",
        "by size alone", "always one place by size, at best",
    ]  # fmt: skip
    return _table(columns, rows)


def _exams(folder: RunFolder) -> tuple[dict[str, bool], dict[str, bool]]:
    events = effective_events(read_events(folder.journal_path))
    return marks(events, 0), marks(events, max(e["turn"] for e in events))


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _points(gain: float, low: float, high: float) -> str:
    return f"{100 * gain:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


# ------------------------------------------------------------------


def protocol_of(args: argparse.Namespace) -> Protocol:
    """What the search was begun with; written down by the first call. Writes.

    :raises SystemExit: the folder was begun with something else, or the bank is not named.
    """
    file = args.work / "protocol.json"
    if not args.bank:
        raise SystemExit("Name the file of MathQA's dev split with --bank.")
    asked = {
        "model": args.model, "bank": str(Path(args.bank).absolute()), "searched": args.exam, "confirmed": args.confirm_exam,
        "more": args.settings,
    }  # fmt: skip
    args.work.mkdir(parents=True, exist_ok=True)
    if file.exists() and json.loads(file.read_text()) != asked:
        raise SystemExit(f"{args.work} was begun with {file.read_text()}; name another folder, or the same settings.")
    file.write_text(json.dumps(asked))
    return Protocol(**asked)


def main() -> None:
    """Search, confirm or report; 3 where time was up before all was done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder of runs and results")
    parser.add_argument("--bank", help="MathQA's dev split, a file")
    parser.add_argument("--model", default="smollm2", help="a name of `studentsim models`, or a folder")
    parser.add_argument("--data", type=Path, default=Path("data"), help="the data folder that holds the model")
    parser.add_argument("--hours", type=float, help="stop after so many")
    parser.add_argument("--rounds", type=json.loads, default=ROUNDS, help="[[cells, lessons], …] as JSON")
    parser.add_argument("--exam", type=int, default=300, help="exam questions of the search")
    parser.add_argument("--confirm-exam", type=int, default=600, help="exam questions of the confirmation")
    parser.add_argument("--settings", type=json.loads, default={}, help="more settings of every run, as JSON")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--confirm", metavar="CELL")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--lessons", type=int, default=12, help="of the confirmation")
    args = parser.parse_args()
    if args.report:
        print(report(args.work))
        return
    os.environ.setdefault("STUDENTSIM_DATA", str(args.data.absolute()))
    deadline = None if args.hours is None else time.monotonic() + 3600 * args.hours
    work = partial(carry_out_until, args.work, protocol_of(args), deadline)
    if args.confirm:
        done = confirm(
            args.work / "confirmed.jsonl", work, cell_named(args.confirm), seeds=args.seeds, lessons=args.lessons
        )
    else:
        done = search(args.work / "results.jsonl", work, args.rounds)
    if not done:
        print("Time was up, or it was interrupted; the same command goes on.")
        sys.exit(3)
    print(report(args.work))


def carry_out_until(
    folder: Path, protocol: Protocol, deadline: float | None, run_id: str, cell: Cell, **settings: Any
) -> RunFolder | None:
    """``carry_out`` before the deadline (monotonic seconds); None once it is over."""
    if deadline is not None and time.monotonic() >= deadline:
        return None
    return carry_out(folder, run_id, cell, protocol, within=partial(pause_at_deadline, deadline=deadline), **settings)


if __name__ == "__main__":
    main()
