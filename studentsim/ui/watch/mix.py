"""The category mix on Watch: what is practised after which mistakes, for one run, a race, and the presentation view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from studentsim.analysis import mix_table
from studentsim.analysis.mix_table import MixRow, MixTable
from studentsim.labels import category_names
from studentsim.narration import mix_summary
from studentsim.ui import charts, components, literal
from studentsim.ui.watch import plot
from studentsim.ui.watch.live_run import RunSnapshot

RUN_MIX_CAPTION = "Upper, orange: mistakes in an exam. Lower, blue: questions of the lessons after it. The darker, the larger the share."
RACE_MIX_CAPTION = (
    "Upper, orange: mistakes in the last exam that a lesson came after. Lower, blue: questions of that lesson. The darker, the larger "
    "the share."
)
MIX_COLUMNS = {
    "turn": "lesson", "category": "category", "practised": "questions practised", "planned": "planned after the exam",
    "exam_turn": "exam before it, after lesson", "wrong": "wrong in that exam", "asked": "asked in that exam",
}  # fmt: skip


def render_run_mix(run: RunSnapshot) -> None:
    """Figure, sentences and numbers of one run; nothing before its first exam is over."""
    if not run.mistakes:
        return
    question = "Which mistakes led to which practice?" if run.config.follows_mistakes else "What does it practise?"
    literal.subheader(question, term="mix")
    literal.markdown(describe_mix(run))
    plot.render_packed_figure(pack_mix_figure(run), key=f"watch.mix.{run.run_id}")
    note = RUN_MIX_CAPTION if run.config.follows_mistakes else f"{RUN_MIX_CAPTION} {mix_summary.MISTAKES_NOT_USED_NOTE}"
    if any(line.kind == "next" for line in build_mix_table(run).lines):
        note += " Hatched: what the last exam asks for."
    literal.caption(note)
    if departures := mix_summary.describe_mix_departures(run.config, run.practised):
        literal.caption(departures)
    if run.practised:
        components.render_figure_data(
            pd.DataFrame(run.practised), key=f"watch.mix.numbers.{run.run_id}", columns=MIX_COLUMNS
        )


def describe_mix(run: RunSnapshot) -> str:
    """The last exam's mistakes and the practice they lead to, or what else decides the mix."""
    return mix_summary.describe_current_mix(run.config, run.practised, run.mistakes, is_running=_has_turns_left(run))


def build_mix_table(run: RunSnapshot) -> MixTable:
    """Exams and turns in order, cached for all viewers."""
    version = (run.last_seqs["turns"], run.last_seqs["exams"])
    return run.cache.get_or_compute(
        "mix.table",
        version,
        lambda: mix_table.build_mix_table(run.practised, run.mistakes, follows_mistakes=run.config.follows_mistakes),
    )


def pack_mix_figure(run: RunSnapshot) -> bytes:
    """The figure: mistakes above, practice below, by category and turn."""

    def build() -> bytes:
        figure = charts.mix_by_lesson_figure(
            build_mix_table(run), exam_turns=run.config.exam_turns(), revision=run.run_id
        )
        return plot.pack_figure(figure, alt=f"Mistakes and practice by category and lesson. {describe_mix(run)}")

    return run.cache.get_or_compute(
        "picture.mix", (run.last_seqs["turns"], run.last_seqs["exams"], _has_turns_left(run)), build
    )


# ------------------------------------------------------------------ several runs


def render_race_mix(runs: Sequence[RunSnapshot], names: Sequence[str]) -> None:
    """What each run of a race practised after its last exam, with that exam's mistakes; nothing before a turn has begun."""
    if not any(run.practised for run in runs):
        return
    literal.subheader("What does each practise, and after which mistakes?", term="mix")
    plot.render_packed_figure(_pack_race_mix_figure(runs, names), key="watch.race.mix")
    st.caption(RACE_MIX_CAPTION)
    for run, name in zip(runs, names, strict=True):
        if summary := describe_mix(run):
            literal.markdown(f"{name}: {summary}")
    frame = pd.concat([pd.DataFrame(run.practised).assign(name=name) for run, name in zip(runs, names, strict=True)])
    components.render_figure_data(frame, key="watch.race.mix.numbers", columns={"name": "who", **MIX_COLUMNS})


def _pack_race_mix_figure(runs: Sequence[RunSnapshot], names: Sequence[str]) -> bytes:
    def build() -> bytes:
        columns, counts_by_run = mix_table.align_run_mixes([_latest_mix_rows(run) for run in runs])
        named_counts = [(name, *counts) for name, counts in zip(names, counts_by_run, strict=True)]
        summary = " ".join(f"{name}: {describe_mix(run)}" for run, name in zip(runs, names, strict=True))
        return plot.pack_figure(
            charts.mix_by_strategy_figure(named_counts, columns, revision=ids),
            alt=f"Mistakes and practice of each by category. {summary}",
        )

    ids = ",".join(run.run_id for run in runs)
    version = (
        tuple((run.last_seqs["turns"], run.last_seqs["exams"], _has_turns_left(run)) for run in runs),
        tuple(names),
    )
    return runs[0].cache.get_or_compute(f"picture.race.mix.{ids}", version, build)


def _latest_mix_rows(run: RunSnapshot) -> tuple[list[MixRow], list[MixRow]]:
    return mix_table.latest_exam_and_lesson(run.practised, run.mistakes, is_running=_has_turns_left(run))


def _has_turns_left(run: RunSnapshot) -> bool:
    """Whether more lessons may come."""
    return not run.is_over and run.turn < run.planned_turns


# ------------------------------------------------------------------ for a projector


def build_mix_card(run: RunSnapshot) -> dict[str, Any]:
    """The mix for a card of the presentation view; empty before the first exam is over.

    ``sentence``; ``parts``: mistakes and questions of each category; ``follows``: whether the mix follows mistakes; ``most``: the
    category with the most mistakes, shown instead of the parts beside other runs.
    """
    if not run.mistakes:
        return {}
    exam, lesson = _latest_mix_rows(run)
    columns, ((mistakes, questions),) = mix_table.align_run_mixes([(exam, lesson)])
    parts = [
        {
            "name": category_names.category_label(column, columns),
            "mistakes": wrong,
            "questions": practised if lesson else None,
        }
        for column, wrong, practised in zip(columns, mistakes, questions, strict=True)
    ]
    return {
        "sentence": describe_mix(run),
        "follows": run.config.follows_mistakes,
        "parts": parts,
        "most": describe_most_mistakes(columns, mistakes, questions if lesson else None),
    }


def describe_most_mistakes(columns: Sequence[str], mistakes: Sequence[int], questions: Sequence[int] | None) -> str:
    """``Most mistakes in physics: 49 of 87; 22 of 40 questions practise it.``"""
    total, top = sum(mistakes), max(mistakes, default=0)
    if not total:
        return "No mistake in the last exam."
    tied = [i for i, wrong in enumerate(mistakes) if wrong == top]
    if len(tied) > 1:
        return f"No category has the most mistakes alone: {len(tied)} have {top} of {total} each."
    name = category_names.inline_category_label(columns[tied[0]], columns)
    text = f"Most mistakes in {name}: {top} of {total}"
    return f"{text}; {questions[tied[0]]} of {sum(questions)} questions practise it." if questions else f"{text}."
