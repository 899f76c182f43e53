"""A data folder for the app and visits to its pages by Streamlit's own AppTest. conftest.py hands the fixtures to every test."""

from __future__ import annotations

import functools
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from journals import make_run
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.state.safe_session_state import SafeSessionState
from streamlit.testing.v1 import AppTest, local_script_runner
from streamlit.testing.v1.local_script_runner import LocalScriptRunner

from studentsim.config import RunConfig
from studentsim.datasets.export import BANK_FILE_VERSION
from studentsim.events import Cell
from studentsim.runs.manager import RunManager
from studentsim.store.database import DATABASE_FILE_NAME, Database
from studentsim.ui import background, data
from studentsim.ui.questions import bank

ROOT = Path(__file__).parents[1]
HOME = "app.py"
NEW = "pages/1_New_simulation.py"
WATCH = "pages/2_Watch.py"
PAUSE = 0.25
"""Seconds between two looks at a page that waits for a process: a look costs as much."""


@pytest.fixture(scope="session", autouse=True)
def components_are_looked_for_once() -> Iterator[None]:
    """Each AppTest reads what all installed packages say of themselves, in search of components: half of a visit's time."""
    found = functools.cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", lambda *given: list(found(*given)))
        yield


@pytest.fixture(scope="session", autouse=True)
def a_visit_s_end_is_waited_for() -> Iterator[None]:
    """AppTest looks a thousand times a second whether the page's thread has ended, and each time takes the interpreter from it."""

    def wait(runner: LocalScriptRunner, timeout: float = 3) -> None:
        if runner._script_thread:
            runner._script_thread.join(timeout)
        looked(runner, 0.5)

    looked = local_script_runner.require_widgets_deltas
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_script_runner, "require_widgets_deltas", wait)
        yield


@pytest.fixture(scope="session", autouse=True)
def a_page_waits_for_what_a_child_reads() -> Iterator[None]:
    """On a busy machine a child takes longer than a visitor would look at a page that does nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(background, "SHORT_WAIT_SECONDS", 120)
        yield


class Values(Mapping[str, Any]):
    """A session's values by key, as ``filtered_state`` has them, but looked up only when asked for."""

    def __init__(self, state: SafeSessionState, listed: Callable[[SafeSessionState], dict[str, Any]]) -> None:
        self.state, self.listed = state, listed

    def __contains__(self, key: object) -> bool:
        return key in self.state

    def __getitem__(self, key: str) -> Any:
        return self.state[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.listed(self.state))

    def __len__(self) -> int:
        return len(self.listed(self.state))


@pytest.fixture(scope="session", autouse=True)
def a_field_does_not_list_all_others() -> Iterator[None]:
    """For each number, text and choice Streamlit lists all values of the session, to look for one: a quarter of a visit to a long form."""
    listed = SafeSessionState.filtered_state.fget
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SafeSessionState, "filtered_state", property(lambda state: Values(state, listed)))
        yield


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a database without runs. To make one takes as long as a page's visit; how it is made is tested elsewhere."""
    folder = tmp_path_factory.mktemp("empty")
    Database.open(folder).close()
    return folder / DATABASE_FILE_NAME


def use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the app use this data folder, over which no worker process is started."""
    monkeypatch.setenv(data.DATA_DIR_ENV_VAR, str(folder))
    monkeypatch.setattr(RunManager, "ensure_warm_worker", lambda self: None)
    monkeypatch.setattr(RunManager, "tick", lambda self: None)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_database: Path) -> Iterator[Path]:
    """A data folder without runs that the app uses; no worker process is started over it."""
    shutil.copy(empty_database, tmp_path)
    use(tmp_path, monkeypatch)
    yield tmp_path
    data.close_engines()


@pytest.fixture(scope="session")
def written_bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in questions' file as the page of questions makes it, once for all test processes: it takes seconds."""
    base = tmp_path_factory.getbasetemp()
    path = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"curriculum-{BANK_FILE_VERSION}.parquet"
    try:
        path.with_suffix(".begun").touch(exist_ok=False)
    except FileExistsError:  # another process is at it
        end = time.monotonic() + 60
        while not path.exists() and time.monotonic() < end:
            time.sleep(0.1)
    if not path.exists():
        bank._export_bank_file(path)
    return path


def stock(folder: Path, written_bank: Path) -> Path:
    """Puts the file where the app looks for it in a data folder."""
    (folder / "bank").mkdir()
    shutil.copy(written_bank, folder / "bank" / written_bank.name)
    return folder


@pytest.fixture
def started(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[RunConfig, str]]:
    """What was started, each with its token; the run is made, but nobody works on it."""
    starts: list[tuple[RunConfig, str]] = []

    def start(self: RunManager, config: RunConfig, token: str = "", cell: Cell | None = None) -> str:
        if token not in [t for _, t in starts]:
            make_run(folder, f"run-{len(starts) + 1}", status="", turn=-1, cell=cell, **config.model_dump())
        starts.append((config, token))
        return f"run-{len({t for _, t in starts})}"

    monkeypatch.setattr(RunManager, "start", start)
    return starts


def visit(page: str, **query: str) -> AppTest:
    """The page as it comes up by a link with these parameters."""
    app = AppTest.from_file(str(ROOT / HOME), default_timeout=120)
    if page != HOME:
        app.switch_page(page)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def text_of(app: AppTest) -> str:
    """All that the page says, one piece a line."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "text", "info", "error", "warning")
    return "\n".join(str(e.value) for kind in kinds for e in app.get(kind))


def link_labels(app: AppTest) -> list[str]:
    """What the page's links to other pages are called."""
    return [link.label for link in app.get("page_link")]
