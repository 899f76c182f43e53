"""Executes a run, for the worker process and the command line alike.

It takes the run's lease, finds the last complete turn, builds the run's components, and writes each event of ``simulate`` to
the journal. A turn is complete once its TurnFinished is on the disk; its checkpoint is written before. A request to pause or
cancel, or a signal, takes effect at the next event: an unfinished turn is repeated later.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from studentsim import factory
from studentsim.config import RunConfig
from studentsim.errors import LeaseLost, StudentsimError
from studentsim.events import Event, RunEnded, RunResumed, StageStarted, TurnFinished
from studentsim.runs import checkpoints
from studentsim.runs.failure import classify_run_error
from studentsim.runs.history import (
    append_to_log,
    check_not_ended,
    find_last_safe_turn,
    read_past_events,
    run_started_event,
    sum_worked_seconds,
)
from studentsim.runs.lease import Lease, read_lease
from studentsim.runs.live_text import LiveText
from studentsim.runs.run_dir import RunFolder
from studentsim.runs.signals import pause_on_signals
from studentsim.simulation import Components, LoopState, simulate
from studentsim.store.journal import effective_events
from studentsim.store.journal_writer import JournalWriter
from studentsim.student.huggingface.allocator import configure_allocator

ComponentsBuilder = Callable[[RunConfig], Components]


def execute(
    folder: RunFolder,
    *,
    build_components: ComponentsBuilder | None = None,
    on_event: Callable[[Event], None] | None = None,
    pause_on: Sequence[int] = (signal.SIGTERM,),
) -> str:
    """Execute a run from its beginning or after its last complete turn; returns the status it ends with. Writes.

    Errors of the run become its last event (status ``failed``, or ``paused`` for a full disk) and are not raised.
    ``on_event`` is called with each event once it is in the journal. The signals in ``pause_on`` pause the run.

    :raises LeaseLost: another worker has taken over; nothing more was written.
    :raises RunError: the run has already ended for good, or its settings cannot be read.
    :raises JournalError: the journal is damaged.
    """
    config = folder.read_config()
    check_not_ended(folder)
    if config.model != "embedded":
        configure_allocator()  # before there are threads
    with (
        pause_on_signals(pause_on) as pause_requested,
        closing(Lease.acquire(folder)) as lease,
        JournalWriter(folder.journal_path, epoch=lease.info.epoch, confirm=lease.ensure_current) as journal,
    ):
        status = _RunSession(folder, config, lease, journal, on_event, pause_requested).run(
            build_components or factory.build_components
        )
        lease.note_last_event(journal.next_seq - 1)
        return status


@dataclass
class _RunSession:
    """One session of work on a run, from taking the lease to RunEnded."""

    folder: RunFolder
    config: RunConfig
    lease: Lease
    journal: JournalWriter
    on_event: Callable[[Event], None] | None
    pause_requested: threading.Event
    turn: int = 0
    stage: str = "loading"
    prior_seconds: float = 0.0  # worked in earlier sessions

    def __post_init__(self) -> None:
        self.started_at = time.monotonic()
        self.live_text = LiveText(self.folder)

    def run(self, build_components: ComponentsBuilder) -> str:
        """Work until the end, a request or an error; returns the status."""
        try:
            self.live_text.remove()  # a killed worker may have left it
            status = self._resume_and_simulate(build_components)
            self._record_end(status)
        except LeaseLost:
            raise
        except Exception as error:  # a model or a disk may raise anything: it becomes the run's last event
            status = self._record_failure(error)
        return status

    def _resume_and_simulate(self, build_components: ComponentsBuilder) -> str:
        # Heartbeats begin after RunResumed: until then the journal still ends with the last session's RunEnded, and a
        # lease with heartbeats would make that look like this session's end.
        last_turn = self._start_or_resume()
        with self.lease.keep_alive():
            if last_turn >= self.config.turns:
                return "finished"
            self._record_event(StageStarted(self.turn, "loading"))
            components = build_components(self.config)
            if hasattr(components.student, "on_progress"):
                components.student.on_progress = self.live_text.update
            if last_turn >= 0:
                components.load(checkpoints.checkpoint_path(self.folder.checkpoints, last_turn))
            return self._simulate(components)

    def _simulate(self, components: Components) -> str:
        state = LoopState.from_events(effective_events(read_past_events(self.folder)))
        # Closed at the end, which ends the threads of an unfinished training.
        with closing(simulate(self.config, components, state)) as events:
            for event in events:
                # The end of a turn is still recorded: all its work is done.
                if not isinstance(event, TurnFinished) and (request := self._requested_status()):
                    return request
                self._record_event(event, components)
        return "finished"

    def _start_or_resume(self) -> int:
        """Record that the run starts or resumes; returns the last complete turn, -1 if there is none."""
        # what a worker that was taken for dead has written since this one began does not count
        events = [e for e in read_past_events(self.folder) if e["seq"] < self.journal.next_seq]
        self.prior_seconds = sum_worked_seconds(events)
        self._sweep_leftovers()
        if not events:  # checkpoints of a journal that was lost would be taken for the last ones
            checkpoints.discard_later_turns(self.folder.checkpoints, -1, self.lease.info.epoch)
            self._record_event(run_started_event(self.folder, self.config))
            return -1
        last_turn, resume_note = find_last_safe_turn(self.folder, events)
        self._record_event(RunResumed(last_turn, resume_note))
        checkpoints.discard_later_turns(self.folder.checkpoints, last_turn, self.lease.info.epoch)
        self.journal.sync()
        self.turn = min(last_turn + 1, self.config.turns)
        return last_turn

    def _sweep_leftovers(self) -> None:
        """Remove half-made checkpoints of workers that are gone; one that is only stopped would miss its own."""
        epochs = checkpoints.leftover_epochs(self.folder.checkpoints)
        gone = [epoch for epoch in epochs if not read_lease(self.folder, epoch).is_alive]
        checkpoints.sweep_leftovers(self.folder.checkpoints, *gone)

    def _requested_status(self) -> str:
        """The status that a request or signal asks for; "" if there is none."""
        request = self.folder.read_request()
        if request or self.pause_requested.is_set():
            return "cancelled" if request and request[0] == "cancel" else "paused"
        return ""

    def _record_event(self, event: Event, components: Components | None = None) -> None:
        """Write one event to the journal; before the end of a turn, its checkpoint."""
        self.turn = event.turn
        if isinstance(event, StageStarted):
            self.stage = event.stage
            self.live_text.begin_stage(self.turn, self.stage)
        self.lease.ensure_current()
        epoch = self.lease.info.epoch
        ends_turn = isinstance(event, TurnFinished) and components is not None
        if ends_turn:
            checkpoints.write_checkpoint(
                self.folder.checkpoints, event.turn, components.save, epoch=epoch, confirm=self.lease.ensure_current
            )
        self.journal.append(event)
        if ends_turn:
            self.journal.sync()
            self.lease.ensure_current()
            checkpoints.prune_checkpoints(self.folder.checkpoints, epoch)
        if self.on_event:
            self.on_event(event)

    def _record_end(self, status: str, **details: str) -> None:
        self.live_text.remove()
        self._record_event(
            RunEnded(self.turn, status, round(self.prior_seconds + time.monotonic() - self.started_at, 3), **details)
        )
        self.journal.sync()
        self.lease.ensure_current()  # a request that comes after a takeover is for the other worker
        self.folder.clear_request()

    def _record_failure(self, error: Exception) -> str:
        failure = classify_run_error(error)
        stage = self.stage
        append_to_log(
            self.folder, f"{failure.status} in turn {self.turn}, {stage}: {failure.message} {failure.remedy}", error
        )
        try:
            self._record_end(
                failure.status, stage=stage, error=failure.error_type, message=failure.message, remedy=failure.remedy
            )
        except LeaseLost:
            raise
        except (OSError, StudentsimError) as second:
            self.lease.set_reason(failure.status, failure.message, failure.remedy)
            append_to_log(self.folder, f"the run's end could not be written: {second}")
        return failure.status
