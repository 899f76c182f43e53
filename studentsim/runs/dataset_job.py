"""Reads or checks questions in a process of their own, for pages: a large bank takes long, and the hub's need ``datasets``.

    echo '{"what": "check", "source": "gsm8k"}' | python -m studentsim.runs.dataset_job

Reads a request as JSON (``files``: name and base64 content of uploads) and prints a JSON object a line: ``{"done": 0.25}`` now
and then, and last ``{"report": …}``, ``{"outline": …}``, or ``{"problem": …, "remedy": …}``.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from studentsim.child_process import Message, run_json_job
from studentsim.datasets.bank import Bank
from studentsim.datasets.registry import build_bank_report, open_bank
from studentsim.datasets.resolve import SOURCE_SEPARATOR
from studentsim.errors import BankError
from studentsim.runs.preflight import explain_error, outline_bank

Report = Callable[[Message], None]


def chance_accuracy(bank: Bank) -> float:
    """The expected accuracy of guessing in this bank's exams, 0 to 1: the mean of 1 / number of options."""
    return sum(1 / len(question.options) for question in bank.exam) / len(bank.exam)


def _outline_source(request: Message) -> Message:
    """A bank's ``BankOutline``, the ``chance`` of guessing, and ``total``: its questions with the doubtful ones, 0 if they are in it
    or it cannot be opened with them."""
    options = {"category": request.get("category", ""), "set_name": request.get("set_name", "")}
    drop_invalid = bool(request.get("drop_invalid"))
    bank, total = open_bank(request["source"], drop_invalid=drop_invalid, **options), 0
    if drop_invalid:
        with contextlib.suppress(BankError):
            whole = open_bank(request["source"], **options)
            total = len(whole.study) + len(whole.exam)
    return {"outline": {**outline_bank(bank).to_json(), "chance": chance_accuracy(bank), "total": total}}


def _check_source(source: str, request: Message, report: Report) -> Message:
    bank_report = build_bank_report(
        source,
        category=request.get("category", ""),
        set_name=request.get("set_name", ""),
        on_progress=lambda done, rows: report({"done": done / rows}),
    )
    return {"report": bank_report.to_json()}


def _check_uploaded_files(files: Sequence[tuple[str, bytes]], request: Message, report: Report) -> Message:
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
            result = _check_source(SOURCE_SEPARATOR.join(paths), request, report)
        except BankError as error:
            messages = [error.problem, error.remedy]
            for path, name in paths.items():
                messages = [text.replace(path, name) for text in messages]
            raise BankError(*messages) from error
        result["report"]["source"] = SOURCE_SEPARATOR.join(paths.values())
        return result


def _safe_file_name(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", Path(name).name)[-100:].lstrip(".") or "questions.json"


def _work(text: str, report: Report) -> Message:
    request = json.loads(text)
    if "files" in request:
        files = [(name, base64.b64decode(content)) for name, content in request["files"]]
        return _check_uploaded_files(files, request, report)
    if request["what"] == "check":
        return _check_source(request["source"], request, report)
    return _outline_source(request)


if __name__ == "__main__":
    run_json_job(_work, explain_error=explain_error)
