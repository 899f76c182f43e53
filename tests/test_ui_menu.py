"""The menu: its ways to pages of runs lead to what one is looking at; and every page has its heading, also where it cannot be drawn."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

import pytest
from journals import make_run
from streamlit.testing.v1 import AppTest
from visits import HOME, WATCH, visit

from studentsim.ui.layout import ANSWERS_PAGE, COMPARE_PAGE, SINGLE_RUN_PAGES, WEAKNESSES_PAGE
from studentsim.ui.subject import ViewedRuns, parse_run_ids

RESULTS = ("Watch", "Answers", "Weaknesses")


def menu(app: AppTest) -> dict[str, dict[str, str]]:
    """What each entry of the menu asks for."""
    links = app.sidebar.get("page_link")
    return {link.label: {k: v for k, [v] in parse_qs(link.proto.query_string).items()} for link in links}


@pytest.fixture
def two(folder: Path) -> Path:
    make_run(folder, "run-a")
    make_run(folder, "run-b", strategy="random")
    return folder


@pytest.mark.parametrize("page", SINGLE_RUN_PAGES)
def test_a_deep_link_s_menu_has_the_link_s_run(two: Path, page: str):
    found = menu(visit(page, run="run-a"))
    assert all(found[name] == {"run": "run-a"} for name in RESULTS) and found["Compare"] == {"runs": "run-a"}


def test_the_menu_leads_to_the_run_that_is_shown_not_to_the_one_before(two: Path):
    app = visit(ANSWERS_PAGE, run="run-a")
    app.switch_page(WEAKNESSES_PAGE)
    app.query_params["run"] = "run-b"
    found = menu(app.run())
    assert {name: found[name] for name in RESULTS} == dict.fromkeys(RESULTS, {"run": "run-b"})
    app.switch_page(HOME)
    app.query_params.clear()
    assert menu(app.run())["Answers"] == {"run": "run-b"}, "Home is about no run, and loses none"


def test_compare_opens_with_the_run_that_the_menu_brings(two: Path):
    found = menu(visit(WATCH, run="run-b"))["Compare"]
    app = visit(COMPARE_PAGE, **found)
    assert app.multiselect[0].value == ["run-b"] and not app.exception
    assert menu(app)["Answers"] == {"run": "run-b"}


def test_a_comparison_is_kept_while_one_of_its_runs_is_looked_into(two: Path):
    app = visit(WATCH, run="run-a")
    app.switch_page(COMPARE_PAGE)
    app.query_params.clear()
    app.query_params["runs"] = "run-a,run-b"
    found = menu(app.run())
    assert found["Compare"] == {"runs": "run-a,run-b"} and found["Weaknesses"] == {"run": "run-a"}
    app.switch_page(WEAKNESSES_PAGE)
    app.query_params.clear()
    app.query_params["run"] = "run-b"
    assert menu(app.run())["Compare"] == {"runs": "run-a,run-b"}


def test_what_is_chosen_in_compare_is_in_the_menu_at_once(two: Path):
    app = visit(COMPARE_PAGE, runs="run-a")
    app.multiselect[0].set_value(["run-a", "run-b"]).run()
    assert menu(app)["Compare"] == {"runs": "run-a,run-b"}


def test_a_race_s_menu_leads_to_no_other_run(two: Path):
    make_run(two, "elsewhere")
    app = visit(WATCH, run="elsewhere")
    app.query_params.clear()
    app.query_params["race"] = "run-a,run-b"
    found = menu(app.run())
    assert found["Watch"] == {"race": "run-a,run-b"} and found["Compare"] == {"runs": "run-a,run-b"}
    assert found["Answers"] == {} == found["Weaknesses"]


@pytest.mark.parametrize("page", SINGLE_RUN_PAGES)
def test_an_unknown_run_has_a_heading_and_is_not_in_the_menu(two: Path, page: str):
    app = visit(page, run="nobody")
    assert [title.value for title in app.title] == ["There is no such simulation"]
    assert not any(menu(app).values())


@pytest.mark.parametrize("query", [{"race": "nobody,noone"}, {"run": "nobody", "present": "1"}])
def test_so_has_a_race_or_a_presentation_of_none(two: Path, query: dict):
    app = visit(WATCH, **query)
    assert len(app.title) == 1 and app.error


@pytest.mark.parametrize("page", [WATCH, ANSWERS_PAGE, WEAKNESSES_PAGE, COMPARE_PAGE, HOME])
def test_a_page_that_fails_has_one_heading(two: Path, page: str, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("studentsim.store.ingest.sync_journals", broken)
    app = visit(page, run="run-a")
    assert app.error and len(app.title) == 1


def test_a_link_to_a_run_that_is_gone_forgets_it_alone():
    seen = ViewedRuns().with_runs(["a", "b", "c"]).with_run("b")
    assert seen.without_run("b") == ViewedRuns("", ("a", "c")) and seen.without_run("c").compare_params == {
        "runs": "a,b"
    }
    assert ViewedRuns("a", ("a", "b")).without_run("b") == ViewedRuns("a", ())


def test_links_that_name_nothing_change_nothing():
    seen = ViewedRuns("a")
    for link in ({}, {"race": "new"}, {"run": ""}, {"run": "x" * 5000}, {"runs": " , "}, {"term": "margin"}):
        assert seen.apply_link(link) == seen
    assert parse_run_ids("a, b,,a") == ("a", "b")
