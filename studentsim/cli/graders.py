"""Commands that train and evaluate graders: the embedded one, and a T5 or BART fine-tuned on a student's own answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from studentsim.cli.base import DEFAULT_DATA_FOLDER, DataFolderOption, JsonOption, app
from studentsim.errors import ConfigError

AnswersOption = Annotated[
    list[str] | None,
    typer.Option(help="A run's id, whose student's first attempts are taken; can be said several times."),
]
BaseOption = Annotated[
    str | None,
    typer.Option(
        help="Fine-tune this T5 or BART, by hub name or folder, or the 'embedded' marker. Not given: make the embedded one anew."
    ),
]
InputTokensOption = Annotated[
    int | None, typer.Option(help="Longest input (P0: 128). Not given: 128, with the embedded base 256.")
]
ReadingOption = Annotated[
    str | None,
    typer.Option(
        help="Of longer answers: whole (they are left out; by default) or ends (beginning and end are read; with the embedded base)."
    ),
]
BalancedOption = Annotated[
    bool, typer.Option("--balanced/--as-they-come", help="51.8 of 100 rows right ones, as P0's; or as they come.")
]
RowsFileOption = Annotated[
    Path | None, typer.Option(help="Also write the rows into this file, .csv or .parquet, for a look.")
]


@app.command(name="train-grader")
def train_grader(
    base: BaseOption = None,
    answers: AnswersOption = None,
    out: Annotated[
        Path | None, typer.Option(help="A new folder for the marker (without --base: by default the one that ships).")
    ] = None,
    revision: Annotated[str, typer.Option(help="A commit of the hub's base; blank: today's.")] = "",
    train_rows: Annotated[int, typer.Option(help="Answers to learn from (P0: 680).")] = 680,
    validation_rows: Annotated[int, typer.Option(help="Answers looked at after each epoch (P0: 110).")] = 110,
    test_rows: Annotated[int, typer.Option(help="Answers of the final test (P0: 110).")] = 110,
    learning_rate: Annotated[float, typer.Option(help="Peak, falling linearly to zero (P0: 1e-3).")] = 1e-3,
    epochs: Annotated[int, typer.Option(help="Passes over the rows (P0: 1).")] = 1,
    batch: Annotated[int, typer.Option(help="Rows an optimiser step.")] = 8,
    input_tokens: InputTokensOption = None,
    reading: ReadingOption = None,
    balanced: BalancedOption = True,
    seed: Annotated[int, typer.Option(help="Decides which questions go to which split, and the order.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    rows: RowsFileOption = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Without --base: optimiser steps.")] = None,
    work: Annotated[Path, typer.Option(help="Without --base: folder of answers, rows, checkpoints.")] = Path(
        "data/teacher"
    ),
    data: DataFolderOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """Fine-tune a marker on a student's own answers, as the paper did; without --base make the embedded one from nothing."""
    if base is None:
        if answers:
            raise ConfigError(
                "--answers are given, but no --base to fine-tune.", "Name one: --base google/flan-t5-large."
            )
        _train_embedded_grader(out, steps, work)
        return
    if not answers or out is None:
        raise ConfigError(
            f"To fine-tune {base}, {'a folder to write to' if answers else 'answers of a student'} must be named.",
            "Say: train-grader --base NAME --answers RUN --out FOLDER; 'runs' lists the runs.",
        )
    from studentsim.grader.finetune import finetune_grader
    from studentsim.grader.finetune_training import FinetuneSettings
    from studentsim.grader.student_answer import SplitSizes

    report = finetune_grader(
        base,
        _load_student_answers(data, answers),
        out,
        revision=revision,
        sizes=SplitSizes(train_rows, validation_rows, test_rows),
        settings=FinetuneSettings.for_base(
            base, input_tokens=input_tokens, reading=reading, balanced=balanced, learning_rate=learning_rate, epochs=epochs,
            batch_size=batch, seed=seed, device=device,
        ),
        rows_path=rows,
    )  # fmt: skip
    if as_json:
        print(json.dumps({"folder": str(out), **report.build_card(base)}))


def _train_embedded_grader(out: Path | None, steps: int | None, work: Path) -> None:
    """Trains the embedded grader from scratch on the student's own answers; a second call continues. Writes."""
    from studentsim import factory, simulation
    from studentsim.grader import collect, training

    recipe = training.TrainingRecipe(max_steps=steps) if steps else training.TrainingRecipe()
    collector = collect.Simulator(factory.build_components, simulation.simulate)
    training.train_embedded_grader(collector, out or training.WEIGHTS_FOLDER, recipe=recipe, work_folder=work)


def _load_student_answers(data: Path, run_ids: list[str]) -> list[Any]:
    """The runs' first attempts as rows of a grader's data set."""
    from studentsim.grader.student_answer import StudentAnswer
    from studentsim.runs.answers import iter_first_attempts

    return [
        StudentAnswer.from_event(event, run_id=run, student=student)
        for run, student, event in iter_first_attempts(data, run_ids)
    ]


@app.command(name="evaluate-grader")
def evaluate_grader(
    grader: Annotated[
        str, typer.Option(help="'embedded', or a T5's or BART's name on the hub or folder.")
    ] = "embedded",
    answers: AnswersOption = None,
    work: Annotated[Path, typer.Option(help="Folder of the collected answers.")] = Path("data/teacher"),
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the figures beside the embedded marker, for Help.")
    ] = False,
    device: Annotated[str, typer.Option(help="Of a marker that is not embedded: auto, cpu or cuda.")] = "auto",
    data: DataFolderOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """How often a trained marker agrees with the key: on answers of runs, or on answers it never saw and on hard cases."""
    from dataclasses import asdict

    from studentsim import factory, simulation
    from studentsim.grader import check, collect
    from studentsim.grader.model import WEIGHTS_FOLDER, load_grader

    trained_grader = load_grader(grader, device=device)
    if answers:
        result = check.evaluate_on_answers(trained_grader, _load_student_answers(data, answers))
    else:
        collector = collect.Simulator(factory.build_components, simulation.simulate)
        result = check.evaluate_grader(trained_grader, collector, work)
    print("\n".join(check.format_evaluation(result)))
    if keep and grader == "embedded" and not answers:
        (WEIGHTS_FOLDER / "check.json").write_text(json.dumps(asdict(result)) + "\n", encoding="utf-8")
    if as_json:
        print(json.dumps(asdict(result)))
