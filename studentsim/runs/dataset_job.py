"""Reads or checks questions in a process of their own, for pages: a large bank takes long, and the hub's need ``datasets``.

    echo '{"what": "check", "source": "gsm8k"}' | python -m studentsim.runs.dataset_job

Reads a request as JSON (``files``: name and base64 content of uploads) and prints a JSON object a line: ``{"done": 0.25}`` now
and then, and last ``{"report": …}``, ``{"outline": …}``, or ``{"problem": …, "remedy": …}``.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from studentsim.datasets.bank import Bank
from studentsim.datasets.registry import build_bank_report, open_bank
from studentsim.datasets.resolve import SOURCE_SEPARATOR
from studentsim.errors import BankError, StudentsimError
from studentsim.runs.json_lines import print_message

PROGRESS_INTERVAL_SECONDS = 0.2
"""Seconds between two messages of progress, at least."""


def chance_accuracy(bank: Bank) -> float:
    """The expected accuracy of guessing in this bank's exams, 0 to 1: the mean of 1 / number of options."""
    return sum(1 / len(question.options) for question in bank.exam) / len(bank.exam)


def bank_outline_json(bank: Bank) -> dict[str, Any]:
    """A bank's number of study questions by category, of exam questions, and the accuracy of guessing."""
    counts = Counter(question.category for question in bank.study)
    study = {category: counts[category] for category in bank.categories}
    return {"study": study, "exam": len(bank.exam), "chance": chance_accuracy(bank)}


def _check_source(source: str, request: dict[str, Any]) -> dict[str, Any]:
    report = build_bank_report(
        source,
        category=request.get("category", ""),
        set_name=request.get("set_name", ""),
        on_progress=_make_progress_callback(),
    )
    return {"report": report.to_json()}


def _check_uploaded_files(files: Sequence[tuple[str, bytes]], request: dict[str, Any]) -> dict[str, Any]:
    """Check uploaded files in a temporary folder; messages show their own names."""
    with tempfile.TemporaryDirectory() as folder:
        paths: dict[str, str] = {}
        for number, (name, content) in enumerate(files, start=1):
            # the name matters: a file of MMLU names its subject only there
            file_path = Path(folder) / str(number) / _safe_file_name(name)
            file_path.parent.mkdir()
            file_path.write_bytes(content)
            paths[str(file_path)] = name
        try:
            result = _check_source(SOURCE_SEPARATOR.join(paths), request)
        except BankError as error:
            messages = [error.problem, error.remedy]
            for path, name in paths.items():
                messages = [text.replace(path, name) for text in messages]
            raise BankError(*messages) from error
        result["report"]["source"] = SOURCE_SEPARATOR.join(paths.values())
        return result


def _safe_file_name(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", Path(name).name)[-100:].lstrip(".") or "questions.json"


def _make_progress_callback() -> Callable[[int, int], None]:
    last_reported = [time.monotonic()]

    def report_progress(done: int, rows: int) -> None:
        if time.monotonic() - last_reported[0] >= PROGRESS_INTERVAL_SECONDS:
            last_reported[0] = time.monotonic()
            print_message({"done": done / rows})

    return report_progress


def _main() -> None:
    try:
        request = json.loads(sys.stdin.read())
        if "files" in request:
            files = [(name, base64.b64decode(content)) for name, content in request["files"]]
            print_message(_check_uploaded_files(files, request))
        elif request["what"] == "check":
            print_message(_check_source(request["source"], request))
        else:
            bank = open_bank(
                request["source"],
                category=request.get("category", ""),
                drop_invalid=request.get("drop_invalid", False),
                set_name=request.get("set_name", ""),
            )
            print_message({"outline": bank_outline_json(bank)})
    except StudentsimError as error:
        print_message({"problem": error.problem, "remedy": error.remedy})
    except MemoryError:
        print_message({"problem": "There is not enough memory for these questions.", "remedy": "Use a part of them."})


if __name__ == "__main__":
    _main()
