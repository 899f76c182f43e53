"""The parts of Watch for one run: its head with the buttons, and the body that redraws itself while the run goes on."""

from __future__ import annotations

import streamlit as st

from studentsim.errors import StudentsimError
from studentsim.ui import (
    category_names,
    charts,
    components,
    data,
    glossary,
    language_models,
    lookups,
    rewards,
    sentences,
    words,
)
from studentsim.ui.new.estimate import exams
from studentsim.ui.shell import ANSWERS, COMPARE, NEW, WATCH, WEAKNESSES, guarded, term_link
from studentsim.ui.watch import links, mix, pictures, plot, practice, pulse, teacher, technical, writing
from studentsim.ui.weak import known_to

EVERY, EAGER, IDLE = 1.0, 0.5, 3.0
"""Seconds from one refresh to the next while a run goes on; while it has no answer yet; while it stands still, but someone
else may resume it."""

EXAM_COLUMNS = {
    "turn": "lessons so far", "correct": "right", "questions": "questions", "accuracy": "share right",
    "low": "95 % from", "high": "95 % to",
    "unanswered": "unanswered", "p_right": "P(right working)", "seconds": "seconds",
}  # fmt: skip
LESSON_COLUMNS = {
    "turn": "lesson", "correct": "right", "questions": "questions", "accuracy": "share right", "low": "95 % from",
    "high": "95 % to", "pairs": "pairs learnt from", "seconds": "seconds",
}  # fmt: skip
CELL_COLUMNS = {"turn": "lessons so far", "row": "category", "correct": "right", "questions": "questions"}
STEP_COLUMNS = {
    "turn": "lesson", "step": "step", "steps": "of steps", "loss": "loss", "rewards_chosen": "rewards/chosen",
    "rewards_rejected": "rewards/rejected", "rewards_margins": "rewards/margins", "rewards_accuracies": "rewards/accuracies",
    "logps_chosen": "logps/chosen", "logps_rejected": "logps/rejected", "rehearsal": "rehearsal, nat²",
}  # fmt: skip


def page(engine: data.Engine, run_id: str) -> None:
    """One run: its head, and its body, which keeps itself up to date while the run goes on."""
    run = pulse.look(engine, run_id)
    _header(engine, run)
    st.fragment(_body, run_every=every([run]))(engine, run_id, run.shown)


def every(runs: list[pulse.Snapshot]) -> float | None:
    """Seconds from refresh to refresh; None: nothing can change any more."""
    if all(run.over for run in runs):
        return None
    if not any(run.alive for run in runs):
        return IDLE
    return EAGER if any(run.alive and run.answers.empty for run in runs) else EVERY


# ------------------------------------------------------------------ head


def _header(engine: data.Engine, run: pulse.Snapshot) -> None:
    """Title, state, and the buttons that fit the state."""
    components.page_title(run.title, words.who(run.config), place=f"Watch {run.run_id}")
    with st.container(horizontal=True, vertical_alignment="center"):
        components.status_badge(run.status)
        components.recorded_badge(run.recorded)
        if version := words.student_version(run.config):
            st.caption(words.capital(version), width="content")
        if run.alive and run.state.request:
            st.caption(words.REQUESTS.get(run.state.request, run.state.request), width="content")
        else:
            _buttons(engine, run)
        st.page_link(
            WATCH,
            label="Show it to a room",
            icon=":material/slideshow:",
            query_params=links.run(run.run_id, present=True),
        )
        components.keeps(components.LINK)
    if run.notice:
        st.warning(words.literal(run.notice), icon=":material/history:")


def _buttons(engine: data.Engine, run: pulse.Snapshot) -> None:
    def button(label: str, icon: str, type: str = "secondary") -> None:
        what = label.lower()
        args = (engine, what, [run.run_id])
        st.button(label, icon=icon, type=type, key=f"watch.{what}", on_click=pulse.act, args=args)

    if run.status in ("queued", "starting", "running"):
        button("Pause", ":material/pause:")
    if run.status in words.RESUMABLE:
        button("Resume", ":material/play_arrow:", "primary")
    if run.status in words.CANCELLABLE:
        with st.popover("Stop for good", icon=":material/stop:"):
            st.markdown("Cancel this simulation? The lessons done so far stay, but it cannot go on.")
            button("Cancel", ":material/stop:", "primary")


# ------------------------------------------------------------------ body


def _body(engine: data.Engine, run_id: str, drawn: tuple[str, str, bool]) -> None:
    """All that changes while a run goes on. Has the whole page drawn again once the run's state is another than ``drawn``."""
    with guarded():
        run = pulse.look(engine, run_id)
        if run.shown != drawn:
            st.rerun()
        st.header(words.literal(sentences.headline(run.exams, run.weak)), anchor=False)
        _state(run)
        if run.answers.empty:
            if run.writing:  # nothing is below it that could jump
                writing_now(run)
            return
        left, right = st.columns([3, 2], gap="large")
        with left:
            _pictures(engine, run)
        with right:
            writing_now(run)
            st.subheader("Its latest answers", anchor=False)
            for row in run.answers.to_dict("records"):
                components.answer(row, run.categories)


def _state(run: pulse.Snapshot) -> None:
    """Where the run is, why it is not going on, or, at its end, the ways on."""
    if run.status in ("starting", "running"):
        if run.answers.empty:
            components.steps(sentences.first_steps(run.status, _reached(run), _model(run)))
        st.progress(run.share_done, text=f"{run.doing} You can close this page; the simulation goes on.")
    elif run.status == "failed":
        state = run.state
        problem = StudentsimError(
            state.message or "The simulation stopped.", state.remedy or "Resume goes on after the last complete lesson."
        )
        components.problem(problem, details=state.error)
    elif run.status == "finished":
        ways_on([run.run_id])
    elif note := sentences.standing(run.status, run.turn, run.turns, place=run.state.place):
        st.info(note, icon=words.status(run.status)[2])


def _reached(run: pulse.Snapshot) -> str:
    """The stage of a run that has no answer yet. The state's word counts: the journal may be ahead of a worker that died."""
    return (run.stage if run.stage == "loading" else "") if run.status == "starting" else "exam"


def _model(run: pulse.Snapshot) -> str:
    """What a run's language model is called, with how long loading it takes; blank: the embedded student, which is there at once."""
    if run.config.model == "embedded":
        return ""
    small = language_models.known(run.config.model) is not None
    return words.literal(sentences.loaded(words.student(run.config), small=small))


def writing_now(run: pulse.Snapshot) -> None:
    """What a language model is writing; while the run is at work its place stays, whatever goes on."""
    if run.writes:
        writing.place(
            run.writing,
            idle=sentences.not_writing(run.stage, ticked=exams(run.config) == "scored"),
            key=f"watch.writing.{run.run_id}",
        )


def ways_on(run_ids: list[str]) -> None:
    """What to look at next, for one run or for the runs of a race."""
    one, several = {"run": run_ids[0]}, {"runs": ",".join(run_ids)}
    ways = [
        (WEAKNESSES, "Where is it weak?", ":material/target:", one),
        (COMPARE, "Compare with another way", ":material/compare_arrows:", several),
        (ANSWERS, "Read the answers", ":material/list_alt:", one),
        (NEW, "Run it again with changes", ":material/add_circle:", {"like": run_ids[0]}),
    ]
    if len(run_ids) > 1:
        ways = [(COMPARE, "Compare them in full", ":material/compare_arrows:", several)]
    with st.container(horizontal=True):
        for script, label, icon, params in ways:
            st.page_link(script, label=label, icon=icon, query_params=params)
        components.keeps(components.LINK)


def picture(question: str, packed: bytes, *, key: str, sentence: str = "") -> None:
    """A live picture under the question it answers."""
    st.subheader(question, anchor=False)
    if sentence:
        st.markdown(words.literal(sentence))
    plot.plot(packed, key=key)


def _pictures(engine: data.Engine, run: pulse.Snapshot) -> None:
    id = run.run_id
    picture("How many never-practised questions does it answer rightly?", pictures.exams(run), key=f"watch.exams.{id}")
    if run.config.bank == "curriculum":
        st.caption(words.OF_KNOWN_KINDS)
    components.numbers(run.exams, key=f"watch.exams.numbers.{id}", columns=EXAM_COLUMNS)
    if len(run.cells):
        picture("Which categories are still weak?", pictures.heatmap(run), key=f"watch.heatmap.{id}")
        hatched = " Hatched: fewer than 10 answers, shown as a count." if charts.hatched(run.cells) else ""
        st.caption(
            f"Right answers of 100 in each exam{known_to(run.cells)}.{hatched} {category_names.unclear(run.cells.row)}"
        )
        components.numbers(run.cells, key=f"watch.heatmap.numbers.{id}", columns=CELL_COLUMNS)
    mix.section(run)
    if len(run.lessons):
        sentence = practice.sentence(run.lessons, run.config.strategy, own_mix=bool(run.config.mix))
        picture("How did the practice go?", pictures.lessons(run), key=f"watch.lessons.{id}", sentence=sentence)
        _choosing(run)
        components.numbers(run.lessons, key=f"watch.lessons.numbers.{id}", columns=LESSON_COLUMNS)
    teacher.block(engine, run)
    _training(engine, run)


def _choosing(run: pulse.Snapshot) -> None:
    """What the way of choosing looked at, and a warning where it hardly chooses; nothing for ways that do not look."""
    looked = lookups.from_frame(run.looked_at)
    if warning := lookups.warning(looked):
        st.warning(words.literal(warning), icon=":material/rule:")
    elif said := lookups.sentence(looked):
        st.markdown(words.literal(said))
    if looked:
        st.caption(words.literal(lookups.rule(looked, run.config.threshold)))


def _training(engine: data.Engine, run: pulse.Snapshot) -> None:
    st.subheader("What happens while it learns?", anchor=False, help=glossary.help("dpo"))
    if run.config.strategy == "none":
        st.markdown("Nothing: this student is never taught. Any change in its exams is luck.")
        return
    names = {key: view.name for key, view in rewards.VIEWS.items()}
    chosen = st.segmented_control(
        "View", list(names), format_func=names.__getitem__, default=rewards.USUAL, required=True, key="watch.view",
        label_visibility="collapsed", wrap=True, bind="query-params",
    ) or rewards.USUAL  # fmt: skip
    learning = run.config.learning
    version = run.seqs["steps"], run.seqs["validations"], run.seqs["exams"]
    warning, sentence = run.once(
        f"words.{chosen}",
        version,
        lambda: (
            rewards.alert(run.validations, run.exams, learning),
            rewards.sentence(chosen, run.steps, run.validations, learning),
        ),
    )
    if warning:
        st.warning(words.literal(warning), icon=":material/trending_down:")
    st.markdown(words.literal(sentence))
    if run.steps.empty:
        return
    plot.plot(pictures.training(run, chosen), key=f"watch.rewards.{run.run_id}.{chosen}")
    view = rewards.VIEWS[chosen]
    start = f"{rewards.compared_with(learning)} " if view.unit == "reward" else ""
    st.caption(
        f"{start}In the field's words: {view.term}. Held-out pairs are never learnt from.",
        help=glossary.help("held-out-pairs"),
    )
    term_link(view.explained)
    components.numbers(run.steps, key=f"watch.steps.{run.run_id}", columns=STEP_COLUMNS)
    technical.section(engine, run)
