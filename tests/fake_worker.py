"""The real worker process with a cast of ours: ``fake_worker.py fake --data DIR`` or ``… answer:30:die --data DIR``."""

from __future__ import annotations

import sys
from pathlib import Path

from studentsim.runs import worker


def main() -> int:
    what, *arguments = sys.argv[1:]
    if what == "exit-at-import":
        sys.exit("ImportError: no module named nonsense")
    import fakes

    build_components = fakes.fake
    if what != "fake":
        moment, count, name = what.split(":")
        data = Path(arguments[arguments.index("--data") + 1])
        accident = fakes.gate(data / "gate") if name == "gate" else getattr(fakes, name)
        build_components = fakes.prone(moment, int(count), accident)
    return worker.main(arguments, build_components=build_components, preload=fakes.bank)


if __name__ == "__main__":
    sys.exit(main())
