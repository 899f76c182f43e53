"""Installs a model in a process of its own, for pages, and prints the progress.

    echo '{"name": "smollm2", "data": "data"}' | python -m studentsim.runs.model_install_job

Prints a JSON object a line: ``{"step": "downloading", "done": 31457280, "of": 92871040}`` (bytes; ``of`` 0: not known; the steps are
those of ``student.huggingface.download.Progress``), and last ``{"model": {"name": …, "title": …, "described": …, "bytes": …}}``, or
``"problem"``, ``"remedy"`` and the ``"field"`` that is wrong. ``data`` defaults to STUDENTSIM_DATA or ``data``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from studentsim.child_process import Message, run_json_job
from studentsim.student.huggingface import installation
from studentsim.student.huggingface.model_store import InstalledModel, set_data_folder


def model_to_json(model: InstalledModel) -> dict[str, Any]:
    """An installed model as JSON."""
    return {
        **asdict(model),
        "described": model.size_description,
        "folder": str(model.folder),
        "bytes": model.size_bytes,
    }


def _work(text: str, report: Callable[[Message], None]) -> Message:
    request = json.loads(text)
    if request.get("data"):
        set_data_folder(request["data"])
    model = installation.install_model(request["name"], lambda progress: report(asdict(progress)))
    return {"model": model_to_json(model)}


if __name__ == "__main__":
    run_json_job(_work)
