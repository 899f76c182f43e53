"""What is practised, and which mistakes led to it, on Watch: for one run, for the runs of a race, and for a projector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from studentsim.ui import category_names, charts, components, glossary, mix_sentences, mix_table, words
from studentsim.ui.mix_table import MixTable, Row
from studentsim.ui.watch import plot
from studentsim.ui.watch.pulse import Snapshot

HALVES = "Upper, orange: mistakes in an exam. Lower, blue: questions of the lessons after it. The darker, the larger the share."
LATEST = (
    "Upper, orange: mistakes in the last exam that a lesson came after. Lower, blue: questions of that lesson. The darker, the larger "
    "the share."
)
COLUMNS = {
    "turn": "lesson", "category": "category", "practised": "questions practised", "planned": "planned after the exam",
    "exam_turn": "exam before it, after lesson", "wrong": "wrong in that exam", "asked": "asked in that exam",
}  # fmt: skip


def section(run: Snapshot) -> None:
    """Picture, sentences and numbers of one run; nothing before its first exam is over."""
    if not run.mistakes:
        return
    question = "Which mistakes led to which practice?" if run.config.follows_mistakes else "What does it practise?"
    st.subheader(question, anchor=False, help=glossary.help("mix"))
    st.markdown(words.literal(sentence(run)))
    plot.plot(picture(run), key=f"watch.mix.{run.run_id}")
    note = HALVES if run.config.follows_mistakes else f"{HALVES} {mix_sentences.BESIDE}"
    if any(line.kind == "next" for line in table(run).lines):
        note += " Hatched: what the last exam asks for."
    st.caption(words.literal(note))
    if apart := mix_sentences.departures(run.config, run.practised):
        st.caption(words.literal(apart))
    if run.practised:
        components.numbers(pd.DataFrame(run.practised), key=f"watch.mix.numbers.{run.run_id}", columns=COLUMNS)


def sentence(run: Snapshot) -> str:
    """The last exam's mistakes and what they lead to, or what else the mix rests on."""
    return mix_sentences.current(run.config, run.practised, run.mistakes, going_on=_going_on(run))


def table(run: Snapshot) -> MixTable:
    """Exams and lessons in order, made once for all viewers."""
    version = (run.seqs["turns"], run.seqs["exams"])
    return run.once(
        "mix.table", version, lambda: mix_table.table(run.practised, run.mistakes, follows=run.config.follows_mistakes)
    )


def picture(run: Snapshot) -> bytes:
    """Mistakes above, practice below, by category and lesson."""

    def made() -> bytes:
        figure = charts.mix_by_lesson(table(run), exam_turns=run.config.exam_turns(), revision=run.run_id)
        return plot.packed(figure, alt=f"Mistakes and practice by category and lesson. {sentence(run)}")

    return run.once("picture.mix", (run.seqs["turns"], run.seqs["exams"], _going_on(run)), made)


# ------------------------------------------------------------------ several runs


def race(runs: Sequence[Snapshot], names: Sequence[str]) -> None:
    """What each run of a race practised after its last exam, beside that exam's mistakes; nothing before anyone has begun a lesson."""
    if not any(run.practised for run in runs):
        return
    st.subheader("What does each practise, and after which mistakes?", anchor=False, help=glossary.help("mix"))
    plot.plot(_race_picture(runs, names), key="watch.race.mix")
    st.caption(LATEST)
    for run, name in zip(runs, names, strict=True):
        if said := sentence(run):
            st.markdown(words.literal(f"{name}: {said}"))
    frame = pd.concat([pd.DataFrame(run.practised).assign(name=name) for run, name in zip(runs, names, strict=True)])
    components.numbers(frame, key="watch.race.mix.numbers", columns={"name": "who", **COLUMNS})


def _race_picture(runs: Sequence[Snapshot], names: Sequence[str]) -> bytes:
    def made() -> bytes:
        columns, ways = mix_table.side_by_side([_latest(run) for run in runs])
        told = [(name, *counts) for name, counts in zip(names, ways, strict=True)]
        said = " ".join(f"{name}: {sentence(run)}" for run, name in zip(runs, names, strict=True))
        return plot.packed(
            charts.mix_by_way(told, columns, revision=ids), alt=f"Mistakes and practice of each by category. {said}"
        )

    ids = ",".join(run.run_id for run in runs)
    version = tuple((run.seqs["turns"], run.seqs["exams"], _going_on(run)) for run in runs), tuple(names)
    return runs[0].once(f"picture.race.mix.{ids}", version, made)


def _latest(run: Snapshot) -> tuple[list[Row], list[Row]]:
    return mix_table.latest(run.practised, run.mistakes, going_on=_going_on(run))


def _going_on(run: Snapshot) -> bool:
    """Whether more lessons may come."""
    return not run.over and run.turn < run.turns


# ------------------------------------------------------------------ for a projector


def card(run: Snapshot) -> dict[str, Any]:
    """What a room reads of the mix: the sentence, and by category the last exam's mistakes and the lesson's questions; beside other runs
    only the category with the ``most`` mistakes. Empty before the first exam is over."""
    if not run.mistakes:
        return {}
    exam, lesson = _latest(run)
    columns, ((mistakes, questions),) = mix_table.side_by_side([(exam, lesson)])
    parts = [
        {"name": category_names.label(column, columns), "mistakes": wrong, "questions": practised if lesson else None}
        for column, wrong, practised in zip(columns, mistakes, questions, strict=True)
    ]
    return {
        "sentence": sentence(run),
        "follows": run.config.follows_mistakes,
        "parts": parts,
        "most": most(columns, mistakes, questions if lesson else None),
    }


def most(columns: Sequence[str], mistakes: Sequence[int], questions: Sequence[int] | None) -> str:
    """``Most mistakes in physics: 49 of 87; 22 of 40 questions practise it.``, by which runs are told from one another in a line."""
    total, top = sum(mistakes), max(mistakes, default=0)
    if not total:
        return "No mistake in the last exam."
    first = [i for i, wrong in enumerate(mistakes) if wrong == top]
    if len(first) > 1:
        return f"No category has the most mistakes alone: {len(first)} have {top} of {total} each."
    name = category_names.in_sentence(columns[first[0]], columns)
    told = f"Most mistakes in {name}: {top} of {total}"
    return f"{told}; {questions[first[0]]} of {sum(questions)} questions practise it." if questions else f"{told}."
