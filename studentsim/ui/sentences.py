"""Sentences written from a run's figures, claiming only what those bear. No streamlit here.

Frames are those of ``studentsim/store/queries.py``: accuracies, and their 95 % bounds, are fractions 0 to 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from studentsim.analysis import claims
from studentsim.ui import category_names
from studentsim.ui.teaching import judgement
from studentsim.ui.titles import slip_of
from studentsim.ui.words import FEWEST, STAGES, bounded, duration, durations, hundred, plural, score


def headline(exams: pd.DataFrame, weak: pd.DataFrame | None = None) -> str:
    """The sentence a results page opens with: where the student stands, where it began, where it is weakest."""
    if exams.empty:
        return "There is no exam result yet. The first exam comes before any teaching."
    last, first = exams.iloc[-1], exams.iloc[0]
    now = bounded(
        f"{score(last.correct, last.questions)} never-practised questions rightly", last.low, last.high, last.questions
    )
    if int(last.turn) == 0:
        return f"Before any lesson this student answers {now}."
    text = f"After {plural(int(last.turn), 'lesson')} this student answers {now}{_since(first, last)}."
    return f"{text}{_weakest(weak)}"


def _since(first: pd.Series, last: pd.Series) -> str:
    began = score(first.correct, first.questions) if first.questions < FEWEST else hundred(first.accuracy)
    changed = claims.change(*((int(row.correct), int(row.questions)) for row in (first, last)))
    return f"; it began at {began}" if changed else f"; it began at {began}, which is no clear change yet"


def _weakest(weak: pd.DataFrame | None) -> str:
    """The weakest category, if it is below the whole by more than luck; else nothing."""
    if weak is None or len(weak) < 2:
        return ""
    whole = int(weak.correct.sum()), int(weak.questions.sum())
    counts = [(int(row.correct), int(row.questions)) for row in weak.itertuples()]
    behind = weak[[claims.behind(count, whole, of=len(weak)) for count in counts]]
    if behind.empty:
        return ""
    row = behind.sort_values("accuracy").iloc[0]
    told = bounded(score(row.correct, row.questions), row.low, row.high, row.questions)
    return f" It is weakest in {category_names.in_sentence(row.category, weak.category)}: {told}."


def progress(turn: int, turns: int, seconds_left: float | None) -> str:
    """``Lesson 7 of 20, about 24 seconds left.``"""
    where = f"Lesson {turn} of {turns}" if turn else f"Before lesson 1 of {turns}"
    return f"{where}, about {duration(seconds_left)} left." if seconds_left is not None else f"{where}."


def result(correct: int, questions: int, turn: int, interval: str = "") -> str:
    """One exam in a few words, for lists: ``61 of 100 (55 to 67) right after 12 lessons``."""
    when = f"after {plural(turn, 'lesson')}" if turn else "before any lesson"
    return " ".join(filter(None, [score(correct, questions), interval, "right", when]))


# ------------------------------------------------------------------ where a run stands


def first_steps(status: str, stage: str, loaded: str = "") -> list[tuple[str, bool]]:
    """The way to the first answer, each step with whether it is done. ``loaded`` says so of a language model, as Markdown; blank: the
    embedded student, which needs no such step.
    """
    started = status not in ("queued", "starting") or bool(stage)
    ready = started and stage not in ("", "loading")
    steps = [("A place on this computer is free", status != "queued")]
    if loaded:
        steps += [("The programs that it needs are loaded", bool(stage)), (loaded, ready)]
    else:
        steps.append(("The student is getting ready", ready))
    return [*steps, ("It sits its first exam, before any lesson", False)]


def loaded(model: str, *, small: bool) -> str:
    """The step in which a language model is loaded, with how long that takes: a ``small`` one is of the catalogue."""
    return f"{model} is loaded: about {'10 seconds' if small else '10 seconds, or minutes for a large one'}"


def not_writing(stage: str, *, ticked: bool) -> str:
    """Why no answer is growing just now, by what goes on; ``ticked``: in exams options are compared, and nothing is written."""
    if stage == "exam" and ticked:
        return "Nothing is being written just now: in exams it ticks an option without writing."
    return (
        f"Nothing is being written just now. {STAGES[stage]}."
        if stage in STAGES
        else "Nothing is being written just now."
    )


def standing(status: str, turn: int, turns: int, *, place: int = 0) -> str:
    """Why a run is not going on, and what to do; empty while it runs."""
    safe = "Nothing is lost" if not turn else f"Lesson {turn} is safe" if turn == 1 else f"Lessons 1 to {turn} are safe"
    return {
        "paused": f"Paused after {plural(turn, 'lesson')} of {turns}. Resume goes on from there.",
        "interrupted": f"The simulation was interrupted. {safe}; Resume goes on from there.",
        "cancelled": f"Cancelled after {plural(turn, 'lesson')} of {turns}. What it did so far stays here.",
        "not responding": f"The simulation has not been heard of for a while. {safe}. Wait a little, or press Resume to start it afresh.",
        "queued": f"Other simulations are at work. This one is number {max(1, place)} in the queue and starts by itself.",
    }.get(status, "")


def doing(stage: str, done: int, items: int) -> str:
    """What is going on within a lesson: ``The student practises: 12 of 40.``"""
    if stage not in STAGES:
        return ""
    return f"{STAGES[stage]}: {min(done, items)} of {items}." if items and done else f"{STAGES[stage]}."


def estimate(low: float, high: float, runs: int) -> str:
    """What a run, or a race, will take, in seconds, beside its Start button; judged by ``runs`` runs on this computer."""
    told = durations(low, high)
    if not runs:
        return f"About {told} on a computer with two processor cores that does nothing else."
    if told == duration(high):
        return f"About {told} on this computer when nothing else runs."
    return (
        f"About {told} on this computer, going by its last {plural(runs, 'simulation')}; longer while other work runs."
    )


def others_first(at_work: int, waiting: int, *, places: int, starting: int = 1) -> str:
    """What other simulations mean for ``starting`` new ones, of which ``places`` are worked on at a time; blank where there are none."""
    if not at_work + waiting:
        return ""
    if at_work:
        ahead = f"{plural(at_work, 'simulation')} at work" + (f", {waiting} more in the queue" if waiting else "")
    else:
        ahead = f"{plural(waiting, 'simulation')} in the queue"
    those, these = ("it", "this one") if at_work + waiting == 1 else ("them", "this one")
    if starting > 1:
        these = "these"
    if at_work + waiting >= places:
        then = f"{these} {'starts' if starting == 1 else 'start'} when there is room, so it takes that much longer"
    else:
        then = f"beside {those} {these} {'takes' if starting == 1 else 'take'} longer"
    return f"{ahead}: {then}."


def takes(what: str, low: float, high: float, runs: int) -> str:
    """``20 lessons of 24 take about 15 minutes on two processor cores.``: a run that is not set up yet, judged by ``runs`` of them."""
    where = f"on this computer, going by its last {plural(runs, 'simulation')}" if runs else "on two processor cores"
    return f"{what} take about {durations(low, high)} {where}."


# ------------------------------------------------------------------ one answer


def options_of(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The options of an answer's row, as they were asked."""
    return json.loads(row["options"]) if isinstance(row["options"], str) else list(row["options"])


def where(row: Mapping[str, Any], categories: Iterable[str]) -> str:
    """When an answer was given: ``lesson 3, practice · probability``; ``categories`` are all of the run's."""
    if row["phase"] == "exam":
        when = f"exam after lesson {row['turn']}" if row["turn"] else "first exam"
    else:
        when = f"lesson {row['turn']}, {judgement.asked_in(row)}"
    return f"{when} · {category_names.label(row['category'], categories)}"


def verdict(row: Mapping[str, Any]) -> str:
    """What was ticked, what was right, the slip behind it, and a mark that was not the key's. Plain text: it holds what others wrote."""
    return f"{_ticked(row)} {judgement.in_short(row)}".rstrip()


def _ticked(row: Mapping[str, Any]) -> str:
    texts = {o["letter"]: f"{o['letter']}) {o['text']}" for o in options_of(row)}
    right = texts.get(row["correct"], row["correct"])
    if row["right"]:
        return f"Ticked {right}."
    if not row["letter"]:
        return f"Ticked nothing: no option shows its result. Right: {right}."
    slip = slip_of(row["misconception"])
    return f"Ticked {texts.get(row['letter'], row['letter'])}. Right: {right}." + (
        f" Its slip: {slip.title}." if slip else ""
    )
