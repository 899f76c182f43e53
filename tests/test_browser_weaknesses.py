"""Journeys through Weaknesses in a real browser: down to one answer and back, and the report taken away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import serve
from browsing import still
from playwright.sync_api import Browser, Page, TimeoutError, expect
from weak_runs import PROBABILITY, make_weak_run, questions

from studentsim.curriculum.generator import SKILLS

pytestmark = pytest.mark.browser

TITLE = SKILLS[PROBABILITY].title
SECONDS = 1000


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("data")
    make_weak_run(folder)
    with serve(folder) as address:
        yield address


def test_from_a_weak_category_down_to_one_answer_and_back(page: Page, url: str):
    main = page.get_by_test_id("stMain")
    page.goto(f"{url}/Weaknesses?run=weak")
    expect(page.get_by_role("heading", name=re.compile("It is weakest in probability"))).to_be_visible()
    main.get_by_role("link", name="probability: 3 of 12").click()
    expect(page).to_have_url(re.compile(r"\?run=weak&category=probability$"))
    main.get_by_role("link", name=f"{TITLE}: 3 of 12").click()
    expect(page).to_have_url(re.compile(rf"&skill={PROBABILITY}$"))
    place = page.url
    main.get_by_role("link", name="Read 9 such answers").click()
    expect(page).to_have_url(re.compile(r"/Answers\?.*slip=one-kind-compared-with-the-others"))
    expect(main.get_by_text("gave the odds instead of the chance").first).to_be_visible()
    still(page)
    page.go_back()
    expect(page.get_by_role("heading", name=re.compile(f"“{TITLE}”"))).to_be_visible()
    expect(page).to_have_url(place)
    still(page)
    page.go_back()
    expect(page.get_by_role("heading", name=re.compile("^Probability: 3 of 12"))).to_be_visible()
    still(page)
    page.go_back()
    expect(page.get_by_role("heading", name=re.compile("It is weakest in probability"))).to_be_visible()


def test_each_place_begins_at_its_top(browser: Browser, url: str):
    page = browser.new_page(viewport={"width": 1280, "height": 500})
    main = page.get_by_test_id("stMain")

    def down(link: str) -> None:
        main.get_by_role("link", name=link).scroll_into_view_if_needed()
        main.evaluate("main => main.scrollTo(0, main.scrollHeight)")
        assert main.evaluate("main => main.scrollTop") > 100
        main.get_by_role("link", name=link).evaluate("link => link.click()")

    page.goto(f"{url}/Weaknesses?run=weak")
    expect(page.get_by_role("heading", name=re.compile("It is weakest in probability"))).to_be_visible()
    expect(main.get_by_text("Which slips were unlearnt")).to_be_visible()
    for link in ("probability: 3 of 12", f"{TITLE}: 3 of 12"):
        down(link)
        expect(page).to_have_url(re.compile("category=probability"))
        expect(page.get_by_role("heading", level=1)).to_be_in_viewport()
    still(page)
    main.evaluate("main => main.scrollTo(0, main.scrollHeight)")
    place = main.evaluate("main => main.scrollTop")
    main.get_by_text("Numbers behind this").first.evaluate("fold => fold.click()")
    page.wait_for_timeout(800)
    assert main.evaluate("main => main.scrollTop") >= place - 5  # the same place: nobody is taken to its top
    page.close()


def test_back_while_the_next_page_is_still_being_drawn_keeps_the_address(page: Page, url: str):
    place = f"{url}/Weaknesses?run=weak&category=probability&skill={PROBABILITY}"
    page.goto(place)
    page.get_by_test_id("stMain").get_by_role("link", name="Read 9 such answers").click()
    expect(page).to_have_url(re.compile(r"/Answers\?.*slip="))
    page.go_back()
    expect(page.get_by_role("heading", name=re.compile(f"“{TITLE}”"))).to_be_visible()
    still(page)
    page.wait_for_timeout(500)  # what was under way to the page before comes by now
    expect(page).to_have_url(place)


def test_a_click_on_a_cell_opens_it_and_its_lesson_and_does_so_again_after_back(page: Page, url: str):
    page.goto(f"{url}/Weaknesses?run=weak")
    for _ in range(2):
        expect(page.locator(".ytick text", has_text="profit, discount")).to_be_visible()
        _click_middle_of_last_row(page, until=re.compile("category=probability&lesson=2$"))
        expect(page.get_by_role("heading", name=re.compile("^Probability: 3 of 12"))).to_be_visible()
        page.go_back()


def _click_middle_of_last_row(page: Page, *, until: re.Pattern[str]) -> None:
    """A click on the middle exam of the last of three rows; again if the picture was still being drawn."""
    for _ in range(5):
        box = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
        assert box
        page.mouse.click(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.83)
        try:
            page.wait_for_url(until, timeout=6 * SECONDS)
            return
        except TimeoutError:
            continue
    raise AssertionError(f"no click opened the cell: {page.url}")


@pytest.mark.long
def test_a_link_in_a_fresh_session_shows_the_same_place(browser: Browser, url: str):
    fresh = browser.new_page()
    fresh.goto(f"{url}/Weaknesses?run=weak&slip=one-kind-compared-with-the-others&question={questions()[12].id}")
    expect(fresh.get_by_text("the one you opened")).to_be_visible()
    expect(fresh.get_by_text(questions()[12].problem, exact=True).last).to_be_visible()
    fresh.close()


def test_the_report_is_downloaded_opens_by_itself_and_fits_its_paper(browser: Browser, url: str, tmp_path: Path):
    page = browser.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page.goto(f"{url}/Weaknesses?run=weak")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the report").click()
    path = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(path)
    page.close()
    assert path.name == "report-weak.html"

    paper = browser.new_page(viewport={"width": 680, "height": 1000}, offline=True, java_script_enabled=False)
    asked: list[str] = []
    said: list[str] = []
    paper.on("request", lambda request: asked.append(request.url))
    paper.on("console", lambda message: said.append(message.text))
    paper.goto(path.as_uri())
    assert asked == [path.as_uri()] and said == []
    expect(paper.get_by_role("heading", name="What to practise next").first).to_be_visible()
    expect(paper.get_by_role("img", name=re.compile("Right answers by category and exam"))).to_be_visible()
    paper.close()
    for width in (680, 390):
        assert _too_wide(path, browser, width) <= 0


def _too_wide(path: Path, browser: Browser, width: int) -> int:
    """By how many pixels the report must be scrolled sideways, on paper and on a screen of that width."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(path.as_uri())
    wide = [page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")]
    page.emulate_media(media="print")
    wide.append(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
    page.close()
    return max(wide)
