"""Whole runs as one zip file, built by a child process when the button is clicked, never while a page is rendered."""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from studentsim.child_process import child_environment
from studentsim.errors import StudentsimError
from studentsim.labels import formatting
from studentsim.reporting.archive import MAX_JOURNAL_BYTES
from studentsim.runs.run_dir import open_run
from studentsim.ui.data import Engine

POLL_SECONDS = 1.0
"""Seconds between two updates of the file's progress."""
TIMEOUT_SECONDS = 900
"""Seconds after which building the file is given up."""
ARCHIVE_DESCRIPTION = (
    "All tables (CSV and Parquet), settings, versions, figures (SVG), the report, your notes, and the journal, in one zip "
    "file."
)

_ARCHIVE_SEMAPHORE = threading.Semaphore(1)

log = logging.getLogger(__name__)


def render_archive_download(engine: Engine, run_ids: Sequence[str], *, key: str, show_progress: bool = False) -> None:
    """The download button with the file's contents and size limit; ``show_progress``: with its progress once clicked."""
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
            f"Too large for one file: the journals have {size / 1e6:,.0f} MB, it takes {MAX_JOURNAL_BYTES / 1e6:,.0f}. "
            "Choose fewer runs, or: `python -m studentsim export RUN --to DIR`"
        )
    else:
        limit = f"at most {MAX_JOURNAL_BYTES / 1e6:,.0f} MB of journals"
        st.caption(
            f"{ARCHIVE_DESCRIPTION} It is made when you click, which takes {_format_build_time(size, len(run_ids))}; {limit}."
        )
        if show_progress:
            st.fragment(_render_archive_stage, run_every=POLL_SECONDS)(stages)


MAKING, DONE, FAILED = "making", "done", "failed"
"""Stages of building the file."""


def _build_archive_with_stages(data_folder: Path, run_ids: Sequence[str], stages: list[str]) -> bytes:
    """The file's bytes; its stages are appended to ``stages``. The browser requests it by itself, without a rerun of the page."""
    stages.append(MAKING)
    try:
        file = build_archive(data_folder, run_ids)
    except StudentsimError:
        stages.append(FAILED)
        raise
    stages.append(DONE)
    return file


def _render_archive_stage(stages: list[str]) -> None:
    """The latest stage; nothing before the click."""
    stage = stages[-1] if stages else ""
    if stage == MAKING:
        st.info("The file is being made. Leave this open until it comes.", icon=":material/hourglass_top:")
    elif stage == DONE:
        st.success("Done: your browser has the file, where it keeps its downloads.", icon=":material/check:")
    elif stage == FAILED:
        st.error("The file could not be made. Try fewer runs, or again.", icon=":material/error:")


def build_archive(data_folder: Path, run_ids: Sequence[str]) -> bytes:
    """The file's bytes, built by a child process, one at a time for all visitors.

    :raises StudentsimError: when it could not be built.
    """
    with _ARCHIVE_SEMAPHORE, tempfile.TemporaryDirectory(prefix="studentsim-") as scratch:
        target = Path(scratch) / "runs.zip"
        arguments = ["archive", *run_ids, "--to", str(target), "--data", str(data_folder)]
        command = [sys.executable, "-m", "studentsim", *arguments]
        try:
            process = subprocess.run(
                command, env=child_environment(), capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise StudentsimError(f"The file could not be made ({type(error).__name__}).", "Try fewer runs.") from error
        if process.returncode or not target.is_file():
            log.error("the archive of %s failed: %s", ", ".join(run_ids), process.stderr[-4000:])
            raise StudentsimError(f"The file could not be made: {process.stderr.strip()[-300:]}", "Try fewer runs.")
        return target.read_bytes()


def _journal_bytes(engine: Engine, run_id: str) -> int:
    """Bytes of a run's journal; 0 where there is none."""
    try:
        return open_run(engine.data_dir, run_id).journal_path.stat().st_size
    except (OSError, StudentsimError):
        return 0


def _format_build_time(journal_bytes: int, run_count: int) -> str:
    """About how long building the file takes on two processor cores, in words."""
    return f"about {formatting.format_duration(4 + 1.5 * run_count + journal_bytes / 2e6)}"
