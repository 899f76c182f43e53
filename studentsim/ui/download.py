"""Whole runs as one file to take away. It is made by a child process once somebody asks for it, never while a page is drawn."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from studentsim.errors import StudentsimError
from studentsim.labels import formatting
from studentsim.runs.run_dir import open_run, runs_folder
from studentsim.store import journal
from studentsim.ui.data import Engine

MAX_JOURNAL_BYTES = 400_000_000
"""Bytes of journals that one file takes (ui/report/archive.py refuses more)."""
POLL_SECONDS = 1.0
"""Seconds between two looks at how the file stands."""
TIMEOUT_SECONDS = 900
"""Seconds after which a file that is still not made is given up."""
ARCHIVE_DESCRIPTION = "All tables (CSV and Parquet), settings, versions, figures (SVG), the report, your notes, and the journal, in one zip file."

_ROOT = Path(__file__).parents[2]
_ARCHIVE_SEMAPHORE = threading.Semaphore(1)

log = logging.getLogger(__name__)


def render_archive_download(engine: Engine, run_ids: Sequence[str], *, key: str, show_progress: bool = False) -> None:
    """What the file holds, how large it may be, and the button that makes and hands it out. ``show_progress``: how it stands is said too."""
    stages: list[str] = []
    many = f" of {formatting.pluralize(len(run_ids), 'run')}" if len(run_ids) > 1 else ""
    size = sum(_journal_bytes(engine, run_id) for run_id in run_ids)
    too_large = size > MAX_JOURNAL_BYTES
    st.download_button(
        f"Download everything{many}",
        lambda: _build_archive_with_stages(engine.data_dir, run_ids, stages),
        file_name=f"studentsim-{run_ids[0] if len(run_ids) == 1 else 'runs'}.zip",
        mime="application/zip",
        key=f"{key}.everything",
        icon=":material/folder_zip:",
        on_click="ignore",
        disabled=too_large or not run_ids,
    )
    if too_large:
        st.caption(
            f"Too large for one file: the journals have {size / 1e6:,.0f} MB, it takes {MAX_JOURNAL_BYTES / 1e6:,.0f}. Choose fewer runs, or: "
            "`python -m studentsim export RUN --to DIR`"
        )
    else:
        limit = f"at most {MAX_JOURNAL_BYTES / 1e6:,.0f} MB of journals"
        st.caption(
            f"{ARCHIVE_DESCRIPTION} It is made when you click, which takes {_format_build_time(size, len(run_ids))}; {limit}."
        )
        if show_progress:
            st.fragment(_render_archive_stage, run_every=POLL_SECONDS)(stages)


MAKING, DONE, FAILED = "making", "done", "failed"


def _build_archive_with_stages(data_folder: Path, run_ids: Sequence[str], stages: list[str]) -> bytes:
    """The file; how it stands is added to ``stages``. The browser asks for it by itself, so the page is not drawn again."""
    stages.append(MAKING)
    try:
        file = build_archive(data_folder, run_ids)
    except StudentsimError:
        stages.append(FAILED)
        raise
    stages.append(DONE)
    return file


def _render_archive_stage(stages: list[str]) -> None:
    """How making it stands: nothing before the click."""
    now = stages[-1] if stages else ""
    if now == MAKING:
        st.info("The file is being made. Leave this open until it comes.", icon=":material/hourglass_top:")
    elif now == DONE:
        st.success("Done: your browser has the file, where it keeps its downloads.", icon=":material/check:")
    elif now == FAILED:
        st.error("The file could not be made. Try fewer runs, or again.", icon=":material/error:")


def build_archive(data_folder: Path, run_ids: Sequence[str]) -> bytes:
    """The file, made by a child process; one at a time, whoever asks.

    :raises StudentsimError: it could not be made.
    """
    with _ARCHIVE_SEMAPHORE, tempfile.TemporaryDirectory(prefix="studentsim-") as scratch:
        to = Path(scratch) / "runs.zip"
        command = [sys.executable, "-m", "studentsim", "archive", *run_ids, "--to", str(to), "--data", str(data_folder)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")])}
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise StudentsimError(f"The file could not be made ({type(error).__name__}).", "Try fewer runs.") from error
        if done.returncode or not to.is_file():
            log.error("the archive of %s failed: %s", ", ".join(run_ids), done.stderr[-4000:])
            raise StudentsimError(f"The file could not be made: {done.stderr.strip()[-300:]}", "Try fewer runs.")
        return to.read_bytes()


def _journal_bytes(engine: Engine, run_id: str) -> int:
    """Bytes of a run's journal; 0 where there is none (yet, or any more)."""
    try:
        return (
            (runs_folder(engine.data_dir) / open_run(engine.data_dir, run_id).run_id / journal.JOURNAL_FILE_NAME)
            .stat()
            .st_size
        )
    except (OSError, StudentsimError):
        return 0


def _format_build_time(journal_bytes: int, run_count: int) -> str:
    """About how long making the file takes, on two processor cores."""
    return f"about {formatting.format_duration(4 + 1.5 * run_count + journal_bytes / 2e6)}"
