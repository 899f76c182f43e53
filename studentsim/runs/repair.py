"""Checks what a run has on the disk, and repairs it: what is sound is kept, the rest of the run is done again."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from dataclasses import dataclass

from studentsim.config import RunConfig
from studentsim.errors import RunError, StudentsimError
from studentsim.events import RunEnded
from studentsim.files import fsync_path, read_small_file, write_atomically
from studentsim.runs import checkpoints
from studentsim.runs.history import read_past_events, run_started_event, sum_worked_seconds
from studentsim.runs.lease import Lease, current_lease
from studentsim.runs.run_dir import RunFolder
from studentsim.store.journal_check import JournalReport, check_journal
from studentsim.store.journal_writer import JournalWriter

REPAIRED_MESSAGE = "The journal was damaged and has been repaired: what stood before the damage is kept."


@dataclass(frozen=True)
class RunCheck:
    """What was found about a run's files; ``problems`` in words, empty if all is sound."""

    run_id: str
    journal: JournalReport | None
    """None: there is none yet, or it cannot be read."""
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()
    """What is no damage, but worth knowing."""


def check_run(folder: RunFolder) -> RunCheck:
    """Check a run's settings, journal and checkpoints."""
    problems, notes = [], []
    try:
        folder.read_config()
        if not _has_config_file(folder):
            problems.append("settings: config.json cannot be read; the journal holds them too")
    except StudentsimError as error:
        problems.append(f"settings: {error.problem}")
    report = None
    try:
        report = check_journal(folder.journal_path) if folder.journal_path.exists() else None
    except OSError as error:
        problems.append(f"journal: it cannot be read ({error.strerror})")
    except StudentsimError as error:
        problems.append(f"journal: {error.problem}")
    if report:
        problems += [f"journal: {problem}" for problem in report.problems]
        if report.incomplete_bytes and not _is_at_work(folder):
            text = f"journal: the last {report.incomplete_bytes} bytes are an incomplete line"
            (notes if not report.is_ended else problems).append(text)
        missing = _count_missing_events(folder)
        if missing:
            problems.append(f"journal: the last {missing} events are missing")
        if report.unchecked_lines:
            notes.append(f"{report.unchecked_lines} lines of an earlier version have no checksum: unchecked")
        if report.superseded_lines:
            notes.append(f"{report.superseded_lines} lines do not count: their worker had lost its lease")
    for turn in checkpoints.list_turns(folder.checkpoints):
        damage = checkpoints.describe_damage(folder.checkpoints, turn)
        if damage and checkpoints.checkpoint_path(folder.checkpoints, turn).exists():  # else pruned by a worker since
            problems.append(f"checkpoint of turn {turn}: {damage}")
    return RunCheck(folder.run_id, report, tuple(problems), tuple(notes))


def repair_run(folder: RunFolder) -> list[str]:
    """Keep a run's sound events and checkpoints and put the rest aside; returns what was done, in words. Writes.

    The damaged journal stays beside it as ``events.damaged-1.jsonl``. A run that has lost events is paused: resumed, it does the rest
    again.

    :raises RunError: a worker is at work on it, or its settings are neither in their file nor in its journal.
    :raises LeaseLost: a worker was faster.
    """
    if _is_at_work(folder):
        raise RunError(f"The run {folder.run_id} is at work.", "Pause it first.")
    done = _restore_config(folder)
    with closing(Lease.acquire(folder)) as lease:  # from here on no worker begins
        check = check_run(folder)
        for turn in checkpoints.list_turns(folder.checkpoints):
            if checkpoints.describe_damage(folder.checkpoints, turn):
                shutil.rmtree(checkpoints.checkpoint_path(folder.checkpoints, turn))
                done.append(f"removed the damaged checkpoint of turn {turn}")
        if any(problem.startswith("journal") for problem in check.problems):
            if check.journal and not check.journal.is_whole:
                done.append(_cut_journal(folder, check.journal))
            _mark_paused(folder, lease)
    return done


def _mark_paused(folder: RunFolder, lease: Lease) -> None:
    """Let a journal that has lost its end say so. Writes."""
    events = read_past_events(folder)
    if events and events[-1]["type"] == "RunEnded":
        return
    with JournalWriter(folder.journal_path, epoch=lease.info.epoch, confirm=lease.ensure_current) as journal:
        if not events:
            journal.append(run_started_event(folder, folder.read_config()))
        turn = max(0, events[-1]["turn"]) if events else 0
        seconds = round(sum_worked_seconds(events), 3)
        remedy = "Resume: the rest of the run is done again."
        journal.append(RunEnded(turn, "paused", seconds, message=REPAIRED_MESSAGE, remedy=remedy))
        journal.sync()
        lease.note_last_event(journal.next_seq - 1)


def _cut_journal(folder: RunFolder, report: JournalReport) -> str:
    path = folder.journal_path
    number = 1
    while (aside := path.with_name(f"events.damaged-{number}.jsonl")).exists():
        number += 1
    shutil.copyfile(path, aside)
    fsync_path(aside)
    sound = path.read_bytes()[: report.sound_bytes]
    temporary = path.with_name(".events-repaired")
    temporary.write_bytes(sound)
    fsync_path(temporary)
    os.replace(temporary, path)
    fsync_path(path.parent)
    line_count = len(sound.splitlines())
    return f"kept {line_count} sound lines of the journal; the damaged one is {aside.name} now"


def _has_config_file(folder: RunFolder) -> bool:
    try:
        RunConfig.from_json(read_small_file(folder.path / "config.json"))
    except (OSError, StudentsimError):
        return False
    return True


def _restore_config(folder: RunFolder) -> list[str]:
    """Write settings that cannot be read anew from the journal's first event. Writes."""
    if _has_config_file(folder):
        return []
    write_atomically(folder.path / "config.json", folder.read_config().model_dump_json())
    return ["wrote the settings anew, from the journal"]


def _count_missing_events(folder: RunFolder) -> int:
    """How many events the last worker wrote that the journal no longer has."""
    lease = current_lease(folder)
    if lease is None or lease.last_seq < 0:
        return 0
    events = _read_events_or_none(folder)
    return 0 if events is None else max(0, lease.last_seq - (events[-1]["seq"] if events else -1))


def _read_events_or_none(folder: RunFolder) -> list[dict[str, object]] | None:
    """The journal's events, or None where it is damaged."""
    try:
        return read_past_events(folder)
    except StudentsimError:
        return None


def _is_at_work(folder: RunFolder) -> bool:
    lease = current_lease(folder)
    return lease is not None and lease.is_alive
