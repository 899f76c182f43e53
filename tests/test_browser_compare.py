"""Compare and Help in a real browser: two runs with the paper, a link in a fresh session, a run that goes on, a term by link."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import journals
import pytest
from browser import serve
from browsing import still
from journals import go_on, make_run
from playwright.sync_api import Browser, Page, expect

from studentsim.config import RunConfig
from studentsim.runs.lease import Lease
from studentsim.runs.run_dir import RunFolder

pytestmark = pytest.mark.browser

END_LABELS = ".js-plotly-plot >> nth=0 >> .annotation-text"
"""What stands at the ends of the first picture's lines."""


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    def skill(config: RunConfig, turn: int) -> float:
        return 0.25 + (0.6 if config.strategy == "category" else 0.2) * turn / config.turns

    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journals, "skill", skill)
        make_run(folder, "mixed", strategy="random", turns=20, questions_per_turn=40, exam_size=240)
        make_run(folder, "follow", strategy="category", turns=20, questions_per_turn=40, exam_size=240)
        make_run(folder, "controlled", strategy="none", turns=20, questions_per_turn=40, exam_size=240)
        yield folder


@pytest.fixture(scope="module")
def url(data_folder: Path) -> Iterator[str]:
    with serve(data_folder) as address:
        yield address


def test_two_runs_with_the_paper_and_the_same_by_link_in_a_fresh_session(browser: Browser, page: Page, url: str):
    page.goto(f"{url}/Compare?runs=mixed,follow")
    expect(
        page.get_by_role("heading", name=re.compile("follow the mistakes got .* more of 100 right than mixed bag"))
    ).to_be_visible()
    expect(page.get_by_text("one run each cannot tell a way of choosing")).to_be_visible()
    page.get_by_text("Show the paper's published curves").click()
    expect(page.get_by_text("do not compare their level with ours")).to_be_visible()
    expect(page.locator(END_LABELS).filter(has_text="Paper: random")).to_be_visible()
    page.wait_for_url(re.compile("paper=1"))
    link = page.url

    fresh = browser.new_page()
    fresh.goto(link)
    expect(fresh.get_by_text("do not compare their level with ours")).to_be_visible()
    expect(fresh.locator(END_LABELS).filter(has_text="Paper: both")).to_be_visible()
    fresh.close()


@pytest.mark.long
def test_one_more_run_by_the_box_the_numbers_as_csv_and_on_to_one_run(page: Page, url: str):
    page.goto(f"{url}/Compare?runs=mixed,follow")
    page.get_by_role("combobox", name=re.compile("Simulations to compare")).click()
    page.get_by_role("option", name=re.compile("No teaching")).click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name=re.compile("compared with mixed bag .* no teaching"))).to_be_visible()
    assert parse_qs(urlparse(page.url).query)["runs"] == ["mixed,follow,controlled"]

    page.get_by_text("Show the paper's published curves").click()
    expect(page.locator(END_LABELS).filter(has_text="Paper: both")).to_be_visible()
    page.get_by_text("Numbers behind this").first.click()
    with page.expect_download() as download:
        page.get_by_text("Download as CSV").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    assert len(rows) == 3 * 11 + 4 * 11
    assert {row["way"] for row in rows} >= {"Mixed bag", "Follow the mistakes", "Paper: random"}
    assert all(float(row["95 % from"]) <= float(row["share right"]) <= float(row["95 % to"]) for row in rows)

    page.get_by_test_id("stMain").get_by_role("link", name="Watch").first.click()
    page.wait_for_url(re.compile(r"/Watch\?run=mixed"))
    expect(page.get_by_role("heading", name="Balanced beginner: mixed bag")).to_be_visible()


@pytest.mark.long
def test_a_comparison_grows_while_a_run_goes_on(page: Page, url: str, data_folder: Path):
    run = make_run(
        data_folder,
        "live",
        status="",
        turn=2,
        alive=True,
        turns=20,
        questions_per_turn=40,
        exam_size=240,
        student="physics-gap",
    )
    with Lease.acquire(RunFolder(run)).keep_alive():
        page.goto(f"{url}/Compare?runs=mixed,live")
        expect(page.get_by_role("heading", name=re.compile("So far: after 2 lessons"))).to_be_visible()
        go_on(data_folder, "live", lessons=2)
        expect(page.get_by_role("heading", name=re.compile("So far: after 4 lessons"))).to_be_visible()
    assert not page.get_by_test_id("stException").count()


@pytest.mark.long
def test_a_term_by_link_then_found_by_search_and_r_draws_the_page_again(page: Page, url: str, data_folder: Path):
    page.goto(f"{url}/Help?term=margin")
    expect(page.get_by_role("heading", name="Lead of the right answer").first).to_be_visible()
    box = page.get_by_role("textbox", name="Search")
    box.fill("misconception")
    box.press("Enter")
    expect(page.get_by_role("heading", name="Slip").first).to_be_visible()
    expect(page.get_by_role("heading", name="Journal")).not_to_be_visible()
    box.fill("")
    box.press("Enter")
    still(page)
    told = page.get_by_text(re.compile(r"runs: \d+ simulations"))
    before = told.inner_text()
    make_run(data_folder, "one-more", turns=1)
    box.blur()  # in a box, r is a letter
    page.keyboard.press("r")
    expect(told).not_to_have_text(before)
