"""What fine-tuning a grader says of its rows and of its result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from studentsim.exam import wilson
from studentsim.teacher.check import Count, reply_lines
from studentsim.teacher.grader_dataset import GraderDataset
from studentsim.teacher.prompt import TARGETS
from studentsim.teacher.student_answer import StudentAnswer

if TYPE_CHECKING:
    from studentsim.teacher.finetune import Finetuned
    from studentsim.teacher.grader_training import FinetuneSettings, Say


def tell_dataset(
    dataset: GraderDataset, settings: FinetuneSettings, is_short: Callable[[StudentAnswer], bool], say: Say
) -> None:
    """The answers there were, what was left out, and each split's rows."""
    limit = settings.input_tokens
    say(
        f"{dataset.answers:,} answers; left out: {dataset.repeated:,} that repeat another, {dataset.over_long:,} of more than {limit} "
        "tokens."
    )
    for split, counts in dataset.counts().items():
        total = sum(counts.values())
        said = ", ".join(f"{label} {count} ({100 * count / total:.1f} %)" for label, count in counts.items())
        say(
            f"  {split:<11}{total:>6,} rows to {len({a.question.id for a in getattr(dataset, split)}):,} questions: {said}"
        )
    if settings.balanced:
        _tell_balance(dataset, say)
    long = sum(not is_short(a) for split in dataset.counts() for a in getattr(dataset, split))
    if long:
        say(f"  {long:,} of these answers are longer than {limit} tokens: their beginning and their end are read.")


def _tell_balance(dataset: GraderDataset, say: Say) -> None:
    say(f"  The rows are balanced: of all these answers {100 * dataset.correct / dataset.answers:.1f} % are right.")
    if dataset.rekeyed:
        say(
            f"  {dataset.rekeyed:,} training rows, for which there are too few answers, are answers with another option taken for the "
            "right one; validation and test have none such."
        )


def tell_result(made: Finetuned, out: Path, say: Say) -> None:
    """How often base and grader agreed with the key, whether that can be told from a single word said always, and by kind of reply."""
    after = made.after
    say(f"Test, {after.answers} answers to questions it has not seen, against the key; intervals are Wilson's, 95 %:")
    for name, found in (("before", made.before), ("after", after)):
        low, high = wilson(found.agreed, found.answers)
        say(
            f"  {name:<8}{100 * found.accuracy:.2f} % ({100 * low:.2f} to {100 * high:.2f}): right called right {found.right_right}, "
            f"right called wrong {found.right_wrong}, wrong called right {found.wrong_right}, wrong called wrong {found.wrong_wrong}"
        )
    right = after.right_right + after.right_wrong
    often, most = max((right, TARGETS[0]), (after.answers - right, TARGETS[1]))
    if wilson(after.agreed, after.answers)[0] <= often / after.answers:
        say(
            f"Careful: always saying {most} would agree with the key on {100 * often / after.answers:.1f} %, and {after.answers} answers "
            "cannot tell it from that. More epochs, more rows or another base may help."
        )
    _tell_replies(made, say)
    say(f"The marker is in {out}. Let it mark: python -m studentsim run --marker {out} --decides marker")


def _tell_replies(made: Finetuned, say: Say) -> None:
    """By kind of reply, on all held-out answers, of which another share is right than of balanced rows."""
    for name, replies in (("before", made.replies_before), ("after", made.replies)):
        say(f"All {len(made.dataset.held_out):,} answers to questions that training and validation have not, {name}:")
        for line in reply_lines(replies):
            say(f"  {line}")
    before, after = (sum(replies.values(), Count()) for replies in (made.replies_before, made.replies))
    if after.agreed < before.agreed:
        right = after.right_right + after.right_wrong
        say(
            f"Careful: on these, of which {100 * right / after.answers:.1f} % are right, the base agrees with the key more often. Answers "
            f"of more runs may help{', or rows as they come (--as-they-come)' if made.settings.balanced else ''}."
        )
