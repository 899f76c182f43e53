"""Evaluates a grader against the key: on questions and training stages that it never saw, and on hard cases.

    python -m studentsim evaluate-grader --grader embedded

The key is right by definition. A naive rule, exact match with the correct option's text, is the baseline.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from studentsim.errors import ConfigError
from studentsim.exam import wilson_interval
from studentsim.grader import dataset
from studentsim.grader.collect import Simulator, load_or_collect
from studentsim.grader.dataset import GradingCase
from studentsim.grader.model import Seq2SeqGrader
from studentsim.grader.prompt import CORRECT, excerpt_ending
from studentsim.grader.reply_kinds import ReplyKind, classify_reply, sort_reply_kinds
from studentsim.grader.student_answer import StudentAnswer
from studentsim.rng import derive_rng
from studentsim.types import Question

TIMED_ANSWERS = 1_000
"""Answers that ``evaluate_grader`` times."""


@dataclass(frozen=True)
class ConfusionCounts:
    """A confusion matrix, the key's label before the grader's; ``naive`` counts the answers on which exact match agrees with the key."""

    right_right: int = 0
    right_wrong: int = 0
    wrong_right: int = 0
    wrong_wrong: int = 0
    naive: int = 0

    @property
    def answers(self) -> int:
        """Number of answers."""
        return self.right_right + self.right_wrong + self.wrong_right + self.wrong_wrong

    @property
    def agreed(self) -> int:
        """Number of answers on which grader and key agree."""
        return self.right_right + self.wrong_wrong

    @property
    def accuracy(self) -> float:
        """Share of answers on which grader and key agree, 0 to 1."""
        return self.agreed / self.answers

    def __add__(self, other: ConfusionCounts) -> ConfusionCounts:
        return ConfusionCounts(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class GraderEvaluation:
    """Confusion matrices of answers as students wrote them, of hard cases by kind, and (``replies``) of runs' answers by ``ReplyKind``."""

    written: ConfusionCounts
    hard: dict[str, ConfusionCounts]
    timed: int
    seconds: float
    """Seconds that judging ``timed`` answers took, in batches."""
    replies: dict[str, ConfusionCounts] = field(default_factory=dict)

    @property
    def hard_total(self) -> ConfusionCounts:
        """The confusion matrix of all hard cases."""
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
    """Evaluate a grader on the test's answers, collected now or taken from ``work_folder``. Writes test.parquet there.

    Judges ``answer_count`` answers as written and ``hard_per_kind`` hard cases of each kind, and times ``timed_count`` of all these.
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
    """Evaluate a grader on runs' answers, the same text on the same question once; no hard cases.

    :raises ConfigError: ``answers`` is empty.
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
    """The confusion matrix of students' answers for each ``ReplyKind`` among them."""
    kinds = [classify_reply(answer) for answer in answers]
    rows = list(zip(kinds, _judge_answers(grader, answers), strict=True))
    return {
        kind.value: _count_confusion(row for row_kind, row in rows if row_kind is kind)
        for kind in sort_reply_kinds(kinds)
    }


def confusion_on_answers(grader: Seq2SeqGrader, answers: Sequence[StudentAnswer]) -> ConfusionCounts:
    """The confusion matrix of students' answers against the key of their run."""
    return _count_confusion(_judge_answers(grader, answers))


def confusion_on_cases(grader: Seq2SeqGrader, cases: Sequence[GradingCase]) -> ConfusionCounts:
    """The confusion matrix of these cases."""
    return _count_confusion(_judge(grader, [(case.question, case.text, case.label == CORRECT) for case in cases]))


def _judge_answers(grader: Seq2SeqGrader, answers: Sequence[StudentAnswer]) -> list[tuple[bool, bool, bool]]:
    return _judge(grader, [(answer.question, answer.text, answer.is_correct) for answer in answers])


def _judge(grader: Seq2SeqGrader, rows: Sequence[tuple[Question, str, bool]]) -> list[tuple[bool, bool, bool]]:
    """The verdicts of key, grader and naive rule on (question, text, whether correct by the key)."""
    verdicts = grader.judge([(question, text) for question, text, _ in rows])
    return [
        (is_correct, verdict.is_correct, is_exact_match(question, text))
        for (question, text, is_correct), verdict in zip(rows, verdicts, strict=True)
    ]


def _count_confusion(rows: Iterable[tuple[bool, bool, bool]]) -> ConfusionCounts:
    """Count rows of (the key's verdict, the grader's, the naive rule's)."""
    counts = Counter(rows)
    cells = [
        sum(counts[by_key, by_grader, naive] for naive in (True, False)) for by_key in (True, False) for by_grader in (True, False)
    ]  # fmt: skip
    return ConfusionCounts(*cells, naive=sum(count for (by_key, _, naive), count in counts.items() if naive == by_key))


def is_exact_match(question: Question, text: str) -> bool:
    """The naive rule: whether the text after ``Answer:`` equals the correct option's."""
    return excerpt_ending(text) == f"Answer: {question.correct_option.text}"


def time_grader(grader: Seq2SeqGrader, cases: Sequence[GradingCase]) -> float:
    """Seconds that judging these cases takes, in batches."""
    started = time.monotonic()
    grader.judge([(case.question, case.text) for case in cases])
    return time.monotonic() - started


def format_evaluation(result: GraderEvaluation) -> list[str]:
    """The result as lines of text, as the command prints it."""
    return [
        "Against the key, which is right by definition; intervals are Wilson's, 95 %.",
        "",
        f"{'':28}{'answers':>8}  {'marker agrees':<32}exact text agrees",
        _format_accuracy_row("answers as written", result.written),
        *([_format_accuracy_row("hard cases", result.hard_total)] if result.hard else []),
        "",
        "Confusion by kind of case:",
        f"{'':28}{'right,':>14}{'right,':>14}{'wrong,':>14}{'wrong,':>14}",
        f"{'':28}{'called right':>14}{'called wrong':>14}{'called right':>14}{'called wrong':>14}",
        *(_format_confusion_row(*row) for row in ({"as written": result.written} | result.hard).items()),
        "",
        *(
            ["Agreement by kind of case:", *(_format_accuracy_row(*row) for row in result.hard.items()), ""]
            if result.hard
            else []
        ),
        *([*format_reply_kind_accuracy(result.replies), ""] if result.replies else []),
        f"{result.timed:,} answers judged in {result.seconds:.1f} s.",
    ]


def format_reply_kind_accuracy(counts_by_kind: Mapping[str, ConfusionCounts]) -> list[str]:
    """A line for each kind of reply: agreement, correct answers by the key, and both kinds of error."""
    return [
        f"{'By kind of reply:':<28}{'answers':>8}{'right':>7}  {'marker agrees':<32}{'false right':>12}{'false wrong':>13}",
        *(_format_reply_kind_row(ReplyKind(kind).title, counts) for kind, counts in counts_by_kind.items()),
        _format_reply_kind_row("all", sum(counts_by_kind.values(), ConfusionCounts())),
    ]


def _format_reply_kind_row(name: str, counts: ConfusionCounts) -> str:
    correct_answers = counts.right_right + counts.right_wrong
    return (
        f"{name:<28}{counts.answers:>8,}{correct_answers:>7,}  {_format_accuracy(counts):<32}"
        f"{counts.wrong_right:>12,}{counts.right_wrong:>13,}"
    )


def _format_accuracy_row(name: str, counts: ConfusionCounts) -> str:
    return f"{name:<28}{counts.answers:>8,}  {_format_accuracy(counts):<32}{100 * counts.naive / counts.answers:.1f} %"


def _format_accuracy(counts: ConfusionCounts) -> str:
    low, high = wilson_interval(counts.agreed, counts.answers)
    return f"{100 * counts.accuracy:.2f} % ({100 * low:.2f} to {100 * high:.2f})"


def _format_confusion_row(name: str, counts: ConfusionCounts) -> str:
    cells = (counts.right_right, counts.right_wrong, counts.wrong_right, counts.wrong_wrong)
    return f"{name:<28}" + "".join(f"{cell:>14,}" for cell in cells)
