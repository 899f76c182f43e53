"""A bank's report as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from studentsim.bank import recognition_text
from studentsim.bank.annotation import KEY, NONE, OTHER, UNKNOWN
from studentsim.bank.check import KINDS, BankReport
from studentsim.bank.option_sizes import OptionSizes, place_name
from studentsim.records import SPLITS

MOST = 10
"""Doubtful rows told of each kind, unless more are asked for."""
_VERDICTS = {
    KEY: "the keyed option", OTHER: "another option", NONE: "none of the options", UNKNOWN: "nothing that can be compared",
}  # fmt: skip


def print_report(report: BankReport, console: Console, *, most: int = MOST) -> None:
    """Write a report to a console, with at most ``most`` doubtful rows of each kind."""
    console.print(rendered(report, most))


def rendered(report: BankReport, most: int = MOST) -> RenderableType:
    """The report as rich draws it. Text out of questions is shown literally, without codes that a terminal would obey."""
    tables = [_counts("Category", report.categories, report.questions), _letters(report)]
    if report.topics:
        tables.insert(0, _counts("Topic", _with_the_rest(report), report.questions))
    if report.annotation:
        named = {_VERDICTS[key]: report.annotation.get(key, 0) for key in _VERDICTS}
        tables.append(_counts("The annotated formula leads to", named, sum(named.values())))
    if report.sizes:
        tables.append(_sizes(report.sizes))
    tables.append(_doubts(report))
    listed = [part for kind, count in report.by_kind.items() if count for part in _rows(report, kind, most)]
    return Group(_head(report), *(Padding(table, (1, 0, 0, 0)) for table in tables), *listed)


def _head(report: BankReport) -> Text:
    lines = [f"{plain(report.source)}: {report.title}"]
    lines += [plain(text) for text in recognition_text.sentences(report.recognised)]
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


def _with_the_rest(report: BankReport) -> dict[str, int]:
    rest = report.questions - sum(report.topics.values())
    return {**report.topics, "(none)": rest} if rest else report.topics


def _counts(title: str, counts: dict[str, int], total: int) -> Table:
    table = _table(title, "Questions", "Share")
    for name, count in counts.items():
        table.add_row(Text(plain(name)), f"{count:,}", _percent(count, total))
    return table


def _letters(report: BankReport) -> Table:
    table = _table("Right letter", "Questions", "Always answering it scores")
    for one in report.letters:
        table.add_row(one.letter, f"{one.right:,}", f"{100 * one.accuracy:.1f} %")
    return table


def _sizes(sizes: OptionSizes) -> Table:
    """By place among the options, smallest first; of the questions whose options can be put in order."""
    table = _table("Right by size", "Questions", "Always answering it scores")
    for place, count in enumerate(sizes.right):
        table.add_row(place_name(place, len(sizes.right)), f"{count:,}", _percent(count, sizes.questions))
    return table


def _doubts(report: BankReport) -> Table:
    table = _table("Doubtful", "Rows", "Share")
    for kind, count in report.by_kind.items():
        table.add_row(KINDS[kind], f"{count:,}", _percent(count, report.rows))
    table.add_section()
    table.add_row(
        "rows with at least one of these", f"{report.doubtful_rows:,}", _percent(report.doubtful_rows, report.rows)
    )
    return table


def _rows(report: BankReport, kind: str, most: int) -> Iterable[RenderableType]:
    found = [doubt for doubt in report.doubts if doubt.kind == kind]
    yield Text(f"\n{KINDS[kind].capitalize()}: {len(found):,}")
    for doubt in found[:most]:
        part = f" of {plain(doubt.part)}" if doubt.part else ""
        yield Padding(Text(f"row {doubt.row}{part}: {plain(doubt.why)}"), (0, 0, 0, 2))
        yield Padding(Text(plain(doubt.problem), style="dim"), (0, 0, 0, 6)) if doubt.problem else Text("", end="")
    if len(found) > most:
        yield Text(f"  … and {len(found) - most:,} more; --all lists them")


def plain(text: str) -> str:
    """A text in one line, without control characters, which a terminal would obey.

    >>> plain("a\\x1b[31mred\\nline")
    'a�[31mred line'
    """
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title_justify="left")
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left")
    return table


def _percent(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} %" if total else ""
