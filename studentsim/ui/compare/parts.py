"""The body of Compare: conclusion, exam curves, categories, practice, settings, and links to each run."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from studentsim.analysis import paper_curves, setting_differences
from studentsim.analysis.run_groups import ComparedRun, RunGroup, group_table_labels
from studentsim.labels import category_names, formatting
from studentsim.narration import comparison_summary, run_summary
from studentsim.ui import charts, components, layout, literal
from studentsim.ui.compare import captions, choice, data, mix, retries
from studentsim.ui.data import Engine
from studentsim.ui.figure_cache import cached_figure

REFRESH_SECONDS = 2.0
"""Seconds between refreshes while a run goes on."""

CURVE_COLUMN_LABELS = {
    "label": "way", "turn": "lessons so far", **components.SCORE_COLUMNS, "runs": "runs", "from": "from",
}  # fmt: skip
CATEGORY_COLUMN_LABELS = {"category": "category", **{k: v for k, v in CURVE_COLUMN_LABELS.items() if k != "turn"}}
DIFFERENCE_COLUMN_LABELS = {
    "label": "way", "reference": "compared with", "lessons": "after lessons", "gained": "more right, of 100",
    **components.INTERVAL_COLUMNS, "verdict": "so", "runs": "runs", "questions": "same questions", "only_this": "only this one right",
    "only_other": "only the other right", "p_value": "p (McNemar)",
}  # fmt: skip
MAX_UNFOLDED_RUNS = 8
"""Runs listed at most without an expander for each group."""
RUN_PAGES = ("Watch", "Answers", "Weaknesses")
"""Pages that each run is linked to."""


def render_comparison(
    engine: Engine, run_ids: list[str], was_active: bool, preloaded: list[dict[str, ComparedRun]]
) -> None:
    """Everything below the choice, as a fragment that refreshes while a run goes on; then it reruns the page once.

    ``preloaded`` holds the runs that the page has just loaded, for the first call; they are popped.
    """
    with layout.error_boundary():
        runs_by_id = preloaded.pop() if preloaded else data.load_runs(engine)
        runs = [runs_by_id[run_id] for run_id in run_ids if run_id in runs_by_id]
        if not runs:
            st.info("The chosen simulations are gone. Choose others above.", icon=":material/info:")
            return
        comparison = data.load_comparison(engine, runs)
        if was_active and not any(run.status in formatting.ACTIVE_STATUSES for run in runs):  # excluded runs too
            st.rerun()
        _render_conclusion(comparison)
        _render_exam_curves(comparison)
        if comparison.differences:
            label = "How sure is that? Every difference, with its interval"
            components.render_folded(label, "compare.sure", _render_differences, comparison)
        _render_categories(comparison)
        mix.render_practice_mix(engine, comparison.groups)
        if not comparison.practice.empty:
            label = "How did practice go? Not a contest: the exam decides"
            components.render_folded(label, "compare.lessons", _render_practice, comparison)
        retries.render_second_tries(engine, comparison.groups)
        _render_settings(comparison.groups)
        _render_runs(comparison)


def _render_conclusion(comparison: data.Comparison) -> None:
    incomparable_note = comparison_summary.describe_different_exams(comparison.groups)
    if comparison.differences:
        headline = comparison_summary.describe_differences(comparison.differences, is_active=comparison.is_active)
        literal.header(headline)
    elif len(comparison.groups) == 1:
        headline = comparison_summary.describe_single_group(comparison.groups[0], comparison.exams)
        literal.header(headline)
        chosen = st.session_state.get("compare.runs", [])
        link_parameters = {"like": comparison.groups[0].runs[0].run_id, "beside": ",".join(chosen)}
        literal.link(
            layout.NEW_SIMULATION_PAGE, "Start the same with another way", ":material/add_circle:", link_parameters
        )
    elif not incomparable_note:
        headline = comparison_summary.describe_no_shared_exam(comparison.groups, is_active=comparison.is_active)
        literal.header(headline)
    if incomparable_note:
        render_text = st.markdown if comparison.differences else st.header
        render_text(formatting.escape_markdown(incomparable_note))
    for note in [
        *comparison_summary.describe_caveats(comparison.comparable_groups, comparison.differences),
        *captions.describe_unselective_groups(comparison.groups, comparison.lookups),
        *captions.describe_left_out(comparison.excluded_runs, (), 0),
    ]:
        literal.markdown(note)


def _render_exam_curves(comparison: data.Comparison) -> None:
    if comparison.exams.empty:
        return
    picture_area = st.container()
    published = paper_curves.load_published_curves() if choice.render_paper_toggle() else None
    key = f"compare.exams.{'paper' if published is not None else 'own'}"
    frame = comparison.exams.assign(**{"from": "here"})
    if published is not None:
        paper_rows = published.assign(
            label="Paper: " + published.strategy, runs=1, **{"from": paper_curves.PAPER_TITLE}
        )
        frame = pd.concat([frame, paper_rows], ignore_index=True)
    single_runs = comparison.exam_runs[comparison.exam_runs.label != comparison.exam_runs.group].assign(
        runs=1, **{"from": "here, one run"}
    )
    with picture_area:
        figure = cached_figure(
            charts.comparison_figure,
            comparison.exams,
            comparison.exam_runs,
            turns=comparison.max_turns,
            chance=comparison.chance,
            published=published,
            revision=key,
        )
        components.render_figure(
            "How many never-practised questions does each answer rightly?",
            figure,
            pd.concat([frame, single_runs], ignore_index=True),
            key=key,
            alt=captions.describe_picture(comparison.exams),
            columns=CURVE_COLUMN_LABELS,
        )
        literal.caption(captions.describe_curves(comparison.groups))
    if published is not None:
        literal.caption(
            captions.describe_published_curves(
                paper_curves.CURVES_SOURCE,
                paper_curves.EXAM_QUESTIONS,
                all_overlap=paper_curves.published_intervals_overlap(),
            )
        )


def _render_differences(comparison: data.Comparison) -> None:
    rows = pd.DataFrame([comparison_summary.difference_row(d) for d in comparison.differences])
    rows[["label", "reference"]] = rows[["label", "reference"]].replace(group_table_labels(comparison.groups))
    st.dataframe(
        rows.rename(columns=DIFFERENCE_COLUMN_LABELS).dropna(axis="columns", how="all"),
        hide_index=True,
        width="stretch",
    )
    literal.caption(captions.describe_interval_method(comparison.differences))


def _render_categories(comparison: data.Comparison) -> None:
    if comparison.turn is None or comparison.categories.empty:
        return
    category_ids = list(comparison.categories.category.drop_duplicates())
    labelled = comparison.categories.assign(
        category=[category_names.category_label(name, category_ids) for name in comparison.categories.category]
    )
    components.render_figure(
        f"Which categories does each answer rightly, {run_summary.exam_time_label(comparison.turn)}?",
        cached_figure(charts.category_accuracy_figure, labelled, chance=comparison.chance, revision="compare"),
        labelled,
        key="compare.categories",
        alt=captions.describe_picture(labelled, by="category"),
        columns=CATEGORY_COLUMN_LABELS,
    )
    literal.caption(
        f"{captions.describe_category_counts(comparison.categories)} {category_names.explain_category_names(category_ids)}"
    )


def _render_practice(comparison: data.Comparison) -> None:
    no_single_runs = comparison.practice.iloc[:0].assign(group="")
    chart_options = {"turns": comparison.max_turns, "chance": comparison.chance, "bands": 2, "revision": "practice"}
    components.render_figure(
        "How many practice questions did each answer rightly?",
        cached_figure(charts.comparison_figure, comparison.practice, no_single_runs, **chart_options),
        comparison.practice,
        key="compare.practice",
        alt=captions.describe_picture(comparison.practice),
        columns=CURVE_COLUMN_LABELS,
    )
    st.caption(
        "Each practised other questions. A way that looks for mistakes gets the harder ones, so its practice looks worse while it "
        "may teach better."
    )


def _render_settings(groups: list[RunGroup]) -> None:
    literal.subheader("In what do they differ?")
    configs = [g.config for g in groups]
    names = [name for name in setting_differences.differing_settings(configs) if name not in ("seed", "turns")]
    table = {
        f"{setting_differences.SETTING_LABELS[name].capitalize()} ({name})": [
            setting_differences.format_setting(name, c) for c in configs
        ]
        for name in names
    }
    table["Seed"] = [", ".join(str(run.config.seed) for run in g.runs) for g in groups]
    table["Lessons done, of those planned (turns)"] = [
        ", ".join(dict.fromkeys(f"{max(0, run.turn)} of {run.config.turns}" for run in g.runs)) for g in groups
    ]
    frame = pd.DataFrame(
        table, index=[formatting.escape_markdown(label) for label in group_table_labels(groups).values()]
    ).map(formatting.escape_markdown)
    st.table(frame if len(groups) > len(table) else frame.T)  # the narrower orientation, for a phone
    literal.caption(captions.describe_shared_settings(groups))


def _render_runs(comparison: data.Comparison) -> None:
    literal.subheader("Look closer at one")
    is_folded = sum(len(group.runs) for group in comparison.groups) > MAX_UNFOLDED_RUNS
    for i, group in enumerate(comparison.groups):
        if not is_folded:
            _render_group_runs(group)
            continue
        seeds_text = formatting.format_seeds([run.config.seed for run in group.runs])
        label = f"{group.label}: {formatting.pluralize(len(group.runs), 'run')}, {seeds_text}"
        components.render_folded(formatting.escape_markdown(label), f"compare.closer.{i}", _render_group_runs, group)


def _render_group_runs(group: RunGroup) -> None:
    pages = [(script, name, icon) for script, name, icon in layout.MENU_PAGES if name in RUN_PAGES]
    for run in group.runs:
        with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            _render_run_heading(run)
            with st.container(horizontal=True, width="content"):
                for script, name, icon in pages:
                    literal.link(script, name, icon, {"run": run.run_id})


def _render_run_heading(run: ComparedRun) -> None:
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        literal.bold(run.label, width="content")
        if not run.label.endswith(seed := f"seed {run.config.seed}"):
            st.caption(seed, width="content")
        components.render_status_badge(run.status)
        if run.is_recorded:
            st.badge("recorded", icon=":material/history:", color="gray")
