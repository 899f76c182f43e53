"""The parts of Watch: the run's head with its buttons, and the body that redraws itself while the run goes on."""

from __future__ import annotations

import streamlit as st

from studentsim.errors import StudentsimError
from studentsim.ui import charts, components, data, rewards, sentences, words
from studentsim.ui.shell import NEW, guarded

EVERY = 1.0
"""Seconds from one refresh to the next while the run goes on."""

EXAM_COLUMNS = {
    "turn": "lessons so far", "correct": "right", "questions": "questions", "accuracy": "share right",
    "low": "95 % from", "high": "95 % to",
    "unanswered": "unanswered", "p_right": "P(right working)", "seconds": "seconds",
}  # fmt: skip
STEP_COLUMNS = {
    "turn": "lesson", "step": "step", "steps": "of steps", "loss": "loss", "rewards_chosen": "rewards/chosen",
    "rewards_rejected": "rewards/rejected", "rewards_margins": "rewards/margins", "rewards_accuracies": "rewards/accuracies",
    "logps_chosen": "logps/chosen", "logps_rejected": "logps/rejected",
}  # fmt: skip


def header(engine: data.Engine, run: data.Snapshot) -> None:
    """Title, state, and the buttons that fit the state."""
    st.title(words.literal(run.title), anchor=False)
    with st.container(horizontal=True, vertical_alignment="center"):
        components.status_badge(run.status)
        if run.alive and run.request:
            st.caption(words.REQUESTS.get(run.request, run.request))
        else:
            _buttons(engine, run)


def _buttons(engine: data.Engine, run: data.Snapshot) -> None:
    def button(label: str, icon: str, type: str = "secondary") -> None:
        what = label.lower()
        st.button(label, icon=icon, type=type, key=f"watch.{what}", on_click=data.act, args=(engine, what, run.run_id))

    if run.status in ("queued", "starting", "running"):
        button("Pause", ":material/pause:")
    if run.status in words.RESUMABLE:
        button("Resume", ":material/play_arrow:", "primary")
    if run.status in words.CANCELLABLE:
        with st.popover("Stop for good", icon=":material/stop:"):
            st.markdown("Cancel this simulation? The lessons done so far stay, but it cannot go on.")
            button("Cancel", ":material/stop:", "primary")
    if run.status in ("finished", "cancelled"):
        st.page_link(NEW, label="Try another way of choosing", icon=":material/add_circle:")


def body(engine: data.Engine, run_id: str, drawn: tuple[str, str]) -> None:
    """All that changes while a run goes on. Has the whole page drawn again once the run's state is another than ``drawn``."""
    with guarded():
        run = data.snapshot(engine, run_id)
        if run.shown != drawn:
            st.rerun()
        st.header(words.literal(sentences.headline(run.exams, run.weak)), anchor=False)
        _state(run)
        if run.answers.empty:
            return
        left, right = st.columns([3, 2], gap="large")
        with left:
            _exams(run)
            _training(run)
        with right:
            _answers(run)


def _state(run: data.Snapshot) -> None:
    """Where the run is, or why it is not going on."""
    if run.status in ("starting", "running"):
        if run.answers.empty:
            components.steps(sentences.first_steps(run.status, run.stage))
        st.progress(run.share_done, text=f"{run.doing} You can close this page; the simulation goes on.")
    elif run.status == "failed":
        components.problem(StudentsimError(run.problem, run.remedy), details=run.error)
    elif note := sentences.standing(run.status, run.turn, run.turns, place=run.place):
        st.info(note, icon=words.status(run.status)[2])


def _exams(run: data.Snapshot) -> None:
    components.picture(
        "How many new questions does it answer rightly?",
        charts.exam_accuracy(
            run.exams, strategy=run.config.strategy, turns=run.turns, guessing=run.guessing, revision=run.run_id
        ),
        run.exams,
        key=f"watch.exams.{run.run_id}",
        alt=sentences.headline(run.exams),
        columns=EXAM_COLUMNS,
    )


def _training(run: data.Snapshot) -> None:
    st.subheader("What happens while it learns?", anchor=False)
    names = {key: view.name for key, view in rewards.VIEWS.items()}
    chosen = st.segmented_control(
        "View",
        list(names),
        format_func=names.__getitem__,
        default="margins",
        required=True,
        key="watch.view",
        label_visibility="collapsed",
        wrap=True,
    )
    view = rewards.VIEWS[chosen or "margins"]
    if warning := rewards.alert(run.steps):
        st.warning(warning, icon=":material/trending_down:")
    sentence = rewards.sentence(chosen or "margins", run.steps)
    st.markdown(words.literal(sentence))
    if run.steps.empty:
        return
    figure = charts.training(run.steps, run.validations, view, turns=run.turns, revision=run.run_id)
    st.plotly_chart(
        figure, width="stretch", key=f"watch.rewards.{run.run_id}.{chosen}", config=charts.CONFIG, alt=sentence
    )
    st.caption(f"In the field's words: {view.term}. Held-out pairs are never learnt from.")
    components.numbers(run.steps, key=f"watch.steps.{run.run_id}", columns=STEP_COLUMNS)


def _answers(run: data.Snapshot) -> None:
    st.subheader("Its latest answers", anchor=False)
    for row in run.answers.to_dict("records"):
        components.answer(row)
