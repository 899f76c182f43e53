"""The one way a run is carried out: by the worker process and by the command line alike.

It takes the run's lease, finds the last complete turn, loads everyone the run needs, and writes each event of
``simulate`` to the journal. A turn counts from the moment its TurnFinished is on the disk; its checkpoint is there before.
A request to pause or cancel, or a signal, takes effect at the next event: the half turn is done again later.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from studentsim.config import RunConfig
from studentsim.errors import LeaseLost, StudentsimError
from studentsim.heap import limit_memory
from studentsim.records import Event, Resumed, RunEnded, StageStarted, TurnFinished
from studentsim.runs import checkpoints
from studentsim.runs.folder import RunFolder
from studentsim.runs.lease import Lease
from studentsim.runs.live_text import LiveText
from studentsim.runs.past import last_safe_turn, note, past_events, refuse_ended, run_started, worked_seconds
from studentsim.runs.signals import paused_by
from studentsim.runs.trouble import trouble_of
from studentsim.simulation import Cast, Progress, simulate
from studentsim.store.journal import Journal, standing

LoadCast = Callable[[RunConfig], Cast]


def execute(
    folder: RunFolder,
    *,
    load_cast: LoadCast | None = None,
    on_event: Callable[[Event], None] | None = None,
    pause_on: Sequence[int] = (signal.SIGTERM,),
) -> str:
    """Carry a run out, from its beginning or from after its last complete turn; the status it ends with. Writes.

    Errors of the run become its last event (status ``failed``, or ``paused`` for a full disk) and are not raised.
    ``on_event`` is called with each event once it is in the journal. The signals in ``pause_on`` pause the run.

    :raises LeaseLost: another worker has taken over; nothing more was written.
    :raises RunError: the run has already ended for good, or its settings cannot be read.
    :raises JournalError: the journal is damaged.
    """
    config = folder.config()
    refuse_ended(folder)
    if config.model != "embedded":
        limit_memory()  # before there are threads
    with paused_by(pause_on) as interrupted, closing(Lease.take(folder)) as lease, Journal(folder.journal) as journal:
        return _Stretch(folder, config, lease, journal, on_event, interrupted).run(load_cast or _load_cast)


@dataclass
class _Stretch:
    """One stretch of work on a run, from taking the lease to RunEnded."""

    folder: RunFolder
    config: RunConfig
    lease: Lease
    journal: Journal
    on_event: Callable[[Event], None] | None
    interrupted: threading.Event
    turn: int = 0
    stage: str = "loading"
    before: float = 0.0  # seconds of earlier stretches

    def __post_init__(self) -> None:
        self.begun = time.monotonic()
        self.live_text = LiveText(self.folder)

    def run(self, load_cast: LoadCast) -> str:
        """Work until the end, a request or an error; the status."""
        try:
            self.live_text.remove()  # what a killed worker left
            status = self._work(load_cast)
            self._end(status)
        except LeaseLost:
            raise
        except Exception as error:  # whatever a model or a disk may throw: the run tells it, as its last event
            status = self._fail(error)
        return status

    def _work(self, load_cast: LoadCast) -> str:
        # Heartbeats come after Resumed: until then the journal still ends with the last stretch's RunEnded, and a
        # lease that beats would make that look like this stretch's end.
        complete = self._begin()
        with self.lease.beating():
            if complete >= self.config.turns:
                return "finished"
            self._tell(StageStarted(self.turn, "loading"))
            cast = load_cast(self.config)
            if hasattr(cast.student, "listen"):
                cast.student.listen = self.live_text.show
            if complete >= 0:
                cast.load(checkpoints.path_of(self.folder.checkpoints, complete))
            return self._simulate(cast)

    def _simulate(self, cast: Cast) -> str:
        progress = Progress.of(standing(past_events(self.folder)))
        # Closed at the end: that ends the threads of a training which is left in its midst.
        with closing(simulate(self.config, cast, progress)) as events:
            for event in events:
                # The end of a turn is still told: all its work is done.
                if not isinstance(event, TurnFinished) and (request := self._request()):
                    return request
                self._tell(event, cast)
        return "finished"

    def _begin(self) -> int:
        """Tell that the run starts or goes on; the last complete turn, -1 if there is none."""
        past = past_events(self.folder)
        self.before = worked_seconds(past)
        if not past:
            self._tell(run_started(self.folder, self.config))
        if all(event["type"] == "RunStarted" for event in past):
            return -1
        complete, why = last_safe_turn(self.folder, past)
        self._tell(Resumed(complete, why))
        checkpoints.discard_after(self.folder.checkpoints, complete)
        self.journal.sync()
        self.turn = min(complete + 1, self.config.turns)
        return complete

    def _request(self) -> str:
        """The status that somebody asked for, or nothing."""
        asked = self.folder.requested()
        if asked or self.interrupted.is_set():
            return "cancelled" if asked and asked[0] == "cancel" else "paused"
        return ""

    def _tell(self, event: Event, cast: Cast | None = None) -> None:
        """Write one event; before the end of a turn its checkpoint."""
        self.turn = event.turn
        if isinstance(event, StageStarted):
            self.stage = event.stage
            self.live_text.begin(self.turn, self.stage)
        self.lease.check()
        ends_turn = isinstance(event, TurnFinished) and cast is not None
        if ends_turn:
            checkpoints.write(self.folder.checkpoints, event.turn, cast.save)
            self.lease.check()
        self.journal.append(event)
        if ends_turn:
            self.journal.sync()
            checkpoints.prune(self.folder.checkpoints)
        if self.on_event:
            self.on_event(event)

    def _end(self, status: str, **what: str) -> None:
        self.live_text.remove()
        self._tell(RunEnded(self.turn, status, round(self.before + time.monotonic() - self.begun, 3), **what))
        self.journal.sync()
        self.folder.clear_request()

    def _fail(self, error: Exception) -> str:
        trouble = trouble_of(error)
        stage = self.stage
        note(self.folder, f"{trouble.status} in turn {self.turn}, {stage}: {trouble.message} {trouble.remedy}", error)
        try:
            self._end(trouble.status, stage=stage, error=trouble.error, message=trouble.message, remedy=trouble.remedy)
        except LeaseLost:
            raise
        except (OSError, StudentsimError) as second:
            note(self.folder, f"the run's end could not be written: {second}")
        return trouble.status


def _load_cast(config: RunConfig) -> Cast:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from studentsim.casting import load_cast  # imports torch when called

    return load_cast(config)
