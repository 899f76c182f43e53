"""A real server and a real browser, for the browser tests and the screenshots."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from studentsim.runs.lease import current_lease
from studentsim.runs.run_dir import list_runs
from studentsim.runs.termination import kill_worker

ROOT = Path(__file__).parents[1]
QUIET = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-quic",
)  # fmt: skip
"""A browser that starts at once and asks nothing of the network on its own."""
SYSTEM_CHROMIUM = (
    "/usr/bin/chromium-headless-shell", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome",
)  # fmt: skip


APP = """
import sys
sys.path[:0] = [{root!r}, {tests!r}]
from pathlib import Path
from studentsim.runs.manager import RunManager
import os
from studentsim.ui.new import model_card
model_card.JOB_MODULE = "fake_get_model"
os.environ["PYTHONPATH"] = os.pathsep.join([{tests!r}, {root!r}])
RunManager.__init__.__kwdefaults__.update(worker_command={worker!r}, preflight_check=lambda config: config)
exec(compile(Path({root!r}, "app.py").read_text(), "app.py", "exec"))
"""


def app_with_fakes(folder: Path, worker: Sequence[str]) -> Path:
    """The app, with these workers and with fakes in the places of the package index and of the look at the model; for ``serve``.

    They are put in place by Home: a visit begins there.
    """
    shutil.copytree(ROOT / "pages", folder / "pages")
    shutil.copytree(ROOT / ".streamlit", folder / ".streamlit")
    (folder / "app.py").write_text(APP.format(root=str(ROOT), tests=str(ROOT / "tests"), worker=list(worker)))
    return folder / "app.py"


@contextmanager
def serve(
    data_folder: Path,
    *,
    patience: float = 180,
    recorded: bool = False,
    spare: bool = False,
    app: Path = ROOT / "app.py",
) -> Iterator[str]:
    """The app (or another one) on a free loopback port over ``data_folder``; yields its address and ends it afterwards.

    The recorded study is there if the environment says so (in tests it says no), or with ``recorded``. With ``spare`` a warm
    worker waits for the first run. Runs that were begun end with the app, which they would not do otherwise.
    """
    port = _free_port()
    environment = {**os.environ, "STUDENTSIM_DATA": str(data_folder), "STUDENTSIM_SPARE": str(int(spare))}
    if recorded:
        environment["STUDENTSIM_RECORDED"] = "1"
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(app),
        "--server.address",
        "127.0.0.1",
        "--server.port",
        str(port),
        "--server.headless",
        "true",
    ]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command, cwd=app.parent, env=environment, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_up(url, process, patience)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
            for folder in list_runs(data_folder):
                if (lease := current_lease(folder)) and lease.pid != os.getpid():  # a test may hold a lease itself
                    kill_worker(folder)


def _wait_until_up(url: str, process: subprocess.Popen[bytes], patience: float) -> None:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended at once, with status {process.returncode}")
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"no server at {url} after {patience} s")


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextmanager
def chromium() -> Iterator[object]:
    """A headless Chromium: the system's, else Playwright's own.

    :raises RuntimeError: there is neither.
    """
    from playwright.sync_api import Error, sync_playwright

    system = next((path for path in SYSTEM_CHROMIUM if Path(path).exists()), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=system, args=list(QUIET))
        except Error as error:
            raise RuntimeError(
                "no browser: install Chromium, or run `python -m playwright install chromium`"
            ) from error
        try:
            yield browser
        finally:
            browser.close()
