"""Validates a bank of questions: finds wrong keys, equal options, duplicate questions, and formulas that contradict the key.

    python -m studentsim check-dataset questions.json

Rows in, a report out, for the command line and pages. ``drop_invalid`` drops exactly the rows with an issue.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from studentsim.datasets.adapter import (
    OPTION_LETTERS,
    DatasetSpec,
    build_question,
    fault_as_value_error,
    has_correct_option,
    parse_dataset_row,
)
from studentsim.datasets.file_reader import RawRow
from studentsim.datasets.formula_check import (
    MATCHES_NO_OPTION,
    MATCHES_OTHER_OPTION,
    compare_formula_to_key,
    has_formula_annotation,
)
from studentsim.datasets.option_sizes import CorrectRankCounts, count_correct_option_ranks
from studentsim.datasets.option_value import find_equal_value_options
from studentsim.datasets.resolve import BankRows
from studentsim.datasets.splits import normalize_problem_text
from studentsim.datasets.tabular_columns import join_with_and
from studentsim.types import Option, Question

ISSUE_KINDS = {
    "unreadable": "cannot be read",
    "key": "the right answer is not among the options",
    "right twice": "the right option stands twice, by its text or by its value",
    "doubled options": "two wrong options are the same",
    "doubled question": "the same question, word for word, stands in an earlier row",
    "contradiction": "the same question has another right answer in another row",
    "annotation other": "the annotation leads to another option than the key",
    "annotation none": "the annotation leads to none of the options",
}
"""Kinds of issues and their descriptions for users. Rows of the first two kinds give no question."""
MAX_EXCERPT_CHARS = 160
EQUAL_VALUE_SUFFIX = "are worth the same"
"""The end of ``Issue.why`` if two options are equal by value but not by text."""


@dataclass(frozen=True)
class Issue:
    """One issue of one row. ``row`` counts from 1 within ``part`` (``RawRow.part``)."""

    row: int
    part: str
    kind: str
    """One of ``ISSUE_KINDS``."""
    why: str
    """The reason, for users."""
    problem: str = ""
    """The beginning of the problem; "": the row cannot be parsed."""


@dataclass(frozen=True)
class CorrectLetterCount:
    """How often a letter is correct, and the accuracy (0 to 1) of always choosing it."""

    letter: str
    right: int
    accuracy: float


@dataclass(frozen=True)
class BankReport:
    """A bank's contents and issues. Counts are of questions, with or without issues, unless said otherwise."""

    source: str
    set: str
    title: str
    rows: int
    """All rows, including unreadable ones."""
    questions: int
    without_question: int
    """Sound rows that give no question; in MATH, those whose answer has no number that could be moved."""
    categories: dict[str, int]
    splits: dict[str, int]
    option_counts: dict[int, int]
    """Questions by their number of options."""
    letters: tuple[CorrectLetterCount, ...]
    same_text: int
    """Questions whose text occurs in several rows, whatever the options."""
    annotation: dict[str, int] | None
    """Rows by the outcome of their formula (the constants of ``formula_check``); None: the dataset has no formulas."""
    doubts: tuple[Issue, ...] = field(repr=False)
    topics: dict[str, int] = field(default_factory=dict)
    """Questions by topic; those without one are not counted."""
    right_by_value: int = 0
    """Rows of the kind "right twice" whose two options are equal by value only, such as 1/3 and 2/6."""
    recognised: tuple[dict[str, Any], ...] = ()
    """The detected dataset of each file or group of files with the same columns: ``part`` ("": the whole), ``set``, ``title``,
    ``certainty`` (``given``, ``sure``, ``likely`` or ``unsure``), ``read`` of the first ``of`` rows are parsed, ``others`` (the
    alternatives: ``set, title, read``), ``columns``, and ``nearest`` (what is missing if the dataset is unknown)."""
    sizes: CorrectRankCounts | None = None
    """The correct options' ranks by size; None: the options are not numbers."""

    @property
    def rows_with_issues(self) -> int:
        """Number of rows with at least one issue."""
        return len({(issue.part, issue.row) for issue in self.doubts})

    @property
    def issue_counts(self) -> dict[str, int]:
        """Number of issues by kind, in the order of ``ISSUE_KINDS``, 0 included."""
        counts = Counter(issue.kind for issue in self.doubts)
        return {kind: counts[kind] for kind in ISSUE_KINDS}

    def to_json(self) -> dict[str, Any]:
        """The report as nested dicts and lists, ready for ``json.dumps``."""
        return {**asdict(self), "doubtful_rows": self.rows_with_issues, "by_kind": self.issue_counts}


@dataclass(frozen=True)
class ValidationResult:
    """The questions of validated rows, and the issues."""

    row_questions: tuple[tuple[RawRow, Question], ...]
    issues: tuple[Issue, ...]
    rows_without_question: int
    annotation_counts: dict[str, int] | None

    def questions_without_issues(self) -> list[tuple[RawRow, Question]]:
        """The questions of rows without an issue, with their rows."""
        rows_with_issues = {(issue.part, issue.row) for issue in self.issues}
        return [
            (row, question) for row, question in self.row_questions if (row.part, row.number) not in rows_with_issues
        ]


def validate_rows(
    datasets: Mapping[str, DatasetSpec],
    rows: Sequence[RawRow],
    *,
    category: str = "",
    seed: int = 0,
    topics: Mapping[str, str] | None = None,
    on_progress: Callable[[int, int], None] = lambda done, rows: None,
) -> ValidationResult:
    """Validate rows; an unreadable row is an issue. ``datasets`` and ``topics`` are by ``RawRow.part``, as in ``BankRows``.

    ``on_progress(done, rows)`` is called before each row.
    """
    topics = topics or {}
    row_questions: list[tuple[RawRow, Question]] = []
    issues: list[Issue] = []
    annotation_counts: Counter[str] = Counter()
    rows_without_question = 0
    for done, row in enumerate(rows):
        on_progress(done, len(rows))
        question = _question_or_issue(datasets[row.part], row, category, seed, topics.get(row.part, ""))
        if isinstance(question, Issue):
            issues.append(question)
        elif question is None:
            rows_without_question += 1
        else:
            row_questions.append((row, question))
            if has_formula_annotation(row.values):
                issues += _guard_issues(row, _find_formula_issues(row, question, annotation_counts))
    issues += find_question_issues(row_questions)
    row_indexes = {(row.part, row.number): index for index, row in enumerate(rows)}
    issues.sort(key=lambda issue: row_indexes[issue.part, issue.row])
    return ValidationResult(tuple(row_questions), tuple(issues), rows_without_question, dict(annotation_counts) or None)


def find_question_issues(row_questions: Sequence[tuple[RawRow, Question]]) -> list[Issue]:
    """Issues of parsed questions: equal options, and duplicate or contradictory questions."""
    issues = [
        issue for row, question in row_questions for issue in _guard_issues(row, _find_option_issues(row, question))
    ]
    same_questions: dict[tuple[str, tuple[str, ...]], list[tuple[RawRow, Question]]] = defaultdict(list)
    for row, question in row_questions:
        option_texts = tuple(sorted(_normalize_option_text(o.text) for o in question.options))
        same_questions[normalize_problem_text(question.problem), option_texts].append((row, question))
    for duplicates in same_questions.values():
        issues += _find_duplicate_issues(duplicates)
    return issues


def build_report(
    source: str,
    bank_rows: BankRows | None,
    result: ValidationResult,
    split_questions: Iterable[Question],
    row_count: int,
) -> BankReport:
    """Build the report on validated rows. ``split_questions`` are the questions with their final splits; ``bank_rows`` is None for the
    built-in curriculum."""
    questions = [question for _, question in result.row_questions]
    text_counts = Counter(normalize_problem_text(question.problem) for question in questions)
    letter_counts = Counter(question.correct for question in questions)
    max_options = max((len(question.options) for question in questions), default=0)
    datasets = bank_rows.known_datasets if bank_rows else ()
    recognitions = bank_rows.recognitions if bank_rows else ()
    return BankReport(
        source=source,
        set=" | ".join(dataset.name for dataset in datasets) or source,
        title=join_with_and([dataset.title for dataset in datasets]) or "The built-in curriculum",
        rows=row_count,
        questions=len(questions),
        without_question=result.rows_without_question,
        categories=dict(Counter(question.category for question in questions).most_common()),
        splits=dict(Counter(question.split for question in split_questions)),
        option_counts=dict(sorted(Counter(len(question.options) for question in questions).items())),
        letters=tuple(
            CorrectLetterCount(letter, letter_counts[letter], letter_counts[letter] / len(questions))
            for letter in OPTION_LETTERS[:max_options]
        ),
        same_text=sum(count for count in text_counts.values() if count > 1),
        annotation=result.annotation_counts,
        doubts=result.issues,
        topics=dict(Counter(question.topic for question in questions if question.topic).most_common()),
        right_by_value=sum(
            issue.kind == "right twice" and issue.why.endswith(EQUAL_VALUE_SUFFIX) for issue in result.issues
        ),
        recognised=tuple({"part": part, **result.to_json()} for part, result in recognitions),
        sizes=count_correct_option_ranks(questions),
    )


# ------------------------------------------------------------------ one row


def _question_or_issue(
    dataset: DatasetSpec, row: RawRow, category: str, seed: int, topic: str
) -> Question | Issue | None:
    try:
        parsed_row = parse_dataset_row(dataset, row, seed)
        if parsed_row and not has_correct_option(parsed_row):
            reason = f"the right answer is {parsed_row.correct_label[:20]!r}"
            return Issue(row.number, row.part, "key", reason, _shorten_problem(parsed_row.problem))
        return parsed_row and build_question(dataset, row, parsed_row, category=category, topic=topic)
    except ValueError as error:
        return Issue(row.number, row.part, "unreadable", str(error))


def _guard_issues(row: RawRow, issues: Iterable[Issue]) -> list[Issue]:
    """The issues of a row; a fault while they are computed is one, too."""
    try:
        with fault_as_value_error():
            return list(issues)
    except ValueError as error:
        return [Issue(row.number, row.part, "unreadable", str(error))]


def _find_formula_issues(row: RawRow, question: Question, annotation_counts: Counter[str]) -> Iterable[Issue]:
    """An issue if the annotated formula contradicts the key; its outcome is counted."""
    outcome, reason = compare_formula_to_key(row.values, question)
    annotation_counts[outcome] += 1
    if outcome in (MATCHES_OTHER_OPTION, MATCHES_NO_OPTION):
        yield _make_issue(row, f"annotation {outcome}", reason, question)


def _find_option_issues(row: RawRow, question: Question) -> Iterable[Issue]:
    options_by_text: dict[str, list[Option]] = defaultdict(list)
    for option in question.options:
        options_by_text[_normalize_option_text(option.text)].append(option)
    for options in options_by_text.values():
        if len(options) > 1:
            letters = [option.letter for option in options]
            kind = "right twice" if question.correct in letters else "doubled options"
            reason = f"options {' and '.join(letters)} are both {options[0].text[:40]!r}"
            yield _make_issue(row, kind, reason, question)
    yield from _find_equal_value_issues(row, question)


def _find_equal_value_issues(row: RawRow, question: Question) -> Iterable[Issue]:
    """An issue if an option with another text has the correct option's value."""
    correct_option = question.correct_option
    for index in find_equal_value_options(correct_option.text, [option.text for option in question.options]):
        option = question.options[index]
        if _normalize_option_text(option.text) == _normalize_option_text(correct_option.text):
            continue  # an issue already, by the same text
        pair = sorted((correct_option, option), key=lambda o: o.letter)
        letters = " and ".join(o.letter for o in pair)
        texts = " and ".join(repr(o.text[:40]) for o in pair)
        yield _make_issue(row, "right twice", f"options {letters}, {texts}, {EQUAL_VALUE_SUFFIX}", question)
        return


def _find_duplicate_issues(duplicates: Sequence[tuple[RawRow, Question]]) -> Iterable[Issue]:
    """Issues of rows with the same problem and options: of all if their keys differ, else of all but the first."""
    first_row_by_key: dict[str, RawRow] = {}
    for row, question in duplicates:
        first_row_by_key.setdefault(_normalize_option_text(question.correct_option.text), row)
    if len(first_row_by_key) > 1:
        (first_key, first_row), (_, second_row), *_ = first_row_by_key.items()
        for row, question in duplicates:
            has_first_key = _normalize_option_text(question.correct_option.text) == first_key
            other = second_row if has_first_key else first_row
            reason = f"here {question.correct_option.text[:40]!r} is right, in {other.label.lower()} it is not"
            yield _make_issue(row, "contradiction", reason, question)
        return
    first = duplicates[0][0]
    for row, question in duplicates[1:]:
        yield _make_issue(row, "doubled question", f"the same as {first.label.lower()}", question)


def _normalize_option_text(option: str) -> str:
    """The text that two options must share to be the same; case counts, since ``Aa`` and ``AA`` are different genotypes."""
    return " ".join(option.split())


def _make_issue(row: RawRow, kind: str, reason: str, question: Question) -> Issue:
    return Issue(row.number, row.part, kind, reason, _shorten_problem(question.problem))


def _shorten_problem(problem: str) -> str:
    problem = " ".join(problem.split())
    return problem if len(problem) <= MAX_EXCERPT_CHARS else f"{problem[: MAX_EXCERPT_CHARS - 1]}…"
