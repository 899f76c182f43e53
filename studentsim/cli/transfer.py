"""The command ``transfer``: what practice of each category alone does for that category and for the others."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from studentsim.cli.base import (
    DEFAULT_DATA_FOLDER,
    DataFolderOption,
    app,
    exit_when_interrupted,
    make_progress_bar,
    split_commas,
)
from studentsim.cli.models import import_gguf_model
from studentsim.cli.setting_options import takes_settings
from studentsim.errors import ConfigError, DataFolderError
from studentsim.transfer import matrix as transfer_matrix
from studentsim.transfer.matrix import CategoryResult, TransferMatrix

if TYPE_CHECKING:
    from studentsim.transfer.study import TransferProgress

TRANSFER_SETTINGS = (
    "student", "turns", "questions_per_turn", "exam_size", "seed", "exam_seed", "rehearsal", "learning_rate", "epochs", "beta",
    "bank", "bank_set", "model", "quantisation", "device", "dtype", "max_new_tokens", "exam_mode",
)  # fmt: skip
"""Settings of the runs that have an option."""
PICTURE_SUFFIXES = (".html", ".svg")


@app.command()
@takes_settings(TRANSFER_SETTINGS, turns=12, questions_per_turn=40, exam_size=600)
def transfer(
    settings: dict[str, Any],
    categories: Annotated[str | None, typer.Option(help="These alone: general,physics (2 to 14).")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the matrix into this file.")] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write a row for each gain into this file.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw the matrix into this file, .html or .svg.")] = None,
    record: Annotated[bool, typer.Option("--record", help="Keep the matrix with the product, for Help.")] = False,
    data: DataFolderOption = DEFAULT_DATA_FOLDER,
) -> None:
    """Practise each category alone, from the same start, and tell what that and each other category gained. Ctrl-C breaks off."""
    _check_output_files(json_file, csv_file, picture)
    from studentsim import factory
    from studentsim.cli import runner
    from studentsim.runs import preflight
    from studentsim.selection.strategies.random import STRATEGY as RANDOM
    from studentsim.transfer import study

    base = runner.build_config("default", {**settings, "strategy": RANDOM.id, "exam_every": settings["turns"]})
    base = import_gguf_model(base)
    outline = preflight.load_run_outline(base)
    category_names = _parse_categories(categories, outline.categories)
    for config in study.build_category_configs(base, category_names).values():
        preflight.check_questions(config, outline)
    checked = preflight.check_run_config(base)  # pins the versions and fingerprints of its models
    configs = study.build_category_configs(checked, category_names)

    cells = _collect_cells(
        study.run_each_category(
            configs, build_components=runner.components_builder or factory.build_components, data_folder=data
        ),
        len(category_names),
    )
    matrix = transfer_matrix.build_transfer_matrix(cells, config=checked.model_dump(mode="json"))
    print(make_printable("\n".join(format_matrix_lines(matrix)), sys.stdout.encoding or "ascii"))
    _write_outputs(matrix, json_file, csv_file, picture)
    if record:
        print(f"Kept in {save_recorded_matrix(matrix)}")


def format_matrix_lines(matrix: TransferMatrix) -> list[str]:
    """The matrix as lines of text: gains in points, the practised category's in brackets, intervals below; then sentences."""
    from studentsim.analysis import transfer_summary  # imports pandas

    label_width = max(len("practised"), *map(len, matrix.categories)) + 1
    width = max(11, *(len(category) + 1 for category in matrix.categories))
    rows = ["practised".ljust(label_width) + "".join(category.rjust(width) for category in matrix.categories)]
    for practised in matrix.categories:
        estimates = [matrix.gains[practised, examined].estimate for examined in matrix.categories]
        gains = [
            f"[{transfer_summary.format_points(e.points)}]"
            if practised == examined
            else transfer_summary.format_points(e.points)
            for examined, e in zip(matrix.categories, estimates, strict=True)
        ]
        rows.append(practised.ljust(label_width) + "".join(gain.rjust(width) for gain in gains))
        rows.append(
            " " * label_width + "".join(transfer_summary.format_estimate_bounds(e).rjust(width) for e in estimates)
        )
    verdicts = [transfer_summary.describe_category_transfer(matrix, category) for category in matrix.categories]
    return [
        transfer_summary.describe_matrix_setup(matrix),
        "",
        *rows,
        "",
        *verdicts,
        transfer_summary.describe_transfer(matrix),
        transfer_summary.METHOD_NOTE,
    ]


def make_printable(text: str, encoding: str) -> str:
    """The text in a terminal's ``encoding``: where this lacks a character, minus signs become hyphens and others ``?``."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.replace("\N{MINUS SIGN}", "-").encode(encoding, "replace").decode(encoding)
    return text


def save_recorded_matrix(matrix: TransferMatrix, path: Path | None = None) -> Path:
    """Adds the matrix to those that ship, or replaces the one of the same settings; returns the file. Writes."""
    path = path or transfer_matrix.BUNDLED_MATRICES_PATH
    recorded = list(transfer_matrix.load_bundled_matrices(path))
    for i, other in enumerate(recorded):
        if matrix.has_same_settings(other):
            recorded[i] = matrix
            break
    else:
        recorded.append(matrix)
    _write_file(path, json.dumps({"matrices": [m.to_json() for m in recorded]}, indent=1, ensure_ascii=False) + "\n")
    return path


# ------------------------------------------------------------------ helpers


def _parse_categories(categories: str | None, available: tuple[str, ...]) -> tuple[str, ...]:
    if categories is None:
        return available
    names = split_commas(categories)
    for name in names:
        if name not in available:
            raise ConfigError(
                f"There is no category {name!r}.", f"Choose among {', '.join(available)}.", field="categories"
            )
    return names


def _collect_cells(progress: Iterator[TransferProgress | CategoryResult], count: int) -> list[CategoryResult]:
    """The finished cells, with progress on stderr.

    :raises typer.Exit: with status 130 on Ctrl-C.
    """
    cells: list[CategoryResult] = []
    with (
        exit_when_interrupted(
            lambda: (
                f"Broken off: {len(cells)} of {count} categories are done and kept. The same command goes on from there."
            )
        ),
        closing(progress),  # type: ignore[type-var]
        _progress_display() as show,
    ):
        for step in progress:
            if isinstance(step, CategoryResult):
                cells.append(step)
            show(step)
    return cells


@contextmanager
def _progress_display() -> Iterator[Any]:
    """A function that shows progress on stderr: a bar in a terminal, else a line a category."""
    from studentsim.labels import formatting

    bar = make_progress_bar("{task.fields[left]}")
    task = bar.add_task("…", total=None, left="")

    def show_step(step: TransferProgress | CategoryResult) -> None:
        if isinstance(step, CategoryResult):
            if bar.disable:
                print(
                    f"{step.practised_category}: {formatting.format_duration(step.seconds)}",
                    file=sys.stderr,
                    flush=True,
                )
            return
        left = "" if step.seconds_left is None else f"about {formatting.format_duration(step.seconds_left)} left"
        steps = step.turns + 1
        bar.update(
            task,
            total=step.category_count * steps,
            completed=(step.category_number - 1) * steps + step.turn,
            left=left,
            description=f"{step.category} ({step.category_number} of {step.category_count}), lesson {step.turn} of {step.turns}",
        )

    with bar:
        yield show_step


def _check_output_files(*files: Path | None) -> None:
    """Refuses, before minutes of work, files that could not be written after it.

    :raises ConfigError: the picture has another suffix than ``PICTURE_SUFFIXES``.
    :raises DataFolderError: a file's folder does not exist, or the file is a folder.
    """
    *_, picture = files
    if picture is not None and picture.suffix.lower() not in PICTURE_SUFFIXES:
        raise ConfigError(f"A picture cannot be saved as {picture.name!r}.", "Name a file that ends in .html or .svg.")
    for file in files:
        if file is not None and (file.is_dir() or not file.absolute().parent.is_dir()):
            raise DataFolderError(
                f"{file} cannot be written: no such folder, or a folder itself.", "Choose another file."
            )


def _write_outputs(matrix: TransferMatrix, json_file: Path | None, csv_file: Path | None, picture: Path | None) -> None:
    """Writes the files that were named, replacing any there."""
    if json_file is not None:
        _write_file(json_file, json.dumps(matrix.to_json(), indent=1, ensure_ascii=False) + "\n")
    if csv_file is not None:
        from studentsim.analysis.transfer_summary import transfer_frame
        from studentsim.store.export import escape_formula_cells

        _write_file(csv_file, escape_formula_cells(transfer_frame(matrix)).to_csv(index=False))
    if picture is not None:
        from studentsim.reporting.transfer import matrix_page_html, standalone_matrix_svg

        draw = standalone_matrix_svg if picture.suffix.lower() == ".svg" else matrix_page_html
        _write_file(picture, draw(matrix))


def _write_file(path: Path, text: str) -> None:
    from studentsim.files import write_atomically

    try:
        write_atomically(path, text)
    except OSError as error:
        raise DataFolderError(f"{path} cannot be written: {error.strerror}.", "Choose another file.") from error
