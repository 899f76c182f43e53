"""Sentences on one run and its answers, claiming only what its figures bear. No streamlit.

Frames are those of ``studentsim/store/queries``: accuracies and their 95 % bounds are fractions 0 to 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from studentsim.analysis import claims
from studentsim.labels import category_names
from studentsim.labels.formatting import (
    MIN_QUESTIONS_FOR_PERCENT,
    STAGE_LABELS,
    format_duration,
    format_duration_range,
    format_result,
    format_score,
    pluralize,
    round_percent,
)
from studentsim.labels.titles import find_misconception
from studentsim.narration import grades


def results_headline(exams: pd.DataFrame, category_scores: pd.DataFrame | None = None) -> str:
    """A results page's first sentence: the last exam's score, the first one's, and the weakest category."""
    if exams.empty:
        return "There is no exam result yet. The first exam comes before any teaching."
    last, first = exams.iloc[-1], exams.iloc[0]
    result = format_result(last, " never-practised questions rightly")
    if int(last.turn) == 0:
        return f"Before any lesson this student answers {result}."
    text = f"After {pluralize(int(last.turn), 'lesson')} this student answers {result}{_describe_change(first, last)}."
    return f"{text}{_describe_weakest_category(category_scores)}"


def _describe_change(first: pd.Series, last: pd.Series) -> str:
    initial_score = (
        format_score(first.correct, first.questions)
        if first.questions < MIN_QUESTIONS_FOR_PERCENT
        else round_percent(first.accuracy)
    )
    changed = claims.significant_change(*map(claims.right_of_total, (first, last)))
    return f"; it began at {initial_score}{'' if changed else ', which is no clear change yet'}"


def _describe_weakest_category(category_scores: pd.DataFrame | None) -> str:
    """The weakest category, if it is significantly below the rest; else blank."""
    if category_scores is None or len(category_scores) < 2:
        return ""
    below_average = category_scores[claims.are_below_rest(category_scores)]
    if below_average.empty:
        return ""
    row = below_average.sort_values("accuracy").iloc[0]
    name = category_names.inline_category_label(row.category, category_scores.category)
    return f" It is weakest in {name}: {format_result(row)}."


def describe_progress(turn: int, turns: int, seconds_left: float | None) -> str:
    """``Lesson 7 of 20, about 24 seconds left.``"""
    where = f"Lesson {turn} of {turns}" if turn else f"Before lesson 1 of {turns}"
    return f"{where}, about {format_duration(seconds_left)} left." if seconds_left is not None else f"{where}."


def format_exam_result(correct: int, total: int, turn: int, interval: str = "") -> str:
    """One exam in a few words, for lists: ``61 of 100 (55 to 67) right after 12 lessons``."""
    return " ".join(filter(None, [format_score(correct, total), interval, "right", exam_time_label(turn)]))


def exam_time_label(turn: int) -> str:
    """When an exam was sat: ``after 12 lessons``."""
    return f"after {pluralize(turn, 'lesson')}" if turn else "before any lesson"


# ------------------------------------------------------------------ a run's progress


def startup_steps(status: str, stage: str, loading_step: str = "") -> list[tuple[str, bool]]:
    """The steps to the first answer, each with whether it is done.

    ``loading_step``, as Markdown, is a language model's; blank for the embedded student, which has none.
    """
    started = status not in ("queued", "starting") or bool(stage)
    ready = started and stage not in ("", "loading")
    steps = [("A place on this computer is free", status != "queued")]
    if loading_step:
        steps += [("The programs that it needs are loaded", bool(stage)), (loading_step, ready)]
    else:
        steps.append(("The student is getting ready", ready))
    return [*steps, ("It sits its first exam, before any lesson", False)]


def model_loading_step(model: str, *, from_catalogue: bool) -> str:
    """The step in which a language model is loaded, with how long that takes; ``from_catalogue``: it is one of the catalogue."""
    return f"{model} is loaded: about {'10 seconds' if from_catalogue else '10 seconds, or minutes for a large one'}"


def describe_writing_pause(stage: str, *, options_only: bool) -> str:
    """Why no answer is being written now, by stage; ``options_only``: exams score the options and write nothing."""
    if stage == "exam" and options_only:
        return "Nothing is being written just now: in exams it ticks an option without writing."
    return (
        f"Nothing is being written just now. {STAGE_LABELS[stage]}."
        if stage in STAGE_LABELS
        else "Nothing is being written just now."
    )


def describe_stopped_run(status: str, turn: int, turns: int, *, queue_position: int = 0) -> str:
    """Why a run does not go on, and what to do; blank while it runs. ``queue_position`` counts from 1."""
    saved = (
        "Nothing is lost" if not turn else f"Lesson {turn} is safe" if turn == 1 else f"Lessons 1 to {turn} are safe"
    )
    return {
        "paused": f"Paused after {pluralize(turn, 'lesson')} of {turns}. Resume goes on from there.",
        "interrupted": f"The simulation was interrupted. {saved}; Resume goes on from there.",
        "cancelled": f"Cancelled after {pluralize(turn, 'lesson')} of {turns}. What it did so far stays here.",
        "not responding": f"The simulation has not been heard of for a while. {saved}. Wait a little, or press Resume to start it afresh.",
        "queued": f"Other simulations are at work. This one is number {max(1, queue_position)} in the queue and starts by itself.",
    }.get(status, "")


def describe_stage(stage: str, done: int, total: int) -> str:
    """The current stage of a turn: ``The student practises: 12 of 40.``"""
    if stage not in STAGE_LABELS:
        return ""
    return f"{STAGE_LABELS[stage]}: {min(done, total)} of {total}." if total and done else f"{STAGE_LABELS[stage]}."


def describe_estimated_duration(low: float, high: float, past_runs: int) -> str:
    """How long a run or a race will take (``ci_low`` to ``ci_high`` seconds), estimated from ``past_runs`` runs on this computer."""
    duration_text = format_duration_range(low, high)
    if not past_runs:
        return f"About {duration_text} on a computer with two processor cores that does nothing else."
    if duration_text == format_duration(high):
        return f"About {duration_text} on this computer when nothing else runs."
    return f"About {duration_text} on this computer, going by its last {pluralize(past_runs, 'simulation')}; longer while other work runs."


def describe_queue_ahead(running: int, waiting: int, *, slots: int, starting: int = 1) -> str:
    """How other runs delay ``starting`` new ones, where ``slots`` run at a time; blank where no other run is running or waiting."""
    if not running + waiting:
        return ""
    if running:
        ahead = f"{pluralize(running, 'simulation')} at work" + (f", {waiting} more in the queue" if waiting else "")
    else:
        ahead = f"{pluralize(waiting, 'simulation')} in the queue"
    those = "it" if running + waiting == 1 else "them"
    these = "this one" if starting == 1 else "these"
    if running + waiting >= slots:
        then = f"{these} {'starts' if starting == 1 else 'start'} when there is room, so it takes that much longer"
    else:
        then = f"beside {those} {these} {'takes' if starting == 1 else 'take'} longer"
    return f"{ahead}: {then}."


def describe_planned_duration(workload: str, low: float, high: float, past_runs: int) -> str:
    """How long a run not yet configured will take: ``20 lessons of 24 take about 15 minutes on two processor cores.``"""
    basis = (
        f"on this computer, going by its last {pluralize(past_runs, 'simulation')}"
        if past_runs
        else "on two processor cores"
    )
    return f"{workload} take about {format_duration_range(low, high)} {basis}."


# ------------------------------------------------------------------ one answer


def parse_options(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The options of an answer's row, in order: ``letter``, ``text`` and, where known, ``misconception``."""
    return json.loads(row["options"]) if isinstance(row["options"], str) else list(row["options"])


def answer_context_label(row: Mapping[str, Any], categories: Iterable[str]) -> str:
    """Where an answer was given: ``lesson 3, practice · probability``; ``categories`` are all of the run's."""
    if row["phase"] == "exam":
        when = f"exam after lesson {row['turn']}" if row["turn"] else "first exam"
    else:
        when = f"lesson {row['turn']}, {grades.practice_label(row)}"
    return f"{when} · {category_names.category_label(row['category'], categories)}"


def describe_answer(row: Mapping[str, Any]) -> str:
    """The chosen and the correct option, the misconception, and a grade that departs from the key. Plain text others wrote."""
    return f"{_describe_choice(row)} {grades.describe_grading_briefly(row)}".rstrip()


def _describe_choice(row: Mapping[str, Any]) -> str:
    texts = {o["letter"]: f"{o['letter']}) {o['text']}" for o in parse_options(row)}
    correct_option = texts.get(row["correct"], row["correct"])
    if row["is_correct"]:
        return f"Ticked {correct_option}."
    if not row["letter"]:
        return f"Ticked nothing: no option shows its result. Right: {correct_option}."
    misconception = find_misconception(row["misconception"])
    return f"Ticked {texts.get(row['letter'], row['letter'])}. Right: {correct_option}." + (
        f" Its slip: {misconception.title}." if misconception else ""
    )
