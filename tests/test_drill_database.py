"""``bench/drills/database.py``: a small share of its flips, and that it calls wrong what is wrong."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "bench" / "drills" / "database.py"


@pytest.fixture(scope="module")
def drill():
    spec = importlib.util.spec_from_file_location("drill_database", SCRIPT)
    assert spec and spec.loader
    module = sys.modules["drill_database"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["drill_database"]


def test_each_flipped_bit_is_noticed_or_changes_no_value(drill):
    results = drill.flip_database(12, seed=7)
    assert len(results) == 12 and {result.file for result in results} == {"database", "log"}
    assert [result for result in results if result.outcome not in ("equal", "said")] == []


def test_what_differs_unsaid_is_silent_and_what_dies_is_a_traceback(drill, tmp_path, monkeypatch):
    base = tmp_path / "base"
    expected = drill._make_base(base)
    changed = {**expected, "answers": "another"}
    zero = next(n for n, byte in enumerate((base / drill.DATABASE_FILE_NAME).read_bytes()) if not byte)
    assert drill._judge(base, expected, "database", zero, 0).outcome in ("equal", "said")
    assert drill._judge(base, changed, "database", zero, 0).outcome == "silent"
    monkeypatch.setattr(drill, "sync_journals", lambda *_: 1 / 0)
    assert "ZeroDivisionError" in drill._judge(base, expected, "database", zero, 0).detail
