"""A data folder for the app and visits to its pages by Streamlit's own AppTest. conftest.py hands the fixtures to every test."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from journals import make_run
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from studentsim.bank.table import fingerprint
from studentsim.config import RunConfig
from studentsim.runs.manager import Manager
from studentsim.ui import data
from studentsim.ui.questions import bank

ROOT = Path(__file__).parents[1]
HOME = "app.py"
NEW = "pages/1_New_simulation.py"
WATCH = "pages/2_Watch.py"


@pytest.fixture(scope="session", autouse=True)
def components_are_looked_for_once() -> Iterator[None]:
    """Each AppTest reads what all installed packages say of themselves, in search of components: half of a visit's time."""
    found = functools.cache(manifest_scanner.scan_component_manifests)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", lambda *given: list(found(*given)))
        yield


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty data folder that the app uses; no worker process is started over it."""
    monkeypatch.setenv(data.DATA_VARIABLE, str(tmp_path))
    monkeypatch.setattr(Manager, "warm", lambda self: None)
    monkeypatch.setattr(Manager, "tick", lambda self: None)
    yield tmp_path
    data.close_engines()


@pytest.fixture(scope="session")
def written_bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in questions' file as the page of questions makes it, once for all test processes: it takes seconds."""
    base = tmp_path_factory.getbasetemp()
    path = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / f"curriculum-{fingerprint()}.parquet"
    if not path.exists():
        bank._made(path)
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

    def start(self: Manager, config: RunConfig, token: str = "") -> str:
        if token not in [t for _, t in starts]:
            make_run(folder, f"run-{len(starts) + 1}", status="", turn=-1, **config.model_dump())
        starts.append((config, token))
        return f"run-{len({t for _, t in starts})}"

    monkeypatch.setattr(Manager, "start", start)
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
