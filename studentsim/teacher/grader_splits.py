"""Dealing a student's answers to a grader's splits: whole questions to one split each, as they come or with balanced labels.

P0's rows were 51.8 % right ones, of a student that is right in a quarter of its exams. A student that is right that seldom has not so
many right answers: those there are go to test and validation first, where nothing but answers as they were given will do. What
training then lacks is made of answers with another option taken for the right one (*rekeyed*): the one that the answer ticks, for a
right one, or any other, for a wrong one. The text stays the student's own, and what is to be learnt, whether a text ticks the
option that the key names, is the same. So several training rows may be of one answer, each with another key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random

from studentsim import luck
from studentsim.errors import ConfigError
from studentsim.teacher.student_answer import SPLITS, Sizes, StudentAnswer

CORRECT_SHARE = 0.518
"""Of balanced rows. paper: 51.8 %."""

Groups = Sequence[Sequence[StudentAnswer]]


@dataclass(frozen=True)
class Splits:
    """Rows by split. ``held_out``: every answer to questions of which training and validation have no row; ``rekeyed``: training
    rows of another key than the question's."""

    rows: dict[str, list[StudentAnswer]]
    held_out: list[StudentAnswer]
    rekeyed: int = 0


def wanted_labels(rows: int) -> dict[bool, int]:
    """Right and wrong ones among so many balanced rows, at least one of each.

    >>> wanted_labels(110), wanted_labels(680)
    ({True: 57, False: 53}, {True: 352, False: 328})
    """
    right = min(max(1, round(CORRECT_SHARE * rows)), rows - 1)
    return {True: right, False: rows - right}


def deal(answers: Sequence[StudentAnswer], sizes: Sizes, seed: int) -> Splits:
    """Whole questions to the split that lacks most of its rows; within a split every question's first answer goes first.

    :raises ConfigError: the questions have so many answers each that one split stays short.
    """
    rng = luck.stream("grader's data", seed)
    groups = list(group_by_question(answers).values())
    rng.shuffle(groups)
    groups.sort(key=len, reverse=True)  # stable: questions with as many answers stay shuffled; single ones fill up
    wanted = {split: getattr(sizes, split) for split in SPLITS}
    dealt: dict[str, list[list[StudentAnswer]]] = {split: [] for split in SPLITS}
    held = dict.fromkeys(SPLITS, 0)
    for group in groups:
        split = min(SPLITS, key=lambda split: held[split] / wanted[split])
        dealt[split].append(rng.sample(group, len(group)))
        held[split] += len(group)
    if short := [split for split in SPLITS if held[split] < wanted[split]]:
        raise ConfigError(
            f"{len(answers):,} answers are to {len(groups):,} questions alone: {short[0]} gets {held[short[0]]} rows of "
            f"{wanted[short[0]]}, since no question may stand in two splits.",
            "Give answers of more runs, or ask for fewer rows.",
            field="answers",
        )
    rows = {split: _first(dealt[split], wanted[split], rng) for split in SPLITS}
    return Splits(rows, _held_out(groups, rows))


def deal_balanced(answers: Sequence[StudentAnswer], sizes: Sizes, seed: int) -> Splits:
    """As ``deal``, with ``CORRECT_SHARE`` of right ones in every split; an answer stands in one row at most, in training once a key.

    :raises ConfigError: there are too few of one label for test and validation, or of any for training; with the counts.
    """
    rng = luck.stream("grader's balanced data", seed)
    groups = list(group_by_question(answers).values())
    rng.shuffle(groups)
    wanted = {split: wanted_labels(getattr(sizes, split)) for split in SPLITS}
    lacking = {split: dict(wanted[split]) for split in ("test", "validation")}
    dealt: dict[str, list[list[StudentAnswer]]] = {split: [] for split in SPLITS}
    for group in groups:
        labels = {answer.is_correct for answer in group}
        split = next((s for s, lacks in lacking.items() if any(lacks[label] > 0 for label in labels)), "train")
        dealt[split].append(rng.sample(group, len(group)))
        for answer in group if split in lacking else ():
            lacking[split][answer.is_correct] -= 1
    if any(count > 0 for lacks in lacking.values() for count in lacks.values()):
        raise _too_few_of_a_label(answers, sizes, wanted)
    rows = {split: _by_label(dealt[split], wanted[split], rng) for split in SPLITS}
    rekeyed = _rekeyed_to_fill(dealt["train"], rows["train"], wanted["train"], rng)
    rows["train"] += rekeyed
    if len(rows["train"]) < sizes.train:
        raise _too_few_to_train(rows["train"], wanted["train"])
    for split in SPLITS:
        rng.shuffle(rows[split])
    return Splits(rows, _held_out(groups, rows), len(rekeyed))


def group_by_question(answers: Iterable[StudentAnswer]) -> dict[int, list[StudentAnswer]]:
    """Answers by question: such as share an id or a text, or are linked by a third that shares one with each."""
    leader: dict[tuple[str, str], tuple[str, str]] = {}

    def find(node: tuple[str, str]) -> tuple[str, str]:
        while leader.setdefault(node, node) != node:
            leader[node] = node = leader[leader[node]]
        return node

    answers = list(answers)
    names = [(("id", a.question.id), ("text", " ".join(a.question.problem.split()).casefold())) for a in answers]
    for by_id, by_text in names:
        leader[find(by_text)] = find(by_id)
    numbers: dict[tuple[str, str], int] = {}
    found: dict[int, list[StudentAnswer]] = defaultdict(list)
    for answer, (by_id, _) in zip(answers, names, strict=True):
        found[numbers.setdefault(find(by_id), len(numbers))].append(answer)
    return found


def _first(groups: Groups, count: int, rng: Random) -> list[StudentAnswer]:
    in_turn = [
        group[k]
        for k in range(max(map(len, groups), default=0))
        for group in rng.sample(groups, len(groups))
        if k < len(group)
    ]
    chosen = in_turn[:count]
    rng.shuffle(chosen)
    return chosen


def _held_out(groups: Groups, rows: dict[str, list[StudentAnswer]]) -> list[StudentAnswer]:
    seen = {answer.question.id for split in ("train", "validation") for answer in rows[split]}
    return [a for group in groups if not seen & {a.question.id for a in group} for a in group]


def _by_label(groups: Groups, wanted: dict[bool, int], rng: Random) -> list[StudentAnswer]:
    """As many right and wrong ones as are wanted, or as there are."""
    return [
        answer
        for label, count in wanted.items()
        for answer in _first([[a for a in group if a.is_correct is label] for group in groups], count, rng)
    ]


def _rekeyed_to_fill(
    groups: Groups, rows: Sequence[StudentAnswer], wanted: dict[bool, int], rng: Random
) -> list[StudentAnswer]:
    """Rows of the labels that training lacks, of answers with another key; those that stand in no row yet first."""
    used = {id(answer) for answer in rows}
    answers = [answer for group in groups for answer in rng.sample(group, len(group))]
    rng.shuffle(answers)
    answers.sort(key=lambda answer: id(answer) in used)  # stable
    made: list[StudentAnswer] = []
    for label, count in wanted.items():
        short = count - sum(answer.is_correct is label for answer in rows)
        keys = [(answer, _other_keys(answer, label, rng)) for answer in answers]
        most = max((len(found) for _, found in keys), default=0)
        in_turn = [(answer, found[k]) for k in range(most) for answer, found in keys if k < len(found)]
        made += [_rekeyed(answer, key, label) for answer, key in in_turn[: max(0, short)]]
    return made


def _other_keys(answer: StudentAnswer, is_correct: bool, rng: Random) -> list[str]:
    """The keys, other than the question's, by which the answer would be right, or wrong."""
    found = [
        option.letter
        for option in answer.question.options
        if option.letter != answer.question.correct and (option.letter == answer.letter) is is_correct
    ]
    rng.shuffle(found)
    return found


def _rekeyed(answer: StudentAnswer, key: str, is_correct: bool) -> StudentAnswer:
    return replace(answer, question=replace(answer.question, correct=key), is_correct=is_correct)


def _too_few_to_train(rows: Sequence[StudentAnswer], wanted: dict[bool, int]) -> ConfigError:
    most = min(
        sum(answer.is_correct is label for answer in rows) * sum(wanted.values()) // count
        for label, count in wanted.items()
    )
    remedy = "Give answers of more runs: --answers can be said several times."
    return ConfigError(
        f"Validation and test leave {most} balanced rows for training, not {sum(wanted.values())}.",
        remedy + (f" Or ask for fewer rows: --train-rows {most - 1}." if most > 10 else ""),
        field="answers",
    )


def _too_few_of_a_label(
    answers: Sequence[StudentAnswer], sizes: Sizes, wanted: dict[str, dict[bool, int]]
) -> ConfigError:
    there = {label: sum(a.is_correct is label for a in answers) for label in (True, False)}
    needed = {label: wanted["test"][label] + wanted["validation"][label] for label in (True, False)}
    share = min(1.0, *(there[label] / needed[label] for label in there))
    fewer = {split: int(0.8 * share * getattr(sizes, split)) for split in ("validation", "test")}
    remedy = "Give answers of more runs: --answers can be said several times."
    if min(fewer.values()) >= 10:
        remedy += f" Or ask for fewer rows: --validation-rows {fewer['validation']} --test-rows {fewer['test']}."
    return ConfigError(
        f"Balanced rows of validation and test need {needed[True]} right answers and {needed[False]} wrong ones, to different questions; "
        f"there are {there[True]:,} right and {there[False]:,} wrong.",
        remedy,
        field="answers",
    )
