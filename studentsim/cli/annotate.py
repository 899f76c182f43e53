"""The command ``annotate``: a user's name, tags and note for runs."""

from __future__ import annotations

from typing import Annotated

import typer

from studentsim.cli.base import DEFAULT_DATA_FOLDER, ExistingDataFolderOption, app
from studentsim.errors import ConfigError, StudentsimError
from studentsim.runs.run_dir import RunFolder


def _read_title(folder: RunFolder) -> str:
    """The run's own title; blank where its settings cannot be read."""
    try:
        return folder.read_config().title
    except StudentsimError:
        return ""


@app.command()
def annotate(
    names: Annotated[list[str], typer.Argument(metavar="RUN…", help="Ids of runs, or of groups of runs.")],
    name: Annotated[str | None, typer.Option(help="A new name of one run; blank: its own again. Its id stays.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Add a tag. May be given several times.")] = None,
    untag: Annotated[list[str] | None, typer.Option(help="Take a tag away. May be given several times.")] = None,
    note: Annotated[str | None, typer.Option(help="A note in the place of the one there; blank: none.")] = None,
    data: ExistingDataFolderOption = DEFAULT_DATA_FOLDER,
) -> None:
    """Give a run a name, tags and a note, beside its journal. Without an option: print them."""
    from studentsim.runs import notes
    from studentsim.runs.groups import find_runs

    folders = find_runs(data, names)
    if name and len(folders) > 1:
        raise ConfigError("One name for several runs would not distinguish them.", "Name one run.", field="name")
    removed_tags = {text.casefold() for text in untag or ()}
    for folder in folders:
        old_notes = notes.read_notes(folder)
        new_notes = notes.RunNotes.make(
            name=old_notes.name if name is None else name,
            tags=[*(text for text in old_notes.tags if text.casefold() not in removed_tags), *(tag or ())],
            note=old_notes.note if note is None else note,
        )
        if new_notes != old_notes:
            notes.write_notes(folder, new_notes)
        title = new_notes.name or _read_title(folder)
        tags = "".join(f"  #{text}" for text in new_notes.tags)
        print(f"{folder.run_id}  {title}{tags}" + "".join(f"\n    {line}" for line in new_notes.note.splitlines()))
