"""What is doubtful in a bank of questions: keys, options, doubled questions, and MathQA's annotations against its keys.

    python -m studentsim check-bank questions.json

Pure: rows in, a report out. Plain data classes, for the command line and for pages. A row that is listed here is the row that
``leave_out_doubtful`` leaves out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from studentsim.datasets import formula_check as annotation
from studentsim.datasets.adapter import (
    OPTION_LETTERS,
    DatasetSpec,
    build_question,
    has_correct_option,
    parse_dataset_row,
)
from studentsim.datasets.file_reader import RawRow
from studentsim.datasets.option_sizes import CorrectRankCounts, count_correct_option_ranks
from studentsim.datasets.option_value import find_equal_value_options
from studentsim.datasets.resolve import BankRows
from studentsim.datasets.splits import normalize_problem_text
from studentsim.types import Question

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
"""What can be doubtful about a row, and how it is said. The first two cannot be asked at all."""
MAX_EXCERPT_CHARS = 160
EQUAL_VALUE_SUFFIX = "are worth the same"
"""How the reason ends where two options are equal by their value alone."""


@dataclass(frozen=True)
class Issue:
    """One thing that is doubtful about one row. ``row`` counts from 1 within ``part`` (a file of a folder, a split, or "")."""

    row: int
    part: str
    kind: str
    """One of ``ISSUE_KINDS``."""
    why: str
    problem: str = ""
    """The beginning of the question, where it can be read."""


@dataclass(frozen=True)
class CorrectLetterCount:
    """How often a letter is the right one, and the accuracy (0 to 1) of always answering it."""

    letter: str
    right: int
    accuracy: float


@dataclass(frozen=True)
class BankReport:
    """What a bank holds. Counts are of questions that can be asked, doubtful or not, unless said otherwise."""

    source: str
    set: str
    title: str
    rows: int
    """All rows, with those that cannot be read."""
    questions: int
    without_question: int
    """Sound rows that give no question: in MATH, answers without a number that could be moved."""
    categories: dict[str, int]
    splits: dict[str, int]
    option_counts: dict[int, int]
    """Number of options: questions that have as many."""
    letters: tuple[CorrectLetterCount, ...]
    same_text: int
    """Questions whose text stands in more than one row, with whatever options."""
    annotation: dict[str, int] | None
    """Rows whose annotation leads to the key, another option, none, or is unknown; None where a set has no annotations."""
    doubts: tuple[Issue, ...] = field(repr=False)
    topics: dict[str, int] = field(default_factory=dict)
    """Questions by topic, where the bank has topics; those without one are not counted."""
    right_by_value: int = 0
    """Of the rows whose right option stands twice: those where it does so by its value alone, as 1/3 and 2/6."""
    recognised: tuple[dict[str, Any], ...] = ()
    """For each file or group of like files what it was taken for: ``part`` (blank: the whole), ``set``, ``title``, ``certainty``
    (``given``, ``sure``, ``likely`` or ``unsure``), ``read`` of the first ``of`` rows, ``others`` (what else it might be: ``set, title,
    read``), ``columns``, and ``nearest`` (what is missing, where it is of no known set)."""
    sizes: CorrectRankCounts | None = None
    """Where the right option stands among the options by size, where these are numbers."""

    @property
    def rows_with_issues(self) -> int:
        """Rows with at least one doubt."""
        return len({(doubt.part, doubt.row) for doubt in self.doubts})

    @property
    def issue_counts(self) -> dict[str, int]:
        """Doubts counted by kind, in the order of ``ISSUE_KINDS``, 0 included."""
        counts = Counter(doubt.kind for doubt in self.doubts)
        return {kind: counts[kind] for kind in ISSUE_KINDS}

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data, ready for ``json.dumps``."""
        return {**asdict(self), "doubtful_rows": self.rows_with_issues, "by_kind": self.issue_counts}


@dataclass(frozen=True)
class ValidationResult:
    """Rows gone through one by one: the questions they ask, and what is doubtful."""

    row_questions: tuple[tuple[RawRow, Question], ...]
    issues: tuple[Issue, ...]
    rows_without_question: int
    annotation_counts: dict[str, int] | None

    def questions_without_issues(self) -> list[tuple[RawRow, Question]]:
        """The questions of rows without a doubt, with their rows."""
        rows_with_issues = {(doubt.part, doubt.row) for doubt in self.issues}
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
    """Go through rows; ``datasets`` has the set of each of their parts, ``topics`` the topic of questions whose set gives them none.
    No row stops it: what cannot be read is a doubt. ``on_progress`` hears before each row how many are done, of how many.
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
            if annotation.has_formula_annotation(row.values):
                outcome, why = annotation.compare_formula_to_key(row.values, question)
                annotation_counts[outcome] += 1
                if outcome in (annotation.MATCHES_OTHER_OPTION, annotation.MATCHES_NO_OPTION):
                    issues.append(_make_issue(row, f"annotation {outcome}", why, question))
    issues += find_question_issues(row_questions)
    row_positions = {(row.part, row.number): place for place, row in enumerate(rows)}
    issues.sort(key=lambda doubt: row_positions[doubt.part, doubt.row])
    return ValidationResult(tuple(row_questions), tuple(issues), rows_without_question, dict(annotation_counts) or None)


def find_question_issues(row_questions: Sequence[tuple[RawRow, Question]]) -> list[Issue]:
    """What is doubtful about questions that can be asked: their options, and questions that stand twice."""
    issues = [doubt for row, question in row_questions for doubt in _find_option_issues(row, question)]
    identical_questions: dict[tuple[str, tuple[str, ...]], list[tuple[RawRow, Question]]] = defaultdict(list)
    for row, question in row_questions:
        identical_questions[
            normalize_problem_text(question.problem),
            tuple(sorted(_normalize_option_text(o.text) for o in question.options)),
        ].append((row, question))
    for group in identical_questions.values():
        issues += _find_duplicate_issues(group)
    return issues


def build_report(
    source: str,
    bank_rows: BankRows | None,
    result: ValidationResult,
    split_questions: Iterable[Question],
    row_count: int,
) -> BankReport:
    """The report on rows that were checked; ``split_questions`` are the questions in the splits they would be asked in, ``bank_rows`` is None
    for the built-in curriculum."""
    questions = [question for _, question in result.row_questions]
    text_counts = Counter(normalize_problem_text(question.problem) for question in questions)
    letter_counts = Counter(question.correct for question in questions)
    max_options = max((len(question.options) for question in questions), default=0)
    datasets = bank_rows.known_datasets if bank_rows else ()
    return BankReport(
        source=source,
        set=" | ".join(one.name for one in datasets) or source,
        title=_join_with_and([one.title for one in datasets]) or "The built-in curriculum",
        rows=row_count,
        questions=len(questions),
        without_question=result.rows_without_question,
        categories=dict(Counter(question.category for question in questions).most_common()),
        splits=dict(Counter(question.split for question in split_questions)),
        option_counts=dict(sorted(Counter(len(question.options) for question in questions).items())),
        letters=tuple(
            CorrectLetterCount(x, letter_counts[x], letter_counts[x] / len(questions))
            for x in OPTION_LETTERS[:max_options]
        ),
        same_text=sum(count for count in text_counts.values() if count > 1),
        annotation=result.annotation_counts,
        doubts=result.issues,
        topics=dict(Counter(question.topic for question in questions if question.topic).most_common()),
        right_by_value=sum(
            doubt.kind == "right twice" and doubt.why.endswith(EQUAL_VALUE_SUFFIX) for doubt in result.issues
        ),
        recognised=tuple({"part": part, **what.to_json()} for part, what in bank_rows.recognitions)
        if bank_rows
        else (),
        sizes=count_correct_option_ranks(questions),
    )


# ------------------------------------------------------------------ one row


def _question_or_issue(
    dataset: DatasetSpec, row: RawRow, category: str, seed: int, topic: str
) -> Question | Issue | None:
    try:
        parsed_row = parse_dataset_row(dataset, row, seed)
        if parsed_row and not has_correct_option(parsed_row):
            return Issue(
                row.number,
                row.part,
                "key",
                f"the right answer is {parsed_row.correct_label[:20]!r}",
                _shorten_problem(parsed_row.problem),
            )
        return parsed_row and build_question(dataset, row, parsed_row, category=category, topic=topic)
    except ValueError as error:
        return Issue(row.number, row.part, "unreadable", str(error))


def _find_option_issues(row: RawRow, question: Question) -> Iterable[Issue]:
    letters: dict[str, str] = defaultdict(str)
    for option in question.options:
        letters[_normalize_option_text(option.text)] += option.letter
    for same_letters in letters.values():
        if len(same_letters) > 1:
            kind = "right twice" if question.correct in same_letters else "doubled options"
            text = question.option(same_letters[0]).text[:40]  # type: ignore[union-attr]
            yield _make_issue(row, kind, f"options {' and '.join(same_letters)} are both {text!r}", question)
    yield from _find_equal_value_issues(row, question)


def _find_equal_value_issues(row: RawRow, question: Question) -> Iterable[Issue]:
    """That an option of another text is worth exactly what the right one is."""
    correct_option = question.correct_option
    for index in find_equal_value_options(correct_option.text, [option.text for option in question.options]):
        option = question.options[index]
        if _normalize_option_text(option.text) == _normalize_option_text(correct_option.text):
            continue  # told of already, as the same text
        pair = sorted((correct_option, option), key=lambda one: one.letter)
        letters, shown = (
            " and ".join(found) for found in zip(*((o.letter, repr(o.text[:40])) for o in pair), strict=True)
        )
        yield _make_issue(row, "right twice", f"options {letters}, {shown}, {EQUAL_VALUE_SUFFIX}", question)
        return


def _find_duplicate_issues(duplicates: Sequence[tuple[RawRow, Question]]) -> Iterable[Issue]:
    """Doubts about rows that ask the same with the same options: the later ones, or all where their answers differ."""
    first = duplicates[0][0]
    if len({_normalize_option_text(question.correct_option.text) for _, question in duplicates}) > 1:
        for row, question in duplicates:
            other = next(
                r
                for r, q in duplicates
                if _normalize_option_text(q.correct_option.text) != _normalize_option_text(question.correct_option.text)
            )
            why = f"here {question.correct_option.text[:40]!r} is right, in {other.label.lower()} it is not"
            yield _make_issue(row, "contradiction", why, question)
        return
    for row, question in duplicates[1:]:
        yield _make_issue(row, "doubled question", f"the same as {first.label.lower()}", question)


def _normalize_option_text(option: str) -> str:
    """What makes two options the same; capitals count, since ``Aa`` and ``AA`` are two genotypes."""
    return " ".join(option.split())


def _join_with_and(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + " and " + names[-1] if len(names) > 1 else "".join(names)


def _make_issue(row: RawRow, kind: str, reason: str, question: Question) -> Issue:
    return Issue(row.number, row.part, kind, reason, _shorten_problem(question.problem))


def _shorten_problem(problem: str) -> str:
    problem = " ".join(problem.split())
    return problem if len(problem) <= MAX_EXCERPT_CHARS else f"{problem[: MAX_EXCERPT_CHARS - 1]}…"
