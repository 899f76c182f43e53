"""The report's sections, each as HTML. Everything that others wrote is escaped (text.py)."""

from __future__ import annotations

import pandas as pd

from studentsim.config import RunConfig
from studentsim.store.queries import RunRow
from studentsim.ui import category_names, words
from studentsim.ui.charts import hatched
from studentsim.ui.compare import settings
from studentsim.ui.report import summary, svg
from studentsim.ui.report.text import Html, escape, inline, paragraph, table
from studentsim.ui.titles import is_formula_error, skill_title, slip_title
from studentsim.ui.weaknesses import in_practice, items, practice, sentences
from studentsim.ui.weaknesses.findings import Findings, explanation, hint, order
from studentsim.ui.weaknesses.slips import VERDICTS, most_frequent

SLIPS = 14
"""Slips in the report's table; the rest are counted."""
KINDS = 8
"""Kinds of question in the table of the worst."""
HARDEST = 6
"""Questions shown whole."""
TOLD = ("student", "model", "strategy", "bank", "turns", "questions", "exam", "exam_every", "seed", "exam_seed")
"""Settings that every report tells; others only where they are not the default."""


def progress(found: Findings) -> str:
    """Exam accuracy by lesson; its picture is on the first page."""
    exams = found.exams
    rows = [
        [_exam(r.turn), f"{r.correct} of {r.questions}", words.hundred(r.accuracy), _bounds(r)]
        for r in exams.itertuples()
    ]
    numbers = table(
        ["exam", "right", "of 100", "95 % interval, of 100"], rows, caption="The numbers", numbers=frozenset({1, 2, 3})
    )
    return _section("How many never-practised questions does it answer rightly?", numbers)


def categories(found: Findings) -> str:
    """The heatmap, where the first page has no room for it, and the last exam by category and by kind of question."""
    names = {row: found.label(row) for row in order(list(found.categories.row.unique()))}
    picture = "" if summary.categories(found) else svg.heatmap(found.categories, names=names)
    few = " Cells of fewer than 10 questions are hatched and show the count." if hatched(found.categories) else ""
    note = f"Right of 100 questions.{few} {category_names.unclear(names)}"
    last = found.in_last(found.categories).set_index("row")
    rows = [
        [
            label,
            f"{last.correct[name]} of {last.questions[name]}",
            words.hundred(last.accuracy[name]),
            _bounds(last.loc[name]),
        ]
        for name, label in names.items()
        if name in last.index
    ]
    numbers = table(
        ["category", "right", "of 100", "95 % interval, of 100"],
        rows,
        caption="The last exam",
        numbers=frozenset({1, 2, 3}),
    )
    return _section(
        "Which categories are still weak?",
        f"<figure>{picture}<figcaption>{escape(note)}</figcaption></figure>" if picture else paragraph(note, "note"),
        numbers,
        _kinds(found),
    )


def _kinds(found: Findings) -> str:
    """The kinds of question that went worst, with which of them are clearly behind."""
    last = found.in_last(found.skills)
    last = last[last.row != ""].sort_values(["accuracy", "questions", "row"])
    if last.empty:
        return ""
    clear = set(practice.far_behind(found).row)
    rows: list[list[object]] = [
        [
            skill_title(r.row),
            found.label(r.category),
            f"{r.correct} of {r.questions}",
            _bounds(r),
            "yes" if r.row in clear else "no",
        ]
        for r in last.head(KINDS).itertuples()
    ]
    head = ["kind of question", "category", "right", "95 % interval, of 100", "behind by more than luck"]
    caption = f"The {len(rows)} kinds of question that went worst in the last exam, of {len(last)}; some of so many look weak by luck"
    return table(head, rows, caption=caption, numbers=frozenset({2, 3}))


def advice(found: Findings) -> str:
    """What to practise next."""
    lines = practice.advice(found)
    if not lines:
        return _section("What to practise next", paragraph(practice.nothing(found)))
    points = []
    for line in lines:
        ask = paragraph(line.ask, "ask") if line.ask else ""
        points.append(f"<li><strong>{inline(line.what)}</strong>{''.join(paragraph(s) for s in line.why)}{ask}</li>")
    return _section("What to practise next", paragraph(practice.lead(lines)), f"<ol>{''.join(points)}</ol>")


def slips(found: Findings) -> str:
    """The slips, what became of them, and what a teacher can ask."""
    frame = found.slips
    told = (
        sentences.slips(found, frame),
        sentences.kinds(found),
        in_practice.kinds(found),
        in_practice.disagreements(found),
    )
    said = [paragraph(sentence) for sentence in told if sentence]
    if frame.empty:
        return _section("Slips (misconceptions)", *said)
    top = most_frequent(frame).head(SLIPS)
    rows: list[list[object]] = [
        [slip_title(r.misconception), found.label(r.category), VERDICTS[r.verdict].name,
         f"{r.first_made} of {r.first_of}", f"{r.last_made} of {r.last_of}",
         Html(svg.course(r.series, max(r.first_of, r.last_of), slip_title(r.misconception)))]
        for r in top.itertuples()
    ]  # fmt: skip
    caption = (
        f"The {len(top)} most frequent of {len(frame)}, those of the last exam first; “3 of 6” means made on 3 of the 6 exam questions "
        "that invite it"
    )
    if top.misconception.map(is_formula_error).any():
        caption += "; what a question's formula tells is counted of all questions of the category"
    numbers = table(
        ["slip", "category", "what became of it", "first exam", "last exam", "exam by exam"],
        rows,
        caption=caption,
        numbers=frozenset({3, 4}),
    )
    rules = "".join(f"<dt>{escape(name)}</dt><dd>{escape(rule)}</dd>" for name, rule in sentences.rules())
    return _section("Slips (misconceptions)", *said, numbers, f'<dl class="note">{rules}</dl>', _words(top))


def _words(top: pd.DataFrame) -> str:
    """What a teacher can say to the slips that are still made."""
    still = [r.misconception for r in top[top.last_made > 0].itertuples() if explanation(r.misconception)][:HARDEST]
    if not still:
        return ""
    said = "".join(
        f"<li><strong>{inline(slip_title(s))}</strong>{paragraph(explanation(s))}{paragraph(hint(s), 'ask')}</li>"
        for s in still
    )
    return f"<h3>What goes wrong in those still made, and what to ask</h3><ul>{said}</ul>"


def questions(found: Findings, figures: pd.DataFrame, choices: pd.DataFrame, sheets: int, own: int) -> str:
    """The hardest questions, whole, with what each option drew."""
    missed = figures[figures.own_correct < figures.own]
    if missed.empty:
        return _section("The exam's questions", paragraph("Every question was answered rightly in every exam."))
    rows = found.questions.set_index("question_id", drop=False)
    cards = [_card(rows.loc[f.question_id], f, choices, found) for f in missed.head(HARDEST).itertuples()]
    return _section("The hardest questions of the exam", paragraph(sentences.items(sheets, own), "note"), *cards)


def _card(row: pd.Series, figures: object, choices: pd.DataFrame, found: Findings) -> str:
    drawn = items.options(row, choices)
    total = int(drawn.sheets.sum())
    lines = [
        [
            f"{o.letter}) {o.text}" if o.letter else o.text,
            "right" if o.right else slip_title(o.slip) if o.slip else "",
            f"{o.sheets} of {total}",
        ]
        for o in drawn.itertuples()
        if o.letter or o.sheets
    ]
    options = table(
        ["option", "stands for", "ticked"],
        lines,
        caption=f"This run's exams, in order: {figures.history}",
        numbers=frozenset({2}),
    )  # type: ignore[attr-defined]
    about = paragraph(f"{found.label(row.category)} · {skill_title(row.skill)}", "note")
    return f'<div class="card">{about}{paragraph(row.problem)}{options}</div>'


def about(config: RunConfig, run: RunRow) -> str:
    """The settings in words."""
    plain = settings.flat(RunConfig())
    told = settings.flat(config)
    names = [name for name in settings.NAMES if name in TOLD or told[name] != plain[name]]
    rows = [(settings.NAMES[name], settings.said(name, config)) for name in names]
    rows += [
        ("run", run.run_id),
        ("versions", ", ".join(f"{k} {v}" for k, v in sorted(run.versions.items())) or "not told"),
    ]
    return _section(
        "How it was simulated", f"<dl>{''.join(f'<dt>{escape(k)}</dt><dd>{inline(v)}</dd>' for k, v in rows)}</dl>"
    )


def methods() -> str:
    """How the figures were made."""
    said = (
        "Intervals are 95 % intervals of a share (Wilson 1927). Of twenty such intervals about one misses the truth.",
        "A category or kind of question counts as behind where Fisher's exact test, with Bonferroni's correction for looking at several, "
        "leaves luck less than 5 %. A change from exam to exam counts by the same test, two-sided; of slips, only comparisons that could "
        "come out clear are corrected for (Tarone 1990).",
        "Every exam of a run holds the same questions, none of which was ever practised; luck in answering is the same each time.",
        "Facility is the share of answer sheets with a question right; discrimination is the corrected item-total correlation.",
    )
    return _section(
        "How to read the figures", f'<ul class="note">{"".join(f"<li>{escape(s)}</li>" for s in said)}</ul>'
    )


def _section(title: str, *inside: str) -> str:
    return f"<section>\n<h2>{escape(title)}</h2>\n{''.join(inside)}\n</section>"


def _exam(turn: int) -> str:
    return f"after {words.plural(int(turn), 'lesson')}" if turn else "before any lesson"


def _bounds(row: object) -> str:
    return f"{words.hundred(row.low)} to {words.hundred(row.high)}"  # type: ignore[attr-defined]
