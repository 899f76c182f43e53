"""The same run with several seeds, one after another, in the foreground."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import typer

from studentsim.config import RunConfig
from studentsim.runs import groups


def repeat(data: Path, config: RunConfig, count: int, *, as_json: bool) -> None:
    """Run ``config`` with ``count`` seeds, as a group, and end the process: 0 all finished, 1 one failed, 130 paused. Writes.

    Runs that were not begun yet when one is paused are not made.

    :raises ConfigError: there are too few or too many seeds.
    :raises StudentsimError: as ``execute``.
    """
    from studentsim import foreground
    from studentsim.cli.figures import result_of
    from studentsim.runs.folder import create_run

    configs = groups.repeated(config, groups.seeds_of(config.seed, count))
    group = groups.new_group_id(data)
    results: list[dict[str, Any]] = []
    for number, (one, cell) in enumerate(zip(configs, groups.cells(group, groups.REPEAT, configs), strict=True), 1):
        folder = create_run(data, one, cell=cell)
        status = foreground.play(folder)
        results.append(result_of(folder))
        told = f"{folder.run_id}: seed {one.seed}, {status}; {foreground.score_of(folder)}"
        print(told, file=sys.stderr if as_json else sys.stdout, flush=True)
        if status == "paused":
            left = f"{count - number} of {count} seeds were not begun." if number < count else ""
            print(f"{left} Go on with: python -m studentsim resume {folder.run_id} --data {data}", file=sys.stderr)
            break
    if as_json:
        print(json.dumps({"group": group, "runs": results}), flush=True)
    else:
        print(f"{group}: {_sum(results)}", flush=True)
    worst = {result["status"] for result in results}
    raise typer.Exit(130 if "paused" in worst or "cancelled" in worst else 0 if worst == {"finished"} else 1)


def _sum(results: list[dict[str, Any]]) -> str:
    """The last exam of the finished runs on average, with its interval over seeds and questions."""
    from studentsim.exam import wilson
    from studentsim.ui import words
    from studentsim.ui.compare.intervals import mean_interval

    last = [result["exams"][-1] for result in results if result["status"] == "finished" and result["exams"]]
    if not last:
        return "no run has finished"
    shares = [exam["correct"] / exam["questions"] for exam in last]
    if len(last) == 1:
        low, high = wilson(last[0]["correct"], last[0]["questions"])
    else:
        low, high = mean_interval(shares, min(exam["questions"] for exam in last))
    mean = sum(shares) / len(shares)
    return f"on average {words.hundred(mean)} of 100 {words.interval(low, high)} in {words.plural(len(last), 'finished run')}"
