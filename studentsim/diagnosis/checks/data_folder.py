"""Whether the data folder is there, is one, and can be written."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from studentsim.diagnosis.finding import BAD, LOOK, OK, Context, Finding, join_names
from studentsim.store.data_folder import find_data_folder_names

TITLE, ORDER = "data folder", 10


def check(context: Context) -> Iterator[Finding]:
    """Its names, and a file written and removed."""
    data = context.data
    if not data.exists():
        yield Finding(BAD, f"There is no data folder {data}.", "Name it with --data or STUDENTSIM_DATA.")
        return
    if not data.is_dir():
        yield Finding(BAD, f"{data} is no folder.", "Name the data folder with --data or STUDENTSIM_DATA.")
        return
    try:
        names, known = find_data_folder_names(data)
    except OSError as error:
        yield Finding(BAD, f"{data} cannot be read ({error.strerror}).", "Change its permissions.")
        return
    if names and not known:
        yield Finding(
            BAD,
            f"{data} holds other things ({join_names(names, most=3)}) and no runs.",
            "Name the right one with --data.",
        )
        return
    probe = data / f".probe-{secrets.token_hex(4)}"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        yield Finding(
            BAD, f"{data} cannot be written ({error.strerror}).", "Change its permissions, or how it is mounted."
        )
        return
    yield Finding(OK if known else LOOK, f"{data} can be written." if known else f"{data} is empty so far.")
