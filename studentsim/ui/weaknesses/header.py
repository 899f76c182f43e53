"""The top of Weaknesses: the run, the selection, the headline, and links to the answers behind it."""

from __future__ import annotations

import streamlit as st

from studentsim.analysis.findings import misconception_explanation
from studentsim.analysis.weakness_selection import WeaknessesSelection
from studentsim.labels import formatting
from studentsim.labels.titles import misconception_title
from studentsim.narration import weaknesses_summary
from studentsim.ui import components, data, literal
from studentsim.ui.layout import ANSWERS_PAGE, WATCH_PAGE, WEAKNESSES_PAGE
from studentsim.ui.weaknesses import heatmap
from studentsim.ui.weaknesses.data import WeaknessesView, build_report_file


def render_header(
    engine: data.Engine, view: WeaknessesView, selection: WeaknessesSelection, problems: list[str]
) -> None:
    """Title, status, ``problems`` of the link, and the headline of the selection."""
    title_key = " ".join((selection.run, selection.category, selection.skill, selection.slip))
    components.render_page_title(view.title, formatting.run_subtitle(view.config), scroll_id=f"Weaknesses {title_key}")
    with components.row("small"):
        components.render_status_badge(view.status)
        literal.link(WATCH_PAGE, "Watch", ":material/visibility:", {"run": selection.run}, width=84)
        literal.link(WEAKNESSES_PAGE, "Another simulation", ":material/swap_horiz:", width=176)
        if not view.findings.exams.empty:
            _render_report_button(engine, view)
    for sentence in problems:
        st.warning(f"{formatting.escape_markdown(sentence)} What there is stands below.", icon=":material/search_off:")
    if view.findings.exams.empty:
        st.info(weaknesses_summary.NO_EXAM, icon=":material/info:")
        literal.link(WATCH_PAGE, "Watch it", ":material/arrow_forward:", {"run": selection.run})
        return
    heatmap.render_breadcrumbs(view.findings, selection)
    if selection.category:
        literal.header(weaknesses_summary.describe_selection(view.findings, selection))
        return
    literal.header(weaknesses_summary.describe_run(view.findings))
    _render_misconception_links(view, selection)


def _render_misconception_links(view: WeaknessesView, selection: WeaknessesSelection) -> None:
    """Links to the answers behind the headline: the weakest category's misconceptions, and its unanswered questions."""
    category = weaknesses_summary.weakest_category(view.findings)
    if not category:
        return
    category_selection = WeaknessesSelection(selection.run, category)
    causes = weaknesses_summary.find_wrong_answer_causes(view.findings, category)
    lesson = view.findings.last_exam_turn
    with st.container(horizontal=True, gap="small"):
        if causes.is_mostly_unanswered:
            literal.link(
                ANSWERS_PAGE,
                f"{causes.unanswered_count} × no option shows the result",
                ":material/menu_book:",
                category_selection.answers_params(lesson=lesson, mark="unanswered"),
            )
        for misconception in causes.top_misconceptions[: weaknesses_summary.MAX_MISCONCEPTIONS_NAMED]:
            misconception_params = category_selection.answers_params(lesson=lesson, slip=misconception)
            components.render_misconception_link(
                ANSWERS_PAGE,
                misconception,
                causes.top_misconception_count,
                misconception_params,
                icon=":material/menu_book:",
            )
    for misconception in causes.top_misconceptions[: weaknesses_summary.MAX_MISCONCEPTIONS_NAMED]:
        if explanation := misconception_explanation(misconception):
            title = formatting.capitalize_first(misconception_title(misconception))
            literal.caption(f"{title}: {explanation}")


def _render_report_button(engine: data.Engine, view: WeaknessesView) -> None:
    """The download button of the report, which is built on a click."""
    st.download_button(
        "Download the report to print",
        lambda: build_report_file(engine, view),
        file_name=f"report-{view.run.run_id}.html",
        mime="text/html",
        key="weaknesses.report",
        on_click="ignore",
        icon=":material/download:",
        help="One file for a colleague: it opens in any browser, without this app, and prints on A4.",
        width=256,  # fixed, as the links' beside it: the row wraps before they are rendered as it does afterwards
    )
