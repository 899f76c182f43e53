"""Rows to take away: Arrow tables, piece by piece, as one CSV, Parquet or Excel file in memory. Texts stay literal.

A spreadsheet takes a CSV cell that begins with ``=`` for a formula, so such texts begin with an apostrophe there (``export``
says which). Excel's own files know the type of a cell: texts are written as texts, whatever they begin with, and stay so
when they are edited. Parquet has everything as it is.
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

from studentsim.store.export import FORMULA_STARTS

EXCEL_ROWS = 1_048_575
"""Rows that a sheet of Excel holds below its headings."""
EXCEL_CELL = 32_767
"""Characters that one cell of Excel holds."""
_FORMULA = rf"\A[{re.escape(''.join(FORMULA_STARTS))}]"


def csv(pieces: Iterable[pa.Table]) -> bytes:
    """One CSV file in UTF-8 with a mark at its beginning, by which Excel knows it."""
    out = io.BytesIO()
    out.write(b"\xef\xbb\xbf")
    for index, piece in enumerate(pieces):
        csv_file.write_csv(_safe(piece), out, csv_file.WriteOptions(include_header=not index, quoting_style="needed"))
    return out.getvalue()


def _safe(piece: pa.Table) -> pa.Table:
    """As ``export.safe_cells``, without a Python object for every text."""
    columns = []
    for column in piece.columns:
        if pa.types.is_string(column.type):
            marked = compute.binary_join_element_wise("'", column, "")
            column = compute.if_else(compute.match_substring_regex(column, _FORMULA), marked, column)
        columns.append(column)
    return pa.table(columns, names=piece.column_names)


def parquet(pieces: Iterable[pa.Table]) -> bytes:
    """One Parquet file, compressed. ``pieces`` holds one table at least."""
    out = io.BytesIO()
    writer: parquet_file.ParquetWriter | None = None
    for piece in pieces:
        writer = writer or parquet_file.ParquetWriter(out, piece.schema, compression="zstd")
        writer.write_table(piece)
    if writer:
        writer.close()
    return out.getvalue()


def excel(
    pieces: Iterable[pa.Table],
    *,
    sheet: str,
    headings: Mapping[str, str],
    told: Mapping[str, Callable[[Any], Any]] | None = None,
    widths: Mapping[str, int] | None = None,
) -> bytes:
    """One Excel file with one sheet: the columns that ``headings`` names, under those headings, the first row kept in view.

    ``told`` turns a column's values into what a reader should see. At most ``EXCEL_ROWS`` rows are written, and of a text
    ``EXCEL_CELL`` characters. ``widths`` are in characters.
    """
    out = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(out, options) as book:
        page = book.add_worksheet(sheet)
        text, bold = book.add_format({"quote_prefix": True}), book.add_format({"bold": True})
        page.freeze_panes(1, 0)
        for column, (name, heading) in enumerate(headings.items()):
            page.set_column(column, column, (widths or {}).get(name, 12))
            page.write_string(0, column, heading, bold)
        row = 1
        for piece in pieces:
            for values in zip(*_columns(piece, headings, told or {}), strict=True):
                if row > EXCEL_ROWS:
                    break
                _write_row(page, row, values, text)
                row += 1
        page.autofilter(0, 0, max(1, row - 1), len(headings) - 1)
    return out.getvalue()


def _columns(
    piece: pa.Table, headings: Mapping[str, str], told: Mapping[str, Callable[[Any], Any]]
) -> list[Sequence[Any]]:
    columns = []
    for name in headings:
        values = piece[name].to_pylist()
        columns.append([told[name](v) for v in values] if name in told else values)
    return columns


def _write_row(page: Any, row: int, values: Sequence[Any], formula_like: Any) -> None:
    for column, value in enumerate(values):
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            continue
        if isinstance(value, bool):
            page.write_boolean(row, column, value)
        elif isinstance(value, int | float):
            page.write_number(row, column, value)
        else:
            shown = str(value)[:EXCEL_CELL]
            page.write_string(row, column, shown, formula_like if shown.startswith(FORMULA_STARTS) else None)
