"""Inspects a model in a process of its own, for pages: is it there, does it fit, what does it answer, how long will a run take?

    echo '{"model": "google/gemma-2b-it"}' | python -m studentsim.runs.model_job

Prints a JSON object a line: ``{"stage": "finding"}``; then, with what is known without loading it, ``{"stage": "trying", "sentences":
[…]}``; the same again with each ``"step"`` of the benchmark; and last with ``"trial"``, a
``studentsim.runs.model_info.SpeedTrial``, or with ``"problem"``, ``"remedy"`` and the ``"field"`` that is wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from studentsim.child_process import Message, run_json_job
from studentsim.config import RunConfig
from studentsim.runs import model_info
from studentsim.runs.failure import explain_benchmark_error


def _inspect_model(request: str, report: Callable[[Message], None], message: Message) -> Message:
    """Add what is found out to ``message``, and report it at each step; returns it."""
    config = RunConfig.from_json(request)
    report({"stage": "finding"})
    model_estimate = model_info.estimate_model(config)
    message |= {
        "stage": "trying",
        "sentences": model_estimate.describe(config),
        "revision": model_estimate.source.revision,
    }
    config = model_info.check_model(config)
    report(message)
    from studentsim.runs import benchmark  # imports the loop, and later torch

    result = benchmark.benchmark_model(config, lambda step: report({**message, "step": step}))
    return {**message, "trial": asdict(result)}


def main() -> None:
    """Inspect the model of the settings on stdin."""
    message: Message = {}
    run_json_job(
        lambda request, report: _inspect_model(request, report, message),
        explain_error=explain_benchmark_error,
        partial_result=message,
    )


if __name__ == "__main__":
    main()
