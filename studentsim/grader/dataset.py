"""The embedded grader's data set, made from the student's own answers (P0).

Train, validation and test come from the bank's splits, so that no question and no question's numbers are in two of them. The
test's answers also come from training stages, and its injections from phrasings, that training never saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as parquet

from studentsim.grader.collect import CollectedAnswer
from studentsim.grader.hard_cases import AS_WRITTEN, HARD_CASE_MAKERS
from studentsim.grader.injections import TEST_INJECTIONS, TRAIN_INJECTIONS, Injections
from studentsim.grader.label import label_by_key
from studentsim.grader.number_variants import sample_number_text
from studentsim.grader.prompt import CORRECT, build_grader_prompt
from studentsim.rng import derive_rng
from studentsim.types import Question

TEST_ANSWER_COUNT, TEST_HARD_PER_KIND = 2_000, 200
"""Size of the test: answers as written, and hard cases of each kind."""

VALIDATION_ROWS = 2_000


@dataclass(frozen=True)
class GradingCaseRow:
    """One example: ``correct`` is the correct option as the paper writes it, ``sentences`` the grader's whole input."""

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
    """An answer to grade, with its question: what a row is made of."""

    kind: str
    source_answer: CollectedAnswer
    question: Question
    text: str

    @property
    def label(self) -> str:
        """The label by the key: ``Correct`` or ``Wrong``."""
        return label_by_key(self.question, self.text)

    def to_row(self) -> GradingCaseRow:
        """The case as a row of the data set."""
        correct = self.question.correct_option
        return GradingCaseRow(
            self.text, f"{correct.letter}) {correct.text}", self.label, build_grader_prompt(self.question, self.text), self.kind,
            self.question.id, self.source_answer.profile, self.source_answer.turns_trained,
        )  # fmt: skip


def build_training_cases(
    answers: Sequence[CollectedAnswer], cases_per_answer: int, *, seed: int = 0
) -> list[GradingCase]:
    """At most ``cases_per_answer`` cases of each answer, some as written, most of them hard; half correct, half wrong.

    Most get another correct option or a random correct value, so that no value of a question is always correct, and numbers
    occur that are rare in the curriculum.
    """
    rng = derive_rng("marker's training", seed)
    kinds = [AS_WRITTEN, AS_WRITTEN, "near value", *HARD_CASE_MAKERS]
    cases: list[GradingCase | None] = []
    for answer in answers:
        for _ in range(cases_per_answer):
            kind = rng.choice(kinds)
            question = _randomize_correct_option(answer.question, rng)
            cases.append(_make_case(kind, answer, question, rng, TRAIN_INJECTIONS))
    return balance_labels(cases, rng)


def build_validation_cases(answers: Sequence[CollectedAnswer], *, seed: int = 0) -> list[GradingCase]:
    """As many cases as written as of each kind of hard case; half correct, half wrong."""
    rng = derive_rng("marker's validation", seed)
    kinds = [AS_WRITTEN, *HARD_CASE_MAKERS]
    sampled = [(kinds[k % len(kinds)], rng.choice(answers)) for k in range(VALIDATION_ROWS)]
    cases = [_make_case(kind, answer, answer.question, rng, TRAIN_INJECTIONS) for kind, answer in sampled]
    return balance_labels(cases, rng)


def sample_test_cases(
    answers: Sequence[CollectedAnswer], count: int = TEST_ANSWER_COUNT, *, seed: int = 0
) -> list[GradingCase]:
    """``count`` answers as their students wrote them, no text twice for one question; half correct, half wrong."""
    rng = derive_rng("marker's test", seed)
    distinct = {(answer.question.id, answer.text): answer for answer in answers}
    cases = balance_labels([GradingCase(AS_WRITTEN, a, a.question, a.text) for a in distinct.values()], rng)
    correct = [case for case in cases if case.label == CORRECT][: count // 2]
    wrong = [case for case in cases if case.label != CORRECT][: count // 2]
    return correct + wrong


def build_hard_test_cases(
    answers: Sequence[CollectedAnswer], cases_per_kind: int = TEST_HARD_PER_KIND, *, seed: int = 0
) -> list[GradingCase]:
    """``cases_per_kind`` hard cases of each kind, no text twice for one question, with the test's injections."""
    rng = derive_rng("marker's hard cases", seed)
    cases: dict[tuple[str, str, str], GradingCase] = {}
    for kind in HARD_CASE_MAKERS:
        count = 0
        while count < cases_per_kind:
            answer = rng.choice(answers)
            case = _make_case(kind, answer, answer.question, rng, TEST_INJECTIONS)
            if case and (kind, answer.question.id, case.text) not in cases:
                cases[kind, answer.question.id, case.text] = case
                count += 1
    return list(cases.values())


def balance_labels(cases: Iterable[GradingCase | None], rng: Random) -> list[GradingCase]:
    """As many correct as wrong cases, shuffled; the surplus of one label is dropped."""
    correct: list[GradingCase] = []
    wrong: list[GradingCase] = []
    for case in filter(None, cases):
        (correct if case.label == CORRECT else wrong).append(case)
    per_label = min(len(correct), len(wrong))
    balanced = rng.sample(correct, per_label) + rng.sample(wrong, per_label)
    rng.shuffle(balanced)
    return balanced


def write_cases(cases: Iterable[GradingCase], path: Path) -> None:
    """Write the cases as Parquet, with ``GradingCaseRow``'s fields as columns. Writes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.Table.from_pylist([asdict(case.to_row()) for case in cases]), path, compression="zstd")


def _make_case(
    kind: str, answer: CollectedAnswer, question: Question, rng: Random, injections: Injections
) -> GradingCase | None:
    """A case of that kind; None if the answer does not allow one."""
    text = answer.text if kind == AS_WRITTEN else HARD_CASE_MAKERS[kind](question, answer.text, rng, injections)
    return None if text is None else GradingCase(kind, answer, question, text)


def _randomize_correct_option(question: Question, rng: Random) -> Question:
    """The question unchanged (30 %), with a random option as the correct one (30 %), or a random correct value (40 %)."""
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
    by_kind: dict[str, list[GradingCase]] = {}
    for case in cases:
        by_kind.setdefault(case.kind, []).append(case)
    yield from ((kind, by_kind[kind]) for kind in (AS_WRITTEN, *HARD_CASE_MAKERS) if kind in by_kind)
