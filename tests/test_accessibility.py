"""Every page of the menu, looked at by axe-core in a real browser: empty and with runs, light and dark, wide and narrow.

The pages are those of ``layout.MENU_PAGES``, so a new one is looked at without being named here; ``WITHIN`` adds the places within them.
What Streamlit itself draws and no page can change is listed in ``STREAMLITS_OWN``, element by element, with the reason.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import ROOT, serve
from browsing import STILL
from journals import make_run
from playwright.sync_api import Browser, Page
from visits import stock

from studentsim.ui.layout import MENU_PAGES

pytestmark = pytest.mark.browser

SERIOUS = {"serious", "critical"}
TALLEST = 6000
LOOKS: tuple[tuple[Literal["light", "dark"], int, int], ...] = (("light", 1280, 900), ("dark", 390, 844))
"""Theme, width and height. Colours depend on the theme and layout on the width: two looks see both of each."""
NAMES = ["/" if script == "app.py" else f"/{Path(script).stem.partition('_')[2]}" for script, _, _ in MENU_PAGES]
QUERIES = {
    "/New_simulation": "?like=finished", "/Watch": "?run=finished", "/Compare": "?runs=finished,other&paper=1",
    "/Answers": "?run=finished", "/Weaknesses": "?run=finished",
}  # fmt: skip
"""What each page is asked for once there are runs."""
FULLEST = ["/", "/New_simulation", "/Watch", "/Answers"]
"""Between them they have each kind of thing: cards, a form, pictures, a table, and what only these pages show."""
OTHERS = [name for name in NAMES if name not in FULLEST]
WITHIN = [
    "/Watch?run=finished&present=1", "/Watch?race=finished,other", "/Watch?race=new", "/Answers?run=finished&show=cards",
    "/Weaknesses?run=finished&category=probability", "/Help?term=margin", "/Watch?run=nobody",
]  # fmt: skip
"""Further places within the pages."""

STREAMLITS_OWN: dict[str, tuple[str, ...]] = {
    "color-contrast": (
        # A page link that leads nowhere is drawn at 40 %, which is right for what cannot be used, but axe cannot see that: it
        # is an <a disabled>, and HTML knows no disabled links.
        "a[data-testid=stPageLink-NavLink][disabled]",
    ),
}
"""Axe's rule -> where Streamlit 1.67 breaks it whatever a page says. Held against a bare app in our colours below."""
BARE = """
import streamlit as st
st.title("Bare")
st.page_link("pages/other.py", label="Earlier", disabled=True)
st.caption("not your pupils")
"""


GROUND = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"


def opened(page: Page, link: str) -> None:
    """Go there, and open every fold."""
    page.goto(link)
    page.get_by_text("not your pupils").wait_for()
    page.wait_for_function(STILL)
    for fold in page.get_by_test_id("stMain").locator("details:not([open]) > summary").all()[::-1]:
        fold.click()


def settled(page: Page) -> None:
    """Wait until the page stands still, and make the window as tall as it: axe judges contrast by what is in sight."""
    page.wait_for_timeout(400)  # a picture is drawn after the last request, a fold's rerun begins after its click
    page.wait_for_function(STILL)
    tall = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    assert page.viewport_size
    page.set_viewport_size({"width": page.viewport_size["width"], "height": min(tall + 20, TALLEST)})
    page.wait_for_timeout(150)


def serious(page: Page) -> list[str]:
    """Serious and critical findings of axe on the page, one line an element, without Streamlit's own."""
    found = []
    for violation in Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]:
        if violation["impact"] in SERIOUS:
            rule = violation["id"]
            found += [
                f"{rule} ({violation['impact']}): {node['html'][:160]}   at {str(node['target'][-1])[-120:]}"
                for node in violation["nodes"]
                if not _streamlits_own(page, rule, node)
            ]
    return found


def _streamlits_own(page: Page, rule: str, node: dict[str, Any]) -> bool:
    if rule not in STREAMLITS_OWN or not isinstance(node["target"][-1], str):
        return False
    return _within(page, node, ", ".join(STREAMLITS_OWN[rule]))


def _within(page: Page, node: dict[str, Any], selector: str) -> bool:
    inside = "([target, selector]) => !!document.querySelector(target)?.closest(selector)"
    return page.evaluate(inside, [node["target"][-1], selector])


def sideways(page: Page) -> int:
    """Pixels by which the page is wider than the screen."""
    return page.evaluate(
        "Math.max(...[...document.querySelectorAll('[data-testid=stMain], html')].map(e => e.scrollWidth - e.clientWidth))"
    )


@pytest.mark.parametrize(
    "names", [FULLEST, pytest.param(OTHERS, marks=pytest.mark.long)], ids=["the fullest pages", "the other pages"]
)
def test_no_page_has_a_serious_violation_or_scrolls_sideways(
    page: Page, tmp_path: Path, written_bank: Path, names: list[str]
):
    stock(tmp_path, written_bank)
    make_run(tmp_path, "finished", turns=6, questions_per_turn=20, exam_size=60)
    make_run(tmp_path, "other", turns=6, questions_per_turn=20, exam_size=60, strategy="random")
    look_at(page, tmp_path, [name + QUERIES.get(name, "") for name in names])


@pytest.mark.long
@pytest.mark.parametrize("links", [NAMES, WITHIN], ids=["without any run", "within the pages"])
def test_no_other_place_has_one_either(page: Page, tmp_path: Path, links: list[str]):
    if links is WITHIN:
        make_run(tmp_path, "finished", turns=6, questions_per_turn=20, exam_size=60)
        make_run(tmp_path, "other", turns=6, questions_per_turn=20, exam_size=60, strategy="random")
    look_at(page, tmp_path, links)


def look_at(page: Page, data_folder: Path, links: Iterable[str]) -> None:
    """Each place is drawn once, light on a wide screen, and then made dark and narrow."""
    wrong: dict[str, list[str]] = {}
    with serve(data_folder) as url:
        for link in links:
            wrong |= found_in(page, url, link)
        page.close()
    assert not wrong, "\n".join(f"{where}\n    " + "\n    ".join(found) for where, found in wrong.items())


def complaints(page: Page) -> list[str]:
    """All that is wrong with the page as it is drawn now."""
    return serious(page) + ([f"{sideways(page)} px too wide"] if sideways(page) > 0 else [])


def found_in(page: Page, url: str, link: str) -> dict[str, list[str]]:
    """Where -> what is wrong there, in each of the looks."""
    wrong, grounds = {}, set()
    for theme, width, height in LOOKS:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": height})
        if not grounds:
            opened(page, url + link)
        settled(page)
        grounds.add(page.evaluate(GROUND))
        found = complaints(page)
        for _ in range(3):
            if (
                found
            ):  # on a busy machine a fold's rerun may just have made the page pale: what is wrong for good stays so
                page.wait_for_timeout(3000)
                settled(page)
                found = complaints(page)
        if found:
            wrong[f"{link}, {theme}, {width} wide"] = found
    assert len(grounds) == len(LOOKS), "the page did not follow the theme"
    return wrong


def test_a_focused_link_of_the_menu_has_a_ring_and_a_chosen_segment_the_text_s_colour(page: Page, tmp_path: Path):
    page.emulate_media(color_scheme="dark")
    with serve(tmp_path) as url:
        page.goto(f"{url}/Watch?race=new")
        page.get_by_text("not your pupils").wait_for()
        page.wait_for_function(
            "[...document.querySelectorAll('style')].some(s => s.textContent.includes('stPageLink-NavLink'))"
        )
        chosen = page.locator("[data-testid=stButtonGroup] button[aria-checked=true] p")
        chosen.wait_for()
        page.wait_for_function(
            "getComputedStyle(document.querySelector('[data-testid=stButtonGroup] button[aria-checked=true] p')).color"
            " == getComputedStyle(document.querySelector('[data-testid=stButtonGroup] button[aria-checked=false] p')).color"
        )
        assert chosen.inner_text() == "Ways of choosing"
        link = page.get_by_test_id("stSidebar").get_by_role("link", name="Compare")
        ring = "e => [getComputedStyle(e).outlineStyle, parseFloat(getComputedStyle(e).outlineWidth)]"
        assert link.evaluate(ring)[0] == "none"
        page.keyboard.press("Tab")  # the browser shows focus to who uses the keyboard
        link.focus()
        assert link.evaluate(ring) == ["solid", 2]
        page.close()


@pytest.mark.long
def test_what_is_called_streamlits_own_is_so_in_an_app_without_any_page_of_ours(browser: Browser, tmp_path: Path):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "other.py").touch()
    (tmp_path / "bare.py").write_text(BARE)
    shutil.copytree(ROOT / ".streamlit", tmp_path / ".streamlit")
    with serve(tmp_path, app=tmp_path / "bare.py") as url:
        page = browser.new_page(color_scheme="dark")
        opened(page, url)
        settled(page)
        nodes = [(v["id"], node) for v in Axe().run(page).response["violations"] for node in v["nodes"]]
        for rule, selectors in STREAMLITS_OWN.items():
            for selector in selectors:
                assert [n for id, n in nodes if id == rule and _within(page, n, selector)], selector
        page.close()
