"""One way of computing with a real model, in a process of its own: does the parts that ``real_model.py`` asks for, and tells the seconds.

    python bench/real_model_way.py SETTINGS.json     then a JSON object a line on stdin; a JSON object a line comes back

``fast`` false is version 0.1's way: transformers and PEFT with TRL's forward. The adapter is the fresh one before every part, so that
both ways do the same work however often it is measured.
"""

from __future__ import annotations

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from studentsim import factory
from studentsim.config import RunConfig
from studentsim.training.pairs import build_held_out_pairs, correct_solution_text
from studentsim.types import Pair


class Way:
    """A student and its learner, and the parts of a run with them."""

    def __init__(self, settings: dict[str, Any], *, fast: bool, sizes: dict[str, int]) -> None:
        config = RunConfig.make(**settings)
        self.cast = factory.build_components(config) if fast else factory.build_components(config, fast=False)
        self.student, self.sizes = self.cast.student, sizes
        bank = self.cast.bank
        # The very same questions in both ways: by the seed alone.
        self.practice = bank.sample_exam_questions(max(sizes["write"], sizes["pairs"], sizes["weigh"]), 1)
        self.exam = bank.sample_exam_questions(sizes["exam"], 0)
        self.held_out = build_held_out_pairs(bank.sample_validation_questions(sizes["held_out"], 0))
        self.pairs: list[Pair] = []
        self.fresh = tempfile.TemporaryDirectory()
        self.student.save(Path(self.fresh.name))

    def do(self, part: str, **given: Any) -> dict[str, Any]:
        """One part: its ``seconds``, and what else it tells."""
        work = getattr(self, f"_{part}")
        began = time.perf_counter()
        told = work(**given)
        seconds = time.perf_counter() - began
        if part.startswith("turn"):
            self.student.load(Path(self.fresh.name))
            self.student.on_adapter_changed()
        return {"part": part, "seconds": seconds, **(told or {})}

    def _write(self) -> dict[str, Any]:
        asked = self.practice[: self.sizes["write"]]
        answers = list(self.student.answer(asked, seed_key=("bench",)))
        rejected = [[a.question_id, a.text, list(a.ids or ())] for a in answers]
        return {"tokens": sum(len(a.ids or ()) for a in answers), "rejected": rejected}

    def _exam(self) -> dict[str, Any]:
        answers = list(self.student.answer(self.exam, seed_key=("exam", 0), with_p_correct=True))
        return {"letters": {a.question_id: a.letter for a in answers}}

    def _held_out(self) -> None:
        self.student.pair_scores([self.student.pair_ids(pair) for pair in self.held_out])

    def _weigh(self) -> None:
        self.student.confidence(self.practice[: self.sizes["weigh"]])

    def _turn1(self) -> None:
        self._learn(1)

    def _turn2(self) -> None:
        self._learn(2)

    def _learn(self, passes: int) -> None:
        learner = self.cast.trainer
        learner.dpo = learner.dpo.model_copy(update={"epochs": passes})
        list(learner.train(self.pairs, [], turn=1, seed=0))

    def _take_pairs(self, rejected: list[list[Any]]) -> None:
        """What one way wrote is what both learn from."""
        by_id = {q.id: q for q in self.practice}
        self.pairs = [
            Pair(by_id[id], correct_solution_text(by_id[id]), text or "?", rejected_ids=tuple(ids) or None)
            for id, text, ids in rejected[: self.sizes["pairs"]]
        ]

    def _memory(self) -> dict[str, Any]:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return {"peak_bytes": peak * (1 if sys.platform == "darwin" else 1024), "said": self.student.summary}


def main() -> None:
    """Do what stdin asks for until it ends."""
    out, sys.stdout = sys.stdout, sys.stderr  # libraries may print
    given = json.loads(Path(sys.argv[1]).read_text())
    began = time.perf_counter()
    way = Way(given["settings"], fast=given["fast"], sizes=given["sizes"])
    print(json.dumps({"part": "load", "seconds": time.perf_counter() - began}), file=out, flush=True)
    for line in sys.stdin:
        print(json.dumps(way.do(**json.loads(line))), file=out, flush=True)


if __name__ == "__main__":
    main()
