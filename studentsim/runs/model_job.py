"""Inspects a model in a process of its own, for pages: is it there, does it fit, what does it answer, how long will a run take?

    echo '{"model": "google/gemma-2b-it"}' | python -m studentsim.runs.model_job

Prints a JSON object a line: ``{"stage": "finding"}``; then, with what is known without loading it, ``{"stage": "trying", "sentences":
[…]}``; the same again with each ``"step"`` of the benchmark; and last with ``"trial"``, a
``studentsim.runs.model_info.BenchmarkResult``, or with ``"problem"``, ``"remedy"`` and the ``"field"`` that is wrong.
"""

from __future__ import annotations

import contextlib
import sys
from dataclasses import asdict
from typing import Any

from studentsim.config import RunConfig
from studentsim.errors import StudentsimError
from studentsim.runs import model_info
from studentsim.runs.failure import classify_benchmark_error
from studentsim.runs.json_lines import error_message, print_message


def _inspect_model(config: RunConfig, message: dict[str, Any]) -> None:
    """Add what is found out to ``message``, and print it at each step."""
    print_message({"stage": "finding"})
    model_estimate = model_info.estimate_model(config)
    message |= {
        "stage": "trying",
        "sentences": model_estimate.describe(config),
        "revision": model_estimate.source.revision,
    }
    config = model_info.check_model(config)
    print_message(message)
    from studentsim.runs import benchmark  # imports the loop, and later torch

    out = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):  # libraries may print
        result = benchmark.benchmark_model(config, lambda step: print_message({**message, "step": step}, out))
    message["trial"] = asdict(result)


def _main() -> None:
    message: dict[str, Any] = {}
    try:
        _inspect_model(RunConfig.from_json(sys.stdin.read()), message)
    except StudentsimError as error:
        message |= error_message(error)
    except Exception as error:  # a model may raise anything: users get a message, no traceback
        failure = classify_benchmark_error(error)
        message |= {"problem": failure.message, "remedy": failure.remedy, "field": ""}
    print_message(message)


if __name__ == "__main__":
    _main()
