"""The presentation in a real browser: it fits its screen, names stay inside the picture, and keys replay a race and count hands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from browser import serve
from browsing import still
from journals import make_run, plain_event
from playwright.sync_api import Browser, Page, expect

from studentsim.runs.lease import Lease
from studentsim.runs.live_text import LiveText
from studentsim.runs.run_dir import RunFolder
from studentsim.types import WritingProgress
from studentsim.ui.charts.labels import spread_labels
from studentsim.ui.watch import plot

pytestmark = pytest.mark.browser

WAYS = ("random", "category", "none", "fixed")
SIZES = ((1280, 800), (1920, 1080))
LONG = "So we multiply the speed by the time, which gives the way, and then we look which option shows it. " * 20
MEASURED = """() => {
  const main = document.querySelector('[data-testid=stMain]'), plot = document.querySelector('.studentsim-plot');
  return { over: main.scrollHeight - main.clientHeight, wide: main.scrollWidth - main.clientWidth, chart: plot.offsetHeight / innerHeight };
}"""
NAMES = """() => {
  const box = document.querySelector('.js-plotly-plot');
  if (!box?.querySelector('.nsewdrag')) return { axis: [], names: [] };
  const names = [...box.querySelectorAll('.annotation')].filter(e => /\\d$/.test(e.textContent) && !/guessing/.test(e.textContent));
  const of = e => { const r = e.getBoundingClientRect(); return [r.top, r.bottom]; };
  return { axis: of(box.querySelector('.nsewdrag')), names: names.map(e => of(e.querySelector('text'))).sort((a, b) => a[0] - b[0]) };
}"""


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for way in WAYS:
        make_run(folder, way, strategy=way, turns=8, questions_per_turn=20, exam_size=240)
    for i, way in enumerate(WAYS):
        _ends(make_run(folder, f"top-{way}", strategy=way, turns=8, questions_per_turn=20, exam_size=240), 232 + 2 * i)
    writes = {
        "model": "smollm2",
        "turns": 4,
        "questions_per_turn": 8,
        "exam_size": 60,
        "status": "",
        "turn": 2,
        "until": "study",
        "alive": True,
    }
    for way in WAYS[:2]:
        run = make_run(folder, f"writes-{way}", strategy=way, **writes)
        _wordy(run)
    return folder


def _ends(run: Path, correct: int) -> None:
    """Its last exam has so many right of 240: the line ends at the picture's upper edge."""
    events = [plain_event(line) for line in (run / "events.jsonl").read_text().splitlines()]
    last = {"correct": correct, "ci_low": correct / 240 - 0.02, "ci_high": correct / 240}
    told = [e | (last if e["type"] == "ExamFinished" and e["turn"] == 8 else {}) for e in events]
    (run / "events.jsonl").write_text("".join(json.dumps(e) + "\n" for e in told))


def _wordy(run: Path) -> None:
    """Every answer as long as a language model may write."""
    events = [plain_event(line) for line in (run / "events.jsonl").read_text().splitlines()]
    told = [e | ({"text": LONG, "problem": LONG} if e["type"] == "AnswerRecorded" else {}) for e in events]
    (run / "events.jsonl").write_text("".join(json.dumps(e) + "\n" for e in told))


@pytest.fixture(scope="module")
def url(data_folder: Path) -> Iterator[str]:
    with serve(data_folder) as address:
        yield address


LINKS = {
    "four racers": f"race={','.join(WAYS)}&present=1",
    "a run": "run=random&present=1",
    "the start of a replay": f"race={','.join(WAYS)}&replay=60",
    "two that write": "race=writes-random,writes-category&present=1",
}


@pytest.mark.parametrize(
    "shown",
    [pytest.param(n, marks=[pytest.mark.long] if n in ("four racers", "the start of a replay") else []) for n in LINKS],
)
def test_it_fits_its_screen_and_the_picture_takes_most_of_it(browser: Browser, url: str, data_folder: Path, shown: str):
    runs = [RunFolder(data_folder / "runs" / f"writes-{way}") for way in WAYS[:2]]
    with Lease.acquire(runs[0]).keep_alive(), Lease.acquire(runs[1]).keep_alive():
        for run in runs:
            live = LiveText(run)
            live.begin_stage(3, "study")
            live.update(
                WritingProgress(question_id="q", problem=LONG[:900], text=LONG, tokens=200, done=3, of=8, seconds=9.0)
            )
        for width, height in SIZES:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.goto(f"{url}/Watch?{LINKS[shown]}")
            expect(page.locator(".js-plotly-plot")).to_be_visible()
            below = ".st-key-watch-ballot-large" if shown == "the start of a replay" else ".studentsim-cards >> nth=0"
            expect(page.locator(below)).to_be_visible()
            page.wait_for_function(f"(() => {{ const m = ({MEASURED})(); return m.over <= 0 && m.chart > 0.5; }})()")
            assert page.evaluate(MEASURED)["wide"] <= 0
            bottom = page.get_by_role("button", name="Leave this view").bounding_box()
            assert bottom and bottom["y"] + bottom["height"] <= height
            page.close()


def test_names_at_the_lines_ends_are_apart_and_inside_the_axis(page: Page, url: str):
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{url}/Watch?race={','.join(f'top-{way}' for way in WAYS)}&present=1")
    page.wait_for_function(f"({NAMES})().names.length == 4")
    page.wait_for_function(f"({MEASURED})().over <= 0")
    found = page.evaluate(NAMES)
    (top, bottom), names = found["axis"], found["names"]
    assert top - 1 <= names[0][0] and names[-1][1] <= bottom + 1
    assert all(one[1] <= other[0] + 2 for one, other in zip(names, names[1:], strict=False))


MARKS = """() => {
  const box = document.querySelector('.js-plotly-plot');
  if (!box?.querySelector('.nsewdrag')) return null;
  const at = e => { const r = e.getBoundingClientRect(); return r.left + r.width / 2; };
  const ticks = [...box.querySelectorAll('.xaxislayer-above .xtick')].map(e => [Number(e.textContent), at(e)]);
  const points = [...box.querySelectorAll('.scatterlayer .trace')].map(t => [...t.querySelectorAll('.point')].map(at));
  const axis = box.querySelector('.nsewdrag').getBoundingClientRect().right;
  const names = [...box.querySelectorAll('.annotation')].filter(e => /\\d$/.test(e.textContent) && !/guessing/.test(e.textContent));
  return { ticks, points, beside: names.map(e => e.querySelector('text').getBoundingClientRect().left - axis) };
}"""


def test_points_stand_at_their_lessons_and_names_in_the_margin(page: Page, url: str):
    """Also once the window is another size than the one it was drawn in."""
    for shown in ("&present=1", ""):
        page.set_viewport_size({"width": 500, "height": 800})
        page.goto(f"{url}/Watch?race={','.join(WAYS)}{shown}")
        page.wait_for_function(f"({MARKS})()?.beside.length == 4")
        page.set_viewport_size({"width": 1280, "height": 800})
        page.wait_for_function("() => document.querySelector('.js-plotly-plot .main-svg').clientWidth > 700")
        page.wait_for_timeout(1000)
        found = page.evaluate(MARKS)
        lesson = dict(found["ticks"])
        for points in found["points"]:
            assert [abs(x - lesson[turn]) < 16 for turn, x in zip((0, 2, 4, 6, 8), points, strict=True)] == [True] * 5
        assert len({round(points[0]) for points in found["points"]}) == 4, "none hides another"
        assert all(0 <= left < 12 for left in found["beside"])


FITS = """() => [...document.querySelectorAll('.studentsim-cards .studentsim-card')].map(card => {
  const end = card.getBoundingClientRect().bottom;
  const parts = [...card.querySelectorAll('h2, p, li, strong, span')];
  return [card.textContent, parts.every(e => e.getBoundingClientRect().bottom < end) && !card.querySelector('.studentsim-cut')];
})"""


@pytest.mark.parametrize("racers", [1, 2, 4])
def test_an_answer_is_whole_on_the_stage(browser: Browser, url: str, racers: int):
    link = f"run={WAYS[0]}" if racers == 1 else f"race={','.join(WAYS[:racers])}"
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{url}/Watch?{link}&present=1")
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(f"(() => {{ const f = ({FITS})(); return f.length && f.every(([, fits]) => fits); }})()")
    cards = [text for text, _ in page.evaluate(FITS)]
    answers = cards if racers < 3 else cards[racers:]
    assert len(answers) == (racers if racers < 3 else 1)
    assert all("people and" in text and "Ticked" in text and "Right:" in text or "✓ right" in text for text in answers)
    if racers == 4:
        page.get_by_role("button", name=re.compile("^No teaching")).click()
        expect(page.locator(".studentsim-answer")).to_contain_text("No teaching")
        assert page.get_by_role("button", name=re.compile("^No teaching")).get_attribute("aria-pressed") == "true"
    page.close()


def test_no_empty_side_bar_shows_on_the_way_into_the_presentation_and_it_is_there_afterwards(page: Page, url: str):
    page.goto(f"{url}/Watch?race=random,category")
    expect(page.get_by_test_id("stSidebar")).to_be_visible()
    still(page)
    page.evaluate("""() => {
      window.seen = [];
      const look = () => {
        const bar = document.querySelector('[data-testid=stSidebar]');
        if (document.querySelector('.studentsim-room')) window.seen.push(bar ? bar.offsetWidth : 0);
        requestAnimationFrame(look);
      };
      look();
    }""")
    page.get_by_role("link", name="Show it to a room").click()
    expect(page.get_by_role("button", name="Leave this view")).to_be_visible()
    still(page)
    seen = page.evaluate("window.seen")
    assert seen and max(seen) == 0
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("stSidebar")).to_be_visible()


def test_the_browser_places_labels_as_python_does(page: Page):
    rng = Random("labels")
    cases = []
    for _ in range(400):
        count = rng.randint(0, 12)
        wanted = [rng.choice((rng.uniform(-20, 120), 50.0, 100.0)) for _ in range(count)]
        cases.append((wanted, [rng.uniform(0.5, 30) for _ in range(count)], rng.uniform(-10, 10), rng.uniform(20, 130)))
    function = (Path(plot.__file__).parent / "labels.js").read_text()
    placed = page.evaluate(f"cases => {{ {function}; return cases.map(c => spread(...c)); }}", cases)
    for (wanted, heights, low, high), (centres, shrink) in zip(cases, placed, strict=True):
        own_centres, own_shrink = spread_labels(wanted, heights, low=low, high=high)
        assert centres == pytest.approx(own_centres) and shrink == pytest.approx(own_shrink)


def test_a_room_predicts_and_watches_a_replay_by_the_keys_alone(page: Page, url: str):
    page.goto(f"{url}/Watch?race=random,category&replay=20")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Who will be ahead after 8 lessons?")
    expect(page.get_by_role("button", name="Start")).to_be_visible()
    still(page)
    for key, says in (("1", "Mixed bag: 1"), ("2", "Follow the mistakes: 1"), ("2", "Follow the mistakes: 2")):
        page.keyboard.press(key)
        expect(page.get_by_role("button", name=says)).to_be_visible()
    page.keyboard.press("Backspace")
    expect(page.get_by_role("button", name="Follow the mistakes: 1")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Mixed bag: 1")).to_be_visible()
    expect(page.get_by_role("button", name="Start")).to_be_visible()
    still(page)
    page.keyboard.press("g")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_contain_text("After 2 lessons")
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Go on")).to_be_visible()
    still(page)
    said = page.get_by_role("heading", level=1).inner_text()
    page.wait_for_timeout(3000)
    assert page.get_by_role("heading", level=1).inner_text() == said
    page.keyboard.press("g")
    expect(page.get_by_role("heading", level=1)).to_contain_text("After 8 lessons")
    expect(page.get_by_role("button", name="Replay again")).to_be_visible()
    expect(page.get_by_text("none said “Nobody clearly”")).to_be_visible()
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile(r"/Watch\?race=random(,|%2C)category$"))
