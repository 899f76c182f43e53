"""A bank of questions looked at in a process of its own, for pages: a large one takes a while, and the hub's need ``datasets``.

    echo '{"what": "check", "source": "gsm8k"}' | python -m studentsim.runs.bank_job

Reads what is asked as JSON (``files``: name and content, in base64, of those that were uploaded); writes a JSON object a line:
``{"done": 0.25}`` now and then, and last ``{"report": …}``, ``{"outline": …}``, or ``{"problem": …, "remedy": …}``.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studentsim.bank.bank import Bank
from studentsim.bank.parts import SEPARATOR
from studentsim.bank.sources import check_bank, open_bank
from studentsim.errors import BankError, StudentsimError

EVERY = 0.2
"""Seconds from one word of progress to the next, at least."""


def chance(bank: Bank) -> float:
    """What guessing would reach in this bank's exams, 0 to 1: the mean of one in as many as a question has options."""
    return sum(1 / len(question.options) for question in bank.exam) / len(bank.exam)


def outline(bank: Bank) -> dict[str, Any]:
    """How many questions of each category a bank has for study, how many for exams, and what guessing would reach."""
    counts = Counter(question.category for question in bank.study)
    study = {category: counts[category] for category in bank.categories}
    return {"study": study, "exam": len(bank.exam), "chance": chance(bank)}


def _checked(source: str, asked: dict[str, Any]) -> dict[str, Any]:
    report = check_bank(
        source, category=asked.get("category", ""), set_name=asked.get("set_name", ""), told=_progress()
    )
    return {"report": report.to_json()}


def _checked_files(files: Sequence[tuple[str, bytes]], asked: dict[str, Any]) -> dict[str, Any]:
    """Files that came without a place on this computer: they get one for the while. Messages name them as their owner does."""
    with tempfile.TemporaryDirectory() as folder:
        paths: dict[str, str] = {}
        for number, (name, content) in enumerate(files, start=1):
            # the name matters: a file of MMLU tells its subject there alone
            place = Path(folder) / str(number) / _safe(name)
            place.parent.mkdir()
            place.write_bytes(content)
            paths[str(place)] = name
        try:
            found = _checked(SEPARATOR.join(paths), asked)
        except BankError as error:
            told = [error.problem, error.remedy]
            for path, name in paths.items():
                told = [text.replace(path, name) for text in told]
            raise BankError(*told) from error
        found["report"]["source"] = SEPARATOR.join(paths.values())
        return found


def _safe(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", Path(name).name)[-100:].lstrip(".") or "questions.json"


def _progress() -> Any:
    last = [time.monotonic()]

    def told(done: int, rows: int) -> None:
        if time.monotonic() - last[0] >= EVERY:
            last[0] = time.monotonic()
            _say({"done": done / rows})

    return told


def _say(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


def _main() -> None:
    try:
        asked = json.loads(sys.stdin.read())
        if "files" in asked:
            _say(_checked_files([(name, base64.b64decode(content)) for name, content in asked["files"]], asked))
        elif asked["what"] == "check":
            _say(_checked(asked["source"], asked))
        else:
            how = {"category": asked.get("category", ""), "leave_out_doubtful": asked.get("leave_out_doubtful", False)}
            how["set_name"] = asked.get("set_name", "")
            _say({"outline": outline(open_bank(asked["source"], **how))})
    except StudentsimError as error:
        _say({"problem": error.problem, "remedy": error.remedy})
    except MemoryError:
        _say({"problem": "There is not enough memory for these questions.", "remedy": "Use a part of them."})


if __name__ == "__main__":
    _main()
