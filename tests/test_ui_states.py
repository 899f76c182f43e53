"""Every page of the menu in every state a run can be in, by Streamlit's own AppTest: no traceback, no error, and the limits said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import answer_queries
import pytest
from crowds import swell
from journals import make_run
from visits import stock, text_of, visit

from studentsim.runs.lease import Lease
from studentsim.runs.manager import RunManager
from studentsim.runs.run_dir import RunFolder
from studentsim.store import ingest
from studentsim.store.database import Database
from studentsim.ui import data
from studentsim.ui.layout import COMPARE_PAGE, HOME_PAGE, MENU_PAGES, SINGLE_RUN_PAGES

STATES = {
    "running": {"status": "", "turn": 2, "until": "study"},
    "paused": {"status": "paused", "turn": 2},
    "failed": {"status": "failed", "turn": 2, "until": "training"},
    "finished": {},
    "one-answer": {"turns": 1, "questions_per_turn": 1, "exam_size": 1, "status": "paused", "turn": 0},
    "many-answers": {"turns": 60, "questions_per_turn": 40, "exam_size": 240, "exam_every": 2},
}
"""State -> how its run is made; the last one's answers are multiplied to 100,000."""


@pytest.fixture(scope="module")
def all_states(tmp_path_factory: pytest.TempPathFactory, written_bank: Path) -> Iterator[Path]:
    """A data folder with a run in each state, named after it, taken into the database."""
    folder = stock(tmp_path_factory.mktemp("states"), written_bank)
    with ExitStack() as stack:
        for name, settings in STATES.items():
            run = make_run(folder, name, **settings)
            if name == "running":
                stack.enter_context(Lease.acquire(RunFolder(run)).keep_alive())
        with Database.open(folder) as database:
            ingest.sync_journals(database, folder / "runs")
            swell(database, "many-answers", answers=100_000)
            assert database.verify_rows() == []
            assert answer_queries.count_answers(database, "many-answers") >= 100_000
            assert answer_queries.count_answers(database, "one-answer") == 1
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(data.DATA_DIR_ENV_VAR, str(folder))
            patch.setattr(RunManager, "ensure_warm_worker", lambda self: None)
            patch.setattr(RunManager, "tick", lambda self: None)
            yield folder
            data.close_engines()


ELSEWHERE = ("running", "paused", "finished")
"""The pages of runs have tests of their own for runs in these states."""


def visits() -> Iterator:
    """Each page that shows runs with each state. Home shows all of them at once, and the others none: these are visited once."""
    for page, _, _ in MENU_PAGES:
        own = page in (*SINGLE_RUN_PAGES, COMPARE_PAGE)
        for state in STATES if own else ["finished"]:
            yield pytest.param(page, state, marks=pytest.mark.long if own and state in ELSEWHERE else ())


@pytest.mark.parametrize(("page", "state"), visits())
def test_a_page_stands_whatever_the_run_s_state(all_states: Path, page: str, state: str):
    if page == COMPARE_PAGE:
        app = visit(page, runs=f"{state},finished")
    else:
        app = visit(page) if page == HOME_PAGE else visit(page, run=state)
    assert not app.exception
    said = text_of(app)
    assert "not your pupils" in said and "Something went wrong" not in said
    problems = [str(error.value) for error in app.error]
    assert not problems or (state == "failed" and all("memory is full" in text for text in problems)), problems


@pytest.mark.parametrize("page", [script for script, _, _ in MENU_PAGES])
def test_a_page_without_any_run_says_what_to_do(folder: Path, written_bank: Path, page: str):
    stock(folder, written_bank)
    app = visit(page)
    assert not app.exception and not app.error
    assert "not your pupils" in text_of(app)
