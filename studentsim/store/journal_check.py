"""Checks a journal line by line: checksums, gaps, and exams whose totals are not those of their answers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studentsim.errors import JournalError
from studentsim.store.journal_lines import EventOrder, parse_line
from studentsim.store.tables import build_event_rows


@dataclass(frozen=True)
class JournalReport:
    """What a check found. A journal without ``problems`` and ``incomplete_bytes`` is whole."""

    checked_lines: int
    """Lines whose checksum is right."""
    unchecked_lines: int
    """Lines of versions before 0.2, which have no checksum."""
    superseded_lines: int
    """Lines of a worker that had lost its lease, and lines that stand there twice: they do not count."""
    problems: tuple[str, ...]
    """What is wrong, by line."""
    sound_bytes: int
    """The journal is sound up to here: before the first damaged line or gap."""
    incomplete_bytes: int
    """Bytes after the last line feed: a writer died there, or the line feed is damaged."""
    is_ended: bool
    """Whether its last event is a RunEnded."""

    @property
    def is_whole(self) -> bool:
        """Whether nothing is damaged, missing or incomplete."""
        return not self.problems and not self.incomplete_bytes


def check_journal(path: Path) -> JournalReport:
    """Check all of a journal.

    :raises JournalError: it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise JournalError(
            f"{path} cannot be read: {error.strerror}.", "Check that it is there and readable."
        ) from error
    *lines, rest = data.split(b"\n")
    order, exams = EventOrder(), _ExamTotals()
    counts: Counter[str] = Counter()
    problems: list[str] = []
    sound_bytes, position, last_type = 0, 0, ""
    for number, line in enumerate(lines, 1):
        position += len(line) + 1
        event = parse_line(line)
        if event is None:
            problems.append(f"line {number} is damaged")
            continue
        previous_seq = order.seq
        does_count = order.admit(event)
        if order.problem:
            problems.append(f"line {number} does not follow: {order.problem}")
            order.epoch, order.seq = event.get("lease", 0), event["seq"]
        elif does_count and (problem := _describe_misfit(event) or exams.add(event)):
            problems.append(f"line {number}: {problem}")
        elif not problems:
            sound_bytes = position
        counts["checked" if "lease" in event else "unchecked"] += 1
        if order.superseded_from is not None:
            counts["superseded"] += previous_seq + 1 - order.superseded_from
        counts["superseded"] += not does_count and not order.problem
        last_type = event["type"] if does_count else last_type
    return JournalReport(
        counts["checked"], counts["unchecked"], counts["superseded"], tuple(problems), sound_bytes, len(rest), last_type == "RunEnded"
    )  # fmt: skip


def _describe_misfit(event: dict[str, Any]) -> str:
    """Which field of an event does not fit its table; blank: all do."""
    try:
        build_event_rows("", [event])
    except JournalError as error:
        return error.problem
    return ""


class _ExamTotals:
    """Compares each exam's totals with the answers before it."""

    def __init__(self) -> None:
        self._answers: dict[tuple[int, str], bool] = {}

    def add(self, event: dict[str, Any]) -> str:
        """Take the next event; what is wrong with it, or blank."""
        if event["type"] == "AnswerRecorded" and event.get("phase") == "exam" and event.get("attempt", 1) == 1:
            self._answers[event["turn"], str(event.get("question_id"))] = bool(event.get("is_correct"))
        elif event["type"] == "RunResumed":
            self._answers = {key: right for key, right in self._answers.items() if key[0] <= event["turn"]}
        elif event["type"] == "ExamFinished":
            answers = [right for (turn, _), right in self._answers.items() if turn == event["turn"]]
            found, stated = (sum(answers), len(answers)), (event.get("correct"), event.get("questions"))
            if found != stated:
                return (
                    f"the exam after turn {event['turn']} states {stated[0]} of {stated[1]} right, of its answers {found[0]} of "
                    f"{found[1]} are"
                )
        return ""
