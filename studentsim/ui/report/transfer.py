"""A transfer matrix as a file of its own: an SVG picture, or an HTML page with the picture, its sentences and its numbers.

python -m studentsim transfer --picture FILE.svg
"""

from __future__ import annotations

from functools import partial

from studentsim.transfer.matrix import Matrix
from studentsim.ui import category_names
from studentsim.ui import transfer as said
from studentsim.ui.report.document import document
from studentsim.ui.report.svg import GREY, INK, WIDTH, image, shade, shorten, text_at
from studentsim.ui.report.text import escape, paragraph, table
from studentsim.ui.words import LIMITS

CELL = 46
"""Pixels a row is high: the gain, and its interval below it."""
LEFT, TOP = 130, 44
FULL = 60.0
"""A gain (or loss) of so many points or more has the full colour."""
TITLE = "What is practised is what is learnt"


def svg(matrix: Matrix) -> str:
    """The picture as a file's text, with light colours and a white ground, since it is printed or put into a paper."""
    inner = picture(matrix)
    head = '<svg xmlns="http://www.w3.org/2000/svg" font-family="system-ui, sans-serif" style="background:#FFFFFF" '
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + inner.replace("<svg ", head, 1) + "\n"


def picture(matrix: Matrix) -> str:
    """The picture to stand in a page: a row a category practised, a column a category examined, gains with their intervals."""
    count = len(matrix.categories)
    wide = (WIDTH - LEFT - 6) / count
    size = 15 if wide > 60 else 11
    parts = [
        text_at(LEFT + wide * count / 2, 14, "examined", "middle", GREY),
        text_at(LEFT - 10, TOP - 8, "practised", "end", GREY),
    ]
    fits = int(wide / 6.4)
    for j, examined in enumerate(matrix.categories):
        parts.append(
            text_at(LEFT + wide * (j + 0.5), TOP - 8, shorten(_brief(examined, matrix), fits), "middle", size=12)
        )
    for i, practised in enumerate(matrix.categories):
        y = TOP + CELL * i
        parts.append(text_at(LEFT - 10, y + CELL / 2 + 5, shorten(_brief(practised, matrix), 18), "end"))
        for j, examined in enumerate(matrix.categories):
            parts += _cell(LEFT + wide * j, y, wide, matrix, practised, examined, size)
    return image(parts, TOP + CELL * count + 6, "Gains in points by category practised and examined", _in_words(matrix))


def page(matrix: Matrix) -> str:
    """The whole HTML file."""
    named = said.by_content(matrix)
    label = partial(category_names.label, among=matrix.categories)
    rows: list[list[object]] = [
        [label(r["practised"]), label(r["examined"]), f"{r['before']} of {r['questions']}", f"{r['after']} of {r['questions']}",
         said.points(r["points"]), f"{said.points(r['low'])} to {said.points(r['high'])}"]
        for r in matrix.rows()
    ]  # fmt: skip
    heads = ["practised", "examined", "right before", "right after", "gain, points", "95 % interval"]
    verdicts = "".join(f"<li>{escape(said.verdict(matrix, category, named))}</li>" for category in matrix.categories)
    return document(
        TITLE,
        [
            f"<header>\n<h1>{escape(TITLE)}</h1>\n{paragraph(said.about(matrix), 'made')}",
            paragraph(LIMITS, "limits") + paragraph(said.summary(matrix, named), "lead") + "</header>",
            f"<figure>{picture(matrix)}<figcaption>{escape(_note(matrix))}</figcaption></figure>",
            f"<ul>{verdicts}</ul>",
            table(heads, rows, caption="Every gain", numbers=frozenset(range(2, 6))),
        ],
    )


def _cell(x: float, y: float, wide: float, matrix: Matrix, practised: str, examined: str, size: int) -> list[str]:
    gain = matrix.gains[practised, examined]
    told, own = gain.estimate, practised == examined
    frame = f' stroke="{INK}" stroke-width="2"' if own else ""
    named = said.by_content(matrix)
    fill = shade(min(1.0, max(0.0, 0.5 + told.points / (2 * FULL))))
    title = escape(
        f"practised {named(practised)}, examined {named(examined)}: {gain.before} of {gain.questions} before, {gain.after} after"
    )
    box = f'x="{x + 2:.1f}" y="{y + 2:.1f}" width="{wide - 4:.1f}" height="{CELL - 4:.1f}" rx="3"'
    number = text_at(x + wide / 2, y + CELL / 2 + 1, said.points(told.points), "middle", INK, size)
    return [
        f'<rect {box} fill="{fill}"{frame}><title>{title}</title></rect>',
        number.replace("<text ", '<text font-weight="bold" ', 1) if own else number,
        *([text_at(x + wide / 2, y + CELL / 2 + 15, said.bounds(told), "middle", INK, 10)] if wide > 60 else []),
    ]


def _in_words(matrix: Matrix) -> str:
    named = said.by_content(matrix)
    return " ".join(said.verdict(matrix, category, named) for category in matrix.categories).rstrip(".")


def _brief(category: str, matrix: Matrix) -> str:
    return category_names.brief(category, matrix.categories)


def _note(matrix: Matrix) -> str:
    """How the figures were made, and what the categories with a brief name hold."""
    return f"{said.METHOD} {category_names.unclear(matrix.categories)}".rstrip()
