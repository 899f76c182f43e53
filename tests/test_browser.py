"""Journeys in a real browser against a real server. ``-m browser`` runs these alone; ``-m "not browser"`` all others.

The browser is the system's Chromium, or else Playwright's own. Without either these tests are skipped, and say so; where
the environment has ``CI=true`` they fail instead, so that nobody takes a green run for a tested one. Here is what all pages
have in common; each page has a file of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browser import serve
from journals import make_run
from playwright.sync_api import Page, expect

from studentsim.ui import layout

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("data")
    make_run(folder, "finished", turns=20, questions_per_turn=40, exam_size=240)
    with serve(folder) as address:
        yield address


@pytest.mark.long
def test_a_deep_link_is_the_first_thing_a_fresh_server_shows(page: Page, url: str):
    page.goto(f"{url}/Watch?run=finished")
    expect(page.get_by_role("heading", name=re.compile("After 20 lessons"))).to_be_visible()
    menu = page.get_by_test_id("stSidebar").get_by_role("link")
    expect(menu).to_have_text([re.compile(f"{name}$") for _, name, _ in layout.MENU_PAGES])


def test_a_link_to_no_run_leads_home(page: Page, url: str):
    page.goto(f"{url}/Watch?run=%27%20OR%201%3D1--")
    expect(page.get_by_text("There is no run")).to_be_visible()
    page.get_by_text("Go to Home").click()
    expect(page.get_by_role("heading", name="Watch a student learn")).to_be_visible()
