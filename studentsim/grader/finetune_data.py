"""The data set a grader is fine-tuned on: a student's answers, labelled by the key, split into train, validation and test (P0).

P0 made 680 / 110 / 110 rows of its student's answers, 51.8 % of them correct. Rows are balanced to that, or come as they are
(finetune_splits.py). All answers to one question are in one split, whatever run they come from; questions of the same text are
the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from studentsim.errors import ConfigError, StudentError
from studentsim.grader.finetune_splits import group_by_question, split_by_question, split_by_question_balanced
from studentsim.grader.prompt import CORRECT, WRONG, build_grader_prompt
from studentsim.grader.student_answer import SPLITS, SplitSizes, StudentAnswer

MIN_LABEL_SHARE = 0.1
"""Least share of either label; with less a grader learns to always say the other. P0: 48.2 %."""
MAX_OVER_LONG_SHARE = 0.5
"""Largest share of answers that are too long to read whole; with more, the rest does not represent them."""


@dataclass(frozen=True)
class GraderRow:
    """One row as written to a file for inspection; ``sentences`` is the grader's input before truncation."""

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
    """Answers by split, and the number of those left out."""

    train: tuple[StudentAnswer, ...]
    validation: tuple[StudentAnswer, ...]
    test: tuple[StudentAnswer, ...]
    answer_count: int
    """Answers that were given, before any were left out."""
    duplicate_count: int
    """Answers left out: the same text on the same question as another."""
    over_long_count: int
    """Answers left out: longer than the grader reads."""
    correct_count: int = 0
    """How many of ``answer_count`` are correct."""
    held_out: tuple[StudentAnswer, ...] = ()
    """Every answer to questions of which training and validation have no row: the test's rows, and those that no split needed."""
    rekeyed_count: int = 0
    """Training rows with another correct option than the question's, added for balance and number."""

    def label_counts_by_split(self) -> dict[str, dict[str, int]]:
        """Number of rows of each label, by split."""
        return {split: count_labels(getattr(self, split)) for split in SPLITS}

    def to_rows(self) -> list[GraderRow]:
        """All rows, split after split."""
        return [_to_grader_row(split, answer) for split in SPLITS for answer in getattr(self, split)]


def build_grader_dataset(
    answers: Sequence[StudentAnswer],
    fits_limit: Callable[[StudentAnswer], bool],
    sizes: SplitSizes,
    *,
    seed: int = 0,
    balanced: bool = False,
) -> GraderDataset:
    """Assign answers to splits, deterministically for a seed.

    ``fits_limit`` says whether the grader can read an answer whole. ``balanced``: 51.8 % of each split's rows are correct ones.

    :raises ConfigError: there are too few, too many are too long, or (nearly) all have one label; with the counts.
    """
    distinct = list({(a.question.problem, a.question.correct, a.text): a for a in reversed(answers)}.values())[::-1]
    fitting = [answer for answer in distinct if fits_limit(answer)]
    repeated, over_long = len(answers) - len(distinct), len(distinct) - len(fitting)
    if over_long > MAX_OVER_LONG_SHARE * len(distinct):
        raise ConfigError(
            f"{over_long:,} of {len(distinct):,} answers are longer than the marker reads: the rest is no fair picture of them.",
            "Raise --input-tokens, or take answers of a run with shorter ones (--max-new-tokens).",
            field="answers",
        )
    if not balanced:
        _check_enough_answers(fitting, sizes, repeated, over_long)
        _check_label_shares(fitting)
    splits = (split_by_question_balanced if balanced else split_by_question)(fitting, sizes, seed)
    for split, rows in splits.rows.items():
        if len({a.is_correct for a in rows}) < 2:
            raise ConfigError(
                f"All {len(rows)} answers dealt to {split} are {rows[0].label}.",
                "Ask for more rows there, take another --seed, or give answers of more runs.",
                field="answers",
            )
    return GraderDataset(
        *(tuple(splits.rows[split]) for split in SPLITS),
        answer_count=len(answers),
        duplicate_count=repeated,
        over_long_count=over_long,
        correct_count=sum(answer.is_correct for answer in answers),
        held_out=tuple(splits.held_out),
        rekeyed_count=splits.rekeyed,
    )


def write_grader_rows(dataset: GraderDataset, path: Path) -> None:
    """Write the rows as Parquet or CSV, by the path's suffix. Writes.

    :raises ConfigError: the path has another suffix.
    :raises StudentError: the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.csv as csv
    import pyarrow.parquet as parquet

    validate_rows_path(path)
    table = pa.Table.from_pylist([asdict(row) for row in dataset.to_rows()])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".csv":
            csv.write_csv(table, path)
        else:
            parquet.write_table(table, path, compression="zstd")
    except OSError as error:
        raise StudentError(f"The rows cannot be written to {path} ({error}).", "Name another file.") from error


def validate_rows_path(path: Path) -> None:
    """:raises ConfigError: the suffix is neither .csv nor .parquet."""
    if path.suffix not in (".csv", ".parquet"):
        raise ConfigError(f"{str(path)!r} ends in neither .csv nor .parquet.", "Name it so.", field="rows")


def count_labels(answers: Iterable[StudentAnswer]) -> dict[str, int]:
    """Number of answers of each label, ``Correct`` first."""
    counts = Counter(answer.label for answer in answers)
    return {label: counts[label] for label in (CORRECT, WRONG)}


# ------------------------------------------------------------------ checks


def _check_enough_answers(answers: Sequence[StudentAnswer], sizes: SplitSizes, repeated: int, over_long: int) -> None:
    if len(answers) >= sizes.total:
        return
    min_rows = 10
    smaller_sizes = {split: max(min_rows, getattr(sizes, split) * len(answers) // sizes.total) for split in SPLITS}
    row_options = " ".join(f"--{split}-rows {smaller_sizes[split]}" for split in SPLITS)
    remedy = "Give answers of more runs: --answers can be said several times."
    if sum(smaller_sizes.values()) <= len(answers):
        remedy += f" Or ask for fewer rows: {row_options}."
    raise ConfigError(
        f"{sizes.total:,} rows are needed ({sizes.train} / {sizes.validation} / {sizes.test}), and there are {len(answers):,} answers "
        f"to {len(group_by_question(answers)):,} questions ({repeated:,} left out that repeat another, {over_long:,} that are too long).",
        remedy,
        field="answers",
    )


def _check_label_shares(answers: Sequence[StudentAnswer]) -> None:
    counts = count_labels(answers)
    if min(counts.values()) < MIN_LABEL_SHARE * len(answers):
        label_counts = ", ".join(f"{count:,} are {label}" for label, count in counts.items())
        raise ConfigError(
            f"Of {len(answers):,} answers {label_counts}: from so one-sided ones a marker learns to say the same always.",
            f"Give answers of other runs too, with at least {MIN_LABEL_SHARE:.0%} of either.",
            field="answers",
        )


def _to_grader_row(split: str, answer: StudentAnswer) -> GraderRow:
    question, correct = answer.question, answer.question.correct_option
    prompt = build_grader_prompt(question, answer.text, max_chars=10**9)
    return GraderRow(
        split, answer.text, f"{correct.letter}) {correct.text}", answer.label, prompt, question.id, question.problem,
        answer.run_id, answer.student, answer.turn, answer.phase,
    )  # fmt: skip
