"""Watch for one run: the header with its buttons, and the body, a fragment that refreshes while the run goes on."""

from __future__ import annotations

import streamlit as st

from studentsim.analysis import accuracy_bounds, rewards, selection_lookups
from studentsim.analysis.estimate import exam_mode
from studentsim.analysis.last_exam import margin_of_error_note
from studentsim.errors import StudentsimError
from studentsim.labels import category_names, formatting, language_models
from studentsim.narration import run_summary
from studentsim.ui import components, data, glossary, literal
from studentsim.ui.layout import (
    ANSWERS_PAGE,
    COMPARE_PAGE,
    NEW_SIMULATION_PAGE,
    WATCH_PAGE,
    WEAKNESSES_PAGE,
    error_boundary,
    render_term_link,
)
from studentsim.ui.watch import links, live_run, mix, packed_figures, plot, teacher, technical, writing

REFRESH_SECONDS, EAGER_REFRESH_SECONDS, IDLE_REFRESH_SECONDS = 1.0, 0.5, 3.0
"""Seconds between refreshes: while a run goes on; while it has no answer yet; while it stands still but may be resumed."""

EXAM_COLUMNS = {
    "turn": "lessons so far", **components.SCORE_COLUMNS, "unanswered": "unanswered", "p_correct": "P(right working)", "seconds": "seconds",
}  # fmt: skip
LESSON_COLUMNS = {
    "turn": "lesson", **components.SCORE_COLUMNS, "pairs": "pairs learnt from", "seconds": "seconds",
}  # fmt: skip
CATEGORY_COLUMNS = {"turn": "lessons so far", "row": "category", "correct": "right", "questions": "questions"}
STEP_COLUMNS = {
    "turn": "lesson", "step": "step", "steps": "of steps", "loss": "loss", "rewards_chosen": "rewards/chosen",
    "rewards_rejected": "rewards/rejected", "rewards_margins": "rewards/margins", "rewards_accuracies": "rewards/accuracies",
    "logps_chosen": "logps/chosen", "logps_rejected": "logps/rejected", "rehearsal": "rehearsal, nat²",
}  # fmt: skip


def render_run_page(engine: data.Engine, run_id: str) -> None:
    """The header and the refreshing body of one run."""
    run = live_run.take_snapshot(engine, run_id)
    _render_header(engine, run)
    st.fragment(_render_body, run_every=refresh_interval([run]))(engine, run_id, run.page_state)


def refresh_interval(runs: list[live_run.RunSnapshot]) -> float | None:
    """Seconds between refreshes; None: nothing can change any more."""
    if all(run.is_over for run in runs):
        return None
    if not any(run.is_live for run in runs):
        return IDLE_REFRESH_SECONDS
    return EAGER_REFRESH_SECONDS if any(run.is_live and run.answers.empty for run in runs) else REFRESH_SECONDS


# ------------------------------------------------------------------ head


def _render_header(engine: data.Engine, run: live_run.RunSnapshot) -> None:
    """Title, status, and the buttons that apply to it."""
    components.render_page_title(run.title, formatting.run_subtitle(run.config), scroll_id=f"Watch {run.run_id}")
    with components.link_row():
        components.render_status_badge(run.status)
        components.render_recorded_badge(run.recorded_label)
        if version := formatting.student_version_label(run.config):
            st.caption(formatting.capitalize_first(version), width="content")
        if run.is_live and run.state.request:
            st.caption(formatting.PENDING_REQUEST_LABELS.get(run.state.request, run.state.request), width="content")
        else:
            _render_control_buttons(engine, run)
        literal.link(
            WATCH_PAGE, "Show it to a room", ":material/slideshow:", links.run_params(run.run_id, present=True)
        )
    if run.notice:
        literal.warning(run.notice, icon=":material/history:")


def _render_control_buttons(engine: data.Engine, run: live_run.RunSnapshot) -> None:
    def render_button(label: str, icon: str, type: str = "secondary") -> None:
        action = label.lower()
        args = (engine, action, [run.run_id])
        st.button(label, icon=icon, type=type, key=f"watch.{action}", on_click=live_run.control_runs, args=args)

    if run.status in ("queued", "starting", "running"):
        render_button("Pause", ":material/pause:")
    if run.status == "damaged":
        render_button("Repair", ":material/healing:", "primary")
    if run.status in formatting.RESUMABLE_STATUSES:
        render_button("Resume", ":material/play_arrow:", "primary")
    if run.status in formatting.CANCELLABLE_STATUSES:
        with st.popover("Stop for good", icon=":material/stop:"):
            st.markdown("Cancel this simulation? The lessons done so far stay, but it cannot go on.")
            render_button("Cancel", ":material/stop:", "primary")


# ------------------------------------------------------------------ body


def _render_body(engine: data.Engine, run_id: str, rendered_state: tuple[str, str, bool]) -> None:
    """Everything that changes while a run goes on. Reruns the page once ``page_state`` differs from ``rendered_state``."""
    with error_boundary():
        run = live_run.take_snapshot(engine, run_id)
        if run.page_state != rendered_state:
            st.rerun()
        literal.header(run_summary.results_headline(run.exams, run.last_exam_by_category))
        _render_status(run)
        if run.answers.empty:
            if run.partial_answer:  # nothing below it can jump
                render_partial_answer(run)
            return
        left, right = st.columns([3, 2], gap="large")
        with left:
            _render_figures(engine, run)
        with right:
            render_partial_answer(run)
            literal.subheader("Its latest answers")
            for row in run.answers.to_dict("records"):
                components.render_answer_card(row, run.categories)


def _render_status(run: live_run.RunSnapshot) -> None:
    """The run's progress, why it does not go on, or, at its end, links to other pages."""
    if run.status in ("starting", "running"):
        if run.answers.empty:
            components.render_checklist(run_summary.startup_steps(run.status, _startup_stage(run), _model_label(run)))
        st.progress(run.progress, text=f"{run.progress_text} You can close this page; the simulation goes on.")
    elif run.status in ("failed", "damaged"):
        state = run.state
        problem = StudentsimError(
            state.message or "The simulation stopped.", state.remedy or "Resume goes on after the last complete lesson."
        )
        components.render_error(problem, details=state.error)
    elif run.status == "finished":
        render_next_page_links([run.run_id])
    elif run.stopped_text:
        render = literal.warning if run.state.message and run.status != "interrupted" else literal.info
        render(run.stopped_text, icon=formatting.status_display(run.status)[2])


def _startup_stage(run: live_run.RunSnapshot) -> str:
    """The stage of a run without answers. The status decides: the journal may be ahead of a worker that died."""
    return (run.stage if run.stage == "loading" else "") if run.status == "starting" else "exam"


def _model_label(run: live_run.RunSnapshot) -> str:
    """The language model's name with its loading time; blank for the embedded student, which loads at once."""
    if run.config.model == "embedded":
        return ""
    small = language_models.find_model(run.config.model) is not None
    return formatting.escape_markdown(
        run_summary.model_loading_step(formatting.student_title(run.config), from_catalogue=small)
    )


def render_partial_answer(run: live_run.RunSnapshot) -> None:
    """The answer that a language model is generating; the card stays while the run is at work."""
    if run.can_show_writing:
        writing.render_writing_card(
            run.partial_answer,
            idle_text=run_summary.describe_writing_pause(run.stage, options_only=exam_mode(run.config) == "scored"),
            key=f"watch.writing.{run.run_id}",
        )


def render_next_page_links(run_ids: list[str]) -> None:
    """Links to other pages for one run, or to Compare for the runs of a race."""
    run_params, compare_params = {"run": run_ids[0]}, {"runs": ",".join(run_ids)}
    next_pages = [
        (WEAKNESSES_PAGE, "Where is it weak?", ":material/target:", run_params),
        (COMPARE_PAGE, "Compare with another way", ":material/compare_arrows:", compare_params),
        (ANSWERS_PAGE, "Read the answers", ":material/list_alt:", run_params),
        (NEW_SIMULATION_PAGE, "Run it again with changes", ":material/add_circle:", {"like": run_ids[0]}),
    ]
    if len(run_ids) > 1:
        next_pages = [(COMPARE_PAGE, "Compare them in full", ":material/compare_arrows:", compare_params)]
    with st.container(horizontal=True):
        for script, label, icon, params in next_pages:
            literal.link(script, label, icon, params)
        components.reserve_row_height(components.LINK_ROW_HEIGHT_PX)


def render_live_figure(question: str, packed_figure: bytes, *, key: str, sentence: str = "") -> None:
    """A live figure under the question that it answers."""
    literal.subheader(question)
    if sentence:
        literal.markdown(sentence)
    plot.render_packed_figure(packed_figure, key=key)


def _render_figures(engine: data.Engine, run: live_run.RunSnapshot) -> None:
    id = run.run_id
    render_live_figure(
        "How many never-practised questions does it answer rightly?",
        packed_figures.pack_exam_figure(run),
        key=f"watch.exams.{id}",
    )
    if run.config.bank == "curriculum":
        st.caption(formatting.EXAM_SCOPE_NOTE)
    components.render_figure_data(run.exams, key=f"watch.exams.numbers.{id}", columns=EXAM_COLUMNS)
    if len(run.exams_by_category):
        render_live_figure(
            "Which categories are still weak?", packed_figures.pack_category_heatmap(run), key=f"watch.heatmap.{id}"
        )
        is_hatched = accuracy_bounds.has_hatched_cells(run.exams_by_category)
        hatched_note = " Hatched: fewer than 10 answers, shown as a count." if is_hatched else ""
        names_note = category_names.explain_category_names(run.exams_by_category.row)
        st.caption(
            f"Right answers of 100 in each exam{margin_of_error_note(run.exams_by_category)}.{hatched_note} {names_note}"
        )
        components.render_figure_data(
            run.exams_by_category, key=f"watch.heatmap.numbers.{id}", columns=CATEGORY_COLUMNS
        )
    mix.render_run_mix(run)
    if len(run.lessons):
        render_live_figure(
            "How did the practice go?",
            packed_figures.pack_practice_figure(run),
            key=f"watch.lessons.{id}",
            sentence=run.practice_text,
        )
        _render_lookups(run)
        components.render_figure_data(run.lessons, key=f"watch.lessons.numbers.{id}", columns=LESSON_COLUMNS)
    teacher.render_teacher_section(engine, run)
    _render_training(engine, run)


def _render_lookups(run: live_run.RunSnapshot) -> None:
    """The questions that the strategy scored, and a warning if it hardly selects; nothing for strategies without scores."""
    stats = selection_lookups.selection_stats_from_frame(run.lookups, run.config.strategy)
    if warning := selection_lookups.selection_warning(stats):
        literal.warning(warning, icon=":material/rule:")
    elif summary := selection_lookups.describe_selection_stats(stats):
        literal.markdown(summary)
    if stats:
        rule_text = selection_lookups.describe_selection_rule(stats, run.config.threshold)
        literal.caption(rule_text)


def _render_training(engine: data.Engine, run: live_run.RunSnapshot) -> None:
    literal.subheader("What happens while it learns?", term="dpo")
    if not run.config.trains:
        st.markdown("Nothing: this student is never taught. Any change in its exams is chance.")
        return
    names = {key: view.name for key, view in rewards.REWARD_VIEWS.items()}
    chosen = st.segmented_control(
        "View", list(names), format_func=names.__getitem__, default=rewards.DEFAULT_REWARD_VIEW, required=True, key="watch.view",
        label_visibility="collapsed", wrap=True, bind="query-params",
    ) or rewards.DEFAULT_REWARD_VIEW  # fmt: skip
    dpo = run.config.dpo
    version = run.last_seqs["training_steps"], run.last_seqs["validations"], run.last_seqs["exams"]
    warning, sentence = run.cache.get_or_compute(
        f"words.{chosen}",
        version,
        lambda: (
            rewards.degradation_alert(run.validations, run.exams, dpo),
            rewards.describe_training(chosen, run.steps, run.validations, dpo),
        ),
    )
    if warning:
        literal.warning(warning, icon=":material/trending_down:")
    literal.markdown(sentence)
    if run.steps.empty:
        return
    plot.render_packed_figure(
        packed_figures.pack_training_figure(run, chosen), key=f"watch.rewards.{run.run_id}.{chosen}"
    )
    view = rewards.REWARD_VIEWS[chosen]
    reference_text = f"{rewards.describe_reference(dpo)} " if view.unit == "reward" else ""
    st.caption(
        f"{reference_text}In the field's words: {view.term}. Held-out pairs are never learnt from.",
        help=glossary.term_help("held-out-pairs"),
    )
    render_term_link(view.glossary_id)
    components.render_figure_data(run.steps, key=f"watch.steps.{run.run_id}", columns=STEP_COLUMNS)
    technical.render_technical_view(engine, run)
