"""Gets a model in a process of its own, for pages, saying how far it is.

    echo '{"name": "smollm2", "data": "data"}' | python -m studentsim.runs.get_model

Writes a JSON object a line: ``{"step": "downloading", "done": 31457280, "of": 92871040}`` (bytes; ``of`` 0: not known; the steps are
those of ``student.huggingface.download.Progress``), and last ``{"model": {"name": …, "title": …, "described": …, "bytes": …}}``, or
``"problem"``, ``"remedy"`` and the ``"field"`` that is wrong. ``data`` may be left out: then it is STUDENTSIM_DATA's, or ``data``.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import Any

from studentsim.errors import StudentsimError
from studentsim.student.huggingface import provision
from studentsim.student.huggingface.download import OnProgress, Progress
from studentsim.student.huggingface.model_store import GotModel, use_data_folder

OFTEN = 0.2
"""Seconds between two messages of one step."""


def told(model: GotModel) -> dict[str, Any]:
    """A model that was got, for JSON."""
    return {**asdict(model), "described": model.described, "folder": str(model.folder), "bytes": model.bytes}


def seldom(say: OnProgress) -> OnProgress:
    """``say``, but at most every ``OFTEN`` seconds within one step."""
    last = ("", 0.0)

    def say_seldom(progress: Progress) -> None:
        nonlocal last
        now = time.monotonic()
        if progress.step != last[0] or now - last[1] >= OFTEN or progress.done == progress.of != 0:
            last = (progress.step, now)
            say(progress)

    return say_seldom


def _say(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


def _main() -> None:
    try:
        asked = json.loads(sys.stdin.read())
        if asked.get("data"):
            use_data_folder(asked["data"])
        _say({"model": told(provision.get(asked["name"], seldom(lambda progress: _say(asdict(progress)))))})
    except StudentsimError as error:
        _say({"problem": error.problem, "remedy": error.remedy, "field": getattr(error, "field", "")})


if __name__ == "__main__":
    _main()
