"""The report: one HTML file that a colleague understands without the app, on a screen or on paper.

It holds no script and loads nothing, and its content security policy forbids both.

python -m studentsim report RUN --data DIR --to FILE
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from studentsim.config import RunConfig
from studentsim.store import queries
from studentsim.store.database import Database
from studentsim.store.queries import RunRow
from studentsim.ui import lookups, words
from studentsim.ui.cards import config_of
from studentsim.ui.lookups import LessonLookups
from studentsim.ui.report import choosing, figures, mix, parts, second_tries, summary
from studentsim.ui.report.document import document
from studentsim.ui.report.text import escape, paragraph
from studentsim.ui.teaching import names, tries
from studentsim.ui.teaching.tries import Tries
from studentsim.ui.weaknesses import items, sentences
from studentsim.ui.weaknesses.findings import Findings, gather

APPENDIX = "Appendix: what the first page rests on"
LIMITS = (
    "A model student, not your pupils. A small language model plays the student: it answers, is marked, learns from its own mistakes, "
    "and sits exams of questions it has never practised. What it finds hard, and what helps it, need not hold for people. Read this as "
    "a question to take into a classroom, not as an answer."
)


@dataclass(frozen=True)
class Report:
    """All that the report tells of one run. ``sheets`` is how many answer sheets the item figures rest on."""

    run: RunRow
    config: RunConfig
    found: Findings
    table: pd.DataFrame
    choices: pd.DataFrame
    sheets: int
    own: int
    tries: Tries | None = None
    """Second tries and doubts; None: the teacher is a plain one."""
    marks: pd.DataFrame | None = None
    lookups: Sequence[LessonLookups] = ()
    """What the way of choosing looked at, lesson by lesson; empty where it does not look."""
    lessons: pd.DataFrame | None = None
    """What was practised by category: ``queries.practice_mix_of``."""
    mistakes: pd.DataFrame | None = None
    """The exams' mistakes by category, and the mix they ask for: ``queries.next_mix_of``."""
    epochs: pd.DataFrame | None = None
    """The training's figures: ``queries.epochs``."""
    trained: tuple[int, ...] = ()
    """The complete lessons in which something was learnt."""

    @property
    def title(self) -> str:
        """What the run is called."""
        return words.title(self.config)


def make(database: Database, run_id: str) -> str:
    """The report on a run, as HTML.

    :raises UnknownRun: there is none of that id.
    """
    run = queries.run(database, run_id)
    found = gather(database, run_id)
    sheets = queries.answer_sheets(database, run_id)
    choices = queries.item_choices(database, run_id, sheets)
    own = sum(sheet_run == run_id for sheet_run, *_ in sheets)
    config, analysed = config_of(run.config), items.analyse(found.questions, choices)
    report = Report(
        run, config, found, analysed, choices, len(sheets), own,
        lessons=queries.practice_mix_of(database, [run_id]),
        mistakes=queries.next_mix_of(database, [run_id]),
        epochs=queries.epochs(database, run_id),
        trained=_trained(queries.turns(database, run_id)),
        lookups=lookups.from_frame(queries.looked_at(database, {run_id: config.threshold})),
    )  # fmt: skip
    if not names.extras(names.of(config)):
        return page(report)
    tried, marks = tries.gather(database, [run_id]), queries.teacher_marks(database, run_id)
    return page(replace(report, tries=tried, marks=marks))


def _trained(turns: pd.DataFrame) -> tuple[int, ...]:
    """The complete lessons in which something was learnt."""
    return tuple(int(row.turn) for row in turns.itertuples() if row.finished and row.pairs > 0)


def page(report: Report) -> str:
    """The whole file: one page that says it all, and the appendix."""
    exams = not report.found.exams.empty
    first = f'<section class="summary">\n{_head(report)}\n{summary.summary(report.found) if exams else ""}\n</section>'
    sections = []
    if exams:
        sections += [
            parts.progress(report.found),
            parts.categories(report.found),
            parts.advice(report.found),
            parts.slips(report.found),
            parts.questions(report.found, report.table, report.choices, report.sheets, report.own),
            _practised(report),
            second_tries.section(report.tries, report.marks) if report.tries is not None else "",
        ]
    sections += [choosing.section(report.lookups, report.config)]
    sections += [parts.about(report.config, report.run), parts.methods()]
    if report.epochs is not None:
        sections.append(figures.section(report.config, report.epochs, report.trained))
    behind = ['<div class="appendix">', f"<h2>{APPENDIX}</h2>", *sections, "</div>"]
    return document(f"Report: {report.title}", [first, "\n".join(behind)])


def _practised(report: Report) -> str:
    if report.lessons is None or report.mistakes is None:
        return ""
    return mix.section(report.config, report.lessons, report.mistakes)


def _head(report: Report) -> str:
    ran, made = (_day(at) for at in (report.run.started, time.time()))
    return "\n".join(
        [
            "<header>",
            f"<h1><bdi>{escape(report.title)}</bdi></h1>",
            paragraph(
                f"What this student gets wrong, and what to practise next. Simulated {ran}; report made {made}.", "made"
            ),
            paragraph(LIMITS, "limits"),
            paragraph(sentences.opening(report.found), "lead"),
            "</header>",
        ]
    )


def _day(at: float) -> str:
    return time.strftime("%d %B %Y", time.localtime(at)).lstrip("0")
