"""One config run with several seeds, one after another, in the foreground."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import typer

from studentsim.config import RunConfig
from studentsim.runs import groups


def run_with_seeds(data: Path, config: RunConfig, count: int, *, as_json: bool) -> None:
    """Runs ``config`` with ``count`` seeds, as a group, and exits: 0 all finished, 1 one failed, 130 one paused. Writes.

    Once one is paused, the remaining runs are not created.

    :raises ConfigError: too few or too many seeds.
    :raises StudentsimError: as for ``executor.execute``.
    :raises typer.Exit: always.
    """
    from studentsim.cli import runner
    from studentsim.cli.figures import build_run_result
    from studentsim.runs.run_dir import create_run

    configs = groups.repeat_with_seeds(config, groups.choose_seeds(config.seed, count))
    group = groups.new_group_id(data)
    results: list[dict[str, Any]] = []
    for number, (seeded_config, cell) in enumerate(
        zip(configs, groups.build_cells(group, groups.REPEAT_PLAN, configs), strict=True), 1
    ):
        folder = create_run(data, seeded_config, cell=cell)
        status = runner.run_with_progress_bar(folder)
        results.append(build_run_result(folder))
        line = f"{folder.run_id}: seed {seeded_config.seed}, {status}; {runner.describe_score(folder)}"
        print(line, file=sys.stderr if as_json else sys.stdout, flush=True)
        if status == "paused":
            left = f"{count - number} of {count} seeds were not begun." if number < count else ""
            print(f"{left} Go on with: python -m studentsim resume {folder.run_id} --data {data}", file=sys.stderr)
            break
    if as_json:
        print(json.dumps({"group": group, "runs": results}), flush=True)
    else:
        print(f"{group}: {_describe_mean_score(results)}", flush=True)
    statuses = {result["status"] for result in results}
    raise typer.Exit(130 if "paused" in statuses or "cancelled" in statuses else 0 if statuses == {"finished"} else 1)


def _describe_mean_score(results: list[dict[str, Any]]) -> str:
    """The mean score of the finished runs' last exams, with its interval over seeds and questions."""
    from studentsim.analysis.intervals import mean_interval
    from studentsim.exam import wilson_interval
    from studentsim.labels import formatting

    last_exams = [result["exams"][-1] for result in results if result["status"] == "finished" and result["exams"]]
    if not last_exams:
        return "no run has finished"
    accuracies = [exam["correct"] / exam["questions"] for exam in last_exams]
    if len(last_exams) == 1:
        low, high = wilson_interval(last_exams[0]["correct"], last_exams[0]["questions"])
    else:
        low, high = mean_interval(accuracies, min(exam["questions"] for exam in last_exams))
    mean = sum(accuracies) / len(accuracies)
    score = f"{formatting.round_percent(mean)} of 100 {formatting.format_interval(low, high)}"
    return f"on average {score} in {formatting.pluralize(len(last_exams), 'finished run')}"
