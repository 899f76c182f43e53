"""A model looked at in a process of its own, for pages: is it there, does it fit, what does it answer, how long will a run take?

    echo '{"model": "google/gemma-2b-it"}' | python -m studentsim.runs.model_job

Writes a JSON object a line: ``{"stage": "finding"}``, then with what is known without loading it ``{"stage": "trying", "told":
[…]}``, the same again with each ``"step"`` of the trial, and last with ``"trial"``, the figures of
``studentsim.runs.models.Trial``; or with ``"problem"``, ``"remedy"`` and the ``"field"`` that is wrong.
"""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import asdict
from typing import Any, TextIO

from studentsim.config import RunConfig
from studentsim.errors import StudentsimError
from studentsim.runs import models
from studentsim.runs.trouble import trial_trouble_of


def _look(config: RunConfig, known: dict[str, Any]) -> None:
    """Put into ``known`` what is found out, saying so at each step."""
    _say({"stage": "finding"})
    found = models.estimate(config)
    known |= {"stage": "trying", "told": found.sentences(config), "revision": found.source.revision}
    config = models.check_model(config)
    _say(known)
    from studentsim.runs import trial  # imports the loop, and later torch

    out = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):  # libraries may print
        known["trial"] = asdict(trial.measure(config, lambda step: _say({**known, "step": step}, out)))


def _say(message: dict[str, Any], out: TextIO | None = None) -> None:
    print(json.dumps(message), file=out or sys.stdout, flush=True)


def _main() -> None:
    known: dict[str, Any] = {}
    try:
        _look(RunConfig.from_json(sys.stdin.read()), known)
    except StudentsimError as error:
        known |= {"problem": error.problem, "remedy": error.remedy, "field": getattr(error, "field", "")}
    except Exception as error:  # whatever a model may throw: told in words, not as a traceback
        trouble = trial_trouble_of(error)
        known |= {"problem": trouble.message, "remedy": trouble.remedy, "field": ""}
    _say(known)


if __name__ == "__main__":
    _main()
