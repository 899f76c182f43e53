"""Stands for studentsim.runs.model_install_job: the same protocol, nothing fetched. The file ``fake-get`` in the data folder says
how it goes: ``no network``, or ``waits`` in the download until the file is gone.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

MB = 1_000_000
PROBLEM = {"problem": "The package index cannot be reached.", "remedy": "Check the network."}


def say(step: str, done: int = 0, of: int = 0) -> None:
    print(json.dumps({"step": step, "done": done, "of": of}), flush=True)


def put(data: Path, name: str) -> None:
    """The model's folder as a store knows it: its record, without weights."""
    folder = data / "models" / name
    folder.mkdir(parents=True)
    record = {
        "title": "SmolLM2", "family": "llama", "parameters": 134_515_008, "weights": "from 4-bit weights", "licence": "Apache-2.0",
        "source": {}, "files": {},
    }  # fmt: skip
    (folder / "studentsim_model.json").write_text(json.dumps(record))


def main() -> None:
    asked = json.loads(sys.stdin.read())
    name, data = asked["name"], Path(asked["data"])
    wanted = data / "fake-get"
    how = wanted.read_text() if wanted.exists() else ""
    if how == "no network":
        print(json.dumps(PROBLEM))
        return
    say("downloading", 40 * MB, 93 * MB)
    end = time.monotonic() + 300
    while how == "waits" and wanted.exists() and time.monotonic() < end:
        time.sleep(0.05)
    for step in ("checking", "unpacking", "converting", "trying"):
        say(step, 93 * MB, 93 * MB)
    put(data, name)
    print(json.dumps({"model": {"name": name}}))


if __name__ == "__main__":
    main()
