"""From Compare to New simulation and back: *Start the same with another way* keeps what was compared, and its seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from journals import make_group, make_run
from streamlit.testing.v1 import AppTest
from visits import NEW, text_of, visit

from studentsim.analysis.run_groups import ComparedRun, group_runs_by_settings
from studentsim.config import RunConfig
from studentsim.narration import comparison_summary
from studentsim.runs import groups
from studentsim.runs.run_dir import open_run

COMPARE = "pages/3_Compare.py"
SHORT = {"turns": 1, "questions_per_turn": 8, "exam_size": 40}


def link_of(app: AppTest, label: str) -> dict[str, str]:
    """The parameters of a link of the page."""
    from urllib.parse import parse_qsl

    return next(dict(parse_qsl(link.proto.query_string)) for link in app.get("page_link") if link.label == label)


def another_way(app: AppTest) -> AppTest:
    """New simulation, by Compare's link."""
    return visit(NEW, **link_of(app, "Start the same with another way"))


def test_the_same_with_another_way_has_the_seeds_of_what_was_compared_and_stands_beside_it(started: list, folder: Path):
    make_group(folder, seeds=3, strategy="random", **SHORT)
    app = another_way(visit(COMPARE, runs="group-1"))
    assert app.number_input(key="new.seeds").value == 3 and "(seeds 0 to 2)" in text_of(app)
    assert "shown beside it on Compare" in text_of(app)
    app.button(key="new.strategy.category").click().run()
    app.button(key="new.repeat").click().run()
    assert not app.exception and [c.seed for c, _ in started] == [0, 1, 2]
    group = open_run(folder, "run-1").cell.group
    assert app.title[0].value == "Compare" and app.query_params["runs"] == f"group-1,{group}"
    assert "Choose a second simulation" not in text_of(app)


def test_one_run_alone_is_started_beside_it_too(started: list, folder: Path):
    make_run(folder, "a", strategy="random", **SHORT)
    app = another_way(visit(COMPARE, runs="a"))
    assert app.number_input(key="new.seeds").value == groups.DEFAULT_SEEDS
    app.button(key="new.strategy.category").click().run()
    app.button(key="new.start").click().run()
    assert app.title[0].value == "Compare" and app.query_params["runs"] == "a,run-1"


def test_seeds_with_gaps_are_taken_over_as_they_are_and_then_go_on(folder: Path):
    for seed in (4, 1, 7):
        make_run(folder, f"s{seed}", seed=seed, strategy="random", **SHORT)
    app = another_way(visit(COMPARE, runs="s4,s1,s7"))
    assert "(seeds 1, 4 and 7)" in text_of(app)
    app.number_input(key="new.seeds").set_value(4).run()
    assert "(seeds 1, 2, 4 and 7)" in text_of(app)


@pytest.mark.parametrize("beside", ["gone,../a", "x" * 5000, ",,", "a" * 70, "<b>"])
def test_a_link_that_names_nothing_there_is_changes_nothing(started: list, folder: Path, beside: str):
    make_run(folder, "a", seed=3, **SHORT)
    app = visit(NEW, like="a", beside=beside)
    assert not app.exception and "Compare" not in app.get("markdown")[1].value
    app.button(key="new.start").click().run()
    assert app.query_params["run"] == "run-1"


def test_back_to_the_defaults_leads_to_no_comparison(started: list, folder: Path):
    make_group(folder, seeds=3, **SHORT)
    app = visit(NEW, like="1-run-0", beside="group-1")
    app.button(key="new.defaults").click().run()
    assert app.number_input(key="new.seeds").value == groups.DEFAULT_SEEDS and "beside" not in app.query_params
    app.button(key="new.start").click().run()
    assert app.query_params["run"] == "run-1"


def run(status: str, **settings: Any) -> ComparedRun:
    return ComparedRun(repr(settings), RunConfig.make(**settings), status, False, 0.0, -1, 0)


def test_runs_that_wait_in_the_queue_are_said_to_wait():
    done, queued = run("finished", strategy="random"), [run("queued", seed=seed) for seed in range(3)]
    told = comparison_summary.describe_no_shared_exam(group_runs_by_settings([done, *queued])[0], is_active=True)
    assert "3 runs wait in the queue" in told and "moments" not in told
    at_work = group_runs_by_settings([done, run("running", seed=9), queued[0]])[0]
    assert "1 run waits in the queue" in comparison_summary.describe_no_shared_exam(at_work, is_active=True)
    assert "queue" not in comparison_summary.describe_no_shared_exam(
        group_runs_by_settings([done, run("running")])[0], is_active=True
    )


def test_a_way_that_waits_is_said_to_wait_where_it_stands_alone(folder: Path):
    make_run(folder, "a", status="", turn=-1, **SHORT)
    (folder / "runs" / "a" / "queue.json").write_text("{}")
    assert "1 run waits in the queue" in text_of(visit(COMPARE, runs="a"))
