"""Commands that make and examine models: the embedded student, a hub's model, the teacher's words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from studentsim.cli.base import DEFAULT_DATA_FOLDER, DataFolderOption, JsonOption, app
from studentsim.cli.models import import_gguf_model

StudentOption = Annotated[str, typer.Option(help="A profile of the embedded student, or a table (a TOML file).")]
QuestionsPerCategoryOption = Annotated[int, typer.Option(min=1, help="Questions in each category.")]


@app.command()
def pretrain(
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="Optimiser steps (default: those that made the weights)."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the weights (default: those that ship).")] = None,
    work: Annotated[Path | None, typer.Option(help="Folder of the checkpoints.")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Make the embedded student from nothing; started again, it goes on from its last checkpoint."""
    from studentsim.student.embedded.pretraining import train as pretraining

    recipe = (
        pretraining.Recipe(
            phases=(pretraining.TrainingPhase(steps, 3e-3, pretraining.Mixture(drill_share=0.1, judges_passages=True)),)
        )
        if steps
        else pretraining.Recipe()
    )
    pretraining.pretrain(out or pretraining.EMBEDDED_WEIGHTS_DIR, recipe=recipe, checkpoint_dir=work, device=device)


@app.command()
def place(
    student: Annotated[str, typer.Option(help="A profile, a table (a TOML file), or 'all'.")] = "all",
    questions: QuestionsPerCategoryOption = 600,
    as_json: JsonOption = False,
) -> None:
    """A placement test: measured accuracy by category beside the profile's own table."""
    from dataclasses import asdict

    from studentsim.config import RunConfig
    from studentsim.runs.student_profile import resolve_student_settings
    from studentsim.student.embedded.profiles import PROFILES

    configs = [RunConfig.make(**resolve_student_settings(id)) for id in (PROFILES if student == "all" else [student])]
    from studentsim.evaluation.profile_eval import evaluate_profile as examine  # imports torch

    results = {}
    for config in configs:
        id, result = config.student, examine(config, questions)
        results[id] = {
            "rows": [asdict(row) for row in result.category_results],
            "well_formed": result.well_formed_share,
        }
        print(f"{id}: {100 * result.well_formed_share:.1f} % of answers well formed", flush=True)
        for row in result.category_results:
            measured = f"{100 * row.accuracy:5.1f} % ({100 * row.low:.1f} to {100 * row.high:.1f})"
            print(f"  {row.category:<12} {measured}  meant {100 * row.intended:5.1f} %", flush=True)
    if as_json:
        print(json.dumps(results))


@app.command(name="check-model")
def check_model(
    model: Annotated[str, typer.Argument(help="'smollm2', a name of the hub, a folder, or a GGUF file.")],
    bank: Annotated[str | None, typer.Option(help="The questions it is tried on.")] = None,
    bank_set: Annotated[
        str | None, typer.Option(help="Which set their files are of, if their rows do not say so.")
    ] = None,
    quantisation: Annotated[str | None, typer.Option(help="none, 8bit or nf4.")] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda.")] = None,
    dtype: Annotated[str | None, typer.Option(help="auto, float32, bfloat16 or float16.")] = None,
    revision: Annotated[str | None, typer.Option(help="A commit of the hub's model; blank: today's.")] = None,
    trial: Annotated[bool, typer.Option(help="Load it, for a test answer and the run's time.")] = True,
    patience: Annotated[float | None, typer.Option(min=1, help="Give the trial up after so many seconds.")] = None,
    data: DataFolderOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """What a hub's model needs here, what it answers, and how long a run with it takes."""
    options = dict(locals())
    from studentsim.cli import runner
    from studentsim.runs import preflight

    config = import_gguf_model(runner.build_config("default", {key: options.get(key) for key in runner.RUN_OPTIONS}))
    on_progress = runner.make_step_printer()
    on_progress("finding it, and what it is quickest to compute in here")
    config = preflight.check_student(config)
    runner.print_model_summary(config, trial=trial, as_json=as_json, timeout_seconds=patience, on_progress=on_progress)


@app.command(name="check-feedback")
def evaluate_feedback(
    student: StudentOption = "balanced",
    questions: QuestionsPerCategoryOption = 200,
    as_json: JsonOption = False,
) -> None:
    """How often a second try is right after the teacher's words, and how often a false "wrong" makes the student give way."""
    from studentsim.cli import runner

    evaluation = runner.print_feedback_evaluation(student, questions)
    if as_json:
        print(json.dumps(evaluation))


@app.command(name="check-open-book")
def evaluate_open_book(
    student: StudentOption = "balanced",
    questions: QuestionsPerCategoryOption = 200,
    as_json: JsonOption = False,
) -> None:
    """How much a passage beside the question helps where it fits, and whether one of another skill does harm."""
    from studentsim.cli import runner

    evaluation = runner.print_open_book_evaluation(student, questions)
    if as_json:
        print(json.dumps(evaluation))
