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

from studentsim.grader import injections as talks
from studentsim.grader.collect import CollectedAnswer
from studentsim.grader.hard_cases import AS_WRITTEN, HARD_CASE_MAKERS, keep_as_written
from studentsim.grader.label import label_by_key
from studentsim.grader.number_variants import sample_number_text
from studentsim.grader.prompt import CORRECT, build_grader_prompt
from studentsim.rng import derive_rng
from studentsim.types import Question

TEST_ANSWER_COUNT, TEST_HARD_PER_KIND = 2_000, 200
"""Rows of the test: answers as written in all, and hard cases of each kind."""

VALIDATION_ROWS = 2_000


@dataclass(frozen=True)
class GradingCaseRow:
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
class GradingCase:
    """An answer to judge, with its question: what a row is made of."""

    kind: str
    source_answer: CollectedAnswer
    question: Question
    text: str

    @property
    def label(self) -> str:
        """What the key says."""
        return label_by_key(self.question, self.text)

    def to_row(self) -> GradingCaseRow:
        """The case as a row of the data set."""
        right = self.question.correct_option
        return GradingCaseRow(
            self.text, f"{right.letter}) {right.text}", self.label, build_grader_prompt(self.question, self.text), self.kind,
            self.question.id, self.source_answer.profile, self.source_answer.turns_trained,
        )  # fmt: skip


def build_training_cases(
    answers: Sequence[CollectedAnswer], cases_per_answer: int, *, seed: int = 0
) -> list[GradingCase]:
    """At most ``cases_per_answer`` cases of each own answer, some as written, most hard; half right, half wrong.

    In most another option is taken for the right one, or the right one's value is drawn anew: so no value of a question is
    always right, and numbers are met that the curriculum seldom has.
    """
    rng = derive_rng("marker's training", seed)
    kinds = [AS_WRITTEN, AS_WRITTEN, "near value", *HARD_CASE_MAKERS]
    made: list[GradingCase | None] = []
    for answer in answers:
        for _ in range(cases_per_answer):
            made.append(
                _make_case(
                    rng.choice(kinds),
                    answer,
                    _randomize_correct_option(answer.question, rng),
                    rng,
                    talks.TRAIN_INJECTIONS,
                )
            )
    return balance_labels(made, rng)


def build_validation_cases(answers: Sequence[CollectedAnswer], *, seed: int = 0) -> list[GradingCase]:
    """As many cases as written as of each kind of hard case; half right, half wrong."""
    rng = derive_rng("marker's validation", seed)
    kinds = [AS_WRITTEN, *HARD_CASE_MAKERS]
    sampled = [(kinds[k % len(kinds)], rng.choice(answers)) for k in range(VALIDATION_ROWS)]
    made = [_make_case(kind, answer, answer.question, rng, talks.TRAIN_INJECTIONS) for kind, answer in sampled]
    return balance_labels(made, rng)


def sample_test_cases(
    answers: Sequence[CollectedAnswer], count: int = TEST_ANSWER_COUNT, *, seed: int = 0
) -> list[GradingCase]:
    """Answers as their students wrote them, none twice to one question; half right, half wrong."""
    rng = derive_rng("marker's test", seed)
    distinct = {(answer.question.id, answer.text): answer for answer in answers}
    found = balance_labels([GradingCase(AS_WRITTEN, own, own.question, own.text) for own in distinct.values()], rng)
    right = [c for c in found if c.label == CORRECT][: count // 2]
    wrong = [c for c in found if c.label != CORRECT][: count // 2]
    return right + wrong


def build_hard_test_cases(
    answers: Sequence[CollectedAnswer], cases_per_kind: int = TEST_HARD_PER_KIND, *, seed: int = 0
) -> list[GradingCase]:
    """``cases_per_kind`` hard cases of each kind, no text twice to one question; the talk is such as training never heard."""
    rng = derive_rng("marker's hard cases", seed)
    cases: dict[tuple[str, str, str], GradingCase] = {}
    for kind in HARD_CASE_MAKERS:
        count = 0
        while count < cases_per_kind:
            answer = rng.choice(answers)
            case = _make_case(kind, answer, answer.question, rng, talks.TEST_INJECTIONS)
            if case and (kind, answer.question.id, case.text) not in cases:
                cases[kind, answer.question.id, case.text] = case
                count += 1
    return list(cases.values())


def balance_labels(cases: Iterable[GradingCase | None], rng: Random) -> list[GradingCase]:
    """As many right as wrong ones, shuffled; what is too many of one is left out."""
    right: list[GradingCase] = []
    wrong: list[GradingCase] = []
    for case in filter(None, cases):
        (right if case.label == CORRECT else wrong).append(case)
    per_label = min(len(right), len(wrong))
    chosen = rng.sample(right, per_label) + rng.sample(wrong, per_label)
    rng.shuffle(chosen)
    return chosen


def write_cases(cases: Iterable[GradingCase], path: Path) -> None:
    """The rows as a Parquet file, its columns as ``GradingCaseRow``'s fields."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.Table.from_pylist([asdict(case.to_row()) for case in cases]), path, compression="zstd")


def _make_case(
    kind: str, answer: CollectedAnswer, question: Question, rng: Random, injections: talks.Injections
) -> GradingCase | None:
    """A case of that kind; None where the answer does not lend itself to it."""
    make = keep_as_written if kind == AS_WRITTEN else HARD_CASE_MAKERS[kind]
    text = make(question, answer.text, rng, injections)
    return None if text is None else GradingCase(kind, answer, question, text)


def _randomize_correct_option(question: Question, rng: Random) -> Question:
    """The question as it is, with another option taken for the right one, or with a right value drawn anew."""
    roll = rng.random()
    if roll < 0.3:
        return question
    if roll < 0.6:
        return replace(question, correct=rng.choice(question.options).letter)
    value = sample_number_text(rng)
    return replace(
        question, options=tuple(replace(o, text=value) if o.letter == question.correct else o for o in question.options)
    )


def group_by_kind(cases: Iterable[GradingCase]) -> Iterator[tuple[str, list[GradingCase]]]:
    """The cases of each kind, in the order of ``HARD_CASE_MAKERS``."""
    found: dict[str, list[GradingCase]] = {}
    for case in cases:
        found.setdefault(case.kind, []).append(case)
    yield from ((kind, found[kind]) for kind in (AS_WRITTEN, *HARD_CASE_MAKERS) if kind in found)
