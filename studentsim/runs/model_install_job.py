"""Gets a model in a process of its own, for pages, saying how far it is.

    echo '{"name": "smollm2", "data": "data"}' | python -m studentsim.runs.model_install_job

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
from studentsim.student.huggingface import installation
from studentsim.student.huggingface.download import OnProgress, Progress
from studentsim.student.huggingface.model_store import InstalledModel, set_data_folder

PROGRESS_INTERVAL_SECONDS = 0.2
"""Seconds between two messages of one step."""


def model_to_json(model: InstalledModel) -> dict[str, Any]:
    """A model that was got, for JSON."""
    return {
        **asdict(model),
        "described": model.size_description,
        "folder": str(model.folder),
        "bytes": model.size_bytes,
    }


def throttle_progress(on_progress: OnProgress) -> OnProgress:
    """``on_progress``, but at most every ``PROGRESS_INTERVAL_SECONDS`` seconds within one step."""
    last_report = ("", 0.0)

    def report(progress: Progress) -> None:
        nonlocal last_report
        now = time.monotonic()
        if (
            progress.step != last_report[0]
            or now - last_report[1] >= PROGRESS_INTERVAL_SECONDS
            or progress.done == progress.of != 0
        ):
            last_report = (progress.step, now)
            on_progress(progress)

    return report


def _print_message(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


def _main() -> None:
    try:
        request = json.loads(sys.stdin.read())
        if request.get("data"):
            set_data_folder(request["data"])
        _print_message(
            {
                "model": model_to_json(
                    installation.install_model(
                        request["name"], throttle_progress(lambda progress: _print_message(asdict(progress)))
                    )
                )
            }
        )
    except StudentsimError as error:
        _print_message({"problem": error.problem, "remedy": error.remedy, "field": getattr(error, "field", "")})


if __name__ == "__main__":
    _main()
