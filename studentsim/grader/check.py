"""How good a marker is: on answers of questions and stages of learning it never saw, and on hard cases, beside the key.

    python -m studentsim check-teacher --marker embedded

The key is right by definition, so a marker's errors are counted against it. A naive rule, the answer's text equal to the
right option's letter for letter, shows what a marker has to add.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from studentsim.errors import ConfigError
from studentsim.exam import wilson_interval
from studentsim.grader import dataset
from studentsim.grader.collect import Simulator, load_or_collect
from studentsim.grader.dataset import GradingCase
from studentsim.grader.model import Seq2SeqGrader
from studentsim.grader.prompt import CORRECT, excerpt_ending
from studentsim.grader.reply_classification import ReplyKind
from studentsim.grader.reply_kinds import classify_reply, sort_reply_kinds
from studentsim.grader.student_answer import StudentAnswer
from studentsim.rng import derive_rng
from studentsim.types import Question

TIMED_ANSWERS = 1_000
"""Answers that are timed."""


@dataclass(frozen=True)
class ConfusionCounts:
    """A confusion matrix: what the key says first, then what the marker said. ``is_exact_match`` counts how often the naive rule was right."""

    right_right: int = 0
    right_wrong: int = 0
    wrong_right: int = 0
    wrong_wrong: int = 0
    naive: int = 0

    @property
    def answers(self) -> int:
        """All of them."""
        return self.right_right + self.right_wrong + self.wrong_right + self.wrong_wrong

    @property
    def agreed(self) -> int:
        """Answers on which marker and key agree."""
        return self.right_right + self.wrong_wrong

    @property
    def accuracy(self) -> float:
        """The share on which they agree, 0 to 1."""
        return self.agreed / self.answers

    def __add__(self, other: ConfusionCounts) -> ConfusionCounts:
        return ConfusionCounts(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class GraderEvaluation:
    """What a check found: ``written`` on answers as their students wrote them, ``hard`` by kind of case, ``replies`` the written
    ones by ``ReplyKind``, where answers of runs were checked."""

    written: ConfusionCounts
    hard: dict[str, ConfusionCounts]
    timed: int
    seconds: float
    """For ``timed`` answers, judged in batches."""
    replies: dict[str, ConfusionCounts] = field(default_factory=dict)

    @property
    def hard_total(self) -> ConfusionCounts:
        """The hard cases together."""
        return sum(self.hard.values(), ConfusionCounts())


def evaluate_grader(
    grader: Seq2SeqGrader,
    simulator: Simulator,
    work_folder: Path,
    *,
    answer_count: int = dataset.TEST_ANSWER_COUNT,
    hard_per_kind: int = dataset.TEST_HARD_PER_KIND,
    timed_count: int = TIMED_ANSWERS,
    on_progress: Callable[[str], None] = print,
) -> GraderEvaluation:
    """Collect the test's answers, or take them from ``work_folder``, and let the marker judge them.

    ``answer_count`` as their students wrote them, ``hard_per_kind`` hard cases of a kind; ``timed_count`` of them all are timed once more.
    """
    collected = load_or_collect(work_folder, simulator, "test", on_progress)
    written, hard = (
        dataset.sample_test_cases(collected, answer_count),
        dataset.build_hard_test_cases(collected, hard_per_kind),
    )
    dataset.write_cases([*written, *hard], work_folder / "test.parquet")
    return GraderEvaluation(
        written=confusion_on_cases(grader, written),
        hard={kind: confusion_on_cases(grader, cases) for kind, cases in dataset.group_by_kind(hard)},
        timed=timed_count,
        seconds=time_grader(grader, derive_rng("marker's speed").sample([*written, *hard], timed_count)),
    )


def evaluate_on_answers(grader: Seq2SeqGrader, answers: Sequence[StudentAnswer]) -> GraderEvaluation:
    """Let the marker judge students' answers of runs, the same text on the same question once; no hard cases.

    :raises ConfigError: there is no answer.
    """
    distinct = list({(a.question.problem, a.question.correct, a.text): a for a in answers}.values())
    if not distinct:
        raise ConfigError("These runs hold no answers yet.", "Name a run that has had an exam.", field="answers")
    started = time.monotonic()
    replies = confusion_by_reply_kind(grader, distinct)
    seconds = time.monotonic() - started
    return GraderEvaluation(
        sum(replies.values(), ConfusionCounts()), hard={}, timed=len(distinct), seconds=seconds, replies=replies
    )


def confusion_by_reply_kind(grader: Seq2SeqGrader, answers: Sequence[StudentAnswer]) -> dict[str, ConfusionCounts]:
    """The confusion matrices of students' answers by ``ReplyKind``, as far as there are any; right is what the key said."""
    kinds = [classify_reply(answer) for answer in answers]
    verdicts = [verdict.is_correct for verdict in grader.judge([(a.question, a.text) for a in answers])]
    rows = list(zip(answers, kinds, verdicts, strict=True))
    return {
        kind.value: _count_confusion(
            [(answer, called_correct) for answer, reply_kind, called_correct in rows if reply_kind is kind]
        )
        for kind in sort_reply_kinds(kinds)
    }


def confusion_on_answers(grader: Seq2SeqGrader, answers: Sequence[StudentAnswer]) -> ConfusionCounts:
    """The confusion matrix of students' answers; right is what the key said in their run."""
    verdicts = grader.judge([(a.question, a.text) for a in answers])
    return _count_confusion([(a, verdict.is_correct) for a, verdict in zip(answers, verdicts, strict=True)])


def _count_confusion(judged: Sequence[tuple[StudentAnswer, bool]]) -> ConfusionCounts:
    cells = Counter((answer.is_correct, called_correct) for answer, called_correct in judged)
    return ConfusionCounts(
        cells[True, True], cells[True, False], cells[False, True], cells[False, False],
        naive=sum(is_exact_match(answer.question, answer.text) == answer.is_correct for answer, _ in judged),
    )  # fmt: skip


def confusion_on_cases(grader: Seq2SeqGrader, cases: Sequence[GradingCase]) -> ConfusionCounts:
    """The confusion matrix of these cases."""
    total = ConfusionCounts()
    verdicts = grader.judge([(case.question, case.text) for case in cases])
    for case, verdict in zip(cases, verdicts, strict=True):
        is_correct = case.label == CORRECT
        total += ConfusionCounts(
            right_right=is_correct and verdict.is_correct,
            right_wrong=is_correct and not verdict.is_correct,
            wrong_right=not is_correct and verdict.is_correct,
            wrong_wrong=not is_correct and not verdict.is_correct,
            naive=is_exact_match(case.question, case.text) == is_correct,
        )
    return total


def is_exact_match(question: Question, text: str) -> bool:
    """The naive rule: what stands behind ``Answer:`` is the right option's text, letter for letter."""
    return excerpt_ending(text) == f"Answer: {question.correct_option.text}"


def time_grader(grader: Seq2SeqGrader, cases: Sequence[GradingCase]) -> float:
    """How long judging takes, in batches."""
    started = time.monotonic()
    grader.judge([(case.question, case.text) for case in cases])
    return time.monotonic() - started


def format_evaluation(result: GraderEvaluation) -> list[str]:
    """The result in words and figures, as the command prints it."""
    report_lines = [
        "Against the key, which is right by definition; intervals are Wilson's, 95 %.",
        "",
        f"{'':28}{'answers':>8}  {'marker agrees':<32}exact text agrees",
        _format_accuracy_row("answers as written", result.written),
        *([_format_accuracy_row("hard cases", result.hard_total)] if result.hard else []),
        "",
        "Confusion by kind of case:",
        f"{'':28}{'right,':>14}{'right,':>14}{'wrong,':>14}{'wrong,':>14}",
        f"{'':28}{'called right':>14}{'called wrong':>14}{'called right':>14}{'called wrong':>14}",
        *(_format_confusion_row(kind, found) for kind, found in ({"as written": result.written} | result.hard).items()),
        "",
        *(
            ["Agreement by kind of case:", *(_format_accuracy_row(*row) for row in result.hard.items()), ""]
            if result.hard
            else []
        ),
        *([*format_reply_kind_accuracy(result.replies), ""] if result.replies else []),
        f"{result.timed:,} answers judged in {result.seconds:.1f} s.",
    ]
    return report_lines


def format_reply_kind_accuracy(counts_by_kind: Mapping[str, ConfusionCounts]) -> list[str]:
    """Agreement by kind of reply, a line each, with what the key says and the two ways to be wrong."""
    return [
        f"{'By kind of reply:':<28}{'answers':>8}{'right':>7}  {'marker agrees':<32}{'false right':>12}{'false wrong':>13}",
        *(_format_reply_kind_row(ReplyKind(kind).title, found) for kind, found in counts_by_kind.items()),
        _format_reply_kind_row("all", sum(counts_by_kind.values(), ConfusionCounts())),
    ]


def _format_reply_kind_row(name: str, counts: ConfusionCounts) -> str:
    correct_answers = counts.right_right + counts.right_wrong
    return f"{name:<28}{counts.answers:>8,}{correct_answers:>7,}  {_format_accuracy(counts):<32}{counts.wrong_right:>12,}{counts.right_wrong:>13,}"


def _format_accuracy_row(name: str, counts: ConfusionCounts) -> str:
    return f"{name:<28}{counts.answers:>8,}  {_format_accuracy(counts):<32}{100 * counts.naive / counts.answers:.1f} %"


def _format_accuracy(counts: ConfusionCounts) -> str:
    low, high = wilson_interval(counts.agreed, counts.answers)
    return f"{100 * counts.accuracy:.2f} % ({100 * low:.2f} to {100 * high:.2f})"


def _format_confusion_row(name: str, counts: ConfusionCounts) -> str:
    cells = (counts.right_right, counts.right_wrong, counts.wrong_right, counts.wrong_wrong)
    return f"{name:<28}" + "".join(f"{cell:>14,}" for cell in cells)
