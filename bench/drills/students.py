"""The embedded student, and a tiny model of the Hugging Face kind: killed at random moments and resumed (``kill_and_resume.py``)."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from drills.results import EQUAL, SILENT, TRACEBACK, DrillResult

SCRIPT = Path(__file__).parents[1] / "kill_and_resume.py"
_TRY_PATTERN = re.compile(r"^try \d+ of \d+: .*: (.*)$", re.MULTILINE)


def kill_students(tries: int, seed: int) -> list[DrillResult]:
    """``tries`` runs of the embedded student, and half as many of a tiny language model, each killed once."""
    with tempfile.TemporaryDirectory() as folder:
        return [
            _kill("embedded student killed (4)", ["embedded"], tries, seed),
            _kill("tiny language model killed (4)", [str(_write_tiny_model(Path(folder)))], (tries + 1) // 2, seed),
        ]


def _kill(fault: str, model: list[str], tries: int, seed: int) -> DrillResult:
    result = DrillResult(fault)
    words = [sys.executable, str(SCRIPT), *model, "--tries", str(tries), "--moments", str(seed)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    outcomes = _TRY_PATTERN.findall(done.stdout)
    for difference in outcomes:
        result.add(EQUAL if difference == "equal" else SILENT, difference)
    if len(outcomes) < tries:
        result.add(TRACEBACK, f"{len(outcomes)} of {tries} tries; {done.stderr[-500:]}")
    return result


def _write_tiny_model(folder: Path) -> Path:
    import tiny

    tiny.model().save_pretrained(folder)
    tiny.tokenizer().save_pretrained(folder)
    return folder
