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

from studentsim import luck
from studentsim.analysis.reply_kinds import ReplyKind
from studentsim.errors import ConfigError
from studentsim.exam import wilson
from studentsim.records import Question
from studentsim.teacher import dataset
from studentsim.teacher.collect import School, kept
from studentsim.teacher.dataset import Case
from studentsim.teacher.marker import Marker
from studentsim.teacher.prompt import CORRECT, ending
from studentsim.teacher.reply_kinds import classify_reply, kinds_in_order
from studentsim.teacher.student_answer import StudentAnswer

SPEED = 1_000
"""Answers that are timed."""


@dataclass(frozen=True)
class Count:
    """A confusion matrix: what the key says first, then what the marker said. ``naive`` counts how often the naive rule was right."""

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

    def __add__(self, other: Count) -> Count:
        return Count(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


@dataclass(frozen=True)
class Result:
    """What a check found: ``written`` on answers as their students wrote them, ``hard`` by kind of case, ``replies`` the written
    ones by ``ReplyKind``, where answers of runs were checked."""

    written: Count
    hard: dict[str, Count]
    timed: int
    seconds: float
    """For ``timed`` answers, judged in batches."""
    replies: dict[str, Count] = field(default_factory=dict)

    @property
    def all_hard(self) -> Count:
        """The hard cases together."""
        return sum(self.hard.values(), Count())


def check(
    marker: Marker,
    school: School,
    work: Path,
    *,
    answers: int = dataset.TEST_ANSWERS,
    each: int = dataset.TEST_HARD,
    timed: int = SPEED,
    say: Callable[[str], None] = print,
) -> Result:
    """Collect the test's answers, or take them from ``work``, and let the marker judge them.

    ``answers`` as their students wrote them, ``each`` hard cases of a kind; ``timed`` of them all are timed once more.
    """
    own = kept(work, school, "test", say)
    written, hard = dataset.test_answers(own, answers), dataset.test_hard(own, each)
    dataset.write([*written, *hard], work / "test.parquet")
    return Result(
        written=count(marker, written),
        hard={kind: count(marker, cases) for kind, cases in dataset.by_kind(hard)},
        timed=timed,
        seconds=seconds(marker, luck.stream("marker's speed").sample([*written, *hard], timed)),
    )


def check_answers(marker: Marker, answers: Sequence[StudentAnswer]) -> Result:
    """Let the marker judge students' answers of runs, the same text on the same question once; no hard cases.

    :raises ConfigError: there is no answer.
    """
    distinct = list({(a.question.problem, a.question.correct, a.text): a for a in answers}.values())
    if not distinct:
        raise ConfigError("These runs hold no answers yet.", "Name a run that has had an exam.", field="answers")
    started = time.monotonic()
    replies = count_replies(marker, distinct)
    seconds = time.monotonic() - started
    return Result(sum(replies.values(), Count()), hard={}, timed=len(distinct), seconds=seconds, replies=replies)


def count_replies(marker: Marker, answers: Sequence[StudentAnswer]) -> dict[str, Count]:
    """The confusion matrices of students' answers by ``ReplyKind``, as far as there are any; right is what the key said."""
    kinds = [classify_reply(answer) for answer in answers]
    verdicts = [verdict.right for verdict in marker.judge([(a.question, a.text) for a in answers])]
    rows = list(zip(answers, kinds, verdicts, strict=True))
    return {
        kind.value: _count_verdicts([(answer, said) for answer, its, said in rows if its is kind])
        for kind in kinds_in_order(kinds)
    }


def count_answers(marker: Marker, answers: Sequence[StudentAnswer]) -> Count:
    """The confusion matrix of students' answers; right is what the key said in their run."""
    verdicts = marker.judge([(a.question, a.text) for a in answers])
    return _count_verdicts([(a, verdict.right) for a, verdict in zip(answers, verdicts, strict=True)])


def _count_verdicts(judged: Sequence[tuple[StudentAnswer, bool]]) -> Count:
    cells = Counter((answer.is_correct, said) for answer, said in judged)
    return Count(
        cells[True, True], cells[True, False], cells[False, True], cells[False, False],
        naive=sum(naive(answer.question, answer.text) == answer.is_correct for answer, _ in judged),
    )  # fmt: skip


def count(marker: Marker, cases: Sequence[Case]) -> Count:
    """The confusion matrix of these cases."""
    total = Count()
    verdicts = marker.judge([(case.question, case.text) for case in cases])
    for case, verdict in zip(cases, verdicts, strict=True):
        right = case.label == CORRECT
        total += Count(
            right_right=right and verdict.right,
            right_wrong=right and not verdict.right,
            wrong_right=not right and verdict.right,
            wrong_wrong=not right and not verdict.right,
            naive=naive(case.question, case.text) == right,
        )
    return total


def naive(question: Question, text: str) -> bool:
    """The naive rule: what stands behind ``Answer:`` is the right option's text, letter for letter."""
    return ending(text) == f"Answer: {question.right.text}"


def seconds(marker: Marker, cases: Sequence[Case]) -> float:
    """How long judging takes, in batches."""
    started = time.monotonic()
    marker.judge([(case.question, case.text) for case in cases])
    return time.monotonic() - started


def lines(result: Result) -> list[str]:
    """The result in words and figures, as the command prints it."""
    told = [
        "Against the key, which is right by definition; intervals are Wilson's, 95 %.",
        "",
        f"{'':28}{'answers':>8}  {'marker agrees':<32}exact text agrees",
        _line("answers as written", result.written),
        *([_line("hard cases", result.all_hard)] if result.hard else []),
        "",
        "Confusion by kind of case:",
        f"{'':28}{'right,':>14}{'right,':>14}{'wrong,':>14}{'wrong,':>14}",
        f"{'':28}{'called right':>14}{'called wrong':>14}{'called right':>14}{'called wrong':>14}",
        *(_matrix(kind, found) for kind, found in ({"as written": result.written} | result.hard).items()),
        "",
        *(["Agreement by kind of case:", *(_line(*row) for row in result.hard.items()), ""] if result.hard else []),
        *([*reply_lines(result.replies), ""] if result.replies else []),
        f"{result.timed:,} answers judged in {result.seconds:.1f} s.",
    ]
    return told


def reply_lines(replies: Mapping[str, Count]) -> list[str]:
    """Agreement by kind of reply, a line each, with what the key says and the two ways to be wrong."""
    return [
        f"{'By kind of reply:':<28}{'answers':>8}{'right':>7}  {'marker agrees':<32}{'false right':>12}{'false wrong':>13}",
        *(_reply_line(ReplyKind(kind).title, found) for kind, found in replies.items()),
        _reply_line("all", sum(replies.values(), Count())),
    ]


def _reply_line(name: str, found: Count) -> str:
    right = found.right_right + found.right_wrong
    return (
        f"{name:<28}{found.answers:>8,}{right:>7,}  {_share(found):<32}{found.wrong_right:>12,}{found.right_wrong:>13,}"
    )


def _line(name: str, found: Count) -> str:
    return f"{name:<28}{found.answers:>8,}  {_share(found):<32}{100 * found.naive / found.answers:.1f} %"


def _share(found: Count) -> str:
    low, high = wilson(found.agreed, found.answers)
    return f"{100 * found.accuracy:.2f} % ({100 * low:.2f} to {100 * high:.2f})"


def _matrix(name: str, found: Count) -> str:
    cells = (found.right_right, found.right_wrong, found.wrong_right, found.wrong_wrong)
    return f"{name:<28}" + "".join(f"{cell:>14,}" for cell in cells)
