"""What Compare draws: the sentence, the curves, the categories, practice, settings, and the way to each run."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from studentsim.ui import category_names, charts, components, shell, words
from studentsim.ui.compare import captions, choice, data, mix, paper, second_tries, sentences, settings
from studentsim.ui.compare.groups import Group, Run, marked
from studentsim.ui.data import Engine
from studentsim.ui.drawn import drawn

EVERY = 2.0
"""Seconds from one refresh to the next while one of the runs goes on."""

CURVE_COLUMNS = {
    "label": "way", "turn": "lessons so far", "correct": "right", "questions": "questions", "accuracy": "share right",
    "low": "95 % from", "high": "95 % to", "runs": "runs", "from": "from",
}  # fmt: skip
CATEGORY_COLUMNS = {"category": "category", **{k: v for k, v in CURVE_COLUMNS.items() if k != "turn"}}
DIFFERENCE_COLUMNS = {
    "label": "way", "reference": "compared with", "lessons": "after lessons", "gained": "more right, of 100", "low": "95 % from",
    "high": "95 % to", "verdict": "so", "runs": "runs", "questions": "same questions", "only_this": "only this one right",
    "only_other": "only the other right", "p_value": "p (McNemar)",
}  # fmt: skip
UNFOLDED = 8
"""Runs that are listed without being asked for; of more, each way's are folded away."""
HAND_ON = ("Watch", "Answers", "Weaknesses")
"""Pages that each run can be looked at on."""


def body(engine: Engine, run_ids: list[str], alive: bool, fresh: list[dict[str, Run]]) -> None:
    """All that follows from the choice; it draws itself again while a run goes on. Once none does, the page is drawn anew.

    ``fresh`` holds the runs that the page has just asked for; taken out, since they are fresh once.
    """
    with shell.guarded():
        known = fresh.pop() if fresh else data.all_runs(engine)
        runs = [known[run_id] for run_id in run_ids if run_id in known]
        if not runs:
            st.info("The chosen simulations are gone. Choose others above.", icon=":material/info:")
            return
        seen = data.comparison(engine, runs)
        if alive and not any(run.status in words.ALIVE for run in runs):  # also those that count once with another
            st.rerun()
        _said(seen)
        _exams(seen)
        _differences(seen)
        _categories(seen)
        mix.section(engine, seen.groups)
        _practice(seen)
        second_tries.section(engine, seen.groups)
        _settings(seen.groups)
        _runs(seen)


def _said(seen: data.Comparison) -> None:
    apart = sentences.not_comparable(seen.groups)
    if seen.told:
        st.header(words.literal(sentences.opening(seen.told, alive=seen.alive)), anchor=False)
    elif len(seen.groups) == 1:
        st.header(words.literal(sentences.one_way(seen.groups[0], seen.exams)), anchor=False)
        chosen = st.session_state.get("compare.runs", [])
        like = {"like": seen.groups[0].runs[0].run_id, "beside": ",".join(chosen)}
        st.page_link(
            shell.NEW, label="Start the same with another way", icon=":material/add_circle:", query_params=like
        )
    elif not apart:
        st.header(words.literal(sentences.nothing_shared(seen.groups, alive=seen.alive)), anchor=False)
    if apart:
        draw = st.markdown if seen.told else st.header
        draw(words.literal(apart))
    chosen = captions.hardly_chose(seen.groups, seen.looked_at)
    for note in [*sentences.caveats(seen.compared, seen.told), *chosen, *captions.left_out(seen.left_out, (), 0)]:
        st.markdown(words.literal(note))


def _exams(seen: data.Comparison) -> None:
    if seen.exams.empty:
        return
    question = st.container()
    published = paper.published() if choice.paper_wanted() else None
    key = f"compare.exams.{'paper' if published is not None else 'own'}"
    frame = seen.exams.assign(**{"from": "here"})
    if published is not None:
        theirs = published.assign(label="Paper: " + published.strategy, runs=1, **{"from": paper.TITLE})
        frame = pd.concat([frame, theirs], ignore_index=True)
    runs = seen.exam_runs[seen.exam_runs.label != seen.exam_runs.group].assign(runs=1, **{"from": "here, one run"})
    with question:
        figure = drawn(
            charts.compare,
            seen.exams,
            seen.exam_runs,
            turns=seen.turns,
            chance=seen.chance,
            published=published,
            revision=key,
        )
        components.picture(
            "How many never-practised questions does each answer rightly?",
            figure,
            pd.concat([frame, runs], ignore_index=True),
            key=key,
            alt=captions.picture(seen.exams),
            columns=CURVE_COLUMNS,
        )
        st.caption(words.literal(captions.how_drawn(seen.groups)))
    if published is not None:
        st.caption(words.literal(captions.published(paper.SOURCE, paper.QUESTIONS, overlap=paper.all_overlap())))


def _differences(seen: data.Comparison) -> None:
    if not seen.told:
        return
    with st.expander(
        "How sure is that? Every difference, with its interval", key="compare.sure", on_change="rerun"
    ) as fold:
        if not fold.open:
            return
        rows = pd.DataFrame([sentences.table_row(d) for d in seen.told])
        rows[["label", "reference"]] = rows[["label", "reference"]].replace(marked(seen.groups))
        st.dataframe(
            rows.rename(columns=DIFFERENCE_COLUMNS).dropna(axis="columns", how="all"), hide_index=True, width="stretch"
        )
        st.caption(words.literal(captions.method(seen.told)))


def _categories(seen: data.Comparison) -> None:
    if seen.turn is None or seen.categories.empty:
        return
    after = f"after {words.plural(seen.turn, 'lesson')}" if seen.turn else "before any lesson"
    own = list(seen.categories.category.drop_duplicates())
    shown = seen.categories.assign(category=[category_names.label(name, own) for name in seen.categories.category])
    components.picture(
        f"Which categories does each answer rightly, {after}?",
        drawn(charts.by_category, shown, chance=seen.chance, revision="compare"),
        shown,
        key="compare.categories",
        alt=captions.picture(shown, of="category"),
        columns=CATEGORY_COLUMNS,
    )
    st.caption(words.literal(f"{captions.few(seen.categories)} {category_names.unclear(own)}"))


def _practice(seen: data.Comparison) -> None:
    if seen.practice.empty:
        return
    with st.expander(
        "How did practice go? Not a contest: the exam decides", key="compare.lessons", on_change="rerun"
    ) as fold:
        if not fold.open:
            return
        nobody = seen.practice.iloc[:0].assign(group="")
        shown = {"turns": seen.turns, "chance": seen.chance, "bands": 2, "revision": "practice"}
        components.picture(
            "How many practice questions did each answer rightly?",
            drawn(charts.compare, seen.practice, nobody, **shown),
            seen.practice,
            key="compare.practice",
            alt=captions.picture(seen.practice),
            columns=CURVE_COLUMNS,
        )
        st.caption(
            "Each practised other questions. A way that looks for mistakes gets the harder ones, so its practice looks worse while it "
            "may teach better."
        )


def _settings(groups: list[Group]) -> None:
    st.subheader("In what do they differ?", anchor=False)
    configs = [g.config for g in groups]
    names = [name for name in settings.differing(configs) if name not in ("seed", "turns")]
    table = {
        f"{settings.NAMES[name].capitalize()} ({name})": [settings.said(name, c) for c in configs] for name in names
    }
    table["Luck of the draw (seed)"] = [", ".join(str(run.config.seed) for run in g.runs) for g in groups]
    table["Lessons done, of those planned (turns)"] = [
        ", ".join(dict.fromkeys(f"{max(0, run.turn)} of {run.config.turns}" for run in g.runs)) for g in groups
    ]
    frame = pd.DataFrame(table, index=[words.literal(label) for label in marked(groups).values()]).map(words.literal)
    st.table(frame if len(groups) > len(table) else frame.T)  # the way in which it is narrower, for a phone
    st.caption(words.literal(captions.alike(groups)))


def _runs(seen: data.Comparison) -> None:
    st.subheader("Look closer at one", anchor=False)
    several = sum(len(group.runs) for group in seen.groups) > UNFOLDED
    for i, group in enumerate(seen.groups):
        if not several:
            _listed(group)
            continue
        label = (
            f"{group.label}: {words.plural(len(group.runs), 'run')}, {words.seeds([r.config.seed for r in group.runs])}"
        )
        fold = st.expander(words.literal(label), key=f"compare.closer.{i}", on_change="rerun")
        if fold.open:
            with fold:
                _listed(group)


def _listed(group: Group) -> None:
    pages = [(script, name, icon) for script, name, icon in shell.PAGES if name in HAND_ON]
    for run in group.runs:
        with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            _run(run)
            with st.container(horizontal=True, width="content"):
                for script, name, icon in pages:
                    st.page_link(script, label=name, icon=icon, query_params={"run": run.run_id})


def _run(run: Run) -> None:
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        st.markdown(f"**{words.literal(run.label)}**", width="content")
        if not run.label.endswith(seed := f"seed {run.config.seed}"):
            st.caption(seed, width="content")
        components.status_badge(run.status)
        if run.recorded:
            st.badge("recorded", icon=":material/history:", color="gray")
