"""The runs of a race: what each is called and how it is drawn, and what their exams bear to be said. No streamlit here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from studentsim.analysis import claims
from studentsim.config import RunConfig
from studentsim.ui import words
from studentsim.ui.compare.groups import labels
from studentsim.ui.compare.settings import differing
from studentsim.ui.looks import STRATEGIES, Look, look
from studentsim.ui.teaching import names as teaching
from studentsim.ui.words import bounded, plural, score

FAIR = ("seed", "exam_seed", "exam", "bank", "model", "questions")
"""Settings that must be alike for a race to be fair."""


@dataclass(frozen=True)
class Lane:
    """One run of a race: its name (what sets it apart from the others), its look, its exams, its lesson."""

    run_id: str
    name: str
    look: Look
    exams: pd.DataFrame


def names(configs: Sequence[RunConfig]) -> list[str]:
    """What sets each apart: the way of choosing, the student, the teacher, or any other setting; a number where that is not enough."""
    ways = [words.capital(words.way(c)) for c in configs]
    students = [words.student(c) for c in configs]
    teachers = [teaching.short(teaching.of(c)) for c in configs]
    if len(set(ways)) == len(ways):
        told = ways
    elif len(set(students)) == len(students):
        told = students
    elif len(set(teachers)) == len(teachers):
        told = [words.capital(t) for t in teachers]
    elif len(set(apart := labels(configs))) == len(configs):
        told = apart  # whatever else sets them apart
    else:
        told = [c.name or f"{s}: {w.lower()}" for c, s, w in zip(configs, students, ways, strict=True)]
    return [name if told.count(name) == 1 else f"{name} ({i})" for i, name in enumerate(told, 1)]


def looks(configs: Sequence[RunConfig]) -> list[Look]:
    """Each strategy's own look; where two are alike, looks in a row, since then they tell the students apart."""
    own = [look(c.strategy) for c in configs]
    return own if len({id(shown) for shown in own}) == len(own) else list(STRATEGIES.values())[: len(configs)]


def unfair(configs: Sequence[RunConfig]) -> str:
    """What a reader must know if the runs did not sit the same exam under the same conditions; else nothing."""
    if set(differing(configs)) <= {"turns", "questions"}:
        return ""  # their length is what was let differ
    different = [name for name in FAIR if len({getattr(c, name) for c in configs}) > 1]
    if not different:
        return ""
    told = ", ".join(name.replace("_", " ") for name in different)
    return f"These runs differ in more than a race should: {told}. What sets their curves apart may be that."


def compared(lanes: Sequence[Lane]) -> int | None:
    """The lesson at which racers are compared: that of the last exam that all have sat; None: there is none yet."""
    turns = [set(lane.exams.turn) for lane in lanes]
    common = set.intersection(*turns) if turns else set()
    return int(max(common)) if common else None


def leader(lanes: Sequence[Lane]) -> int | None:
    """Which racer is ahead of all others by more than luck, where they are ``compared``, after a lesson at least; None: nobody is."""
    turn = compared(lanes)
    if not turn or len(lanes) < 2:
        return None
    rows = [_sat(lane, turn) for lane in lanes]
    best = max(range(len(rows)), key=lambda i: rows[i].accuracy)
    return best if all(_behind(row, rows[best], len(rows)) for i, row in enumerate(rows) if i != best) else None


def headline(lanes: Sequence[Lane], statuses: Sequence[str] = ()) -> str:
    """Who is ahead at the last exam that all have sat, as far as the counts bear it; before it how the race stands, by the runs'
    ``statuses``."""
    turn = compared(lanes)
    if turn is None:
        return _before_it(statuses)
    further = _further(lanes, turn)
    told = _told(
        lanes, turn, f"After {plural(turn, 'lesson')}{', the last exam that all have sat,' if further else ''}"
    )
    return f"{told} {further}".rstrip()


def waiting(statuses: Sequence[str]) -> str:
    """How many of a race wait for a free place; blank where none does."""
    count = statuses.count("queued")
    if not count:
        return ""
    who = f"{'Both' if count == 2 else f'All {count}'} wait" if count == len(statuses) > 1 else _some(count)
    return f"{who} for a free place on this computer and {'starts by itself' if count == 1 else 'start by themselves'}."


def _some(count: int) -> str:
    return f"{count} {'waits' if count == 1 else 'wait'}"


def _before_it(statuses: Sequence[str]) -> str:
    """How a race stands of which not all have sat an exam yet."""
    waits = waiting(statuses)
    if not statuses or any(status in words.AT_WORK for status in statuses):
        return f"The race is on. Who leads shows once all have sat their first exam. {waits}".rstrip()
    if waits:
        return f"The race has not begun yet. {waits}"
    if any(status in words.RESUMABLE for status in statuses):
        return "The race stands still. Who leads shows once all have sat their first exam."
    return "The race ended before all had sat their first exam."


def _told(lanes: Sequence[Lane], turn: int, when: str) -> str:
    rows = [(lane.name, _sat(lane, turn)) for lane in lanes]
    rows.sort(key=lambda row: -row[1].accuracy)
    if turn == 0:
        return f"All have sat the first exam, before any lesson: {_spread(rows)}."
    (best, first), rest = rows[0], rows[1:]
    behind = [name for name, row in rest if _behind(row, first, len(rows))]
    told = bounded(score(first.correct, first.questions), first.low, first.high, int(first.questions))
    if not behind:
        level = rows[0][1].accuracy == rows[-1][1].accuracy
        small = "" if level else " Differences as small as these may be luck."
        return f"{when} nobody is clearly ahead: {_spread(rows)}.{small}"
    if len(behind) == len(rest):
        return f"{when} “{best}” is ahead of {_listed(behind)} by more than luck: {told}. {_rest(rest)}".rstrip()
    near = [name for name, row in rest if not _behind(row, first, len(rows))]
    return f"{when} “{best}”, at {told}, is ahead of {_listed(behind)} by more than luck, but not clearly of {_listed(near)}."


def _sat(lane: Lane, turn: int) -> pd.Series:
    """A racer's exam after that lesson."""
    return lane.exams[lane.exams.turn == turn].iloc[0]


def _behind(row: pd.Series, best: pd.Series, racers: int) -> bool:
    """Whether one racer's exam lies below another's by more than luck, any two of the ``racers`` being compared."""
    counts = ((int(exam.correct), int(exam.questions)) for exam in (best, row))
    return claims.change(*counts, of=racers * (racers - 1) // 2) < 0


def _further(lanes: Sequence[Lane], turn: int) -> str:
    """Who has gone on to which lesson since; nothing where nobody has."""
    last = {lane.name: int(lane.exams.turn.iloc[-1]) for lane in lanes}
    groups = {at: [name for name, own in last.items() if own == at] for at in sorted(set(last.values())) if at > turn}
    parts = []
    for at, names in groups.items():
        verb = "" if parts else " has gone on" if len(names) == 1 else " have gone on"
        parts.append(f"{_listed(names)}{verb} to lesson {at}")
    return f"{', '.join(parts)}." if parts else ""


def _spread(rows: list[tuple[str, pd.Series]]) -> str:
    (_, top), (_, last) = rows[0], rows[-1]
    low, high = (score(row.correct, row.questions) for row in (last, top))
    return f"between {low} and {high}" if low != high else f"{high} each"


def _rest(rest: list[tuple[str, pd.Series]]) -> str:
    told = [
        f"“{name}” has {bounded(score(row.correct, row.questions), row.low, row.high, int(row.questions))}"
        for name, row in rest[:1]
    ]
    return f"Next, {told[0]}." if told else ""


def _listed(names: Sequence[str]) -> str:
    quoted = [f"“{name}”" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
