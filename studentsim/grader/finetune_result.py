"""The result of fine-tuning a grader: its evaluation before and after, and the card in its folder."""

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
    """Settings, data and evaluation of one fine-tuning.

    ``base_confusion`` and ``grader_confusion`` are of the test's answers, before and after; ``base_by_reply_kind`` and
    ``grader_by_reply_kind`` of all held-out answers, by ``ReplyKind``.
    """

    base_revision: str
    settings: FinetuneSettings
    dataset: GraderDataset
    epochs: tuple[EpochLosses, ...]
    base_confusion: ConfusionCounts
    grader_confusion: ConfusionCounts = ConfusionCounts()
    base_by_reply_kind: dict[str, ConfusionCounts] = field(default_factory=dict)
    grader_by_reply_kind: dict[str, ConfusionCounts] = field(default_factory=dict)

    def with_grader_evaluation(self, grader: Seq2SeqGrader) -> FinetuneResult:
        """The result with the finished grader's evaluation."""
        dataset = self.dataset
        return replace(
            self,
            grader_confusion=confusion_on_answers(grader, dataset.test),
            grader_by_reply_kind=confusion_by_reply_kind(grader, dataset.held_out),
        )

    def build_card(self, base: str) -> dict[str, Any]:
        """The content of ``grader.json``: base, data, settings, evaluation and versions."""
        dataset, after = self.dataset, self.grader_confusion
        used = [answer for split in SPLITS for answer in getattr(dataset, split)]
        students, rows = {a.run_id: a.student for a in used}, Counter(a.run_id for a in used)
        low, high = wilson_interval(after.agreed, after.answers)
        return {
            "format": 1,
            "base": base,
            "base_revision": self.base_revision,
            "answers": [{"run": id, "student": students[id], "rows": rows[id]} for id in sorted(students)],
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
                name: {kind: asdict(counts) for kind, counts in by_kind.items()}
                for name, by_kind in (("before", self.base_by_reply_kind), ("after", self.grader_by_reply_kind))
            },
            "versions": {
                "studentsim": studentsim.__version__, "torch": torch.__version__, "transformers": transformers.__version__,
            },
        }  # fmt: skip
