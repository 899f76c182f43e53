"""What came of fine-tuning a grader: the evaluation before and after, and the card that lies in its folder."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch
import transformers

import studentsim
from studentsim.exam import wilson_interval
from studentsim.grader.check import ConfusionCounts, confusion_by_reply_kind, confusion_on_answers
from studentsim.grader.finetune_data import GraderDataset
from studentsim.grader.finetune_training import EpochLosses, FinetuneSettings
from studentsim.grader.model import Seq2SeqGrader
from studentsim.grader.student_answer import SPLITS


@dataclass(frozen=True)
class FinetuneResult:
    """What came of it. ``base_confusion`` and ``grader_confusion`` are of the test's answers, by the base and by the grader; ``base_by_reply_kind`` and
    ``grader_by_reply_kind`` of all held-out answers, by kind of reply."""

    base_revision: str
    settings: FinetuneSettings
    dataset: GraderDataset
    epochs: tuple[EpochLosses, ...]
    base_confusion: ConfusionCounts
    grader_confusion: ConfusionCounts = ConfusionCounts()
    base_by_reply_kind: dict[str, ConfusionCounts] = field(default_factory=dict)
    grader_by_reply_kind: dict[str, ConfusionCounts] = field(default_factory=dict)

    def with_grader_evaluation(self, grader: Seq2SeqGrader) -> FinetuneResult:
        """With the figures of the finished grader."""
        dataset = self.dataset
        return replace(
            self,
            grader_confusion=confusion_on_answers(grader, dataset.test),
            grader_by_reply_kind=confusion_by_reply_kind(grader, dataset.held_out),
        )

    def build_card(self, base: str) -> dict[str, Any]:
        """Of what the grader was made, how, and how good it is: ``grader.json``."""
        dataset, after = self.dataset, self.grader_confusion
        used = [answer for split in SPLITS for answer in getattr(dataset, split)]
        students, rows = {a.run: a.student for a in used}, Counter(a.run for a in used)
        low, high = wilson_interval(after.agreed, after.answers)
        return {
            "format": 1,
            "base": base,
            "base_revision": self.base_revision,
            "answers": [{"run": run, "student": students[run], "rows": rows[run]} for run in sorted(students)],
            "rows": dataset.label_counts_by_split(),
            "rekeyed": dataset.rekeyed_count,
            "left_out": {"repeated": dataset.duplicate_count, "over_long": dataset.over_long_count},
            "settings": asdict(self.settings),
            "epochs": [asdict(epoch) for epoch in self.epochs],
            "test": {
                "accuracy": after.accuracy, "low": low, "high": high, "accuracy_before": self.base_confusion.accuracy,
                "before": asdict(self.base_confusion), "after": asdict(after),
            },
            "replies": {
                name: {kind: asdict(count) for kind, count in found.items()}
                for name, found in (("before", self.base_by_reply_kind), ("after", self.grader_by_reply_kind))
            },
            "versions": {
                "studentsim": studentsim.__version__, "torch": torch.__version__, "transformers": transformers.__version__,
            },
        }  # fmt: skip
