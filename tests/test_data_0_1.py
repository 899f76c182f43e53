"""A data folder that version 0.1 wrote: it opens, shows its numbers, and its interrupted run resumes to 0.1's own figures.

``fixtures/data-0.1.tar.xz`` holds the folder (``data/``: a finished run, one killed in lesson 3, a demo run, 0.1's database), the
journal of the killed run's settings carried out by 0.1 in one go (``uninterrupted.jsonl``), and what 0.1 showed of all three
(``shown.json``). It was made once, by 0.1 itself, and is never made again.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import tiny
from run_help import TIMES, beyond_rounding, told
from visits import stock, text_of, visit

from studentsim.cli import runner
from studentsim.legacy_names import upgrade_event
from studentsim.runs import checkpoints
from studentsim.runs.executor import execute
from studentsim.runs.manager import RunManager
from studentsim.runs.run_dir import open_run
from studentsim.store import ingest, queries
from studentsim.store.database import Database
from studentsim.student.embedded import weight_versions
from studentsim.ui import data
from studentsim.ui.layout import COMPARE_PAGE, MENU_PAGES

ARCHIVE = Path(__file__).parent / "fixtures" / "data-0.1.tar.xz"
EQUAL_ANSWERS = 0.95
"""Share of a resumed run's answers that must equal 0.1's to the letter. All do on the kind of processor that wrote them; on another
kind the last bits of sums differ, and now and then a token."""


def unpack(to: Path) -> Path:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(to, filter="data")
    return to


@pytest.fixture(scope="module", autouse=True)
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """This version ships quite another student than 0.1: runs of 0.1 must find their own."""
    folder = tmp_path_factory.mktemp("shipped")
    tiny.model().save_pretrained(folder)
    tiny.tokenizer().save_pretrained(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weight_versions, "SHIPPED_WEIGHTS_DIR", folder)
        yield folder


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory, written_bank: Path) -> Iterator[Path]:
    """The archive, unpacked; nothing in ``data`` is changed but by opening it. The page of questions finds its file made."""
    folder = unpack(tmp_path_factory.mktemp("old"))
    stock(folder / "data", written_bank)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(data.DATA_DIR_ENV_VAR, str(folder / "data"))
        patch.setattr(RunManager, "ensure_warm_worker", lambda self: None)
        patch.setattr(RunManager, "tick", lambda self: None)
        yield folder
        data.close_engines()


@pytest.fixture(scope="module")
def shown(old: Path) -> dict[str, Any]:
    """What 0.1 showed."""
    return json.loads((old / "shown.json").read_text())


def holds(now: Any, then: Any) -> bool:
    """Whether all that 0.1 said is said now, word by word and number by number; more may be said."""
    if isinstance(then, Mapping):
        return isinstance(now, Mapping) and all(key in now and holds(now[key], value) for key, value in then.items())
    if isinstance(then, list):
        return len(now) == len(then) and all(map(holds, now, then))
    return now == pytest.approx(then, rel=1e-9, abs=1e-9) if isinstance(then, float) else now == then


def test_its_runs_are_listed_as_they_were(old: Path, shown: dict[str, Any]):
    assert holds(runner.summarize_runs(old / "data"), shown["runs"])
    assert {run["status"] for run in shown["runs"]} == {"finished", "interrupted"}


def test_its_results_are_what_they_were(old: Path, shown: dict[str, Any]):
    for run_id, then in shown["results"].items():
        assert holds(runner.build_run_result(open_run(old / "data", run_id)), then)


def test_its_database_opens_or_is_made_anew_with_the_same_numbers(old: Path, shown: dict[str, Any]):
    assert (old / "data" / "studentsim.duckdb").exists()
    with Database.open(old / "data") as database:
        ingest.sync_journals(database, old / "data" / "runs")
        for run_id, count in shown["answers"].items():
            assert queries.count_answers(database, run_id) == count > 0
            for table, query in (
                ("validations", queries.fetch_validations),
                ("misconceptions", queries.fetch_misconceptions),
            ):
                rows = json.loads(query(database, run_id).to_json(orient="records", double_precision=15))
                assert holds(rows, shown[table][run_id])


@pytest.mark.parametrize("page", [script for script, _, _ in MENU_PAGES])
def test_every_page_shows_its_runs(old: Path, shown: dict[str, Any], page: str):
    for run_id in shown["ids"].values():
        if run_id in shown["results"]:
            app = visit(page, **{"runs" if page == COMPARE_PAGE else "run": run_id})
            assert not app.exception and not app.error, page
            assert text_of(app).strip()


def test_its_interrupted_run_resumes_and_ends_as_0_1_ended_it(tmp_path: Path):
    old = unpack(tmp_path)
    run_id = json.loads((old / "shown.json").read_text())["ids"]["interrupted"]
    folder = open_run(old / "data", run_id)
    assert folder.read_config().weights == "embedded-0.1" and folder.read_config().dpo.rehearsal == 0
    assert not checkpoints.describe_damage(folder.checkpoints, 2)
    assert execute(folder) == "finished"
    then = [upgrade_event(json.loads(line)) for line in (old / "uninterrupted.jsonl").read_text().splitlines()]
    of_then, of_now = events_by_kind(then), events_by_kind(told(folder))
    assert [e["question_ids"] for e in of_now["TurnStarted"]] == [e["question_ids"] for e in of_then["TurnStarted"]]
    pairs = list(zip(of_now["AnswerRecorded"], of_then["AnswerRecorded"], strict=True))
    assert all(now["question_id"] == was["question_id"] for now, was in pairs)
    equal = sum(now["text"] == was["text"] and now["feedback"] == was["feedback"] for now, was in pairs)
    assert equal >= EQUAL_ANSWERS * len(pairs)
    if equal == len(pairs):  # the same kind of processor: then everything is equal
        for kind in ("TrainingStep", "ValidationFinished", "ExamFinished", "TurnFinished"):
            assert len(of_now[kind]) == len(of_then[kind])
            for now, was in zip(of_now[kind], of_then[kind], strict=True):
                meant = was | {"metrics": beyond_rounding(was["metrics"])} if was.get("metrics") else was
                assert alike(now, meant), (now, was)


def events_by_kind(events: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Events of each type, in order, without times."""
    found: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        found.setdefault(event["type"], []).append({k: v for k, v in event.items() if k not in TIMES})
    return found


def alike(now: Any, then: Any) -> bool:
    """As ``holds``, for computed figures: equal to five digits."""
    if isinstance(then, Mapping):
        return all(key in now and alike(now[key], value) for key, value in then.items())
    return now == pytest.approx(then, rel=1e-5, abs=1e-5) if isinstance(then, float) else now == then
