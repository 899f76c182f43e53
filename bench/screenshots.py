"""A picture of every page, wide, narrow and at 200 % zoom, light and dark, over runs made by hand: to be looked at.

python bench/screenshots.py --to screenshots

Says which are too wide for their screen, and what the browser called an error.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import ConsoleMessage

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "tests")]

from browser import chromium, serve  # noqa: E402
from journals import make_run  # noqa: E402

from studentsim.runs.lease import Lease  # noqa: E402
from studentsim.runs.run_dir import RunFolder  # noqa: E402

PAGES = {
    "home": "/",
    "new": "/New_simulation",
    "watch": "/Watch?run=finished",
    "watch-first-exam": "/Watch?run=first-exam",
    "watch-learning": "/Watch?run=learning",
    "watch-getting-ready": "/Watch?run=getting-ready",
    "watch-interrupted": "/Watch?run=interrupted",
    "watch-failed": "/Watch?run=failed",
    "watch-unknown": "/Watch?run=nobody",
    "watch-choose": "/Watch",
    "watch-present": "/Watch?run=finished&present=1",
    "race-new": "/Watch?race=new",
    "race": "/Watch?race=finished,other",
    "compare": "/Compare?runs=finished,other&paper=1",
    "compare-recorded": "/Compare",
    "answers": "/Answers?run=finished",
    "answers-card": "/Answers?run=finished&mark=wrong&answer=100",
    "weaknesses": "/Weaknesses?run=recorded-category-seed-1",
    "weaknesses-category": "/Weaknesses?run=recorded-category-seed-1&category=physics",
    "questions": "/Questions",
    "check-questions": "/Check_questions",
    "check-questions-run": "/Check_questions?run=finished",
    "help": "/Help",
}
AT_WORK = {
    "first-exam": {"turn": -1, "until": "exam", "strategy": "random"},
    "getting-ready": {"turn": -1, "until": "loading"},
    "learning": {"turn": 7, "until": "training", "turns": 20, "questions_per_turn": 40, "exam_size": 240},
}
"""Runs whose worker is this very process."""
IS_STILL = """() => document.querySelector('[data-testid=stApp]').dataset.testScriptState != 'running' &&
    !document.querySelector('[data-testid=stSkeleton], [data-testid=stSpinner], [data-stale=true]')"""
"""JavaScript: nothing is being drawn any more."""
SIZES = {"wide": (1280, 900), "narrow": (390, 844), "zoomed": (640, 450)}
"""Width and height. To a page, a screen of 1280 × 900 at 200 % zoom is one of half that."""

SETTLED = 4000
"""Milliseconds after the last request within which plotly has drawn, on a busy machine too."""


def main() -> None:
    """Write <page>-<size>-<theme>.png for all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=Path("screenshots"))
    parser.add_argument("--only", default="", help="pages whose name begins with this")
    options = parser.parse_args()
    options.to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        make_run(data, "finished", turns=20, questions_per_turn=40, exam_size=240)
        make_run(data, "other", turns=20, questions_per_turn=40, exam_size=240, strategy="random")
        make_run(data, "failed", status="failed", turn=2, until="training")
        make_run(data, "interrupted", status="", turn=2, until="study", strategy="random")
        with ExitStack() as stack:
            for name, settings in AT_WORK.items():
                run = make_run(data, name, status="", **settings)
                stack.enter_context(Lease.acquire(RunFolder(run)).keep_alive())
            url, browser = stack.enter_context(serve(data, recorded=True)), stack.enter_context(chromium())
            for name, path in PAGES.items():
                if name.startswith(options.only):
                    _shoot(browser, url + path, name, options.to)


def _shoot(browser, url: str, name: str, folder: Path) -> None:
    for theme in ("light", "dark"):
        for size, (width, height) in SIZES.items():
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=theme)
            page.set_default_timeout(120_000)
            errors: list[str] = []
            page.on("console", lambda told, errors=errors: errors.append(told.text) if _is_error(told) else None)
            page.goto(url)
            page.get_by_text("A model student, not your pupils.").wait_for()
            page.wait_for_load_state("networkidle")
            page.wait_for_function(IS_STILL, timeout=60_000)
            page.wait_for_timeout(SETTLED)
            height = page.evaluate("(document.querySelector('[data-testid=stMain]') || document.body).scrollHeight")
            page.set_viewport_size({"width": width, "height": min(int(height) + 20, 4000)})
            page.wait_for_timeout(300)
            sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            page.screenshot(path=folder / f"{name}-{size}-{theme}.png")
            print(f"{name} {size} {theme}" + (f": {sideways} px too wide" if sideways > 0 else ""), *errors, flush=True)
            page.close()


def _is_error(told: ConsoleMessage) -> bool:
    """Whether it is an error of ours. Streamlit asks for its own addresses below a page's first, which are not there."""
    return told.type == "error" and "/_stcore/" not in told.location.get("url", "")


if __name__ == "__main__":
    main()
