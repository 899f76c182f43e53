"""Each fault of the list that has a test of its own in the suite: that test is its drill, and these are its lines.

The other parts make the same faults many times over and at moments by chance.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from drills.results import EQUAL, SILENT, DrillResult

ROOT = Path(__file__).parents[2]
FAULTS: dict[str, tuple[str, ...]] = {
    "browser tab closed in mid-run (1)": (
        "test_browser_watch.py::test_first_minute_from_one_button_to_a_growing_curve_and_back_by_link",
    ),
    "app killed, Ctrl-C on the app (2, 3)": ("test_faults.py::test_the_app_ends_and_its_workers_go_on_to_the_end",),
    "worker dies before its first heartbeat (5)": (
        "test_faults.py::test_a_worker_that_dies_before_its_first_heartbeat_is_found_and_shown_as_failed",
    ),
    "PID reused (6)": (
        "test_faults.py::test_a_pid_that_was_given_to_another_process_is_not_taken_for_the_worker_and_never_signalled",
    ),
    "worker hangs (7)": ("test_faults.py::test_a_hung_worker_is_not_responding_and_can_be_cancelled",),
    "killed while writing a checkpoint (9)": ("test_faults.py::test_killed_in_a_save_the_half_checkpoint_is_not_one",),
    "newest checkpoint damaged (10)": ("test_cli.py::test_a_fallback_to_an_earlier_checkpoint_is_told",),
    "database damaged, cut, text, another kind (15)": (
        "test_database.py::test_a_damaged_database_is_put_aside_made_anew_and_said",
    ),
    "two apps on one data folder (16)": (
        "test_database.py::test_a_second_process_is_told_which_one_owns_the_database",
    ),
    "data folder read-only or missing (17)": (
        "test_damaged_runs.py::test_a_data_folder_that_is_missing_is_said",
        "test_damaged_runs.py::test_a_folder_that_cannot_be_written_is_said",
    ),
    "model not there (19)": ("test_runs_preflight.py::test_a_model_that_is_neither_here_nor_can_be_had_is_refused",),
    "eight viewers (21)": (
        "test_browser_watch.py::test_two_viewers_of_a_finished_race_see_the_same",
        "test_database.py::test_many_threads_with_cursors_of_their_own_get_right_answers",
    ),
    "Start clicked twice (22)": ("test_faults.py::test_start_clicked_twice_is_one_run",),
    "run deleted while it is looked at (24)": (
        "test_browser_new.py::test_delete_asks_first_and_then_the_link_says_that_the_run_was_deleted",
    ),
    "database of an older or newer version (25)": (
        "test_database.py::test_an_older_database_is_put_aside_and_made_anew",
        "test_database.py::test_a_newer_database_is_refused_and_left_as_it_was",
    ),
}
"""Fault, with its number in the list -> its tests."""


def run_listed() -> list[DrillResult]:
    """A line a fault; each case of its tests is a try."""
    tests = sorted({f"tests/{test}" for names in FAULTS.values() for test in names})
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-o",
            "addopts=",
            "-p",
            "no:cacheprovider",
            f"--junitxml={report}",
            *tests,
        ]
        subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        cases = list(ElementTree.parse(report).iter("testcase")) if report.exists() else []
    results = []
    for fault, names in FAULTS.items():
        result = DrillResult(fault)
        for name in names:
            _add_cases(result, name, cases)
        results.append(result)
    return results


def _add_cases(result: DrillResult, name: str, cases: list[ElementTree.Element]) -> None:
    file, _, function = name.partition("::")
    own = [
        c
        for c in cases
        if c.get("name", "").partition("[")[0] == function and Path(file).stem in c.get("classname", "")
    ]
    for case in own:
        if case.find("skipped") is None:
            failed = case.find("failure") is not None or case.find("error") is not None
            result.add(SILENT if failed else EQUAL, f"{name} failed")
    if not own:
        result.add(SILENT, f"{name} did not run")
