"""The report's sections, each as HTML. Everything that others wrote is escaped (html_text.py)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from studentsim.analysis import advice, item_analysis, setting_differences
from studentsim.analysis.accuracy_bounds import has_hatched_cells
from studentsim.analysis.findings import ExamFindings, misconception_explanation, misconception_hint, order_categories
from studentsim.analysis.misconception_status import MISCONCEPTION_VERDICTS, sort_by_frequency
from studentsim.config import RunConfig
from studentsim.labels import category_names, formatting
from studentsim.labels.titles import is_formula_error, misconception_title, skill_title
from studentsim.narration import practice_summary, weaknesses_summary
from studentsim.narration.run_summary import exam_time_label
from studentsim.reporting import summary, svg
from studentsim.reporting.html_text import (
    Html,
    definitions_html,
    escape_html,
    inline_html,
    paragraph_html,
    paragraphs_html,
    section_html,
    table_html,
)
from studentsim.store.queries import RunRow

MAX_MISCONCEPTIONS = 14
"""Rows of the misconceptions table at most."""
MAX_SKILLS = 8
"""Rows of the table of weakest skills."""
MAX_QUESTIONS = 6
"""Questions shown in full."""
ALWAYS_SHOWN_SETTINGS = (
    "student",
    "model",
    "strategy",
    "bank",
    "turns",
    "questions",
    "exam",
    "exam_every",
    "seed",
    "exam_seed",
)
"""Settings that every report shows; others only where they are not the default."""


def progress_html(findings: ExamFindings) -> str:
    """Exam accuracy by turn as a table; its figure is on the first page."""
    rows = [(exam_time_label(int(row.turn)), row) for row in findings.exams.itertuples()]
    exam_table = _score_table_html("exam", rows, "The numbers")
    return section_html("How many never-practised questions does it answer rightly?", exam_table)


def _score_table_html(first_heading: str, rows: Iterable[tuple[str, Any]], caption: str) -> str:
    """A table of labelled scores, each with its 95 % interval."""
    cells: list[list[object]] = [
        [
            label,
            f"{int(row.correct)} of {int(row.questions)}",
            formatting.round_percent(row.accuracy),
            _format_interval(row),
        ]
        for label, row in rows
    ]
    heads = [first_heading, "right", "of 100", "95 % interval, of 100"]
    return table_html(heads, cells, caption=caption, numeric_columns=frozenset({1, 2, 3}))


def categories_html(findings: ExamFindings) -> str:
    """The heatmap, where the first page has no room for it, and the last exam by category and by skill."""
    names = {row: findings.category_label(row) for row in order_categories(list(findings.categories.row.unique()))}
    picture = "" if summary.heatmap_labels(findings) else svg.heatmap_svg(findings.categories, row_labels=names)
    few_note = (
        " Cells of fewer than 10 questions are hatched and show the count."
        if has_hatched_cells(findings.categories)
        else ""
    )
    note = f"Right of 100 questions.{few_note} {category_names.explain_category_names(names)}"
    last_exam = findings.in_last_exam(findings.categories).set_index("row")
    rows = [(label, last_exam.loc[name]) for name, label in names.items() if name in last_exam.index]
    category_table = _score_table_html("category", rows, "The last exam")
    return section_html(
        "Which categories are still weak?",
        f"<figure>{picture}<figcaption>{escape_html(note)}</figcaption></figure>"
        if picture
        else paragraph_html(note, "note"),
        category_table,
        _skills_html(findings),
    )


def _skills_html(findings: ExamFindings) -> str:
    """The skills with the lowest accuracy in the last exam, and which of them are significantly behind."""
    last_exam = findings.in_last_exam(findings.skills)
    last_exam = last_exam[last_exam.row != ""].sort_values(["accuracy", "questions", "row"])
    if last_exam.empty:
        return ""
    clearly_behind = set(advice.skills_far_behind(findings).row)
    rows: list[list[object]] = [
        [skill_title(r.row), findings.category_label(r.category), f"{r.correct} of {r.questions}", _format_interval(r),
         "yes" if r.row in clearly_behind else "no"]
        for r in last_exam.head(MAX_SKILLS).itertuples()
    ]  # fmt: skip
    head = ["kind of question", "category", "right", "95 % interval, of 100", "behind by more than chance"]
    caption = f"The {len(rows)} kinds of question that went worst in the last exam, of {len(last_exam)}; some look weak by chance"
    return table_html(head, rows, caption=caption, numeric_columns=frozenset({2, 3}))


def advice_html(findings: ExamFindings) -> str:
    """The advice on what to practise next, with its evidence."""
    lines = advice.build_advice(findings)
    if not lines:
        return section_html("What to practise next", paragraph_html(advice.describe_no_advice(findings)))
    list_items = "".join(
        f"<li><strong>{inline_html(line.title)}</strong>{paragraphs_html(*line.evidence)}"
        f"{paragraphs_html(line.teacher_prompt, css_class='ask')}</li>"
        for line in lines
    )
    basis = paragraph_html(advice.describe_advice_basis(lines))
    return section_html("What to practise next", basis, f"<ol>{list_items}</ol>")


def misconceptions_html(findings: ExamFindings) -> str:
    """The misconceptions, their verdicts over the exams, and what a teacher can ask."""
    frame = findings.judged_misconceptions
    paragraphs = paragraphs_html(
        weaknesses_summary.describe_misconceptions(findings, frame),
        weaknesses_summary.describe_wrong_answers(findings),
        practice_summary.describe_practice_errors(findings),
        practice_summary.describe_disagreements(findings),
    )
    if frame.empty:
        return section_html("Slips (misconceptions)", paragraphs)
    most_made = sort_by_frequency(frame).head(MAX_MISCONCEPTIONS)
    rows: list[list[object]] = [
        [misconception_title(r.misconception), findings.category_label(r.category), MISCONCEPTION_VERDICTS[r.verdict].name,
         f"{r.first_made} of {r.first_of}", f"{r.last_made} of {r.last_of}",
         Html(svg.history_bars_svg(r.series, max(r.first_of, r.last_of), misconception_title(r.misconception)))]
        for r in most_made.itertuples()
    ]  # fmt: skip
    caption = (
        f"The {len(most_made)} most frequent of {len(frame)}, those of the last exam first; “3 of 6” means made on 3 of the 6 exam "
        "questions that invite it"
    )
    if most_made.misconception.map(is_formula_error).any():
        caption += "; what a question's formula tells is counted of all questions of the category"
    heads = ["slip", "category", "what became of it", "first exam", "last exam", "exam by exam"]
    misconception_table = table_html(heads, rows, caption=caption, numeric_columns=frozenset({3, 4}))
    return section_html(
        "Slips (misconceptions)",
        paragraphs,
        misconception_table,
        definitions_html(((name, escape_html(rule)) for name, rule in weaknesses_summary.list_verdict_rules()), "note"),
        _explanations_html(most_made),
    )


def _explanations_html(most_made: pd.DataFrame) -> str:
    """Explanation and hint of the most frequent misconceptions still made in the last exam."""
    still_made = [
        r.misconception
        for r in most_made[most_made.last_made > 0].itertuples()
        if misconception_explanation(r.misconception)
    ][:MAX_QUESTIONS]
    if not still_made:
        return ""
    list_items = "".join(
        f"<li><strong>{inline_html(misconception_title(m))}</strong>"
        f"{paragraph_html(misconception_explanation(m))}{paragraph_html(misconception_hint(m), 'ask')}</li>"
        for m in still_made
    )
    return f"<h3>What goes wrong in those still made, and what to ask</h3><ul>{list_items}</ul>"


def questions_html(
    findings: ExamFindings,
    item_statistics: pd.DataFrame,
    option_choices: pd.DataFrame,
    sheet_count: int,
    own_sheet_count: int,
) -> str:
    """The hardest questions in full, with how often each option was chosen."""
    missed = item_statistics[item_statistics.own_correct < item_statistics.own]
    if missed.empty:
        return section_html(
            "The exam's questions", paragraph_html("Every question was answered rightly in every exam.")
        )
    rows = findings.questions.set_index("question_id", drop=False)
    cards = [
        _question_card_html(rows.loc[item.question_id], item, option_choices, findings)
        for item in missed.head(MAX_QUESTIONS).itertuples()
    ]
    return section_html(
        "The hardest questions of the exam",
        paragraph_html(weaknesses_summary.describe_item_analysis(sheet_count, own_sheet_count), "note"),
        *cards,
    )


def _question_card_html(
    row: pd.Series, statistics: object, option_choices: pd.DataFrame, findings: ExamFindings
) -> str:
    history = statistics.history  # type: ignore[attr-defined]
    option_rows = item_analysis.option_choice_frame(row, option_choices)
    total = int(option_rows.sheets.sum())
    lines: list[list[object]] = [
        [f"{o.letter}) {o.text}" if o.letter else o.text,
         "right" if o.right else misconception_title(o.slip) if o.slip else "", f"{o.sheets} of {total}"]
        for o in option_rows.itertuples()
        if o.letter or o.sheets
    ]  # fmt: skip
    caption = f"This run's exams, in order: {history}"
    option_table = table_html(
        ["option", "stands for", "ticked"], lines, caption=caption, numeric_columns=frozenset({2})
    )
    heading = paragraph_html(f"{findings.category_label(row.category)} · {skill_title(row.skill)}", "note")
    return f'<div class="card">{heading}{paragraph_html(row.problem)}{option_table}</div>'


def settings_html(config: RunConfig, run: RunRow) -> str:
    """The run's settings, id and package versions."""
    default_values = setting_differences.flatten_settings(RunConfig())
    values = setting_differences.flatten_settings(config)
    names = [
        name
        for name in setting_differences.SETTING_LABELS
        if name in ALWAYS_SHOWN_SETTINGS or values[name] != default_values[name]
    ]
    labels = setting_differences.SETTING_LABELS
    rows = [(labels[name], setting_differences.format_setting(name, config)) for name in names]
    versions = ", ".join(f"{k} {v}" for k, v in sorted(run.versions.items())) or "not recorded"
    rows += [("run", run.run_id), ("versions", versions)]
    return section_html("How it was simulated", definitions_html((name, inline_html(value)) for name, value in rows))


def methods_html() -> str:
    """How intervals, tests and item figures are computed."""
    notes = (
        "Intervals are 95 % intervals of a share (Wilson 1927). Of twenty such intervals about one misses the truth.",
        "A category or kind of question counts as behind where Fisher's exact test, with Bonferroni's correction for looking at several, "
        "leaves chance less than 5 %. A change from exam to exam counts by the same test, two-sided; of slips, only comparisons that could "
        "come out clear are corrected for (Tarone 1990).",
        "Every exam of a run holds the same questions, none of which was ever practised; chance in answering is the same each time.",
        "Facility is the share of answer sheets with a question right; discrimination is the corrected item-total correlation.",
    )
    return section_html(
        "How to read the figures", f'<ul class="note">{"".join(f"<li>{escape_html(s)}</li>" for s in notes)}</ul>'
    )


def _format_interval(row: object) -> str:
    return formatting.format_bounds(row.ci_low, row.ci_high)  # type: ignore[attr-defined]
