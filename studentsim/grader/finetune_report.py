"""Reports on the rows and the result of fine-tuning a grader, as lines of text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from studentsim.exam import wilson_interval
from studentsim.grader.check import ConfusionCounts, format_reply_kind_accuracy
from studentsim.grader.finetune_data import GraderDataset
from studentsim.grader.finetune_result import FinetuneResult
from studentsim.grader.finetune_training import FinetuneSettings, OnProgress
from studentsim.grader.prompt import TARGETS
from studentsim.grader.student_answer import StudentAnswer


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
