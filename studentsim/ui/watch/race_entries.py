"""The runs of a race: what each is called and how it is drawn, and what their exams bear to be said. No streamlit here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from studentsim.analysis import claims
from studentsim.analysis.run_groups import distinct_labels
from studentsim.analysis.setting_differences import differing_settings
from studentsim.config import RunConfig
from studentsim.labels import formatting, teacher_settings
from studentsim.labels.formatting import append_interval, format_score, pluralize
from studentsim.labels.strategy_styles import STRATEGY_STYLES, StrategyStyle, strategy_style

FAIR_RACE_SETTINGS = ("seed", "exam_seed", "exam", "bank", "model", "questions")
"""Settings that must be alike for a race to be fair."""


@dataclass(frozen=True)
class RaceEntry:
    """One run of a race: its name (what sets it apart from the others), its look, its exams, its lesson."""

    run_id: str
    name: str
    style: StrategyStyle
    exams: pd.DataFrame


def entry_names(configs: Sequence[RunConfig]) -> list[str]:
    """What sets each apart: the way of choosing, the student, the teacher, or any other setting; a number where that is not enough."""
    strategy_names = [formatting.capitalize_first(formatting.strategy_label(c)) for c in configs]
    students = [formatting.student_title(c) for c in configs]
    teachers = [teacher_settings.teaching_label(teacher_settings.teaching_settings(c)) for c in configs]
    if len(set(strategy_names)) == len(strategy_names):
        distinct_names = strategy_names
    elif len(set(students)) == len(students):
        distinct_names = students
    elif len(set(teachers)) == len(teachers):
        distinct_names = [formatting.capitalize_first(t) for t in teachers]
    elif len(set(setting_labels := distinct_labels(configs))) == len(configs):
        distinct_names = setting_labels  # whatever else sets them apart
    else:
        distinct_names = [
            c.name or f"{s}: {w.lower()}" for c, s, w in zip(configs, students, strategy_names, strict=True)
        ]
    return [name if distinct_names.count(name) == 1 else f"{name} ({i})" for i, name in enumerate(distinct_names, 1)]


def entry_styles(configs: Sequence[RunConfig]) -> list[StrategyStyle]:
    """Each strategy's own look; where two are alike, looks in a row, since then they tell the students apart."""
    strategy_styles = [strategy_style(c.strategy) for c in configs]
    return (
        strategy_styles
        if len({id(shown) for shown in strategy_styles}) == len(strategy_styles)
        else list(STRATEGY_STYLES.values())[: len(configs)]
    )


def describe_unfairness(configs: Sequence[RunConfig]) -> str:
    """What a reader must know if the runs did not sit the same exam under the same conditions; else nothing."""
    if set(differing_settings(configs)) <= {"turns", "questions"}:
        return ""  # their length is what was let differ
    different = [name for name in FAIR_RACE_SETTINGS if len({getattr(c, name) for c in configs}) > 1]
    if not different:
        return ""
    listed = ", ".join(name.replace("_", " ") for name in different)
    return f"These runs differ in more than a race should: {listed}. What sets their curves apart may be that."


def last_common_exam_turn(entries: Sequence[RaceEntry]) -> int | None:
    """The lesson at which racers are compared: that of the last exam that all have sat; None: there is none yet."""
    turns = [set(lane.exams.turn) for lane in entries]
    common = set.intersection(*turns) if turns else set()
    return int(max(common)) if common else None


def find_leader(entries: Sequence[RaceEntry]) -> int | None:
    """Which racer is ahead of all others by more than luck, where they are ``last_common_exam_turn``, after a lesson at least; None: nobody is."""
    turn = last_common_exam_turn(entries)
    if not turn or len(entries) < 2:
        return None
    rows = [_exam_after(lane, turn) for lane in entries]
    best = max(range(len(rows)), key=lambda i: rows[i].accuracy)
    return best if all(_is_behind(row, rows[best], len(rows)) for i, row in enumerate(rows) if i != best) else None


def describe_standings(entries: Sequence[RaceEntry], statuses: Sequence[str] = ()) -> str:
    """Who is ahead at the last exam that all have sat, as far as the counts bear it; before it how the race stands, by the runs'
    ``statuses``."""
    turn = last_common_exam_turn(entries)
    if turn is None:
        return _describe_before_first_exam(statuses)
    further_progress = _describe_further_progress(entries, turn)
    result = _describe_result(
        entries,
        turn,
        f"After {pluralize(turn, 'lesson')}{', the last exam that all have sat,' if further_progress else ''}",
    )
    return f"{result} {further_progress}".rstrip()


def describe_queue(statuses: Sequence[str]) -> str:
    """How many of a race wait for a free place; blank where none does."""
    count = statuses.count("queued")
    if not count:
        return ""
    who = (
        f"{'Both' if count == 2 else f'All {count}'} wait"
        if count == len(statuses) > 1
        else _format_waiting_count(count)
    )
    return f"{who} for a free place on this computer and {'starts by itself' if count == 1 else 'start by themselves'}."


def _format_waiting_count(count: int) -> str:
    return f"{count} {'waits' if count == 1 else 'wait'}"


def _describe_before_first_exam(statuses: Sequence[str]) -> str:
    """How a race stands of which not all have sat an exam yet."""
    queue_text = describe_queue(statuses)
    if not statuses or any(status in formatting.STATUSES_WITH_WORKER for status in statuses):
        return f"The race is on. Who leads shows once all have sat their first exam. {queue_text}".rstrip()
    if queue_text:
        return f"The race has not begun yet. {queue_text}"
    if any(status in formatting.RESUMABLE_STATUSES for status in statuses):
        return "The race stands still. Who leads shows once all have sat their first exam."
    return "The race ended before all had sat their first exam."


def _describe_result(entries: Sequence[RaceEntry], turn: int, when: str) -> str:
    rows = [(lane.name, _exam_after(lane, turn)) for lane in entries]
    rows.sort(key=lambda row: -row[1].accuracy)
    if turn == 0:
        return f"All have sat the first exam, before any lesson: {_format_score_range(rows)}."
    (best, first), rest = rows[0], rows[1:]
    behind = [name for name, row in rest if _is_behind(row, first, len(rows))]
    leader_score = append_interval(
        format_score(first.correct, first.questions), first.low, first.high, int(first.questions)
    )
    if not behind:
        level = rows[0][1].accuracy == rows[-1][1].accuracy
        small = "" if level else " Differences as small as these may be luck."
        return f"{when} nobody is clearly ahead: {_format_score_range(rows)}.{small}"
    if len(behind) == len(rest):
        return f"{when} “{best}” is ahead of {_join_quoted(behind)} by more than luck: {leader_score}. {_describe_runner_up(rest)}".rstrip()
    not_behind = [name for name, row in rest if not _is_behind(row, first, len(rows))]
    return f"{when} “{best}”, at {leader_score}, is ahead of {_join_quoted(behind)} by more than luck, but not clearly of {_join_quoted(not_behind)}."


def _exam_after(entry: RaceEntry, turn: int) -> pd.Series:
    """A racer's exam after that lesson."""
    return entry.exams[entry.exams.turn == turn].iloc[0]


def _is_behind(row: pd.Series, best: pd.Series, racer_count: int) -> bool:
    """Whether one racer's exam lies below another's by more than luck, any two of the ``racer_count`` being compared."""
    counts = ((int(exam.correct), int(exam.questions)) for exam in (best, row))
    return claims.significant_change(*counts, comparisons=racer_count * (racer_count - 1) // 2) < 0


def _describe_further_progress(entries: Sequence[RaceEntry], turn: int) -> str:
    """Who has gone on to which lesson since; nothing where nobody has."""
    last = {lane.name: int(lane.exams.turn.iloc[-1]) for lane in entries}
    groups = {
        at: [name for name, last_turn in last.items() if last_turn == at]
        for at in sorted(set(last.values()))
        if at > turn
    }
    parts = []
    for at, names in groups.items():
        verb = "" if parts else " has gone on" if len(names) == 1 else " have gone on"
        parts.append(f"{_join_quoted(names)}{verb} to lesson {at}")
    return f"{', '.join(parts)}." if parts else ""


def _format_score_range(rows: list[tuple[str, pd.Series]]) -> str:
    (_, top), (_, last) = rows[0], rows[-1]
    low, high = (format_score(row.correct, row.questions) for row in (last, top))
    return f"between {low} and {high}" if low != high else f"{high} each"


def _describe_runner_up(rest: list[tuple[str, pd.Series]]) -> str:
    runner_up = [
        f"“{name}” has {append_interval(format_score(row.correct, row.questions), row.low, row.high, int(row.questions))}"
        for name, row in rest[:1]
    ]
    return f"Next, {runner_up[0]}." if runner_up else ""


def _join_quoted(names: Sequence[str]) -> str:
    quoted = [f"“{name}”" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
