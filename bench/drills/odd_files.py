"""A run whose files hold anything, beside a sound one: lists, pages, commands show the sound one, and say what is wrong with the other."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import visits
from journals import make_run
from odd_runs import DAMAGING, HARMLESS
from typer.testing import CliRunner

from drills.results import EQUAL, SAID, SILENT, TRACEBACK, DrillResult
from studentsim.cli import app
from studentsim.errors import StudentsimError
from studentsim.files import explain_storage_error
from studentsim.runs.manager import RunManager
from studentsim.ui import data as ui_data
from studentsim.ui.layout import ANSWERS_PAGE, COMPARE_PAGE, HOME_PAGE, MENU_PAGES, WATCH_PAGE, WEAKNESSES_PAGE

ODD, SOUND = "20261121-031500-aaaa", "20261121-031500-bbbb"
PAGES: tuple[tuple[str, dict[str, str]], ...] = (
    (HOME_PAGE, {}),
    (WATCH_PAGE, {}),
    (WATCH_PAGE, {"run": ODD}),
    (WATCH_PAGE, {"race": f"{ODD},{SOUND}"}),
    (ANSWERS_PAGE, {"run": ODD}),
    (WEAKNESSES_PAGE, {"run": ODD}),
    (COMPARE_PAGE, {"runs": f"{ODD},{SOUND}"}),
    (COMPARE_PAGE, {}),
)
COMMANDS = (
    ("runs",),
    ("verify",),
    ("repair", ODD),
    ("annotate", ODD, "--tag", "odd"),
    ("export", ODD, "--to", "TO/export"),
    ("archive", ODD, "--to", "TO/run.zip"),
    ("report", ODD, "--to", "TO/report.html"),
    ("rebuild-db",),
)
LISTS = ("runs", "verify", "rebuild-db")
"""Commands about all runs."""


def show_odd_runs(share: float) -> list[DrillResult]:
    """Each way to spoil a run, on every page and with every command; ``share`` of the pages' ways."""
    ways = {**HARMLESS, **DAMAGING}
    on_pages = list(ways)[:: max(1, round(1 / share))]
    pages, commands = DrillResult("odd files × every page"), DrillResult("odd files × every command")
    for name, spoil in ways.items():
        for command in COMMANDS:
            with _data_folder(spoil) as data:
                outcome, detail = _run_command(command, data)
                commands.add(outcome, f"{name}, {command[0]}: {detail}")
        if name in on_pages:
            with _data_folder(spoil) as data:
                for page, query in PAGES:
                    outcome, detail = _visit(page, query, data)
                    pages.add(outcome, f"{name}, {page} {query}: {detail}")
                ui_data.close_engines()
    return [pages, commands]


@contextmanager
def _data_folder(spoil: Callable[[Path], object]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as path:
        data = Path(path) / "data"
        for run_id in (ODD, SOUND):
            make_run(data, run_id, status="paused", turn=2)
        spoil(data / "runs" / ODD)
        yield data


def _visit(page: str, query: dict[str, str], data: Path) -> tuple[str, str]:
    logging.disable(logging.CRITICAL)
    try:
        with (
            mock.patch.dict(os.environ, {ui_data.DATA_DIR_ENV_VAR: str(data)}),
            mock.patch.object(RunManager, "ensure_warm_worker"),  # no worker is wanted
            mock.patch.object(RunManager, "tick"),
        ):
            shown = visits.visit(page, **query)
    except Exception as error:  # whatever it is, it is what the drill looks for
        return TRACEBACK, repr(error)
    finally:
        logging.disable(logging.NOTSET)
    if shown.exception:
        return TRACEBACK, str(shown.exception[0].value)
    if any("went wrong" in str(error.value) for error in shown.error):
        return TRACEBACK, str(shown.error[0].value)
    return (SAID if shown.error or shown.warning else EQUAL), ""


def _run_command(words: tuple[str, ...], data: Path) -> tuple[str, str]:
    (data.parent / "to").mkdir()
    filled = [word.replace("TO", str(data.parent / "to")) for word in words]
    try:
        done = CliRunner().invoke(app, [*filled, "--data", str(data)], catch_exceptions=False)
    except StudentsimError as error:
        return (SAID, "") if words[0] not in LISTS else (SILENT, f"one run ended the command: {error}")
    except Exception as error:  # the same
        explained = explain_storage_error(error)
        return (SAID, "") if explained and words[0] not in LISTS else (TRACEBACK, repr(error))
    if words[0] in ("runs", "verify") and SOUND not in done.output:
        return SILENT, "the sound run is not in the list"
    return EQUAL, ""


assert {page for page, _ in PAGES} <= {page for page, *_ in MENU_PAGES}
