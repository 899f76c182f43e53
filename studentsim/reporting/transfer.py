"""A transfer matrix as a standalone file: an SVG figure, or an HTML page with the figure, sentences and numbers.

python -m studentsim transfer --picture FILE.svg
"""

from __future__ import annotations

from functools import partial

from studentsim.analysis import transfer_summary
from studentsim.labels import category_names
from studentsim.labels.formatting import DISCLAIMER
from studentsim.reporting.document import document_html
from studentsim.reporting.html_text import escape_html, paragraph_html, table_html
from studentsim.reporting.svg import (
    GREY,
    INK,
    PICTURE_WIDTH,
    Grid,
    share_color,
    standalone_svg,
    text_svg,
    truncate_label,
    wrap_svg,
)
from studentsim.transfer.matrix import TransferMatrix

CELL_HEIGHT = 46
"""Height of a row in SVG user units: the gain, and its interval below it."""
LEFT_MARGIN, TOP_MARGIN = 130, 44
FULL_COLOR_POINTS = 60.0
"""A gain or loss of this many points or more has the full colour."""
PAGE_TITLE = "What is practised is what is learnt"


def standalone_matrix_svg(matrix: TransferMatrix) -> str:
    """The figure as a file's text."""
    return standalone_svg(matrix_svg(matrix)) + "\n"


def matrix_svg(matrix: TransferMatrix) -> str:
    """The figure for an HTML page: a row per category practised, a column per category examined, gains with 95 % intervals."""
    count = len(matrix.categories)
    grid = Grid(LEFT_MARGIN, TOP_MARGIN, (PICTURE_WIDTH - LEFT_MARGIN - 6) / count, CELL_HEIGHT)
    labels = [category_names.brief_category_label(category, matrix.categories) for category in matrix.categories]
    max_chars = int(grid.width / 6.4)
    parts = [
        grid.column_label((count - 1) / 2, 14, "examined", GREY),
        text_svg(LEFT_MARGIN - 10, TOP_MARGIN - 8, "practised", "end", GREY),
        *(
            grid.column_label(j, TOP_MARGIN - 8, truncate_label(label, max_chars), font_size=12)
            for j, label in enumerate(labels)
        ),
    ]
    for i, label in enumerate(labels):
        parts.append(grid.row_label(i, label, 18))
        for j in range(count):
            parts += _matrix_cell_svg(matrix, grid, i, j)
    title = "Gains in points by category practised and examined"
    return wrap_svg(parts, grid.y(count) + 6, title, _describe_matrix(matrix))


def matrix_page_html(matrix: TransferMatrix) -> str:
    """The whole HTML file."""
    category_name = transfer_summary.inline_category_namer(matrix)
    label = partial(category_names.category_label, all_categories=matrix.categories)
    format_points = transfer_summary.format_points
    rows: list[list[object]] = [
        [label(r["practised"]), label(r["examined"]), f"{r['before']} of {r['questions']}", f"{r['after']} of {r['questions']}",
         format_points(r["points"]), f"{format_points(r['low'])} to {format_points(r['high'])}"]
        for r in matrix.to_rows()
    ]  # fmt: skip
    heads = ["practised", "examined", "right before", "right after", "gain, points", "95 % interval"]
    verdicts = "".join(
        f"<li>{escape_html(transfer_summary.describe_category_transfer(matrix, category, category_name))}</li>"
        for category in matrix.categories
    )
    return document_html(
        PAGE_TITLE,
        [
            f"<header>\n<h1>{escape_html(PAGE_TITLE)}</h1>\n"
            + paragraph_html(transfer_summary.describe_matrix_setup(matrix), "made"),
            paragraph_html(DISCLAIMER, "limits")
            + paragraph_html(transfer_summary.describe_transfer(matrix, category_name), "lead")
            + "</header>",
            f"<figure>{matrix_svg(matrix)}<figcaption>{escape_html(_figure_caption(matrix))}</figcaption></figure>",
            f"<ul>{verdicts}</ul>",
            table_html(heads, rows, caption="Every gain", numeric_columns=frozenset(range(2, 6))),
        ],
    )


def _matrix_cell_svg(matrix: TransferMatrix, grid: Grid, row: int, column: int) -> list[str]:
    practised, examined = matrix.categories[row], matrix.categories[column]
    gain = matrix.gains[practised, examined]
    estimate, is_diagonal = gain.estimate, practised == examined
    frame = f' stroke="{INK}" stroke-width="2"' if is_diagonal else ""
    category_name = transfer_summary.inline_category_namer(matrix)
    fill = share_color(min(1.0, max(0.0, 0.5 + estimate.points / (2 * FULL_COLOR_POINTS))))
    title = escape_html(
        f"practised {category_name(practised)}, examined {category_name(examined)}: "
        f"{gain.correct_before} of {gain.questions} before, {gain.correct_after} after"
    )
    is_wide = grid.width > 60
    number = grid.cell_text(row, column, transfer_summary.format_points(estimate.points), 15 if is_wide else 11, 1)
    parts = [
        grid.cell(row, column, f'fill="{fill}"{frame}', title, gaps=(2, 2)),
        number.replace("<text ", '<text font-weight="bold" ', 1) if is_diagonal else number,
    ]
    if is_wide:
        parts.append(grid.cell_text(row, column, transfer_summary.format_estimate_bounds(estimate), 10, 15))
    return parts


def _describe_matrix(matrix: TransferMatrix) -> str:
    category_name = transfer_summary.inline_category_namer(matrix)
    return " ".join(
        transfer_summary.describe_category_transfer(matrix, category, category_name) for category in matrix.categories
    ).rstrip(".")


def _figure_caption(matrix: TransferMatrix) -> str:
    """How the gains were computed, and what abbreviated categories contain."""
    return f"{transfer_summary.METHOD_NOTE} {category_names.explain_category_names(matrix.categories)}".rstrip()
