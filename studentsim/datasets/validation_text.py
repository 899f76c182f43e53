"""A bank's report as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from studentsim.datasets import detection_text
from studentsim.datasets.formula_check import MATCHES_KEY, MATCHES_NO_OPTION, MATCHES_OTHER_OPTION, NOT_COMPARABLE
from studentsim.datasets.option_sizes import CorrectRankCounts, format_size_rank
from studentsim.datasets.validation import ISSUE_KINDS, BankReport
from studentsim.plain_text import strip_control_characters
from studentsim.types import SPLITS

MAX_ROWS_PER_KIND = 10
"""Rows with issues that are listed for each kind by default."""
_ANNOTATION_LABELS = {
    MATCHES_KEY: "the keyed option",
    MATCHES_OTHER_OPTION: "another option",
    MATCHES_NO_OPTION: "none of the options",
    NOT_COMPARABLE: "nothing that can be compared",
}


def print_report(report: BankReport, console: Console, *, max_rows: int = MAX_ROWS_PER_KIND) -> None:
    """Print a report, with at most ``max_rows`` rows for each kind of issue."""
    console.print(build_report_renderable(report, max_rows))


def build_report_renderable(report: BankReport, max_rows: int = MAX_ROWS_PER_KIND) -> RenderableType:
    """The report as a rich renderable. Texts of questions are shown literally, without control characters."""
    tables = [_counts_table("Category", report.categories, report.questions), _letter_table(report)]
    if report.topics:
        tables.insert(0, _counts_table("Topic", _complete_topic_counts(report), report.questions))
    if report.annotation:
        counts_by_label = {_ANNOTATION_LABELS[key]: report.annotation.get(key, 0) for key in _ANNOTATION_LABELS}
        tables.append(_counts_table("The annotated formula leads to", counts_by_label, sum(counts_by_label.values())))
    if report.sizes:
        tables.append(_size_rank_table(report.sizes))
    tables.append(_issue_table(report))
    issue_lists = [
        part for kind, count in report.issue_counts.items() if count for part in _issue_rows(report, kind, max_rows)
    ]
    return Group(_summary_text(report), *(Padding(table, (1, 0, 0, 0)) for table in tables), *issue_lists)


def _summary_text(report: BankReport) -> Text:
    lines = [f"{strip_control_characters(report.source)}: {report.title}"]
    lines += [strip_control_characters(text) for text in detection_text.describe_recognitions(report.recognised)]
    lines.append(f"{report.rows:,} rows, {report.questions:,} questions that can be asked")
    if report.without_question:
        lines.append(
            f"{report.without_question:,} rows give no question: their answer holds no number that could be moved"
        )
    lines.append(", ".join(f"{report.splits[split]:,} for {split}" for split in SPLITS if split in report.splits))
    lines.append(", ".join(f"{count:,} with {options} options" for options, count in report.option_counts.items()))
    if report.same_text:
        lines.append(f"{report.same_text:,} questions share their text with another, with whatever options")
    if report.right_by_value:
        lines.append(
            f"{report.right_by_value:,} of the rows whose right option stands twice have it so by value alone, as 1/3 and 2/6"
        )
    return Text("\n".join(line for line in lines if line))


def _complete_topic_counts(report: BankReport) -> dict[str, int]:
    rest = report.questions - sum(report.topics.values())
    return {**report.topics, "(none)": rest} if rest else report.topics


def _counts_table(title: str, counts: dict[str, int], total: int) -> Table:
    table = _make_table(title, "Questions", "Share")
    for name, count in counts.items():
        table.add_row(Text(strip_control_characters(name)), f"{count:,}", _format_percent(count, total))
    return table


def _letter_table(report: BankReport) -> Table:
    table = _make_table("Right letter", "Questions", "Always answering it scores")
    for count in report.letters:
        table.add_row(count.letter, f"{count.right:,}", f"{100 * count.accuracy:.1f} %")
    return table


def _size_rank_table(sizes: CorrectRankCounts) -> Table:
    """Correct options by rank, the smallest first, among the questions whose options can be ranked."""
    table = _make_table("Right by size", "Questions", "Always answering it scores")
    for rank, count in enumerate(sizes.right):
        table.add_row(format_size_rank(rank, len(sizes.right)), f"{count:,}", _format_percent(count, sizes.questions))
    return table


def _issue_table(report: BankReport) -> Table:
    table = _make_table("Doubtful", "Rows", "Share")
    for kind, count in report.issue_counts.items():
        table.add_row(ISSUE_KINDS[kind], f"{count:,}", _format_percent(count, report.rows))
    table.add_section()
    table.add_row(
        "rows with at least one of these",
        f"{report.rows_with_issues:,}",
        _format_percent(report.rows_with_issues, report.rows),
    )
    return table


def _issue_rows(report: BankReport, kind: str, max_rows: int) -> Iterable[RenderableType]:
    issues = [issue for issue in report.doubts if issue.kind == kind]
    yield Text(f"\n{ISSUE_KINDS[kind].capitalize()}: {len(issues):,}")
    for issue in issues[:max_rows]:
        part = f" of {strip_control_characters(issue.part)}" if issue.part else ""
        yield Padding(Text(f"row {issue.row}{part}: {strip_control_characters(issue.why)}"), (0, 0, 0, 2))
        if issue.problem:
            yield Padding(Text(strip_control_characters(issue.problem), style="dim"), (0, 0, 0, 6))
    if len(issues) > max_rows:
        yield Text(f"  … and {len(issues) - max_rows:,} more; --all lists them")


def _make_table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left")
    for index, name in enumerate(columns):
        table.add_column(name, justify="right" if index else "left")
    return table


def _format_percent(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} %" if total else ""
