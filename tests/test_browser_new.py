"""Journeys in a real browser: the first visit, starting with an own mix, running again with changes, deleting."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import app_with_fakes, serve
from journals import make_run
from playwright.sync_api import Browser, Page, expect
from run_help import worker

from studentsim.runs import demo
from studentsim.student.embedded.profiles import PROFILES

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_run(folder, "careless", student="careless", strategy="random", turns=3, name="Class 7b")
    make_run(folder, "doomed", name="Doomed")
    return folder


@pytest.fixture(scope="module")
def url(data_folder: Path) -> Iterator[str]:
    with serve(data_folder) as address:
        yield address


def ready(page: Page) -> None:
    """The form is drawn to its end."""
    expect(page.get_by_role("button", name="Start", exact=True)).to_be_enabled()
    expect(page.get_by_text("It goes on if you close the page")).to_be_visible()


def sideways(page: Page) -> int:
    """By how many pixels the page is too wide."""
    return page.evaluate(
        "Math.max(...[...document.querySelectorAll('[data-testid=stMain], html')].map(e => e.scrollWidth - e.clientWidth))"
    )


# ------------------------------------------------------------------ the first visit


def test_the_first_visit_shows_a_true_picture_and_leads_into_a_recorded_run(page: Page, tmp_path: Path):
    with serve(tmp_path, recorded=True) as url:
        page.goto(url)
        expect(page.get_by_role("heading", name="What does teaching change?")).to_be_visible()
        expect(page.get_by_text(re.compile("^Without teaching, this student answers"))).to_be_visible()
        expect(page.get_by_text(re.compile("recorded .* 20\\d\\d, version")).first).to_be_visible()
        lines = page.locator(".js-plotly-plot").first.locator(".scatterlayer .js-line")
        expect(lines.first).to_be_attached()
        assert lines.count() >= len(demo.EMBEDDED_STUDY.seeds_by_strategy)
        page.get_by_text(f"Look into the {sum(demo.EMBEDDED_STUDY.seeds_by_strategy.values())} recorded runs").click()
        link = page.get_by_role("link", name="Recorded study, mixed bag, seed 1")
        expect(link).to_be_visible()
        expect(page.locator(".studentsim-still")).to_have_count(sum(demo.EMBEDDED_STUDY.seeds_by_strategy.values()))
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert sideways(page) <= 0
        link.click()
        page.wait_for_url(re.compile("/Watch\\?run=recorded-random-seed-1"))
        expect(page.get_by_role("heading", name=re.compile("Recorded study, mixed bag, seed 1"))).to_be_visible()


# ------------------------------------------------------------------ New simulation


@pytest.mark.long
def test_the_own_mix_keeps_its_sum_and_is_locked_and_typed_by_keyboard_alone(page: Page, url: str):
    page.goto(f"{url}/New_simulation")
    expect(page.locator(".studentsim-still text", has_text="probability")).to_have_count(len(PROFILES))  # their cards
    ready(page)
    page.get_by_text("Even mix", exact=True).click()
    shares = page.get_by_role("slider")
    expect(shares).to_have_count(6)
    before = int(shares.nth(3).input_value())
    shares.nth(3).focus()
    page.keyboard.press("ArrowRight")
    expect(shares.nth(3)).to_have_value(str(before + 1))
    expect(page.get_by_role("radio", name="My own")).to_be_checked()
    assert sum(int(shares.nth(i).input_value()) for i in range(6)) == 100
    page.get_by_text("Even mix", exact=True).click()
    expect(shares.nth(3)).to_have_value(str(before))
    page.get_by_role("checkbox", name="lock physics").focus()
    page.keyboard.press("Space")
    expect(page.get_by_label("physics, of 100")).to_be_disabled()
    number = page.get_by_label("profit, discount, interest, of 100")
    number.fill("60")
    number.press("Enter")
    expect(shares.nth(2)).to_have_value("60")
    assert [int(shares.nth(i).input_value()) for i in range(6)] == [6, 17, 60, 6, 6, 5]
    expect(
        page.get_by_text(re.compile("own mix \\(“profit, discount, interest” 60 %, physics 17 %, …\\)")).first
    ).to_be_visible()


def test_start_with_a_mix_of_ones_own_by_keyboard_alone(browser: Browser, tmp_path: Path):
    """A student, two categories, a mix, one lesson; then Start. The real student is started in test_browser_watch.py."""
    with serve(tmp_path / "data", app=app_with_fakes(tmp_path / "app", worker("fake"))) as url:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(url)
        press(page, page.get_by_test_id("stSidebar").get_by_role("link", name="New simulation"))
        ready(page)
        press(page, page.get_by_role("button", name="Physics gap"))
        expect(page.get_by_text(re.compile("^Physics gap, follow the mistakes"))).to_be_visible()
        press(page, page.get_by_role("button", name="physics", exact=True))
        press(page, page.get_by_role("button", name="profit, discount, interest", exact=True))
        expect(page.get_by_text("1,680 questions from physics and “profit, discount, interest”")).to_be_visible()
        page.get_by_text("Even mix", exact=True).click()
        shares = page.get_by_role("slider")
        expect(shares).to_have_count(2)
        shares.first.focus()
        page.keyboard.press("PageUp")
        expect(page.get_by_role("radio", name="My own")).to_be_checked()
        for label, value in (("Lessons", "1"), ("Practice questions a lesson", "8"), ("Questions in each exam", "12")):
            page.get_by_label(label, exact=True).fill(value)
            page.keyboard.press("Tab")
        expect(page.get_by_text("1 lesson of 8 questions, 2 exams of 12").first).to_be_visible()
        press(page, page.get_by_role("button", name="Start", exact=True))
        page.wait_for_url(re.compile(r"/Watch\?run="))
        run_id = page.url.split("run=")[1]
        config = json.loads((tmp_path / "data" / "runs" / run_id / "config.json").read_text())
        assert config["student"] == "physics-gap" and config["categories"] == ["physics", "gain"]
        assert config["mix"]["physics"] > 50 and sum(config["mix"].values()) == 100
        expect(page.get_by_text("finished").first).to_be_visible()
        page.close()


def press(page: Page, button) -> None:
    """Reach a button by keyboard and press it."""
    button.focus()
    page.keyboard.press("Enter")


@pytest.mark.long
def test_run_again_with_changes_fills_the_form_and_a_visit_elsewhere_loses_nothing(page: Page, url: str):
    page.goto(url)
    expect(page.get_by_role("link", name="Class 7b")).to_be_visible()
    page.get_by_role("button", name="More").nth(_place(page, "Class 7b")).click()
    page.get_by_text("Run again with changes").click()
    page.wait_for_url(re.compile(r"/New_simulation\?like=careless"))
    ready(page)
    expect(page.get_by_label("Lessons", exact=True)).to_have_value("3")
    expect(page.get_by_label("Name, if you like")).to_have_value("Class 7b again")
    expect(page.get_by_text(re.compile("^Steady, but careless with percentages, mixed bag"))).to_be_visible()
    page.get_by_label("Lessons", exact=True).fill("9")
    page.keyboard.press("Tab")
    expect(page.get_by_text("mixed bag: 9 lessons")).to_be_visible()
    menu = page.get_by_test_id("stSidebar")
    menu.get_by_role("link", name="Home").click()
    expect(page.get_by_role("heading", name="Recent simulations")).to_be_visible()
    menu.get_by_role("link", name="New simulation").click()
    ready(page)
    expect(page.get_by_label("Lessons", exact=True)).to_have_value("9")
    page.get_by_role("button", name="Back to the defaults").click()
    expect(page.get_by_label("Lessons", exact=True)).to_have_value("20")


def _place(page: Page, name: str) -> int:
    """The place of a run in the list: its links and its menus come in the same order."""
    links = page.get_by_test_id("stMain").get_by_role("link").all_inner_texts()
    own = [text for text in links if text.strip() in ("Class 7b", "Doomed")]
    return [text.strip() for text in own].index(name)


@pytest.mark.long
def test_delete_asks_first_and_then_the_link_says_that_the_run_was_deleted(page: Page, url: str, data_folder: Path):
    page.goto(url)
    expect(page.get_by_role("link", name="Doomed")).to_be_visible()
    page.get_by_role("button", name="More").nth(_place(page, "Doomed")).click()
    page.get_by_text("Delete", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Nothing brings them back")).to_be_visible()
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).not_to_be_visible()
    assert (data_folder / "runs" / "doomed").exists()
    page.get_by_role("button", name="More").nth(_place(page, "Doomed")).click()
    page.get_by_text("Delete", exact=True).click()
    dialog.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_role("link", name="Doomed")).to_have_count(0)
    assert not (data_folder / "runs" / "doomed").exists()
    page.goto(f"{url}/Watch?run=doomed")
    expect(page.get_by_text("The run doomed was deleted")).to_be_visible()
    page.goto(f"{url}/New_simulation?like=doomed")
    expect(page.get_by_text("The run doomed was deleted")).to_be_visible()
    ready(page)


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844), (640, 450)])
def test_start_is_in_sight_wherever_one_is_in_the_form(page: Page, url: str, width: int, height: int):
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{url}/New_simulation")
    start = page.get_by_role("button", name="Start", exact=True)
    expect(start).to_be_enabled()
    expect(start).to_be_in_viewport(ratio=1)
    page.get_by_text("Advanced: seeds").scroll_into_view_if_needed()
    expect(start).to_be_in_viewport(ratio=1)
