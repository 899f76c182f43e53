"""Runs of version 0.1 on the pages: they say so, Compare warns, and a new run like one of them gets today's student."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from journals import as_of_0_1, make_run
from visits import HOME, NEW, WATCH, text_of, visit

from studentsim.analysis import setting_differences
from studentsim.analysis.run_groups import ComparedRun, group_runs_by_settings
from studentsim.config import EMBEDDED_0_1_WEIGHTS, RunConfig
from studentsim.labels import formatting
from studentsim.narration import comparison_summary
from studentsim.reporting import html
from studentsim.store import ingest
from studentsim.store.database import Database
from studentsim.student.embedded import weight_versions
from studentsim.ui.watch import live_run

COMPARE = "pages/3_Compare.py"
OLD = "tudent of version 0.1"
SHIPPED = "0123456789abcdef"


@pytest.fixture(autouse=True)
def shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """This version ships other weights than version 0.1. No look at a run is kept."""
    monkeypatch.setattr(weight_versions, "_cached_fingerprint", lambda folder: SHIPPED)
    monkeypatch.setattr(live_run, "SNAPSHOT_TTL_SECONDS", 0.0)


@pytest.fixture
def runs(folder: Path) -> Path:
    """Three runs: of version 0.1's student, of today's, and of a hub's model by version 0.1."""
    as_of_0_1(make_run(folder, "old"))
    make_run(folder, "new", weights=SHIPPED, dpo={"rehearsal": 0.0})
    as_of_0_1(make_run(folder, "hub", model="a/b"))
    return folder


def test_watch_tells_of_a_student_of_0_1_and_of_no_other(runs: Path):
    assert OLD in text_of(visit(WATCH, run="old"))
    assert OLD not in text_of(visit(WATCH, run="new")) and OLD not in text_of(visit(WATCH, run="hub"))


def test_the_list_of_runs_tells_it_once_for_the_one_run(runs: Path):
    assert text_of(visit(HOME)).count(OLD) == 1


def test_the_report_s_settings_tell_it(runs: Path):
    with Database.open(runs) as database:
        ingest.sync_journals(database, runs / "runs")
        pages = {run_id: html.build_report_html(database, run_id) for run_id in ("old", "new", "hub")}
    name = setting_differences.SETTING_LABELS["weights"]
    assert re.search(rf"<dt>{name}</dt><dd>(<bdi>)?0\.1<", pages["old"])
    assert re.search(rf"<dt>{name}</dt><dd>(<bdi>)?{SHIPPED}<", pages["new"])
    assert name not in pages["hub"]


def test_compare_shows_the_versions_and_warns(runs: Path):
    app = visit(COMPARE, runs="old,new")
    assert not app.exception and not app.error
    assert "Their students are of different versions" in text_of(app)
    assert any("Version of the student (weights)" in str(table.value) for table in app.table)
    assert "different versions" not in text_of(visit(COMPARE, runs="old"))


def run(run_id: str, weights: str, **own: object) -> ComparedRun:
    config = RunConfig.make(turns=4, exam_size=240, weights=weights, **own)
    return ComparedRun(run_id, config, "finished", False, 0.0, config.turns, 99)


def test_students_of_0_1_are_the_same_by_either_name():
    by_name, by_fingerprint = run("a", EMBEDDED_0_1_WEIGHTS), run("b", weight_versions.FINGERPRINT_0_1, seed=1)
    assert (
        formatting.student_version_label(by_name.config)
        == formatting.student_version_label(by_fingerprint.config)
        != ""
    )
    (group,), _ = group_runs_by_settings([by_name, by_fingerprint])
    assert len(group.runs) == 2 and not comparison_summary._describe_version_mismatch([group])
    groups, _ = group_runs_by_settings([by_name, run("c", SHIPPED)])
    assert comparison_summary._describe_version_mismatch(groups)
    assert {group.label for group in groups} == {"student of version 0.1", f"student of version {SHIPPED}"}


def test_a_new_run_like_an_old_one_gets_today_s_student_and_the_page_says_so(runs: Path, started: list):
    app = visit(NEW, like="old")
    assert "That run's student was of version 0.1; this one is today's." in text_of(app)
    app.button(key="new.start").click().run()
    assert started[0][0].weights in ("", SHIPPED)


def test_a_new_run_like_one_of_today_s_says_nothing_of_versions(runs: Path):
    for run_id in ("new", "hub"):
        assert "That run's student" not in text_of(visit(NEW, like=run_id))


def test_a_student_of_some_other_version_is_told_by_its_fingerprint(folder: Path):
    make_run(folder, "other", weights="f" * 16)
    assert f"That run's student was another one ({'f' * 16})" in text_of(visit(NEW, like="other"))
