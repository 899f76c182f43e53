"""Commands that execute runs in the foreground, and the list of runs."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from studentsim import presets
from studentsim.cli.base import DEFAULT_DATA_FOLDER, DataFolderOption, ExistingDataFolderOption, JsonOption, app
from studentsim.cli.models import import_gguf_model
from studentsim.cli.setting_options import takes_settings


@app.command()
@takes_settings()
def run(
    settings: dict[str, Any],
    preset: Annotated[str, typer.Option(help=f"What is not said otherwise: {presets.describe_presets()}.")] = "default",
    repeat: Annotated[
        int | None,
        typer.Option(help="Run it with so many seeds (2 to 20), from --seed on, one after another, as a group."),
    ] = None,
    trial: Annotated[bool, typer.Option(help="Try a hub's model out first: a test answer, the run's time.")] = True,
    data: DataFolderOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """Run a simulation in the foreground. Ctrl-C pauses it."""
    from studentsim.cli import runner
    from studentsim.cli.repeat import run_with_seeds
    from studentsim.runs import preflight
    from studentsim.runs.groups import choose_seeds
    from studentsim.runs.run_dir import create_run

    config = runner.build_config(preset, settings)
    if repeat is not None:
        choose_seeds(config.seed, repeat)  # refuses too many before anything is loaded
    config = preflight.check_run_config(import_gguf_model(config))
    if preset == "paper":
        runner.print_paper_departures(config)
    runner.print_grader_summary(config)
    if config.model != "embedded":
        runner.print_model_summary(config, trial=trial)
    if repeat is not None:
        run_with_seeds(data, config, repeat, as_json=as_json)
    runner.run_and_exit(create_run(data, config), as_json=as_json)


@app.command()
def resume(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")],
    data: ExistingDataFolderOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """Let a run go on after its last complete lesson, in the foreground."""
    from studentsim.cli import runner
    from studentsim.errors import RunError
    from studentsim.files import explained_storage_errors
    from studentsim.runs import queue
    from studentsim.runs.run_dir import open_run
    from studentsim.runs.status import read_run_state

    folder = open_run(data, run_id)
    state = read_run_state(folder)
    if state.is_live:
        raise RunError(f"The run {run_id} is at work already.", "Watch it in the app.")
    if state.status == "damaged":
        raise RunError(state.message, state.remedy)
    with explained_storage_errors(folder.path, label="folder of this run"):
        folder.clear_request()
        queue.dequeue(folder)
        runner.run_and_exit(folder, as_json=as_json)


@app.command()
def runs(
    group: Annotated[str | None, typer.Option(help="Those of this group alone.")] = None,
    tag: Annotated[str | None, typer.Option(help="Those with this tag alone.")] = None,
    data: ExistingDataFolderOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """List the runs of a data folder."""
    from studentsim.cli import runner

    all_rows = runner.summarize_runs(data)
    rows = [
        row
        for row in all_rows
        if group in (None, row["group"]) and (tag is None or tag.casefold() in map(str.casefold, row["tags"]))
    ]
    if as_json:
        print(json.dumps(rows))
        return
    if not rows:
        no_runs_message = f"No runs in {data}. Start one: python -m studentsim run"
        print(f"None of the {len(all_rows)} runs in {data} is so." if all_rows else no_runs_message)
    for row in rows:
        if row["problem"]:
            print(f"{row['run_id']}  {row['status']:<14}  {row['problem']}")
            continue
        score = f"{row['correct']} of {row['questions']}" if row["questions"] else "no exam yet"
        lesson = f"lesson {max(0, row['turn'])} of {row['turns']}"
        labels = "".join(f"  #{text}" for text in row["tags"]) + (f"  {row['group']}" if row["group"] else "")
        print(f"{row['run_id']}  {row['status']:<14}  {lesson}  {score}  seed {row['seed']}  {row['title']}{labels}")
