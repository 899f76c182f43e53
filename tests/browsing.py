"""The browser and a page in it, for journeys. conftest.py hands the fixtures to every test.

The browser is the system's Chromium, or else Playwright's own. Without either such tests are skipped, and say so; where
the environment has ``CI=true`` they fail instead, so that nobody takes a green run for a tested one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from browser import chromium
from playwright.sync_api import Browser, Page, expect

PATIENCE = 120_000
"""Milliseconds a journey waits for what should come: how fast it comes is measured in bench/, never here."""
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    try:
        opened = chromium()
        instance = opened.__enter__()
    except RuntimeError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"browser journeys not run: {error}")
    new_page = instance.new_page

    def patient(**settings: Any) -> Page:
        page = new_page(**settings)
        page.set_default_timeout(PATIENCE)
        return page

    instance.new_page = patient
    yield instance
    opened.__exit__(None, None, None)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    yield opened
    opened.close()


STILL = """() => document.querySelector('[data-testid=stApp]').dataset.testScriptState == 'notRunning' &&
    !document.querySelector('[data-testid=stSkeleton], [data-stale=true]')"""
"""JavaScript: no script runs, and nothing is drawn pale because a newer one is on its way."""


def still(page: Page) -> None:
    """Wait until the page has drawn what was last asked of it: on a busy machine a second click may come before the first one's answer."""
    page.wait_for_timeout(300)  # the request itself takes a moment to begin
    page.wait_for_function(STILL)
