"""How fast the pages are: drawn after a click, over a million answers, and what eight viewers cost a run.

    python bench/pages.py                                all three
    python bench/pages.py --only queries                 one of clicks, queries, viewers
    python bench/pages.py --only clicks --against DIR    beside another checkout, taking turns: how many times as long here
    python bench/pages.py --answers 100000 --lessons 6   smaller, to try it

1. Seconds from a click in the menu to the page drawn, for a finished 20-turn run, in a real browser, server warm.
2. Milliseconds of each statement that the pages put to DuckDB, a million answers in it, caches emptied before each visit.
3. Lessons a second of a real run that eight viewers watch, against the same run with none. They speak Streamlit's protocol
   and draw nothing (``viewer.py``): viewers bring computers of their own.

Prints medians and limits, and JSON as the last line. The exit status is 1 where a limit does not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import viewer  # noqa: E402  beside this file

from studentsim.ui.layout import MENU_PAGES  # noqa: E402

DRAWN, QUERY, SPEED = 1.0, 150.0, 0.8
"""Limits: seconds from click to drawn, milliseconds a statement, share of its speed that a watched run keeps."""
IS_DRAWN = """title => document.title.startsWith(title) && document.querySelector('[data-testid=stApp]').dataset.testScriptState
    == 'notRunning' && !document.querySelector('[data-testid=stSkeleton], [data-stale=true]') && document.querySelector('h1') &&
    [...document.querySelectorAll('[data-testid=stPlotlyChart], .studentsim-plot')].every(
    c => c.getBoundingClientRect().top > innerHeight || c.querySelector('.main-svg'))"""
"""JavaScript: the page of that title is there whole, with the pictures that have their place in the window. Those below its edge follow."""
PICTURES = """[...document.querySelectorAll('.js-plotly-plot .main-svg:first-child, .studentsim-still')].filter(
    c => c.getBoundingClientRect().top < innerHeight).length"""
"""JavaScript: how many pictures are drawn in the window; a place may come later than the page."""

MAKE_RUNS = """
import sys
from pathlib import Path
sys.path[:0] = [".", "tests"]
from journals import make_run
from studentsim.config import RunConfig
sizes = dict(questions_per_turn=40, exam_size=240)
if "exam_size" not in RunConfig.model_fields:  # 0.1's names
    sizes = dict(questions=40, exam=240)
for run_id, settings in (("by-hand", {}), ("by-hand-2", {"strategy": "random"})):
    make_run(Path(sys.argv[1]), run_id, turns=20, **sizes, **settings)
"""
"""Python: runs made by hand, by the checkout that it is run in."""


def finished_runs(data: Path) -> list[str]:
    """Puts finished 20-turn runs into the folder: the recorded study where it is whole, else one made by hand."""
    from journals import make_run

    from studentsim.runs import demo
    from studentsim.runs.run_dir import RunFolder

    os.environ.pop(demo.RECORDED_VARIABLE, None)
    found = [run for run in demo.unpack_recorded_runs(data) if RunFolder(data / "runs" / run).read_config().turns >= 20]
    os.environ[demo.RECORDED_VARIABLE] = "0"
    if not found:
        print("There is no recorded study of 20 turns: a run made by hand takes its place.", flush=True)
        make_run(data, "by-hand", turns=20, questions_per_turn=40, exam_size=240)
        make_run(data, "by-hand-2", turns=20, questions_per_turn=40, exam_size=240, strategy="random")
    return found or ["by-hand", "by-hand-2"]


def clicks(data: Path, options: argparse.Namespace) -> dict[str, float]:
    """Seconds from click to drawn, by page. With ``--against`` the pages of another checkout take turns with these."""
    from browser import chromium, serve

    run = "by-hand"
    roots = [root for root in (ROOT, options.against) if root]
    times: list[dict[str, list[float]]] = [defaultdict(list) for _ in roots]
    pictures: list[dict[str, int]] = [{} for _ in roots]
    with ExitStack() as stack:
        browser = stack.enter_context(chromium())
        windows = []
        for number, root in enumerate(roots):
            # a database has one owner, and an earlier version reads no journal of this one
            own = data.with_name(f"{data.name}-{number}")
            subprocess.run([sys.executable, "-c", MAKE_RUNS, own], cwd=root, check=True)
            url = stack.enter_context(serve(own, app=root / "app.py"))
            windows.append(browser.new_page(viewport={"width": 1280, "height": 900}))
            windows[-1].goto(f"{url}/Watch?run={run}")
            windows[-1].wait_for_function(IS_DRAWN, arg="Watch", timeout=120_000)
        for turn in range(options.rounds + 1):
            for name in [name for _, name, _ in (*MENU_PAGES[1:], MENU_PAGES[0])]:
                for window, own, known in zip(windows, times, pictures, strict=True):
                    window.bring_to_front()
                    seconds = _click(window, name, known, first=not turn)
                    if turn:  # the first visit of each warms the server
                        own[name].append(seconds)
    told = _report("Seconds from click to drawn", times[0], limit=DRAWN, unit="s")
    for other in times[1:]:
        _report(f"The same of {options.against}", other, limit=None, unit="s")
        pairs = {name: [x / y for x, y in zip(times[0][name], other[name], strict=True)] for name in other}
        _report("How many times as long here, click by click", pairs, limit=None, unit="×")
    return told


def _click(window: Any, name: str, known: dict[str, int], *, first: bool) -> float:
    """Seconds until a page's link in the menu has led to the page drawn; ``first`` finds out how many pictures that takes."""
    link = window.get_by_test_id("stSidebar").get_by_role("link", name=name, exact=False).first
    began = time.perf_counter()
    link.click()
    window.wait_for_function(IS_DRAWN, arg=f"{name} ·", timeout=120_000)
    if first:
        window.wait_for_timeout(3000)
        known[name] = window.evaluate(PICTURES)
    window.wait_for_function(f"{PICTURES} >= {known[name]}", timeout=120_000)
    return time.perf_counter() - began


def queries(data: Path, options: argparse.Namespace) -> dict[str, float]:
    """Median milliseconds of each statement, by page and asking function; a page's whole script besides."""
    from crowds import crowd
    from visits import visit

    from studentsim.runs.manager import RunManager
    from studentsim.ui import data as shared

    runs = finished_runs(data)
    began = time.perf_counter()
    total = crowd(data, runs, answers=options.answers)
    print(f"{total:,} answers made in {time.perf_counter() - began:.0f} s", flush=True)
    os.environ[shared.DATA_DIR_ENV_VAR] = str(data)
    RunManager.ensure_warm_worker = RunManager.tick = lambda self: None  # type: ignore[method-assign, assignment]
    asked = _timed_database()
    times: dict[str, list[float]] = defaultdict(list)
    scripts: dict[str, list[float]] = defaultdict(list)
    for turn in range(options.rounds + 1):
        for label, (script, params) in _visits(runs).items():
            _forget()
            asked.clear()
            began = time.perf_counter()
            app = visit(script, **params)
            seconds = time.perf_counter() - began
            if app.exception or (app.error and not turn):
                print(f"{label}: {[e.value for e in (*app.exception, *app.error)]}", flush=True)
            if turn:
                scripts[label].append(seconds)
                for name, spent in asked:
                    times[f"{label}: {name}"].append(1000 * spent)
    shared.close_engines()
    _report("Seconds of a page's script, nothing cached", scripts, limit=None, unit="s")
    return _report("Milliseconds of each statement", times, limit=QUERY, unit="ms")


def _visits(runs: list[str]) -> dict[str, tuple[str, dict[str, str]]]:
    """What is visited: every page, with the links that make it ask most."""
    from studentsim.ui import layout

    run = runs[0]
    found = {
        name: (script, {"run": run} if script in layout.SINGLE_RUN_PAGES else {})
        for script, name, _ in layout.MENU_PAGES
    }
    copies = ",".join(f"{runs[i % len(runs)]}-{i:05d}" for i in range(8))
    found["Watch, race"] = (layout.WATCH_PAGE, {"race": ",".join(runs[:4])})
    found["Compare eight"] = (layout.COMPARE_PAGE, {"runs": ",".join(runs[:4] + [copies])})
    found["Answers, text"] = (layout.ANSWERS_PAGE, {"run": run, "search": "average"})
    found["Answers, category"] = (layout.ANSWERS_PAGE, {"run": run, "category": "probability"})
    found["Weaknesses, category"] = (layout.WEAKNESSES_PAGE, {"run": run, "category": "probability"})
    question = _question(run)
    found["Answers, question"] = (layout.ANSWERS_PAGE, {"run": run, "question": question})
    found["Weaknesses, question"] = (layout.WEAKNESSES_PAGE, {"run": run, "question": question})
    return found


def _question(run: str) -> str:
    """A question of that run's exams."""
    from studentsim.store import queries
    from studentsim.ui import data

    exam_answers = queries.AnswerFilter(phase="exam")
    batch = next(queries.iter_answer_batches(data.get_engine().database, run, exam_answers, limit=1))
    return str(batch["question_id"][0])


def _forget() -> None:
    """Empties every cache of the app but the one that holds the open database."""
    from studentsim.ui import data

    modules = [module for name, module in sys.modules.items() if name.startswith("studentsim.ui")]
    for cached in {
        value for module in modules for value in vars(module).values() if type(value).__name__ == "CachedFunc"
    }:
        if cached is not data._cached_engine:
            cached.clear()


def _timed_database() -> list[tuple[str, float]]:
    """Has every statement that goes through the database noted: who asked, and seconds until the result was there."""
    from studentsim.store.database import Database

    asked: list[tuple[str, float]] = []

    def timed(method: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(self: Database, *args: Any, **kwargs: Any) -> Any:
            began = time.perf_counter()
            try:
                return method(self, *args, **kwargs)
            finally:
                asked.append((sys._getframe(1).f_code.co_name, time.perf_counter() - began))

        return wrapper

    for name in ("frame", "rows", "arrow"):
        if hasattr(Database, name):
            setattr(Database, name, timed(getattr(Database, name)))
    return asked


def viewers(data: Path, options: argparse.Namespace) -> dict[str, float]:
    """Lessons a second with viewers and without, and their ratio."""
    from browser import serve

    speeds = {}
    with serve(data) as url:
        for count in (0, options.viewers):
            ends, first = _watched_run(data, url, count, options)
            speeds[count] = ends, first
    first = max(first for _, first in speeds.values())
    pace = {}
    for count, (ends, _) in speeds.items():
        lessons = [at for turn, at in sorted(ends.items()) if turn >= first]
        pace[count] = (len(lessons) - 1) / (lessons[-1] - lessons[0])
        print(f"{count} viewers: {pace[count]:.3f} lessons a second, lessons {first} to {options.lessons}", flush=True)
    ratio = pace[options.viewers] / pace[0]
    print(f"Ratio: {ratio:.2f} (limit: at least {SPEED}){'' if ratio >= SPEED else '   TOO SLOW'}", flush=True)
    return {"ratio": ratio, "alone": pace[0], "watched": pace[options.viewers]}


def _watched_run(data: Path, url: str, count: int, options: argparse.Namespace) -> tuple[dict[int, float], int]:
    """Carries one run out with so many viewers; when each lesson ended, and the first that ended with all of them there."""
    from studentsim.config import RunConfig
    from studentsim.runs.manager import RunManager
    from studentsim.store import journal

    manager = RunManager(data)
    try:
        run = manager.start(RunConfig.make(turns=options.lessons))
        command = [sys.executable, __file__, "--watch", f"{url}/Watch?run={run}", "--viewers", str(count)]
        watching = None
        if count:
            watching = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            assert watching.stdout and watching.stdout.readline().strip() == "ready", "the viewers did not get there"
        there = time.time()
        while manager.get_state(run).is_live or manager.get_state(run).status == "queued":
            time.sleep(0.5)
        if watching:
            print(f"each viewer's page was refreshed at least {watching.communicate()[0].strip()} times", flush=True)
        if manager.get_state(run).status != "finished":
            raise SystemExit(f"the run ended as {manager.get_state(run).status}")
    finally:
        manager.close()
    events = journal.read_events(data / "runs" / run / journal.JOURNAL_FILE_NAME)
    ends = {event["turn"]: event["timestamp"] for event in events if event["type"] == "TurnFinished"}
    return ends, min((turn for turn, at in ends.items() if at >= there), default=options.lessons)


def _report(title: str, times: dict[str, list[float]], *, limit: float | None, unit: str) -> dict[str, float]:
    """Prints the medians, the slowest first, and returns them."""
    medians = {name: statistics.median(all) for name, all in times.items()}
    print(f"\n{title}" + (f" (limit {limit:g} {unit})" if limit else ""))
    for name, value in sorted(medians.items(), key=lambda item: -item[1]):
        late = "   TOO SLOW" if limit and value > limit else ""
        print(f"  {value:8.2f} {unit}  {name}  ({len(times[name])} times, longest {max(times[name]):.2f}){late}")
    sys.stdout.flush()
    return medians


def main() -> int:
    """Measure, print, and say by the exit status whether all limits hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("clicks", "queries", "viewers"))
    parser.add_argument("--answers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7, help="visits whose median is taken")
    parser.add_argument("--lessons", type=int, default=20, help="of the watched run")
    parser.add_argument("--viewers", type=int, default=8)
    parser.add_argument("--against", type=Path, help="another checkout of this project, to compare clicks with")
    parser.add_argument("--watch", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.watch:
        asyncio.run(viewer.watch(options.watch, options.viewers))
        return 0
    logging.disable(logging.WARNING)  # AppTest's remarks on a page run without a server
    told: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for part in (clicks, queries, viewers):
            if options.only in (None, part.__name__):
                data = Path(folder) / part.__name__
                data.mkdir()
                told[part.__name__] = part(data, options)
    print(json.dumps(told))
    held = [
        max(told.get("clicks", {"": 0.0}).values()) <= DRAWN,
        max(told.get("queries", {"": 0.0}).values()) <= QUERY,
        told.get("viewers", {"ratio": 1.0})["ratio"] >= SPEED,
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
