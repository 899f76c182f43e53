"""Journeys in a real browser against a real server. ``-m browser`` runs these alone; ``-m "not browser"`` all others.

The browser is the system's Chromium, or else Playwright's own. Without either these tests are skipped, and say so; where
the environment has ``CI=true`` they fail instead, so that nobody takes a green run for a tested one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import serve
from journals import NASTY, go_on, make_run
from playwright.sync_api import Browser, Page, expect

from studentsim.runs.folder import RunFolder
from studentsim.runs.lease import Lease

pytestmark = pytest.mark.browser

CURVE_POINTS = ".js-plotly-plot .scatterlayer .point"
SECONDS = 1000
"""Playwright counts milliseconds."""


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_run(folder, "finished", turns=20, questions=40, exam=240)
    return folder


@pytest.fixture(scope="module")
def url(data_folder: Path) -> Iterator[str]:
    with serve(data_folder) as address:
        yield address


# ------------------------------------------------------------------ over a journal that grows


def test_a_deep_link_is_the_first_thing_a_fresh_server_shows(page: Page, url: str):
    page.goto(f"{url}/Watch?run=finished")
    expect(page.get_by_role("heading", name=re.compile("After 20 lessons"))).to_be_visible()
    menu = page.get_by_test_id("stSidebar").get_by_role("link")
    expect(menu).to_have_text([re.compile(f"{name}$") for name in ("Home", "New simulation", "Watch")])


def test_answers_appear_within_seconds_of_their_journal_line_and_what_was_opened_stays_open(
    page: Page, url: str, data_folder: Path
):
    run = make_run(data_folder, "live", status="", turn=-1, until="exam", alive=True)
    with Lease.take(RunFolder(run)).beating():
        page.goto(f"{url}/Watch?run=live")
        answers = page.get_by_text(re.compile("^first exam"))
        expect(answers).to_have_count(6)
        last = page.get_by_test_id("stText").nth(0)
        before = last.inner_text()
        page.get_by_text("Numbers behind this").first.click()
        expect(page.get_by_text("Download as CSV")).to_be_visible()

        began = time.monotonic()
        go_on(data_folder, "live", answers=1)
        expect(last).not_to_have_text(before, timeout=5 * SECONDS)
        assert time.monotonic() - began < 3, "the answer took too long to appear"
        expect(page.get_by_text("Download as CSV")).to_be_visible()
    assert not page.get_by_test_id("stException").count()


def test_zoom_survives_a_refresh_and_the_curve_grows(page: Page, url: str, data_folder: Path):
    """Zoom is lost when the picture itself gets a new point: Streamlit 1.67 then makes it anew (its pull request 16052)."""
    run = make_run(data_folder, "growing", status="", turn=0, alive=True, turns=6, exam_every=1)
    with Lease.take(RunFolder(run)).beating():
        page.goto(f"{url}/Watch?run=growing")
        points = page.locator(".js-plotly-plot").first.locator(".scatterlayer .point")
        expect(points).to_have_count(1)
        zoomed = _zoom(page)
        answer = page.get_by_test_id("stText").first
        before = answer.inner_text()
        go_on(data_folder, "growing", answers=1)
        expect(answer).not_to_have_text(before)
        assert _ranges(page) == zoomed
        go_on(data_folder, "growing", lessons=2)
        expect(points).to_have_count(3)


def _zoom(page: Page) -> list[float]:
    """Drag a rectangle over the first picture's lower part; the axes' ranges after that."""
    before = _ranges(page)
    box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + 20, box["y"] + box["height"] * 0.4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.95, steps=5)
    page.mouse.up()
    page.wait_for_function(f"({_RANGES})().join() != '{','.join(map(str, before))}'")
    return _ranges(page)


_RANGES = "() => { const l = document.querySelector('.js-plotly-plot')._fullLayout; return [...l.xaxis.range, ...l.yaxis.range] }"


def _ranges(page: Page) -> list[float]:
    return page.evaluate(_RANGES)


def test_money_signs_and_markup_are_shown_as_they_are(page: Page, url: str):
    page.goto(f"{url}/Watch?run=finished")
    expect(page.get_by_text(NASTY, exact=True).first).to_be_visible()


def test_a_link_to_no_run_leads_home(page: Page, url: str):
    page.goto(f"{url}/Watch?run=%27%20OR%201%3D1--")
    expect(page.get_by_text("There is no run")).to_be_visible()
    page.get_by_text("Go to Home").click()
    expect(page.get_by_role("heading", name="Watch a student learn")).to_be_visible()


@pytest.mark.parametrize("path", ["/", "/New_simulation", "/Watch?run=finished", "/Watch"])
def test_nothing_scrolls_sideways_on_a_phone(browser: Browser, url: str, path: str):
    phone = browser.new_page(viewport={"width": 390, "height": 844})
    phone.goto(url + path)
    phone.get_by_text("not your pupils").wait_for()
    phone.wait_for_load_state("networkidle")
    wide = phone.evaluate(
        "Math.max(...[...document.querySelectorAll('[data-testid=stMain], html')].map(e => e.scrollWidth - e.clientWidth))"
    )
    phone.close()
    assert wide <= 0


def test_the_own_mix_keeps_its_sum_in_the_browser(page: Page, url: str):
    page.goto(f"{url}/New_simulation")
    page.get_by_text("My own mix").click()
    page.get_by_role("button", name="Only geometry").click()
    shares = page.get_by_role("slider")
    expect(shares.nth(3)).to_have_value("100")
    shares.nth(3).focus()
    page.keyboard.press("ArrowLeft")
    expect(shares.nth(0)).to_have_value("1")
    values = [int(shares.nth(i).input_value()) for i in range(6)]
    assert sum(values) == 100


# ------------------------------------------------------------------ with the real student


def test_first_minute_from_one_button_to_a_growing_curve_and_back_by_link(browser: Browser, tmp_path: Path):
    """Home, one button, first answers, a point on the curve; close the tab; come back by the link. A double click starts one run."""
    with serve(tmp_path) as url:
        first = browser.new_page(viewport={"width": 1280, "height": 900})
        first.goto(url)
        first.get_by_role("button", name="Watch a student learn").dblclick()
        first.wait_for_url(re.compile(r"/Watch\?run="))
        link = first.url
        expect(first.get_by_text(re.compile("^first exam")).first).to_be_visible(timeout=60 * SECONDS)
        expect(first.locator(CURVE_POINTS).first).to_be_attached(timeout=60 * SECONDS)
        expect(first.get_by_text("You can close this page")).to_be_visible()
        first.close()

        second = browser.new_page()
        second.goto(link)
        expect(second.get_by_role("heading", name="Balanced beginner: follow the mistakes")).to_be_visible()
        expect(second.locator(CURVE_POINTS).first).to_be_attached(timeout=30 * SECONDS)
        expect(second.get_by_role("heading", name=re.compile("After 2 lessons"))).to_be_visible(timeout=120 * SECONDS)
        second.get_by_role("button", name="Stop for good").click()
        second.get_by_role("button", name="Cancel").click()
        expect(second.get_by_text("Cancelled after")).to_be_visible(timeout=60 * SECONDS)
        second.close()
        runs = [path for path in (tmp_path / "runs").iterdir() if not path.name.startswith(".")]
        assert len(runs) == 1
