"""The marker's data set, made from the student's own answers (P0): fields answer, correct, label, sentences, and where from.

Train, validation and test come from the bank's own splits, so no question, and no question's numbers, stand in two of them; the
test's answers also come from stages of learning, and its talk from phrasings, that training never saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as parquet

from studentsim import luck
from studentsim.records import Question
from studentsim.teacher import talk as talks
from studentsim.teacher.cases import AS_WRITTEN, HARD, as_written
from studentsim.teacher.collect import OwnAnswer
from studentsim.teacher.label import label
from studentsim.teacher.prompt import CORRECT, prompt
from studentsim.teacher.values import drawn

TEST_ANSWERS, TEST_HARD = 2_000, 200
"""Rows of the test: answers as written in all, and hard cases of each kind."""

VALIDATION_ROWS = 2_000


@dataclass(frozen=True)
class Row:
    """One example. ``correct`` is the right option as the paper writes it; ``sentences`` the marker's whole input."""

    answer: str
    correct: str
    label: str
    sentences: str
    kind: str
    question: str
    profile: str
    stage: int


@dataclass(frozen=True)
class Case:
    """An answer to judge, with its question: what a row is made of."""

    kind: str
    own: OwnAnswer
    question: Question
    text: str

    @property
    def label(self) -> str:
        """What the key says."""
        return label(self.question, self.text)

    def row(self) -> Row:
        """The case as a row of the data set."""
        right = self.question.right
        return Row(
            self.text, f"{right.letter}) {right.text}", self.label, prompt(self.question, self.text), self.kind,
            self.question.id, self.own.profile, self.own.stage,
        )  # fmt: skip


def training_cases(answers: Sequence[OwnAnswer], draws: int, *, seed: int = 0) -> list[Case]:
    """At most ``draws`` cases of each own answer, some as written, most hard; half right, half wrong.

    In most another option is taken for the right one, or the right one's value is drawn anew: so no value of a question is
    always right, and numbers are met that the curriculum seldom has.
    """
    rng = luck.stream("marker's training", seed)
    kinds = [AS_WRITTEN, AS_WRITTEN, "near value", *HARD]
    made: list[Case | None] = []
    for own in answers:
        for _ in range(draws):
            made.append(_case(rng.choice(kinds), own, _as_if(own.question, rng), rng, talks.TRAIN))
    return balanced(made, rng)


def validation_cases(answers: Sequence[OwnAnswer], *, seed: int = 0) -> list[Case]:
    """As many cases as written as of each kind of hard case; half right, half wrong."""
    rng = luck.stream("marker's validation", seed)
    kinds = [AS_WRITTEN, *HARD]
    drawn = [(kinds[k % len(kinds)], rng.choice(answers)) for k in range(VALIDATION_ROWS)]
    made = [_case(kind, own, own.question, rng, talks.TRAIN) for kind, own in drawn]
    return balanced(made, rng)


def test_answers(answers: Sequence[OwnAnswer], count: int = TEST_ANSWERS, *, seed: int = 0) -> list[Case]:
    """Answers as their students wrote them, none twice to one question; half right, half wrong."""
    rng = luck.stream("marker's test", seed)
    once = {(own.question.id, own.text): own for own in answers}
    found = balanced([Case(AS_WRITTEN, own, own.question, own.text) for own in once.values()], rng)
    right = [c for c in found if c.label == CORRECT][: count // 2]
    wrong = [c for c in found if c.label != CORRECT][: count // 2]
    return right + wrong


def test_hard(answers: Sequence[OwnAnswer], each: int = TEST_HARD, *, seed: int = 0) -> list[Case]:
    """``each`` hard cases of each kind, no text twice to one question; the talk is such as training never heard."""
    rng = luck.stream("marker's hard cases", seed)
    cases: dict[tuple[str, str, str], Case] = {}
    for kind in HARD:
        count = 0
        while count < each:
            own = rng.choice(answers)
            case = _case(kind, own, own.question, rng, talks.TEST)
            if case and (kind, own.question.id, case.text) not in cases:
                cases[kind, own.question.id, case.text] = case
                count += 1
    return list(cases.values())


def balanced(cases: Iterable[Case | None], rng: Random) -> list[Case]:
    """As many right as wrong ones, shuffled; what is too many of one is left out."""
    right: list[Case] = []
    wrong: list[Case] = []
    for case in filter(None, cases):
        (right if case.label == CORRECT else wrong).append(case)
    most = min(len(right), len(wrong))
    chosen = rng.sample(right, most) + rng.sample(wrong, most)
    rng.shuffle(chosen)
    return chosen


def write(cases: Iterable[Case], path: Path) -> None:
    """The rows as a Parquet file, its columns as ``Row``'s fields."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.Table.from_pylist([asdict(case.row()) for case in cases]), path, compression="zstd")


def _case(kind: str, own: OwnAnswer, question: Question, rng: Random, talk: talks.Talk) -> Case | None:
    """A case of that kind; None where the answer does not lend itself to it."""
    make = as_written if kind == AS_WRITTEN else HARD[kind]
    text = make(question, own.text, rng, talk)
    return None if text is None else Case(kind, own, question, text)


def _as_if(question: Question, rng: Random) -> Question:
    """The question as it is, with another option taken for the right one, or with a right value drawn anew."""
    way = rng.random()
    if way < 0.3:
        return question
    if way < 0.6:
        return replace(question, correct=rng.choice(question.options).letter)
    value = drawn(rng)
    return replace(
        question, options=tuple(replace(o, text=value) if o.letter == question.correct else o for o in question.options)
    )


def by_kind(cases: Iterable[Case]) -> Iterator[tuple[str, list[Case]]]:
    """The cases of each kind, in the order of ``HARD``."""
    found: dict[str, list[Case]] = {}
    for case in cases:
        found.setdefault(case.kind, []).append(case)
    yield from ((kind, found[kind]) for kind in (AS_WRITTEN, *HARD) if kind in found)
