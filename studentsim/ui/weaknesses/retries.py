"""Further attempts of one run: success by category, misconception and feedback, retention, and giving way to false grades."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from studentsim.analysis import accuracy_bounds, tries
from studentsim.analysis.findings import order_categories
from studentsim.analysis.tries import RetryResults
from studentsim.analysis.weakness_selection import WeaknessesSelection
from studentsim.labels import teacher_settings
from studentsim.labels.titles import misconception_title, skill_title
from studentsim.narration import teaching_summary
from studentsim.ui import components, data, glossary, literal
from studentsim.ui.charts import retries
from studentsim.ui.figure_cache import cached_figure
from studentsim.ui.layout import ANSWERS_PAGE
from studentsim.ui.weaknesses.data import WeaknessesView

SHARE_COLUMNS = {
    "name": "what", "mended": "mended", "tried": "tried again", "share": "share mended", **components.INTERVAL_COLUMNS,
}  # fmt: skip
GIVING_WAY_COLUMNS = {"name": "what", "count": "how many", "of": "of", "share": "share", **components.INTERVAL_COLUMNS}
GIVING_WAY_LABELS = {
    "mended": "wrong, and mended after true words",
    "gave way": "right, and given up after a false “wrong”",
}


def render_retries(engine: data.Engine, view: WeaknessesView, selection: WeaknessesSelection) -> None:
    """All parts for the whole run, the success rates for a selected category or skill; nothing without further attempts."""
    if teacher_settings.teaching_settings(view.config).attempts < 2:
        return
    retry_results = data.cached_query(engine, view.run.last_seq, tries.query_retry_results, [view.run.run_id])
    revisions = selection.filter(retry_results.revisions)
    literal.subheader("Second tries: what does the student mend itself?", term="second-try")
    if revisions.empty:
        st.markdown(_describe_no_retries(selection))
    else:
        _render_success_rates(revisions, selection, view.findings.category_label)
        _render_answers_link(selection)
    if selection.parent is None:
        _render_giving_way(retry_results, selection)
        if retry_results.tried:
            st.markdown("**Does it last?**")
            literal.markdown(teaching_summary.describe_retention(retry_results.retention))
            if len(retry_results.retention):
                st.caption(teaching_summary.RETRY_CAVEAT)


def _describe_no_retries(selection: WeaknessesSelection) -> str:
    return (
        teaching_summary.NO_RETRIES_NOTE
        if selection.parent is None
        else "No question of this kind was got wrong and tried again in practice."
    )


def _render_success_rates(revisions: pd.DataFrame, selection: WeaknessesSelection, label: Callable[[str], str]) -> None:
    """Success rates by category (or skill), by misconception, and by feedback."""
    retry_results = RetryResults(revisions, revisions.iloc[:0], revisions.iloc[:0])
    literal.markdown(teaching_summary.describe_retries(retry_results))
    groups = retry_rates_by_group(revisions, selection, label)
    key = f"weaknesses.tries.{selection.run}.{selection.category}.{selection.skill}"
    if len(groups) > 1:
        figure = cached_figure(retries.share_intervals_figure, groups, names=list(groups.name), revision=key)
        alt = "; ".join(
            f"{r.name_}: {r.mended} of {r.tried}" for r in groups.rename(columns={"name": "name_"}).itertuples()
        )
        components.render_chart(figure, key=key, alt=alt, mode_bar=False)
        st.caption(
            f"Right in the end, of 100 tried again, with 95 % intervals. {teaching_summary.few_tries_note(groups)}"
        )
    literal.markdown(teaching_summary.describe_retries_by_feedback(tries.retry_rates_by_feedback(revisions)))
    literal.markdown(teaching_summary.explanation_caveat(revisions))
    label = "By slip, and the numbers behind this"
    components.render_folded(label, f"{key}.fold", _render_tables, groups, revisions, key)


def retry_rates_by_group(
    revisions: pd.DataFrame, selection: WeaknessesSelection, label: Callable[[str], str] = str
) -> pd.DataFrame:
    """``tried, mended, share, ci_low, ci_high, name`` by category, within a category by skill, within a skill by misconception."""
    if selection.category:
        by, title = ("misconception", misconception_label) if selection.skill else ("skill", skill_title)
        rates = tries.success_rates_by(revisions, by)
        return rates.assign(name=rates[by].map(title))
    rates = tries.success_rates_by(revisions, "category").set_index("category")
    return rates.loc[order_categories(list(rates.index))].reset_index().assign(name=lambda f: f.category.map(label))


def retry_rates_by_misconception(revisions: pd.DataFrame) -> pd.DataFrame:
    """The same by the misconception of the first answer, the most frequent first."""
    rates = tries.success_rates_by(revisions, "misconception")
    return rates.assign(name=rates.misconception.map(misconception_label))


def misconception_label(misconception: str) -> str:
    """A misconception's title; ``no known slip`` for a blank id."""
    return misconception_title(misconception) if misconception else "no known slip"


def _render_tables(groups: pd.DataFrame, revisions: pd.DataFrame, key: str) -> None:
    rates_by_misconception = retry_rates_by_misconception(revisions)
    rates_by_feedback = tries.retry_rates_by_feedback(revisions)
    for title, frame, name in (
        ("By slip behind the first answer", rates_by_misconception, "slips"),
        ("By category or kind of question", groups, "groups"),
        ("By what was said", rates_by_feedback.assign(name=rates_by_feedback.said), "said"),
    ):
        st.markdown(f"**{title}**")
        components.render_table(frame.round(3), SHARE_COLUMNS, f"second-tries-{name}", key=f"{key}.{name}")
    st.caption(
        f"A share of fewer than {accuracy_bounds.MIN_RELIABLE_ANSWERS} says little; its interval shows how little."
    )


def _render_giving_way(retry_results: RetryResults, selection: WeaknessesSelection) -> None:
    """Giving way to a false "wrong" against correcting after a true one; nothing if no right answer was challenged."""
    if not retry_results.challenged:
        return
    st.markdown("**Does it give way to a false “wrong”?**", help=glossary.term_help("giving-way"))
    literal.markdown(
        teaching_summary.describe_giving_way(retry_results), teaching_summary.compare_feedback_effects(retry_results)
    )
    rows = tries.correction_and_giving_way_frame(retry_results)
    rows = rows.assign(name=rows.what.map(GIVING_WAY_LABELS))
    key = f"weaknesses.beside.{selection.run}"
    figure = cached_figure(
        retries.share_intervals_figure, rows, names=list(rows.name), count="count", of="of", revision=key,
        title="changed its answer, of 100", wrong=[i for i, what in enumerate(rows.what) if what == "gave way"],
    )  # fmt: skip
    alt = "; ".join(f"{r.what}: {r.count_} of {r.of}" for r in rows.rename(columns={"count": "count_"}).itertuples())
    components.render_chart(figure, key=key, alt=alt, mode_bar=False)
    components.render_figure_data(rows, key=key, columns=GIVING_WAY_COLUMNS)


def _render_answers_link(selection: WeaknessesSelection) -> None:
    chosen = {"category": selection.category, "skill": selection.skill}
    params = {"run": selection.run, "phase": "revision"} | {name: value for name, value in chosen.items() if value}
    literal.link(ANSWERS_PAGE, "Read these second tries", ":material/forum:", params)
