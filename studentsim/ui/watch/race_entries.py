"""The runs of a race: their names and styles, and sentences about who is ahead. No streamlit here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from studentsim.analysis import claims
from studentsim.analysis.run_groups import distinct_labels
from studentsim.analysis.setting_differences import differing_settings
from studentsim.config import RunConfig
from studentsim.labels import formatting, teacher_settings
from studentsim.labels.formatting import format_result, format_score, join_with_and, pluralize
from studentsim.labels.strategy_styles import STRATEGY_STYLES, StrategyStyle, strategy_style

FAIR_RACE_SETTINGS = ("seed", "exam_seed", "exam_size", "bank", "model", "questions_per_turn")
"""Settings that must be equal for a race to be fair."""


@dataclass(frozen=True)
class RaceEntry:
    """One run of a race: its name (what distinguishes it from the others), style and exams (``queries.fetch_exams``)."""

    run_id: str
    name: str
    style: StrategyStyle
    exams: pd.DataFrame


def entry_names(configs: Sequence[RunConfig]) -> list[str]:
    """Distinct names: by strategy, student, teacher, or any other setting that differs; numbered if that is not enough."""
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
        distinct_names = setting_labels  # by the settings that differ
    else:
        distinct_names = [
            c.name or f"{s}: {w.lower()}" for c, s, w in zip(configs, students, strategy_names, strict=True)
        ]
    return [name if distinct_names.count(name) == 1 else f"{name} ({i})" for i, name in enumerate(distinct_names, 1)]


def entry_styles(configs: Sequence[RunConfig]) -> list[StrategyStyle]:
    """Each strategy's style; where two runs have the same strategy, the first styles in order, to distinguish the runs."""
    strategy_styles = [strategy_style(c.strategy) for c in configs]
    return (
        strategy_styles
        if len({id(style) for style in strategy_styles}) == len(strategy_styles)
        else list(STRATEGY_STYLES.values())[: len(configs)]
    )


def describe_unfairness(configs: Sequence[RunConfig]) -> str:
    """A warning if the runs differ in ``FAIR_RACE_SETTINGS``; else blank."""
    if set(differing_settings(configs)) <= {"turns", "questions_per_turn"}:
        return ""  # a race of lengths
    differing = [name for name in FAIR_RACE_SETTINGS if len({getattr(c, name) for c in configs}) > 1]
    if not differing:
        return ""
    names_text = ", ".join(name.replace("_", " ") for name in differing)
    return f"These runs differ in more than a race should: {names_text}. What makes their curves differ may be that."


def last_common_exam_turn(entries: Sequence[RaceEntry]) -> int | None:
    """The turn of the last exam that all have sat, at which they are compared; None: there is none yet."""
    turns = [set(entry.exams.turn) for entry in entries]
    common = set.intersection(*turns) if turns else set()
    return int(max(common)) if common else None


def find_leader(entries: Sequence[RaceEntry]) -> int | None:
    """Index of the entry significantly ahead of all others at ``last_common_exam_turn``, after at least one turn; None: none is."""
    turn = last_common_exam_turn(entries)
    if not turn or len(entries) < 2:
        return None
    rows = [_exam_after(entry, turn) for entry in entries]
    best = max(range(len(rows)), key=lambda i: rows[i].accuracy)
    return best if all(_is_behind(row, rows[best], len(rows)) for i, row in enumerate(rows) if i != best) else None


def describe_standings(entries: Sequence[RaceEntry], statuses: Sequence[str] = ()) -> str:
    """Who is significantly ahead at the last exam that all have sat; before it, from the runs' ``statuses``, whether the race is on."""
    turn = last_common_exam_turn(entries)
    if turn is None:
        return _describe_before_first_exam(statuses)
    further_progress = _describe_further_progress(entries, turn)
    when = f"After {pluralize(turn, 'lesson')}{', the last exam that all have sat,' if further_progress else ''}"
    return f"{_describe_result(entries, turn, when)} {further_progress}".rstrip()


def describe_queue(statuses: Sequence[str]) -> str:
    """How many runs are queued; blank if none is."""
    count = statuses.count("queued")
    if not count:
        return ""
    if count == len(statuses) > 1:
        who = f"{'Both' if count == 2 else f'All {count}'} wait"
    else:
        who = f"{count} {'waits' if count == 1 else 'wait'}"
    return f"{who} for a free place on this computer and {'starts by itself' if count == 1 else 'start by themselves'}."


def _describe_before_first_exam(statuses: Sequence[str]) -> str:
    """The state of a race in which not all have sat an exam yet."""
    queue_text = describe_queue(statuses)
    if not statuses or any(status in formatting.STATUSES_WITH_WORKER for status in statuses):
        return f"The race is on. Who leads shows once all have sat their first exam. {queue_text}".rstrip()
    if queue_text:
        return f"The race has not begun yet. {queue_text}"
    if any(status in formatting.RESUMABLE_STATUSES for status in statuses):
        return "The race stands still. Who leads shows once all have sat their first exam."
    return "The race ended before all had sat their first exam."


def _describe_result(entries: Sequence[RaceEntry], turn: int, when: str) -> str:
    rows = [(entry.name, _exam_after(entry, turn)) for entry in entries]
    rows.sort(key=lambda row: -row[1].accuracy)
    if turn == 0:
        return f"All have sat the first exam, before any lesson: {_format_score_range(rows)}."
    (best, first), rest = rows[0], rows[1:]
    behind = [name for name, row in rest if _is_behind(row, first, len(rows))]
    leader_score = format_result(first)
    if not behind:
        is_level = rows[0][1].accuracy == rows[-1][1].accuracy
        luck_note = "" if is_level else " Differences as small as these may be chance."
        return f"{when} nobody is clearly ahead: {_format_score_range(rows)}.{luck_note}"
    lead = f"is ahead of {_join_quoted(behind)} by more than chance"
    if len(behind) == len(rest):
        return f"{when} “{best}” {lead}: {leader_score}. {_describe_runner_up(rest)}".rstrip()
    not_behind = [name for name, row in rest if not _is_behind(row, first, len(rows))]
    return f"{when} “{best}”, at {leader_score}, {lead}, but not clearly of {_join_quoted(not_behind)}."


def _exam_after(entry: RaceEntry, turn: int) -> pd.Series:
    """The row of an entry's exam after that turn."""
    return entry.exams[entry.exams.turn == turn].iloc[0]


def _is_behind(row: pd.Series, best: pd.Series, racer_count: int) -> bool:
    """Whether ``row`` is significantly below ``best``, corrected for all pairs of ``racer_count`` runs."""
    pairs = racer_count * (racer_count - 1) // 2
    return claims.significant_change(claims.right_of_total(best), claims.right_of_total(row), comparisons=pairs) < 0


def _describe_further_progress(entries: Sequence[RaceEntry], turn: int) -> str:
    """Which entries have sat a later exam than ``turn``; blank if none has."""
    last_turns = {entry.name: int(entry.exams.turn.iloc[-1]) for entry in entries}
    parts = []
    for later_turn in sorted(t for t in set(last_turns.values()) if t > turn):
        names = [name for name, last_turn in last_turns.items() if last_turn == later_turn]
        verb = "" if parts else " has gone on" if len(names) == 1 else " have gone on"
        parts.append(f"{_join_quoted(names)}{verb} to lesson {later_turn}")
    return f"{', '.join(parts)}." if parts else ""


def _format_score_range(rows: list[tuple[str, pd.Series]]) -> str:
    (_, top), (_, last) = rows[0], rows[-1]
    low, high = (format_score(row.correct, row.questions) for row in (last, top))
    return f"between {low} and {high}" if low != high else f"{high} each"


def _describe_runner_up(rest: list[tuple[str, pd.Series]]) -> str:
    if not rest:
        return ""
    name, row = rest[0]
    return f"Next, “{name}” has {format_result(row)}."


def _join_quoted(names: Sequence[str]) -> str:
    return join_with_and([f"“{name}”" for name in names])
