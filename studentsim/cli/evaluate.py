"""Commands that pretrain and evaluate students: the embedded student, a hub's model, feedback, open-book passages."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from studentsim.cli.base import DEFAULT_DATA_FOLDER, DataFolderOption, JsonOption, app
from studentsim.cli.models import import_gguf_model
from studentsim.cli.setting_options import takes_settings
from studentsim.config import RunConfig

if TYPE_CHECKING:
    from studentsim.student.embedded.student import EmbeddedStudent

EmbeddedStudentOption = Annotated[
    str, typer.Option(help="A profile of the embedded student, or a table (a TOML file).")
]
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
    pretraining.pretrain(out or pretraining.SHIPPED_WEIGHTS_DIR, recipe=recipe, checkpoint_dir=work, device=device)


@app.command(name="evaluate-profiles")
def evaluate_profiles(
    student: Annotated[str, typer.Option(help="A profile, a table (a TOML file), or 'all'.")] = "all",
    questions: QuestionsPerCategoryOption = 600,
    as_json: JsonOption = False,
) -> None:
    """A placement test: measured accuracy by category beside the profile's own table."""
    from studentsim.runs.student_profile import resolve_student_settings
    from studentsim.student.embedded.profiles import PROFILES

    configs = [RunConfig.make(**resolve_student_settings(id)) for id in (PROFILES if student == "all" else [student])]
    from studentsim.evaluation.profile_eval import evaluate_profile  # imports torch

    results = {}
    for config in configs:
        result = evaluate_profile(config, questions)
        results[config.student] = {
            "rows": [asdict(row) for row in result.category_results],
            "well_formed": result.well_formed_share,
        }
        print(f"{config.student}: {100 * result.well_formed_share:.1f} % of answers well formed", flush=True)
        for row in result.category_results:
            measured = f"{100 * row.accuracy:5.1f} % ({100 * row.low:.1f} to {100 * row.high:.1f})"
            print(f"  {row.category:<12} {measured}  meant {100 * row.intended:5.1f} %", flush=True)
    if as_json:
        print(json.dumps(results))


@app.command(name="check-model")
@takes_settings(("bank", "bank_set", "quantisation", "device", "dtype", "revision"))
def check_model(
    settings: dict[str, Any],
    model: Annotated[str, typer.Argument(help="'smollm2', a name of the hub, a folder, or a GGUF file.")],
    trial: Annotated[bool, typer.Option(help="Load it, for a test answer and the run's time.")] = True,
    patience: Annotated[float | None, typer.Option(min=1, help="Give the trial up after so many seconds.")] = None,
    data: DataFolderOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """What a hub's model needs here, what it answers, and how long a run with it takes."""
    from studentsim.cli import runner
    from studentsim.runs import preflight

    config = import_gguf_model(runner.build_config("default", {**settings, "model": model}))
    on_progress = runner.make_step_printer()
    on_progress("finding it, and what it is quickest to compute in here")
    config = preflight.check_student(config)
    runner.print_model_summary(config, trial=trial, as_json=as_json, timeout_seconds=patience, on_progress=on_progress)


@app.command(name="evaluate-feedback")
def evaluate_feedback(
    student: EmbeddedStudentOption = "balanced",
    questions: QuestionsPerCategoryOption = 200,
    as_json: JsonOption = False,
) -> None:
    """How often a second try is right after the teacher's words, and how often a false "wrong" makes the student give way."""
    from studentsim.evaluation import feedback_eval  # imports torch

    evaluation = feedback_eval.evaluate_feedback(_load_embedded_student(student), questions)
    gain, low, high = evaluation.gain
    print(f"{student}: {evaluation.first_right} of {evaluation.questions} right at first")
    titles = ("Second tries at wrong answers, right after", "Right answers called wrong, right again after")
    for title, rates in zip(titles, (evaluation.after_wrong, evaluation.after_right), strict=True):
        print(title)
        for rate in rates:
            interval = f"{100 * rate.interval[0]:.1f} to {100 * rate.interval[1]:.1f}"
            print(f"  {rate.words:<12} {100 * rate.accuracy:5.1f} % ({interval}), {rate.right} of {rate.tried}")
    print(
        f"A hint, against being asked again with no words: {100 * gain:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"
    )
    if as_json:
        print(json.dumps(asdict(evaluation)))


@app.command(name="check-open-book")
def evaluate_open_book(
    student: EmbeddedStudentOption = "balanced",
    questions: QuestionsPerCategoryOption = 200,
    as_json: JsonOption = False,
) -> None:
    """How much a passage beside the question helps where it fits, and whether one of another skill does harm."""
    from studentsim.evaluation import open_book_eval  # imports torch

    evaluation = open_book_eval.evaluate_open_book(_load_embedded_student(student), questions)
    print(f"{student}: {100 * evaluation.none:.1f} % of {evaluation.questions} right with nothing beside the question")
    for kind, accuracy, gain in (
        ("a fitting passage", evaluation.fitting, evaluation.fitting_gain),
        ("another skill's", evaluation.other, evaluation.other_gain),
    ):
        points = [f"{100 * x:+.1f}" for x in gain]
        print(f"  {kind:<18} {100 * accuracy:5.1f} %, {points[0]} points ({points[1]} to {points[2]})")
    if as_json:
        print(json.dumps(asdict(evaluation)))


def _load_embedded_student(student: str) -> EmbeddedStudent:
    """The embedded student of a profile or a table.

    :raises ConfigError: there is no such student.
    """
    from studentsim.runs.student_profile import resolve_student_settings
    from studentsim.student.embedded.model import load_embedded_model
    from studentsim.student.embedded.student import EmbeddedStudent  # imports torch

    config = RunConfig.make(**resolve_student_settings(student))
    return EmbeddedStudent(*load_embedded_model(config.weights), config)
