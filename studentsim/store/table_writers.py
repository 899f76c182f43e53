"""Arrow tables, batch by batch, as the bytes of one CSV, Parquet or Excel file. Texts stay literal.

A spreadsheet reads a CSV cell that begins with ``=`` as a formula, so such texts get an apostrophe in front
(``export.FORMULA_PREFIXES``). Excel files store a cell's type: texts are written as texts, whatever they begin with, and
stay so when they are edited. Parquet has everything unchanged.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.csv as csv_file
import pyarrow.parquet as parquet_file
import xlsxwriter

from studentsim.store.export import FORMULA_PREFIXES

EXCEL_MAX_ROWS = 1_048_575
"""Rows that an Excel sheet holds below its headings."""
EXCEL_MAX_CELL_CHARS = 32_767
"""Characters that an Excel cell holds."""
_FORMULA_PATTERN = rf"\A[{re.escape(''.join(FORMULA_PREFIXES))}]"


def to_csv_bytes(tables: Iterable[pa.Table]) -> bytes:
    """One CSV file in UTF-8 with a byte-order mark, by which Excel recognises it."""
    out = io.BytesIO()
    out.write(b"\xef\xbb\xbf")
    for index, table in enumerate(tables):
        csv_file.write_csv(
            _escape_formula_columns(table), out, csv_file.WriteOptions(include_header=not index, quoting_style="needed")
        )
    return out.getvalue()


def _escape_formula_columns(table: pa.Table) -> pa.Table:
    """As ``export.escape_formula_cells``, without making a Python object of every text."""
    columns = []
    for column in table.columns:
        if pa.types.is_string(column.type):
            escaped = compute.binary_join_element_wise("'", column, "")
            column = compute.if_else(compute.match_substring_regex(column, _FORMULA_PATTERN), escaped, column)
        columns.append(column)
    return pa.table(columns, names=table.column_names)


def to_parquet_bytes(tables: Iterable[pa.Table]) -> bytes:
    """One Parquet file, compressed with zstd. ``tables`` holds at least one table."""
    out = io.BytesIO()
    writer: parquet_file.ParquetWriter | None = None
    for table in tables:
        writer = writer or parquet_file.ParquetWriter(out, table.schema, compression="zstd")
        writer.write_table(table)
    if writer:
        writer.close()
    return out.getvalue()


def to_excel_bytes(
    tables: Iterable[pa.Table],
    *,
    sheet_name: str,
    headings: Mapping[str, str],
    formatters: Mapping[str, Callable[[Any], Any]] | None = None,
    widths: Mapping[str, int] | None = None,
) -> bytes:
    """One Excel file with one sheet: the columns that ``headings`` names, under those headings, the first row frozen.

    ``formatters`` convert a column's values for display; ``widths`` are in characters. At most ``EXCEL_MAX_ROWS`` rows are
    written, and ``EXCEL_MAX_CELL_CHARS`` characters of a text.
    """
    out = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(out, options) as workbook:
        worksheet = workbook.add_worksheet(sheet_name)
        text_format, bold_format = workbook.add_format({"quote_prefix": True}), workbook.add_format({"bold": True})
        worksheet.freeze_panes(1, 0)
        for column, (name, heading) in enumerate(headings.items()):
            worksheet.set_column(column, column, (widths or {}).get(name, 12))
            worksheet.write_string(0, column, heading, bold_format)
        row = 1
        for table in tables:
            for values in zip(*_format_columns(table, headings, formatters or {}), strict=True):
                if row > EXCEL_MAX_ROWS:
                    break
                _write_row(worksheet, row, values, text_format)
                row += 1
        worksheet.autofilter(0, 0, max(1, row - 1), len(headings) - 1)
    return out.getvalue()


def _format_columns(
    table: pa.Table, headings: Mapping[str, str], formatters: Mapping[str, Callable[[Any], Any]]
) -> list[Sequence[Any]]:
    columns = []
    for name in headings:
        values = table[name].to_pylist()
        columns.append([formatters[name](v) for v in values] if name in formatters else values)
    return columns


def _write_row(worksheet: Any, row: int, values: Sequence[Any], formula_like_format: Any) -> None:
    for column, value in enumerate(values):
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            continue
        if isinstance(value, bool):
            worksheet.write_boolean(row, column, value)
        elif isinstance(value, int | float):
            worksheet.write_number(row, column, value)
        else:
            shown = str(value)[:EXCEL_MAX_CELL_CHARS]
            worksheet.write_string(
                row, column, shown, formula_like_format if shown.startswith(FORMULA_PREFIXES) else None
            )
