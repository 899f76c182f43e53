"""The real command line with a cast of ours: ``fake_cli.py answer:40:gate run --data DIR …``."""

from __future__ import annotations

import sys
from pathlib import Path

import fakes

from studentsim import cli
from studentsim.cli import runner

if __name__ == "__main__":
    what = sys.argv.pop(1)
    runner.components_builder = fakes.fake
    if what != "fake":
        moment, count, _ = what.split(":")
        data = Path(sys.argv[sys.argv.index("--data") + 1])
        runner.components_builder = fakes.prone(moment, int(count), fakes.gate(data / "gate"))
    cli.main()
