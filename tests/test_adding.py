"""docs/adding.md holds: what is added in one place is known everywhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
import tomllib
from pathlib import Path

import pytest
from test_ui_charts import contrast

from studentsim.labels.strategy_styles import LEGIBLE_SLOTS, PALETTE, palette_style
from studentsim.selection.registry import STRATEGIES, find_strategy
from studentsim.selection.strategy import Strategy
from studentsim.ui import layout
from studentsim.ui.charts.race import MARKER_CHARACTERS
from studentsim.ui.charts.sketch import DASH_PATTERNS

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "adding.md").read_text()
STRATEGY_FILE = textwrap.dedent(max(re.findall(r"(?:^(?: {4}.*)?\n)+", GUIDE, re.M), key=len))
"""The guide's own example."""
DATASET_FILE = '''
"""Riddles, as a made-up site publishes them."""

from studentsim.datasets.adapter import DatasetSpec, ParsedRow, label_options


def parse_row(row, seed=0):
    """Parse a row."""
    options = label_options([row.values["solution"], *row.values["red_herrings"]])
    return ParsedRow(row.values["riddle"], options, options[0][0], "riddles")


DATASET = DatasetSpec(
    name="riddles",
    title="Riddles",
    row_description="riddle, solution, red_herrings",
    id_prefix="riddles",
    hub=None,
    known_columns=frozenset({"riddle", "solution", "red_herrings"}),
    matches_row=lambda values: "riddle" in values and "red_herrings" in values,
    parse_row=parse_row,
)
'''
CHECKS = """
import sys
from studentsim.datasets import published
from studentsim.selection import strategies
strategies.__path__.append(sys.argv[1])
published.__path__.append(sys.argv[2])
import pytest
sys.exit(pytest.main(["tests/added_checks.py", "-p", "no:cacheprovider", "-q"]))
"""


def test_a_strategy_and_a_data_set_are_one_file_each(tmp_path: Path):
    folders = [tmp_path / "strategies", tmp_path / "published"]
    for folder, name, text in zip(folders, ("shortest", "riddles"), (STRATEGY_FILE, DATASET_FILE), strict=True):
        folder.mkdir()
        (folder / f"{name}.py").write_text(text)
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    done = subprocess.run(
        [sys.executable, "-c", CHECKS, *map(str, folders)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_no_other_file_names_a_strategy():
    """Ids that are also other words ("none", "category") are looked for beside the word strategy alone."""
    distinctive = "|".join(re.escape(id) for id in STRATEGIES if id in ("random", "likely-wrong") or "+" in id)
    every = "|".join(map(re.escape, STRATEGIES))
    pattern = re.compile(
        rf"""["'](?:{distinctive})["']|strategy\w*["']?\)?\s*(?:==|!=|in|=|:)\s*[({{\[]*["'](?:{every})["']"""
    )
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in sorted((ROOT / "studentsim").rglob("*.py"))
        if "selection" not in path.relative_to(ROOT).parts
        for match in pattern.finditer(path.read_text())
    ]
    assert not found


def test_thirty_further_strategies_are_all_drawn_differently_and_seen_on_every_ground():
    styles = [palette_style(i) for i in range(len(PALETTE) + 30)]
    assert styles[: len(PALETTE)] == list(PALETTE)
    assert len(set(styles)) == len({(dash, symbol) for _, dash, symbol in styles}) == len(styles)
    assert {dash for _, dash, _ in styles} <= set(DASH_PATTERNS)
    assert {symbol for *_, symbol in styles} <= set(MARKER_CHARACTERS)
    themes = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    for theme in (themes["light"], themes["dark"]):
        for slot, *_ in styles[len(PALETTE) :]:
            for ground in ("backgroundColor", "secondaryBackgroundColor"):
                assert contrast(theme["chartCategoricalColors"][slot], theme[ground]) >= 4.5
    assert all(a != b for a, b in zip(styles[7:], styles[8:], strict=False)) and set(LEGIBLE_SLOTS) == {
        slot for slot, *_ in styles[7:]
    }


def test_every_page_is_in_the_menu_under_its_title():
    scripts = {f"pages/{path.name}": path.read_text() for path in (ROOT / "pages").glob("*.py")}
    assert {script for script, *_ in layout.MENU_PAGES} == {layout.HOME_PAGE, *scripts}
    for script, title, icon in layout.MENU_PAGES:
        assert f'page_frame("{title}"' in scripts.get(script, f'page_frame("{title}"') and icon.startswith(":material/")


def test_a_strategy_of_another_version_has_its_id_as_its_name_and_no_property():
    assert find_strategy("clever") == Strategy(id="clever", label="clever", summary="", when_to_use="")


def test_a_threshold_is_for_the_measure_that_it_is_held_against():
    with pytest.raises(ValueError, match="'odd'"):
        Strategy(id="odd", label="Odd", summary="", when_to_use="", measure="p_correct", uses_threshold=True)
