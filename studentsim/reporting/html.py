"""The report on one run: an HTML file to be read without the app, on screen or on paper.

It has no scripts and no external resources; its content security policy forbids both.

python -m studentsim report RUN --data DIR --to FILE
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from studentsim.analysis import item_analysis, tries
from studentsim.analysis.findings import ExamFindings, load_findings
from studentsim.analysis.selection_lookups import LessonSelectionStats, selection_stats_from_frame
from studentsim.analysis.tries import RetryResults
from studentsim.config import RunConfig, parse_stored_config
from studentsim.labels import formatting, teacher_settings
from studentsim.narration import weaknesses_summary
from studentsim.reporting import mix, retries, sections, selection, summary, training_figures
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
    """Everything the report shows of one run.

    ``sheet_count`` is how many answer sheets the item figures rest on, ``own_sheet_count`` how many of them are the run's own.
    """

    run: RunRow
    config: RunConfig
    findings: ExamFindings
    item_statistics: pd.DataFrame
    option_choices: pd.DataFrame
    sheet_count: int
    own_sheet_count: int
    practice_mix: pd.DataFrame
    """Questions practised by category: ``queries.fetch_practice_mix``."""
    exam_mistakes: pd.DataFrame
    """The exams' mistakes by category, and the mix they ask for: ``queries.fetch_next_mix``."""
    epochs: pd.DataFrame
    """The training's figures: ``queries.fetch_epochs``."""
    trained_turns: tuple[int, ...]
    """The complete turns with a training step."""
    selection_stats: Sequence[LessonSelectionStats]
    """Scores of the questions that the strategy looked at, turn by turn; empty for strategies that score none."""
    tries: RetryResults | None
    """Second tries and challenged answers; None for a teacher without either."""
    grading_errors: pd.DataFrame | None
    """``queries.fetch_grading_errors``; None as for ``tries``."""

    @property
    def title(self) -> str:
        """The run's title."""
        return formatting.run_title(self.config)


def build_report_html(database: Database, run_id: str) -> str:
    """The report on a run, as HTML.

    :raises UnknownRun: when there is no run of that id.
    """
    run = queries.fetch_run(database, run_id)
    findings = load_findings(database, run_id)
    answer_sheets = queries.fetch_answer_sheets(database, run_id)
    option_choices = queries.fetch_item_choices(database, run_id, answer_sheets)
    config = parse_stored_config(run.config)
    has_extras = bool(teacher_settings.teaching_extras(teacher_settings.teaching_settings(config)))
    return report_html(
        ReportData(
            run=run,
            config=config,
            findings=findings,
            item_statistics=item_analysis.analyse_items(findings.questions, option_choices),
            option_choices=option_choices,
            sheet_count=len(answer_sheets),
            own_sheet_count=sum(sheet_run == run_id for sheet_run, *_ in answer_sheets),
            practice_mix=queries.fetch_practice_mix(database, [run_id]),
            exam_mistakes=queries.fetch_next_mix(database, [run_id]),
            epochs=queries.fetch_epochs(database, run_id),
            trained_turns=_find_trained_turns(queries.fetch_turns(database, run_id)),
            selection_stats=selection_stats_from_frame(
                queries.fetch_selection_score_summary(database, {run_id: config.threshold}), config.strategy
            ),
            tries=tries.query_retry_results(database, [run_id]) if has_extras else None,
            grading_errors=queries.fetch_grading_errors(database, run_id) if has_extras else None,
        )
    )


def _find_trained_turns(turns: pd.DataFrame) -> tuple[int, ...]:
    """The complete turns with at least one preference pair; ``turns`` is ``queries.fetch_turns``."""
    return tuple(int(row.turn) for row in turns.itertuples() if row.finished and row.pairs > 0)


def report_html(report: ReportData) -> str:
    """The whole file: a one-page summary and the appendix."""
    has_exams = not report.findings.exams.empty
    summary_html = summary.summary_html(report.findings) if has_exams else ""
    first_page = f'<section class="summary">\n{_header_html(report)}\n{summary_html}\n</section>'
    parts = _exam_sections_html(report) if has_exams else []
    parts += [
        selection.selection_html(report.selection_stats, report.config),
        sections.settings_html(report.config, report.run),
        sections.methods_html(),
        training_figures.training_figures_html(report.config, report.epochs, report.trained_turns),
    ]
    appendix = ['<div class="appendix">', f"<h2>{APPENDIX_TITLE}</h2>", *parts, "</div>"]
    return document_html(f"Report: {report.title}", [first_page, "\n".join(appendix)])


def _exam_sections_html(report: ReportData) -> list[str]:
    """The appendix's sections that need an exam result."""
    findings = report.findings
    return [
        sections.progress_html(findings),
        sections.categories_html(findings),
        sections.advice_html(findings),
        sections.misconceptions_html(findings),
        sections.questions_html(
            findings, report.item_statistics, report.option_choices, report.sheet_count, report.own_sheet_count
        ),
        mix.practice_mix_html(report.config, report.practice_mix, report.exam_mistakes),
        retries.second_tries_html(report.tries, report.grading_errors) if report.tries is not None else "",
    ]


def _header_html(report: ReportData) -> str:
    run_date, report_date = (_format_date(timestamp) for timestamp in (report.run.started, time.time()))
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
