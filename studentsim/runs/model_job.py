"""A model looked at in a process of its own, for pages: is it there, does it fit, what does it answer, how long will a run take?

    echo '{"model": "google/gemma-2b-it"}' | python -m studentsim.runs.model_job

Writes a JSON object a line: ``{"stage": "finding"}``, then with what is known without loading it ``{"stage": "trying", "told":
[…]}``, the same again with each ``"step"`` of the trial, and last with ``"trial"``, the figures of
``studentsim.runs.model_info.BenchmarkResult``; or with ``"problem"``, ``"remedy"`` and the ``"field"`` that is wrong.
"""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import asdict
from typing import Any, TextIO

from studentsim.config import RunConfig
from studentsim.errors import StudentsimError
from studentsim.runs import model_info
from studentsim.runs.failure import classify_benchmark_error


def _inspect_model(config: RunConfig, message: dict[str, Any]) -> None:
    """Put into ``message`` what is found out, saying so at each step."""
    _print_message({"stage": "finding"})
    model_estimate = model_info.estimate_model(config)
    message |= {"stage": "trying", "told": model_estimate.describe(config), "revision": model_estimate.source.revision}
    config = model_info.check_model(config)
    _print_message(message)
    from studentsim.runs import benchmark  # imports the loop, and later torch

    out = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):  # libraries may print
        message["trial"] = asdict(
            benchmark.benchmark_model(config, lambda step: _print_message({**message, "step": step}, out))
        )


def _print_message(message: dict[str, Any], out: TextIO | None = None) -> None:
    print(json.dumps(message), file=out or sys.stdout, flush=True)


def _main() -> None:
    message: dict[str, Any] = {}
    try:
        _inspect_model(RunConfig.from_json(sys.stdin.read()), message)
    except StudentsimError as error:
        message |= {"problem": error.problem, "remedy": error.remedy, "field": getattr(error, "field", "")}
    except Exception as error:  # whatever a model may throw: told in words, not as a traceback
        failure = classify_benchmark_error(error)
        message |= {"problem": failure.message, "remedy": failure.remedy, "field": ""}
    _print_message(message)


if __name__ == "__main__":
    _main()
