"""How far things jump while a page is drawn for the first time: cumulative layout shift (web.dev/cls; good is below 0.1).

    python bench/layout_shift.py                        every page, 1280 and 390 wide
    python bench/layout_shift.py --only Watch --tell 5  one page, and what moved most

Every visit is a new browser profile: nothing is in its cache. What moves before the page's first text has been painted nobody sees:
Streamlit 1.67 makes room for the side bar then, which moves the empty page by its 300 pixels (0.234 at 1280). The figure is without
that, the one in brackets with it. Prints a table, and JSON as the last line; the exit status is 1 where a page is at the limit or above.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "bench")]

LIMIT = 0.1
WIDTHS = {1280: 900, 390: 844}
PHONE = 500
"""Pixels: a narrower window is a phone's."""
PHONES = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/140 Mobile Safari/537.36"
SETTLED = 2500
"""Milliseconds after the page is drawn in which it is still looked at: a picture may come later."""
OBSERVED = """(() => {
    const told = node => {
        const element = node && (node.nodeType == 1 ? node : node.parentElement);
        const near = element && element.closest('[data-testid]');
        return near ? near.dataset.testid + ' ' + (element.innerText || '').slice(0, 40).replace(/\\s+/g, ' ') : 'gone';
    };
    window.shifts = [];
    window.firstText = Infinity;
    new MutationObserver((_, own) => {
        const main = document.querySelector('[data-testid=stMain]');
        if (!main || !main.innerText.trim()) return;
        own.disconnect();
        requestAnimationFrame(() => requestAnimationFrame(now => window.firstText = now + 20));  // a frame
    }).observe(document, {subtree: true, childList: true, characterData: true});
    new PerformanceObserver(list => list.getEntries().forEach(e => e.hadRecentInput || window.shifts.push({
        at: e.startTime, value: e.value,
        moved: e.sources.map(s => ({what: told(s.node), from: s.previousRect.top, to: s.currentRect.top,
            left: s.currentRect.left - s.previousRect.left, high: s.currentRect.height - s.previousRect.height})),
    }))).observe({type: 'layout-shift', buffered: true});
})()"""
"""JavaScript: collects the browser's own entries, with what moved and by how much, and when the first text had been painted."""


def total(shifts: Sequence[dict[str, Any]]) -> float:
    """The sum of all shifts. The published score takes the largest session window of it, which hangs on how fast the page comes; this
    is never less.
    """
    return sum(shift["value"] for shift in shifts)


def visits(run: str, others: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Title (its beginning) and address of each visit, by name."""
    return {
        "Home": ("", ""), "New simulation": ("New simulation", "New_simulation"), "Watch": ("Watch", f"Watch?run={run}"),
        "Race": ("Watch", f"Watch?race={','.join([run, *others])}"), "Compare": ("Compare", f"Compare?runs={','.join([run, *others])}"),
        "Answers": ("Answers", f"Answers?run={run}"), "An answer": ("Answers", f"Answers?run={run}&answer=40"),
        "Weaknesses": ("Weaknesses", f"Weaknesses?run={run}"), "Questions": ("Questions", "Questions"),
        "Check questions": ("Check questions", "Check_questions"), "Help": ("Help", "Help"),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="one visit by its name")
    parser.add_argument(
        "--tell", type=int, default=0, metavar="N", help="the N largest shifts of each visit, and what moved"
    )
    parser.add_argument("--widths", type=int, nargs="+", default=list(WIDTHS))
    options = parser.parse_args()
    from browser import chromium, serve

    from pages import IS_DRAWN, finished_runs  # beside this file

    found: dict[str, dict[int, float]] = {}
    whole: dict[str, dict[int, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        run, *others = finished_runs(data)
        with serve(data, recorded=True) as url, chromium() as browser:
            for name, (title, address) in visits(run, others[:2]).items():
                if options.only not in (None, name):
                    continue
                found[name], whole[name] = {}, {}
                for width in options.widths:
                    phone = {"user_agent": PHONES, "is_mobile": True, "has_touch": True} if width < PHONE else {}
                    context = browser.new_context(viewport={"width": width, "height": WIDTHS.get(width, 900)}, **phone)
                    page = context.new_page()
                    page.add_init_script(OBSERVED)
                    page.goto(f"{url}/{address}")
                    page.wait_for_function(IS_DRAWN, arg=title, timeout=180_000)
                    page.wait_for_timeout(SETTLED)
                    shifts = page.evaluate("window.shifts")
                    first = page.evaluate("window.firstText")
                    found[name][width] = total([shift for shift in shifts if shift["at"] >= first])
                    whole[name][width] = total(shifts)
                    context.close()
                    for shift in sorted(shifts, key=lambda s: -s["value"])[: options.tell]:
                        print(f"    {shift['value']:.3f} at {shift['at']:.0f} ms (first text {first:.0f})")
                        for moved in shift["moved"]:
                            by = f"x {moved['left']:+.0f}, h {moved['high']:+.0f}"
                            print(f"        {moved['from']:.0f} to {moved['to']:.0f} ({by}) {moved['what']}")
                print(
                    f"{name:<16}"
                    + "".join(
                        f"{width:>6}: {value:.3f} ({whole[name][width]:.3f})" for width, value in found[name].items()
                    ),
                    flush=True,
                )
    print(json.dumps({"after the first text": found, "whole": whole}))
    sys.exit(any(value >= LIMIT for by_width in found.values() for value in by_width.values()))


if __name__ == "__main__":
    main()
