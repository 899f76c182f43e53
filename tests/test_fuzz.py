"""``bench/fuzz.py``: a share of its inputs, and that it finds what it is for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "bench" / "fuzz.py"

FAULTS = """
import os, sys, time
sys.path.insert(0, {bench!r})
import fuzz, fuzz_kinds
from fuzz_kinds import Kind

def read(number):
    if number == 3:
        raise KeyError("fault")
    if number == 4:
        while True:
            time.sleep(1)
    if number == 5:
        os._exit(7)
    return number % 2

fuzz_kinds.KINDS = {{"numbers": Kind(1, str, read)}}
fuzz.HANG_SECONDS = 2.0
fuzz._make_input = lambda seed, kind, number: number
if __name__ == "__main__":
    sys.exit(fuzz.main(["--inputs", "8", "--jobs", "1"]))
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=500)


def test_a_share_of_the_inputs_is_read_or_refused_in_words():
    done = run(str(SCRIPT), "--inputs", "12000", "--seed", "7", "--jobs", "2")
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert lines[0].split() == "kind | inputs | refused | longest ms | tracebacks".split()
    assert {line.split("|")[-1].strip() for line in lines[1:11]} == {"0"}
    assert lines[10].split("|")[1].strip() == "12,000"


def test_an_input_is_the_same_each_time():
    first, second = (run(str(SCRIPT), "--seed", "7", "--only", "journals:12") for _ in range(2))
    assert first.returncode == 0 and first.stdout.splitlines()[0] == second.stdout.splitlines()[0]


def test_a_traceback_a_hang_and_a_crash_are_found_and_the_rest_goes_on(tmp_path: Path):
    script = tmp_path / "faults.py"
    script.write_text(FAULTS.format(bench=str(SCRIPT.parent)))
    done = run(str(script))
    assert done.returncode == 1 and "KeyError: 'fault'" in done.stdout, done.stdout + done.stderr
    assert "numbers:4" in done.stdout and "was not read within 2 seconds" in done.stdout
    assert "numbers:5" in done.stdout and "exit code 7" in done.stdout
    row = next(line for line in done.stdout.splitlines() if line.startswith("numbers"))
    assert [cell.strip() for cell in row.split("|")][1] == "8" and row.endswith("3")
