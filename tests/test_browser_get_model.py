"""A journey in a real browser: a language model is got, started and watched while it writes. Its package and the run's cast are fakes."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from browser import app_with_fakes, serve
from playwright.sync_api import Page, expect
from run_help import Gate, worker

from studentsim.runs.live_text import LiveText
from studentsim.types import WritingProgress

pytestmark = pytest.mark.browser


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return app_with_fakes(tmp_path / "app", worker("answer:50:gate"))


def test_three_clicks_from_a_fresh_app_to_a_language_model_that_is_seen_writing(page: Page, app: Path, tmp_path: Path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "fake-get").write_text("waits")
    gate = Gate(data)
    with serve(data, app=app) as url:
        page.goto(url)
        page.get_by_test_id("stSidebar").get_by_role("link", name="New simulation").click()
        page.get_by_role("button", name="Get it (93 MB)").click()
        expect(page.get_by_text("Downloading: 40 of 93 MB")).to_be_visible()
        (data / "fake-get").unlink()
        expect(page.get_by_text("It is here, checked.")).to_be_visible()
        start = page.get_by_role("button", name="Start", exact=True)
        expect(start).to_be_enabled()
        start.click()
        page.wait_for_url(re.compile(r"/Watch\?run="))
        expect(page.get_by_role("heading", name="SmolLM2: follow the mistakes")).to_be_visible()
        expect(page.get_by_text("135 M parameters, from 4-bit weights")).to_have_count(1)
        expect(page.get_by_text(re.compile("Lesson 1 of 10. The student practises"))).to_be_visible()
        (run,) = (path.parent for path in data.glob("runs/*/config.json"))
        heights = [
            _written(page, LiveText(run), text) for text in ("The *sum* is $5", "The *sum* is $5 +\n" * 12 + "end")
        ]
        assert heights[0] == heights[1] > 100, "a longer answer moves nothing"
        gate.open()
        expect(page.get_by_role("link", name="Where is it weak?")).to_be_visible()
        expect(page.locator(".studentsim-writing")).to_have_count(0)


def _written(page: Page, live: LiveText, text: str) -> float:
    """Write so much of an answer as a worker does, wait until its end is seen; the card's height in pixels."""
    live.turn, live.phase, live._next_write_at = 1, "study", 0.0
    live.update(WritingProgress("q", "What do a shirt of $5 and a coat of $10 cost?", text, 7, 10, 24, 1.5))
    card = page.locator(".studentsim-writing")
    expect(card.locator(".studentsim-text")).to_have_text(f"{text}▌")
    last = "e => e.scrollHeight - e.clientHeight - e.scrollTop"
    for _ in range(50):
        if abs(card.locator(".studentsim-text").evaluate(last)) < 2:
            break
        time.sleep(0.1)
    assert abs(card.locator(".studentsim-text").evaluate(last)) < 2, "its newest words are in view"
    return card.bounding_box()["height"]
