"""The data a grader is fine-tuned on: a student's own answers, labelled by the key, dealt to train, validation and test (P0).

P0 made 680 / 110 / 110 rows of its student's answers, 51.8 % of them right. Here as there they come as they are, and are not
balanced. All answers to one question stand in one split, whatever run they come from: questions of the same text are the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from random import Random
from typing import Any

from studentsim import luck
from studentsim.errors import ConfigError, StudentError
from studentsim.records import Option, Question
from studentsim.teacher.prompt import CORRECT, WRONG, prompt

SPLITS = ("train", "validation", "test")
LEAST_SHARE = 0.1
"""Of either label; with fewer a grader learns to say the other always. paper: 48.2 %."""
MOST_OVER_LONG = 0.5
"""Share of the answers that may be too long to read whole; with more, the rest is no fair picture of them."""


@dataclass(frozen=True)
class Sizes:
    """Rows of each split. paper: 680, 110, 110."""

    train: int = 680
    validation: int = 110
    test: int = 110

    @property
    def total(self) -> int:
        """All rows."""
        return self.train + self.validation + self.test


@dataclass(frozen=True)
class StudentAnswer:
    """What a student wrote on a question in a run, and whether the key calls it right."""

    question: Question
    text: str
    is_correct: bool
    run: str
    student: str
    turn: int
    phase: str

    @classmethod
    def of_event(cls, event: Mapping[str, Any], *, run: str, student: str) -> StudentAnswer:
        """From an ``Answered`` event as the journal tells it; the question is without its working, which no grader reads."""
        options = tuple(Option(o["letter"], o["text"], o.get("misconception")) for o in event["options"])
        question = Question(
            id=event["question_id"], bank="", category=event["category"], problem=event["problem"], options=options,
            correct=event["correct"], rationale="", skill=event.get("skill"), difficulty=event.get("difficulty"),
        )  # fmt: skip
        return cls(question, event["text"], bool(event["right"]), run, student, event["turn"], event["phase"])

    @property
    def label(self) -> str:
        """The target: ``Correct`` or ``Wrong``."""
        return CORRECT if self.is_correct else WRONG


@dataclass(frozen=True)
class GraderRow:
    """One row as it is written into a file for a look. ``sentences`` is the grader's input before it is cut to its limit."""

    split: str
    answer: str
    correct: str
    label: str
    sentences: str
    question: str
    problem: str
    run: str
    student: str
    turn: int
    phase: str


@dataclass(frozen=True)
class GraderDataset:
    """Answers by split, and what was left out."""

    train: tuple[StudentAnswer, ...]
    validation: tuple[StudentAnswer, ...]
    test: tuple[StudentAnswer, ...]
    answers: int
    """All that there were."""
    repeated: int
    """Left out: the same text on the same question as another."""
    over_long: int
    """Left out: longer than the grader reads."""

    def counts(self) -> dict[str, dict[str, int]]:
        """Rows of each label, by split."""
        return {split: count_labels(getattr(self, split)) for split in SPLITS}

    def rows(self) -> list[GraderRow]:
        """All rows, split after split."""
        return [_row(split, answer) for split in SPLITS for answer in getattr(self, split)]


def build_dataset(
    answers: Sequence[StudentAnswer], is_short: Callable[[StudentAnswer], bool], sizes: Sizes, *, seed: int = 0
) -> GraderDataset:
    """Deal answers to the splits; the same answers and seed, the same splits.

    ``is_short`` tells whether the grader can read an answer whole.

    :raises ConfigError: there are too few, too many are too long, or (nearly) all have one label; with the counts.
    """
    distinct = list({(a.question.problem, a.question.correct, a.text): a for a in reversed(answers)}.values())[::-1]
    short = [answer for answer in distinct if is_short(answer)]
    repeated, over_long = len(answers) - len(distinct), len(distinct) - len(short)
    if over_long > MOST_OVER_LONG * len(distinct):
        raise ConfigError(
            f"{over_long:,} of {len(distinct):,} answers are longer than the marker reads: the rest is no fair picture of them.",
            "Raise --input-tokens, or take answers of a run with shorter ones (--max-new-tokens).",
            field="answers",
        )
    _check_count(short, sizes, repeated, over_long)
    _check_labels(short)
    dealt = _deal(short, sizes, seed)
    for split in SPLITS:
        if len({a.is_correct for a in dealt[split]}) < 2:
            raise ConfigError(
                f"All {len(dealt[split])} answers dealt to {split} are {dealt[split][0].label}.",
                "Ask for more rows there, take another --seed, or give answers of more runs.",
                field="answers",
            )
    return GraderDataset(
        *(tuple(dealt[split]) for split in SPLITS), answers=len(answers), repeated=repeated, over_long=over_long
    )


def write_rows(dataset: GraderDataset, path: Path) -> None:
    """The rows as a Parquet or CSV file, by the path's ending. Writes.

    :raises ConfigError: another ending.
    :raises StudentError: the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.csv as csv
    import pyarrow.parquet as parquet

    check_rows_path(path)
    table = pa.Table.from_pylist([asdict(row) for row in dataset.rows()])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".csv":
            csv.write_csv(table, path)
        else:
            parquet.write_table(table, path, compression="zstd")
    except OSError as error:
        raise StudentError(f"The rows cannot be written to {path} ({error}).", "Name another file.") from error


def check_rows_path(path: Path) -> None:
    """:raises ConfigError: rows cannot be written under such a name."""
    if path.suffix not in (".csv", ".parquet"):
        raise ConfigError(f"{str(path)!r} ends in neither .csv nor .parquet.", "Name it so.", field="rows")


def count_labels(answers: Iterable[StudentAnswer]) -> dict[str, int]:
    """How many of each label."""
    counts = Counter(answer.label for answer in answers)
    return {label: counts[label] for label in (CORRECT, WRONG)}


# ------------------------------------------------------------------ what is refused


def _check_count(answers: Sequence[StudentAnswer], sizes: Sizes, repeated: int, over_long: int) -> None:
    if len(answers) >= sizes.total:
        return
    least = 10
    fewer = {split: max(least, getattr(sizes, split) * len(answers) // sizes.total) for split in SPLITS}
    ask = " ".join(f"--{split}-rows {fewer[split]}" for split in SPLITS)
    remedy = "Give answers of more runs: --answers can be said several times."
    if sum(fewer.values()) <= len(answers):
        remedy += f" Or ask for fewer rows: {ask}."
    raise ConfigError(
        f"{sizes.total:,} rows are needed ({sizes.train} / {sizes.validation} / {sizes.test}), and there are {len(answers):,} answers "
        f"to {len(_groups(answers)):,} questions ({repeated:,} left out that repeat another, {over_long:,} that are too long).",
        remedy,
        field="answers",
    )


def _check_labels(answers: Sequence[StudentAnswer]) -> None:
    counts = count_labels(answers)
    if min(counts.values()) < LEAST_SHARE * len(answers):
        told = ", ".join(f"{count:,} are {label}" for label, count in counts.items())
        raise ConfigError(
            f"Of {len(answers):,} answers {told}: from so one-sided ones a marker learns to say the same always.",
            f"Give answers of other runs too, with at least {LEAST_SHARE:.0%} of either.",
            field="answers",
        )


# ------------------------------------------------------------------ dealing


def _deal(answers: Sequence[StudentAnswer], sizes: Sizes, seed: int) -> dict[str, list[StudentAnswer]]:
    """Whole questions to the split that lacks most of its rows; within a split every question's first answer goes first.

    :raises ConfigError: the questions have so many answers each that one split stays short.
    """
    rng = luck.stream("grader's data", seed)
    groups = list(_groups(answers).values())
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
    return {split: _first(dealt[split], wanted[split], rng) for split in SPLITS}


def _first(groups: Sequence[Sequence[StudentAnswer]], count: int, rng: Random) -> list[StudentAnswer]:
    in_turn = [
        group[k] for k in range(max(map(len, groups))) for group in rng.sample(groups, len(groups)) if k < len(group)
    ]
    chosen = in_turn[:count]
    rng.shuffle(chosen)
    return chosen


def _groups(answers: Iterable[StudentAnswer]) -> dict[int, list[StudentAnswer]]:
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


def _row(split: str, answer: StudentAnswer) -> GraderRow:
    right = answer.question.right
    return GraderRow(
        split, answer.text, f"{right.letter}) {right.text}", answer.label, prompt(answer.question, answer.text, longest=10**9),
        answer.question.id, answer.question.problem, answer.run, answer.student, answer.turn, answer.phase,
    )  # fmt: skip


COLUMNS = tuple(field.name for field in fields(GraderRow))
"""Of the file of rows."""
