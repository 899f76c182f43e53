"""Splits a student's answers for fine-tuning a grader: whole questions to one split each, as they come or with balanced labels.

Of P0's rows 51.8 % were correct, though its student answered a quarter of its exams correctly. Such a student has too few correct
answers: test and validation get them first, since they take only answers as they were given. What training then lacks is made
of *rekeyed* answers, to which another option is the correct one: for a correct row the one that the answer chose, for a wrong
row any other. The text stays the student's, and the task, whether a text chooses the option that the key names, stays the
same. So several training rows may be of one answer, each with another key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random

from studentsim.errors import ConfigError
from studentsim.grader.student_answer import SPLITS, SplitSizes, StudentAnswer
from studentsim.rng import derive_rng

CORRECT_SHARE = 0.518
"""Share of correct ones among balanced rows. P0: 51.8 %."""

AnswerGroups = Sequence[Sequence[StudentAnswer]]


@dataclass(frozen=True)
class GraderSplits:
    """Rows by split; ``held_out`` has every answer to questions without a row in training and validation."""

    rows: dict[str, list[StudentAnswer]]
    held_out: list[StudentAnswer]
    rekeyed: int = 0
    """Training rows with another key than the question's."""


def target_label_counts(rows: int) -> dict[bool, int]:
    """Numbers of correct (True) and wrong rows among ``rows`` balanced ones, at least one of each.

    >>> target_label_counts(110), target_label_counts(680)
    ({True: 57, False: 53}, {True: 352, False: 328})
    """
    correct_rows = min(max(1, round(CORRECT_SHARE * rows)), rows - 1)
    return {True: correct_rows, False: rows - correct_rows}


def split_by_question(answers: Sequence[StudentAnswer], sizes: SplitSizes, seed: int) -> GraderSplits:
    """Assign whole questions to the split that lacks the largest share of its rows; then take an answer of each question in turn.

    :raises ConfigError: the questions have so many answers each that one split gets too few rows.
    """
    rng = derive_rng("grader's data", seed)
    groups = list(group_by_question(answers).values())
    rng.shuffle(groups)
    groups.sort(
        key=len, reverse=True
    )  # stable: equally long groups stay shuffled; single answers come last and fill up
    target_counts = {split: getattr(sizes, split) for split in SPLITS}
    groups_by_split: dict[str, list[list[StudentAnswer]]] = {split: [] for split in SPLITS}
    row_counts = dict.fromkeys(SPLITS, 0)
    for group in groups:
        split = min(SPLITS, key=lambda split: row_counts[split] / target_counts[split])
        groups_by_split[split].append(rng.sample(group, len(group)))
        row_counts[split] += len(group)
    if short_splits := [split for split in SPLITS if row_counts[split] < target_counts[split]]:
        raise ConfigError(
            f"{len(answers):,} answers are to {len(groups):,} questions alone: {short_splits[0]} gets "
            f"{row_counts[short_splits[0]]} rows of {target_counts[short_splits[0]]}, since no question may stand in two splits.",
            "Give answers of more runs, or ask for fewer rows.",
            field="answers",
        )
    rows = {split: _take_round_robin(groups_by_split[split], target_counts[split], rng) for split in SPLITS}
    return GraderSplits(rows, _find_held_out(groups, rows))


def split_by_question_balanced(answers: Sequence[StudentAnswer], sizes: SplitSizes, seed: int) -> GraderSplits:
    """As ``split_by_question``, with a share of ``CORRECT_SHARE`` correct rows in every split.

    An answer is in one row at most; in training in one row for each key.

    :raises ConfigError: there are too few of one label for test and validation, or of any for training; with the counts.
    """
    rng = derive_rng("grader's balanced data", seed)
    groups = list(group_by_question(answers).values())
    rng.shuffle(groups)
    target_counts = {split: target_label_counts(getattr(sizes, split)) for split in SPLITS}
    missing_counts = {split: dict(target_counts[split]) for split in ("test", "validation")}
    groups_by_split: dict[str, list[list[StudentAnswer]]] = {split: [] for split in SPLITS}
    for group in groups:
        labels = {answer.is_correct for answer in group}
        split = next(
            (s for s, missing in missing_counts.items() if any(missing[label] > 0 for label in labels)), "train"
        )
        groups_by_split[split].append(rng.sample(group, len(group)))
        for answer in group if split in missing_counts else ():
            missing_counts[split][answer.is_correct] -= 1
    if any(count > 0 for missing in missing_counts.values() for count in missing.values()):
        raise _too_few_of_label_error(answers, sizes, target_counts)
    rows = {split: _take_by_label(groups_by_split[split], target_counts[split], rng) for split in SPLITS}
    rekeyed = _fill_with_rekeyed(groups_by_split["train"], rows["train"], target_counts["train"], rng)
    rows["train"] += rekeyed
    if len(rows["train"]) < sizes.train:
        raise _too_few_training_rows_error(rows["train"], target_counts["train"])
    for split in SPLITS:
        rng.shuffle(rows[split])
    return GraderSplits(rows, _find_held_out(groups, rows), len(rekeyed))


def group_by_question(answers: Iterable[StudentAnswer]) -> dict[int, list[StudentAnswer]]:
    """Answers by question: those that share an id or a text, directly or through other answers (union-find)."""
    parents: dict[tuple[str, str], tuple[str, str]] = {}

    def find_root(node: tuple[str, str]) -> tuple[str, str]:
        while parents.setdefault(node, node) != node:
            parents[node] = node = parents[parents[node]]
        return node

    answers = list(answers)
    nodes = [(("id", a.question.id), ("text", " ".join(a.question.problem.split()).casefold())) for a in answers]
    for by_id, by_text in nodes:
        parents[find_root(by_text)] = find_root(by_id)
    group_numbers: dict[tuple[str, str], int] = {}
    groups: dict[int, list[StudentAnswer]] = defaultdict(list)
    for answer, (by_id, _) in zip(answers, nodes, strict=True):
        groups[group_numbers.setdefault(find_root(by_id), len(group_numbers))].append(answer)
    return groups


def _take_round_robin(groups: AnswerGroups, count: int, rng: Random) -> list[StudentAnswer]:
    interleaved = [
        group[k]
        for k in range(max(map(len, groups), default=0))
        for group in rng.sample(groups, len(groups))
        if k < len(group)
    ]
    chosen = interleaved[:count]
    rng.shuffle(chosen)
    return chosen


def _find_held_out(groups: AnswerGroups, rows: dict[str, list[StudentAnswer]]) -> list[StudentAnswer]:
    used_question_ids = {answer.question.id for split in ("train", "validation") for answer in rows[split]}
    return [a for group in groups if not used_question_ids & {a.question.id for a in group} for a in group]


def _take_by_label(groups: AnswerGroups, target_counts: dict[bool, int], rng: Random) -> list[StudentAnswer]:
    """As many correct and wrong answers as ``target_counts`` says, or as there are."""
    return [
        answer
        for label, count in target_counts.items()
        for answer in _take_round_robin([[a for a in group if a.is_correct is label] for group in groups], count, rng)
    ]


def _fill_with_rekeyed(
    groups: AnswerGroups, rows: Sequence[StudentAnswer], target_counts: dict[bool, int], rng: Random
) -> list[StudentAnswer]:
    """Rekeyed rows of the labels that training lacks; answers that are in no row yet come first."""
    used = {id(answer) for answer in rows}
    answers = [answer for group in groups for answer in rng.sample(group, len(group))]
    rng.shuffle(answers)
    answers.sort(key=lambda answer: id(answer) in used)  # stable
    rekeyed_rows: list[StudentAnswer] = []
    for label, count in target_counts.items():
        missing = count - sum(answer.is_correct is label for answer in rows)
        keys = [(answer, _alternative_keys(answer, label, rng)) for answer in answers]
        max_keys = max((len(letters) for _, letters in keys), default=0)
        interleaved = [(answer, letters[k]) for k in range(max_keys) for answer, letters in keys if k < len(letters)]
        rekeyed_rows += [_rekey_answer(answer, key, label) for answer, key in interleaved[: max(0, missing)]]
    return rekeyed_rows


def _alternative_keys(answer: StudentAnswer, is_correct: bool, rng: Random) -> list[str]:
    """The letters, other than the key's, that would make the answer correct (or wrong), shuffled."""
    letters = [
        option.letter
        for option in answer.question.options
        if option.letter != answer.question.correct and (option.letter == answer.letter) is is_correct
    ]
    rng.shuffle(letters)
    return letters


def _rekey_answer(answer: StudentAnswer, key: str, is_correct: bool) -> StudentAnswer:
    return replace(answer, question=replace(answer.question, correct=key), is_correct=is_correct)


def _too_few_training_rows_error(rows: Sequence[StudentAnswer], target_counts: dict[bool, int]) -> ConfigError:
    max_rows = min(
        sum(answer.is_correct is label for answer in rows) * sum(target_counts.values()) // count
        for label, count in target_counts.items()
    )
    remedy = "Give answers of more runs: --answers can be said several times."
    return ConfigError(
        f"Validation and test leave {max_rows} balanced rows for training, not {sum(target_counts.values())}.",
        remedy + (f" Or ask for fewer rows: --train-rows {max_rows - 1}." if max_rows > 10 else ""),
        field="answers",
    )


def _too_few_of_label_error(
    answers: Sequence[StudentAnswer], sizes: SplitSizes, target_counts: dict[str, dict[bool, int]]
) -> ConfigError:
    available = {label: sum(a.is_correct is label for a in answers) for label in (True, False)}
    needed = {label: target_counts["test"][label] + target_counts["validation"][label] for label in (True, False)}
    share = min(1.0, *(available[label] / needed[label] for label in available))
    smaller_sizes = {split: int(0.8 * share * getattr(sizes, split)) for split in ("validation", "test")}
    remedy = "Give answers of more runs: --answers can be said several times."
    if min(smaller_sizes.values()) >= 10:
        remedy += f" Or ask for fewer rows: --validation-rows {smaller_sizes['validation']} --test-rows {smaller_sizes['test']}."
    return ConfigError(
        f"Balanced rows of validation and test need {needed[True]} right answers and {needed[False]} wrong ones, to different questions; "
        f"there are {available[True]:,} right and {available[False]:,} wrong.",
        remedy,
        field="answers",
    )
