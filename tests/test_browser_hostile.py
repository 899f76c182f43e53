"""What others wrote, on every page of a real browser: it is shown as it is, nothing of it is fetched, drawn or made a link."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from browser import serve
from browsing import still
from journals import make_run, plain_event
from playwright.sync_api import Page, expect

from studentsim.runs import notes
from studentsim.runs.run_dir import open_run
from studentsim.store.notes import RunNotes

pytestmark = pytest.mark.browser

CATEGORIES = ("![i](http://evil.test/c.png) :red[x]", "1. www.evil.test a@evil.test $x$ http://evil.test/c")
"""Two categories that a bank may have; the longest that are allowed have 80 characters."""
HOSTILE = '<img src="http://evil.test/t.png"> ![t](http://evil.test/u.png) [l](http://evil.test) http://evil.test www.evil.test :red[r] $e$'
NAME = "![n](http://evil.test/n.png) www.evil.test :blue[b]"
FILE = "![f](www.evil.test) :red[x].json"
DRAWN = """() => document.querySelectorAll(
    'a[href^="http://evil"], a[href^="http://www.evil"], a[href^="mailto:"], img[src*="evil"], [data-testid=stMain] .katex').length"""


def replaced(value: Any) -> Any:
    """A part of a journal or of settings with hostile categories and texts."""
    names = {"physics": CATEGORIES[0], "gain": CATEGORIES[1]}
    if isinstance(value, dict):
        hostile = {"problem", "text", "rationale", "message", "remedy", "notice"}
        return {
            names.get(key, key): f"{HOSTILE} {inner}" if key in hostile and isinstance(inner, str) else replaced(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [replaced(inner) for inner in value]
    return names.get(value, value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [
        {"question": f"{HOSTILE} {n}?", "a": f"{n} {HOSTILE}", "b": f"{n + 1}", "c": HOSTILE, "answer": "B", "category": CATEGORIES[n % 2]}
        for n in range(120)
    ]  # fmt: skip
    path = tmp_path_factory.mktemp("bank") / FILE
    path.write_text(json.dumps([*rows, {**rows[0], "answer": "C"}, {**rows[1], "answer": HOSTILE}]))
    return path


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, bank: Path) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("data")
    settings = {"bank": str(bank), "model": "./![m](http:www.evil.test) :red[m]", "drop_invalid": True}
    for run_id, seed in (("one", 0), ("two", 1)):
        run = make_run(folder, run_id, seed=seed, name=NAME, turns=2, exam_size=60, mix={"physics": 60.0, "gain": 40.0})
        for file in (run / "events.jsonl", run / "config.json"):
            values = [replaced(plain_event(line)) for line in file.read_text().splitlines()]
            for value in values:
                config = value if file.name == "config.json" else value.get("config")
                if config:
                    config |= settings
            file.write_text("".join(json.dumps(value) + "\n" for value in values))
        notes.write_notes(
            open_run(folder, run_id), RunNotes.make(name=NAME, tags=["![t](http://e.test)"], note=HOSTILE)
        )
    with serve(folder) as address:
        yield address


def opened(page: Page, address: str) -> list[str]:
    """Open the page; the list gets each address beyond this computer that the browser asks."""
    foreign: list[str] = []
    page.on("request", lambda r: foreign.append(r.url) if urlsplit(r.url).hostname not in (None, "127.0.0.1") else None)
    page.goto(address)
    still(page)
    return foreign


@pytest.mark.parametrize(
    "path",
    [
        "", "New_simulation?like=one", "Watch?run=one", "Watch?race=one,two", "Watch?run=one&present=1", "Compare?runs=one,two",
        "Answers?run=one&all=1", "Answers?run=one&all=1&show=cards", f"Answers?run=one&category={quote(CATEGORIES[0])}",
        "Weaknesses?run=one",
        f"Weaknesses?run=one&category={quote(CATEGORIES[0])}", f"Questions?search={quote(HOSTILE)}", f"Help?term={quote(HOSTILE)}",
        f"Answers?run={quote(HOSTILE)}",
    ],
)  # fmt: skip
def test_nothing_of_it_is_fetched_drawn_or_linked(page: Page, url: str, path: str):
    foreign = opened(page, f"{url}/{path}")
    assert not page.get_by_test_id("stException").count()
    for summary in page.locator("[data-testid=stMain] summary").all()[:6]:  # what is folded in
        if summary.is_visible():
            summary.click()
            still(page)
    assert page.evaluate(DRAWN) == 0 and foreign == []
    if path and "term=" not in path and "search=" not in path:
        assert "evil" in page.inner_text("[data-testid=stMain]").replace("\u2060", ""), "it is shown, and as it is"


def test_a_check_of_its_questions_fetches_nothing(page: Page, url: str, bank: Path):
    foreign = opened(page, f"{url}/Check_questions?source={quote(str(bank))}")
    page.get_by_role("button", name="Check them").click()
    expect(page.get_by_text(re.compile("What are they about"))).to_be_visible()
    still(page)
    assert page.evaluate(DRAWN) == 0 and foreign == []


def test_its_categories_are_chosen_and_mixed_by_their_names(page: Page, url: str):
    foreign = opened(page, f"{url}/New_simulation?like=one")
    shown = page.inner_text("[data-testid=stMain]").replace("\u2060", "")
    assert shown.count(CATEGORIES[0]) >= 2 and shown.count(CATEGORIES[1]) >= 2, "as a choice, and above a slider"
    assert page.evaluate(DRAWN) == 0 and foreign == []
