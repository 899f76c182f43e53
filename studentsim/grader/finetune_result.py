"""The result of fine-tuning a grader: its evaluation before and after, the card in its folder, and reports as lines of text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
import transformers

import studentsim
from studentsim.exam import wilson_interval
from studentsim.grader.check import (
    ConfusionCounts,
    confusion_by_reply_kind,
    confusion_on_answers,
    format_reply_kind_accuracy,
)
from studentsim.grader.finetune_data import GraderDataset
from studentsim.grader.finetune_training import EpochLosses, FinetuneSettings, OnProgress
from studentsim.grader.model import Seq2SeqGrader
from studentsim.grader.prompt import TARGETS
from studentsim.grader.student_answer import SPLITS, StudentAnswer


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


def report_dataset(
    dataset: GraderDataset,
    settings: FinetuneSettings,
    fits_limit: Callable[[StudentAnswer], bool],
    on_progress: OnProgress,
) -> None:
    """Report the number of answers, those left out, and each split's rows."""
    max_tokens = settings.input_tokens
    on_progress(
        f"{dataset.answer_count:,} answers; left out: {dataset.duplicate_count:,} that repeat another, "
        f"{dataset.over_long_count:,} of more than {max_tokens} tokens."
    )
    for split, counts in dataset.label_counts_by_split().items():
        total = sum(counts.values())
        label_shares = ", ".join(f"{label} {count} ({100 * count / total:.1f} %)" for label, count in counts.items())
        questions = len({answer.question.id for answer in getattr(dataset, split)})
        on_progress(f"  {split:<11}{total:>6,} rows to {questions:,} questions: {label_shares}")
    if settings.balanced:
        _report_balance(dataset, on_progress)
    truncated = sum(not fits_limit(a) for split in dataset.label_counts_by_split() for a in getattr(dataset, split))
    if truncated:
        on_progress(
            f"  {truncated:,} of these answers are longer than {max_tokens} tokens: their beginning and their end are read."
        )


def _report_balance(dataset: GraderDataset, on_progress: OnProgress) -> None:
    on_progress(
        f"  The rows are balanced: of all these answers {100 * dataset.correct_count / dataset.answer_count:.1f} % are right."
    )
    if dataset.rekeyed_count:
        on_progress(
            f"  {dataset.rekeyed_count:,} training rows, for which there are too few answers, are answers with another option taken "
            "for the right one; validation and test have none such."
        )


def report_result(result: FinetuneResult, out_folder: Path, on_progress: OnProgress) -> None:
    """Report the agreement of base and grader with the key, whether it beats a constant verdict, and agreement by kind of reply."""
    after = result.grader_confusion
    on_progress(
        f"Test, {after.answers} answers to questions it has not seen, against the key; intervals are Wilson's, 95 %:"
    )
    for name, counts in (("before", result.base_confusion), ("after", after)):
        low, high = wilson_interval(counts.agreed, counts.answers)
        on_progress(
            f"  {name:<8}{100 * counts.accuracy:.2f} % ({100 * low:.2f} to {100 * high:.2f}): right called right {counts.right_right}, "
            f"right called wrong {counts.right_wrong}, wrong called right {counts.wrong_right}, "
            f"wrong called wrong {counts.wrong_wrong}"
        )
    correct_answers = after.right_right + after.right_wrong
    majority_count, majority_label = max((correct_answers, TARGETS[0]), (after.answers - correct_answers, TARGETS[1]))
    if wilson_interval(after.agreed, after.answers)[0] <= majority_count / after.answers:
        on_progress(
            f"Careful: always saying {majority_label} would agree with the key on {100 * majority_count / after.answers:.1f} %, "
            f"and {after.answers} answers cannot tell it from that. More epochs, more rows or another base may help."
        )
    _report_reply_kinds(result, on_progress)
    on_progress(
        f"The marker is in {out_folder}. Let it mark: python -m studentsim run --grader {out_folder} --grade-source grader"
    )


def _report_reply_kinds(result: FinetuneResult, on_progress: OnProgress) -> None:
    """Report agreement by kind of reply on all held-out answers, which are not balanced as the rows are."""
    for name, replies in (("before", result.base_by_reply_kind), ("after", result.grader_by_reply_kind)):
        on_progress(
            f"All {len(result.dataset.held_out):,} answers to questions that training and validation have not, {name}:"
        )
        for line in format_reply_kind_accuracy(replies):
            on_progress(f"  {line}")
    before, after = (
        sum(replies.values(), ConfusionCounts()) for replies in (result.base_by_reply_kind, result.grader_by_reply_kind)
    )
    if after.agreed < before.agreed:
        correct_answers = after.right_right + after.right_wrong
        on_progress(
            f"Careful: on these, of which {100 * correct_answers / after.answers:.1f} % are right, the base agrees with the key "
            f"more often. Answers of more runs may help{', or rows as they come (--as-they-come)' if result.settings.balanced else ''}."
        )
