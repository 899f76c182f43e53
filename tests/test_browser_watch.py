"""Watching in a real browser: a journal that grows, a race, the presentation view, and the real student."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import serve
from journals import NASTY, go_on, make_run
from playwright.sync_api import Browser, Page, expect

from studentsim.runs.lease import Lease
from studentsim.runs.run_dir import RunFolder

pytestmark = pytest.mark.browser

PICTURE = ".js-plotly-plot"
POINTS = f"{PICTURE} .scatterlayer .point"
SECONDS = 1000
"""Playwright counts milliseconds."""


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_run(folder, "finished", turns=20, questions_per_turn=40, exam_size=240)
    make_run(folder, "other", turns=20, questions_per_turn=40, exam_size=240, strategy="random")
    return folder


@pytest.fixture(scope="module")
def url(data_folder: Path) -> Iterator[str]:
    with serve(data_folder) as address:
        yield address


# ------------------------------------------------------------------ over a journal that grows


def test_answers_appear_with_their_journal_lines_and_what_was_opened_stays_open(
    page: Page, url: str, data_folder: Path
):
    run = make_run(data_folder, "live", status="", turn=-1, until="exam", alive=True)
    with Lease.acquire(RunFolder(run)).keep_alive():
        page.goto(f"{url}/Watch?run=live")
        answers = page.get_by_text(re.compile("^first exam"))
        expect(answers).to_have_count(6)
        last = page.get_by_test_id("stText").nth(0)
        before = last.inner_text()
        page.get_by_text("Numbers behind this").first.click()
        expect(page.get_by_text("Download as CSV")).to_be_visible()

        go_on(data_folder, "live", answers=1)
        expect(last).not_to_have_text(before)
        expect(page.get_by_text("Download as CSV")).to_be_visible()
    assert not page.get_by_test_id("stException").count()


def test_zoom_survives_new_points_and_the_picture_is_never_made_anew(page: Page, url: str, data_folder: Path):
    run = make_run(data_folder, "growing", status="", turn=1, alive=True, turns=6, exam_every=1)
    with Lease.acquire(RunFolder(run)).keep_alive():
        page.goto(f"{url}/Watch?run=growing")
        points = page.locator(PICTURE).first.locator(".scatterlayer .point")
        expect(points).to_have_count(2)
        # those below the window's edge come a little later
        page.wait_for_function(
            "[...document.querySelectorAll('.studentsim-plot')].every(e => e.querySelector('.main-svg'))"
        )
        page.evaluate("document.querySelectorAll('.js-plotly-plot').forEach(e => { e.marked = true })")
        pictures = page.locator(PICTURE).count()
        zoomed = _zoom(page)
        page.get_by_text("How did the practice go?").scroll_into_view_if_needed()
        scrolled = page.evaluate(_SCROLLED)
        go_on(data_folder, "growing", lessons=3)
        expect(points).to_have_count(5)
        assert _ranges(page) == zoomed
        assert (
            page.evaluate("[...document.querySelectorAll('.js-plotly-plot')].filter(e => e.marked).length")
            == pictures
            == 5
        )
        assert page.evaluate(_SCROLLED) == scrolled > 0
        page.locator(".js-plotly-plot .nsewdrag").first.dblclick()
        page.wait_for_function(f"({_RANGES})()[3] === 100")


def test_every_live_picture_keeps_in_sight_what_it_draws_and_a_zoom_of_ones_own_stays(
    page: Page, url: str, data_folder: Path
):
    run = make_run(data_folder, "leading", status="", turn=0, alive=True, turns=6, exam_every=1)
    lead = f"[...document.querySelectorAll('{PICTURE}')].at(-1)"
    with Lease.acquire(RunFolder(run)).keep_alive():
        page.goto(f"{url}/Watch?run=leading")
        expect(page.locator(PICTURE)).to_have_count(3)  # exams, categories, and the mix that they ask for
        go_on(data_folder, "leading", lessons=1)
        expect(page.locator(PICTURE)).to_have_count(5)
        page.wait_for_function(f"{lead}._fullData?.[0].x.length > 3")
        small = page.evaluate(f"{lead}._fullLayout.yaxis.range[1]")
        for lesson in (2, 3, 4):  # what froze did so in the second drawing
            go_on(data_folder, "leading", lessons=1)
            page.wait_for_function(f"{lead}._fullData[0].x.length >= {7 * lesson}")
        assert page.evaluate(f"{lead}._fullLayout.yaxis.range[1]") > small
        assert page.evaluate(_OUT_OF_SIGHT) == []

        box = page.locator(PICTURE).last.locator(".nsewdrag").first
        box.scroll_into_view_if_needed()
        place = box.bounding_box()
        assert place
        page.mouse.move(place["x"] + 20, place["y"] + 20)
        page.mouse.down()
        page.mouse.move(place["x"] + place["width"] * 0.6, place["y"] + place["height"] * 0.6, steps=5)
        page.mouse.up()
        ranges = f"[...{lead}._fullLayout.xaxis.range, ...{lead}._fullLayout.yaxis.range]"
        page.wait_for_function(f"{lead}._fullLayout.xaxis.range[1] < 5")
        zoomed = page.evaluate(ranges)
        go_on(data_folder, "leading", lessons=1)
        page.wait_for_function(f"{lead}._fullData[0].x.length > 30")
        assert page.evaluate(ranges) == zoomed


_OUT_OF_SIGHT = """() => {
  const out = [];
  for (const box of document.querySelectorAll('.js-plotly-plot')) {
    const {xaxis, yaxis} = box._fullLayout, within = (v, range) => v >= Math.min(...range) && v <= Math.max(...range);
    for (const trace of box._fullData) [...trace.x].forEach((x, i) => {
      const y = trace.type === 'bar' ? trace.base[i] + trace.y[i] / 2 : trace.y[i];
      if (x != null && y != null && !isNaN(y) && !(within(x, xaxis.range) && within(y, yaxis.range))) out.push([trace.name, x, y]);
    });
  }
  return out;
}"""


def test_a_finished_run_in_both_themes_and_on_a_phone(page: Page, url: str):
    """Plotly comes once, from this server; pictures have names and the theme's colours; what a question holds is shown literally."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.emulate_media(color_scheme="light")
    page.goto(f"{url}/Watch?run=finished")
    expect(page.locator(PICTURE)).to_have_count(5)
    expect(page.get_by_role("figure")).to_have_count(5)
    expect(page.get_by_role("figure", name=re.compile("After 20 lessons this student")).first).to_be_visible()
    expect(page.get_by_text(NASTY, exact=True).first).to_be_visible()
    page.get_by_text("Right and wrong", exact=True).click()
    expect(page.get_by_text("rewards/chosen and rewards/rejected")).to_be_visible()
    assert len([address for address in asked if address.endswith("plotly.min.js")]) == 1
    assert not [address for address in asked if not address.startswith((url, f"blob:{url}", "data:"))]

    light = page.evaluate(_COLOURS)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function(f"({_COLOURS}).every((colour, i) => colour != {light}[i])")
    assert not any("#0000" in colour for colour in [*light, *page.evaluate(_COLOURS)])

    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_function(
        f"[...document.querySelectorAll('{PICTURE}')].every(e => e.getBoundingClientRect().right <= 390)"
    )
    boxes = page.locator(PICTURE).evaluate_all("all => all.map(e => e.getBoundingClientRect().toJSON())")
    assert all(box["left"] >= 0 for box in boxes)
    sentence = page.get_by_role("heading", name=re.compile("After 20 lessons")).bounding_box()
    answers = page.get_by_text("Its latest answers").bounding_box()
    assert sentence and answers and sentence["y"] < boxes[0]["top"] < sentence["y"] + 844
    assert boxes[-1]["bottom"] < answers["y"]
    numbers = page.locator(PICTURE).nth(1).locator(".barlayer text").all_text_contents()
    assert len(numbers) == 6 * 11 and all(re.fullmatch(r"\d+", number) for number in numbers)


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
_COLOURS = "(e => [e._fullLayout.font.color, e._fullData[0].line.color])(document.querySelector('.js-plotly-plot'))"
_SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"


def _ranges(page: Page) -> list[float]:
    return page.evaluate(_RANGES)


# ------------------------------------------------------------------ a race for a room


def test_a_race_in_the_presentation_view_is_paused_by_a_key_and_left_by_another(
    page: Page, url: str, data_folder: Path
):
    settings = {"status": "", "turn": 2, "alive": True, "turns": 6, "exam_every": 1, "exam_size": 240}
    runs = [make_run(data_folder, name, strategy=name, **settings) for name in ("random", "category")]
    with Lease.acquire(RunFolder(runs[0])).keep_alive(), Lease.acquire(RunFolder(runs[1])).keep_alive():
        page.goto(f"{url}/Watch?race=random,category&present=1")
        points = page.locator(POINTS)
        expect(points).to_have_count(6)
        expect(page.get_by_test_id("stSidebar")).to_have_count(0)
        expect(page.get_by_role("heading", level=1)).to_contain_text("After 2 lessons")
        cards = page.get_by_role("region")
        expect(page.locator(".studentsim-card")).to_have_count(2)
        expect(cards.filter(has_text="Mixed bag").first).to_be_visible()
        bottom = page.get_by_role("button", name="Leave this view").bounding_box()
        assert bottom and bottom["y"] + bottom["height"] <= 900, "all of it fits on the screen"
        go_on(data_folder, "random", lessons=1)
        go_on(data_folder, "category", lessons=1)
        expect(points).to_have_count(8)
        page.keyboard.press("p")
        page.wait_for_timeout(1 * SECONDS)
        expect(page.get_by_role("button", name="Pause all")).to_have_count(0)
        assert all((run / "control.json").exists() for run in runs)
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile(r"/Watch\?race=random(,|%2C)category$"))
    expect(page.get_by_test_id("stSidebar")).to_be_visible()


@pytest.mark.long
def test_two_viewers_of_a_finished_race_see_the_same(browser: Browser, url: str):
    seen = []
    for _ in range(2):
        visitor = browser.new_page(viewport={"width": 1280, "height": 900})
        visitor.goto(f"{url}/Watch?race=finished,other")
        expect(visitor.locator(POINTS)).to_have_count(22)
        seen.append(visitor.get_by_role("heading", level=2).first.inner_text())
        visitor.close()
    assert seen[0] == seen[1] and "nobody is clearly ahead" in seen[0]


# ------------------------------------------------------------------ with the real student


def test_first_minute_from_one_button_to_a_growing_curve_and_back_by_link(browser: Browser, tmp_path: Path):
    """Home, one button, first answers, a point on the curve; close the tab; come back by the link. A double click starts one run."""
    with serve(tmp_path, spare=True) as url:
        first = browser.new_page(viewport={"width": 1280, "height": 900})
        first.goto(url)
        first.get_by_role("button", name="Watch a student learn").dblclick()
        first.wait_for_url(re.compile(r"/Watch\?run="))
        link = first.url
        # On a busy machine with cold disks the libraries alone may take minutes; on a quick one lessons go by between two looks.
        expect(first.locator(POINTS).first).to_be_attached(timeout=300 * SECONDS)
        expect(first.get_by_text(re.compile(r"^(first exam|lesson \d+, practice|exam after)")).first).to_be_visible()
        expect(first.get_by_text("You can close this page")).to_be_visible()
        first.close()

        second = browser.new_page()
        second.goto(link)
        expect(second.get_by_role("heading", name="Balanced beginner: follow the mistakes")).to_be_visible()
        expect(second.locator(POINTS).first).to_be_attached()
        second.get_by_role("button", name="Stop for good").click()
        second.get_by_role("button", name="Cancel").click()
        expect(second.get_by_text("Cancelled after")).to_be_visible()
        second.close()
        runs = [path for path in (tmp_path / "runs").iterdir() if not path.name.startswith(".")]
        assert len(runs) == 1


@pytest.mark.long
def test_a_race_is_started_from_its_form_and_watched_to_its_end(page: Page, tmp_path: Path):
    with serve(tmp_path) as url:
        page.goto(f"{url}/Watch?race=new")
        for label, value in (("Lessons", 2), ("Practice questions a lesson", 8), ("Questions in each exam", 20)):
            field = page.get_by_label(label, exact=True)
            field.fill(str(value))
            field.press("Enter")
        page.get_by_role("button", name="Start the race").click()
        page.wait_for_url(re.compile(r"/Watch\?race=[^&]+(,|%2C)"))
        expect(page.get_by_text("Compare them in full")).to_be_visible(timeout=120 * SECONDS)
        expect(page.locator(POINTS)).to_have_count(4)
        expect(page.get_by_role("heading", name=re.compile("After 2 lessons"))).to_be_visible()
