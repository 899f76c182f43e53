"""The report: one HTML file that a colleague understands without the app, on a screen or on paper.

It holds no script and loads nothing, and its content security policy forbids both.

python -m studentsim report RUN --data DIR --to FILE
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from studentsim.analysis import item_analysis, tries
from studentsim.analysis import selection_lookups as lookups
from studentsim.analysis.findings import ExamFindings, load_findings
from studentsim.analysis.selection_lookups import LessonSelectionStats
from studentsim.analysis.tries import RetryResults
from studentsim.config import RunConfig, parse_stored_config
from studentsim.labels import formatting, teacher_settings
from studentsim.narration import weaknesses_summary
from studentsim.reporting import mix, second_tries, selection, summary, training_figures
from studentsim.reporting import sections as parts
from studentsim.reporting.document import document_html
from studentsim.reporting.html_text import escape_html, paragraph_html
from studentsim.store import queries
from studentsim.store.database import Database
from studentsim.store.queries import RunRow

APPENDIX_TITLE = "Appendix: what the first page rests on"
LIMITS_TEXT = (
    "A model student, not your pupils. A small language model plays the student: it answers, is marked, learns from its own mistakes, "
    "and sits exams of questions it has never practised. What it finds hard, and what helps it, need not hold for people. Read this as "
    "a question to take into a classroom, not as an answer."
)


@dataclass(frozen=True)
class ReportData:
    """All that the report tells of one run. ``sheet_count`` is how many answer sheets the item figures rest on."""

    run: RunRow
    config: RunConfig
    findings: ExamFindings
    item_statistics: pd.DataFrame
    option_choices: pd.DataFrame
    sheet_count: int
    own_sheet_count: int
    tries: RetryResults | None = None
    """Second tries and doubts; None: the teacher is a plain one."""
    marks: pd.DataFrame | None = None
    lookups: Sequence[LessonSelectionStats] = ()
    """What the way of choosing looked at, lesson by lesson; empty where it does not look."""
    practice_mix: pd.DataFrame | None = None
    """What was practised by category: ``queries.practice_mix_of``."""
    exam_mistakes: pd.DataFrame | None = None
    """The exams' mistakes by category, and the mix they ask for: ``queries.next_mix_of``."""
    epochs: pd.DataFrame | None = None
    """The training's figures: ``queries.epochs``."""
    trained_turns: tuple[int, ...] = ()
    """The complete lessons in which something was learnt."""

    @property
    def title(self) -> str:
        """What the run is called."""
        return formatting.run_title(self.config)


def build_report_html(database: Database, run_id: str) -> str:
    """The report on a run, as HTML.

    :raises UnknownRun: there is none of that id.
    """
    run = queries.fetch_run(database, run_id)
    findings = load_findings(database, run_id)
    answer_sheets = queries.fetch_answer_sheets(database, run_id)
    option_choices = queries.fetch_item_choices(database, run_id, answer_sheets)
    own_sheet_count = sum(sheet_run == run_id for sheet_run, *_ in answer_sheets)
    config, item_statistics = (
        parse_stored_config(run.config),
        item_analysis.analyse_items(findings.questions, option_choices),
    )
    report = ReportData(
        run, config, findings, item_statistics, option_choices, len(answer_sheets), own_sheet_count,
        practice_mix=queries.fetch_practice_mix(database, [run_id]),
        exam_mistakes=queries.fetch_next_mix(database, [run_id]),
        epochs=queries.fetch_epochs(database, run_id),
        trained_turns=_find_trained_turns(queries.fetch_turns(database, run_id)),
        lookups=lookups.selection_stats_from_frame(queries.fetch_selection_score_summary(database, {run_id: config.threshold})),
    )  # fmt: skip
    if not teacher_settings.teaching_extras(teacher_settings.teaching_settings(config)):
        return report_html(report)
    run_tries, marks = tries.query_retry_results(database, [run_id]), queries.fetch_grading_errors(database, run_id)
    return report_html(replace(report, tries=run_tries, marks=marks))


def _find_trained_turns(turns: pd.DataFrame) -> tuple[int, ...]:
    """The complete lessons in which something was learnt."""
    return tuple(int(row.turn) for row in turns.itertuples() if row.finished and row.pairs > 0)


def report_html(report: ReportData) -> str:
    """The whole file: one page that says it all, and the appendix."""
    has_exams = not report.findings.exams.empty
    first_page = f'<section class="summary">\n{_header_html(report)}\n{summary.summary_html(report.findings) if has_exams else ""}\n</section>'
    sections = []
    if has_exams:
        sections += [
            parts.progress_html(report.findings),
            parts.categories_html(report.findings),
            parts.advice_html(report.findings),
            parts.misconceptions_html(report.findings),
            parts.questions_html(
                report.findings,
                report.item_statistics,
                report.option_choices,
                report.sheet_count,
                report.own_sheet_count,
            ),
            _practice_mix_html(report),
            second_tries.second_tries_html(report.tries, report.marks) if report.tries is not None else "",
        ]
    sections += [selection.selection_html(report.lookups, report.config)]
    sections += [parts.settings_html(report.config, report.run), parts.methods_html()]
    if report.epochs is not None:
        sections.append(training_figures.training_figures_html(report.config, report.epochs, report.trained_turns))
    appendix = ['<div class="appendix">', f"<h2>{APPENDIX_TITLE}</h2>", *sections, "</div>"]
    return document_html(f"Report: {report.title}", [first_page, "\n".join(appendix)])


def _practice_mix_html(report: ReportData) -> str:
    if report.practice_mix is None or report.exam_mistakes is None:
        return ""
    return mix.practice_mix_html(report.config, report.practice_mix, report.exam_mistakes)


def _header_html(report: ReportData) -> str:
    run_date, report_date = (_format_date(at) for at in (report.run.started, time.time()))
    return "\n".join(
        [
            "<header>",
            f"<h1><bdi>{escape_html(report.title)}</bdi></h1>",
            paragraph_html(
                f"What this student gets wrong, and what to practise next. Simulated {run_date}; report made {report_date}.",
                "made",
            ),
            paragraph_html(LIMITS_TEXT, "limits"),
            paragraph_html(weaknesses_summary.describe_run(report.findings), "lead"),
            "</header>",
        ]
    )


def _format_date(timestamp: float) -> str:
    return time.strftime("%d %B %Y", time.localtime(timestamp)).lstrip("0")
