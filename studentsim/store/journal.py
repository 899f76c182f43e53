"""The journal: a run's append-only event file, one JSON object a line; the source of truth about a run.

``journal_lines`` says what a line holds and which lines count, ``journal_writer`` writes. An incomplete line does not count: a writer
that dies while writing leaves one at the end, which readers skip and the next writer cuts off.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studentsim.errors import JournalError
from studentsim.store.journal_lines import EventOrder, parse_line

JOURNAL_FILE_NAME = "events.jsonl"
"""A journal's file name within its run's folder."""
CHUNK_BYTES = 8 * 2**20
"""Most bytes that ``read_new_events`` reads at a time, unless a single line is longer."""
REPAIR_REMEDY = (
    "What stands before that line is still shown. Repair it (python -m studentsim repair RUN), restore the file from a backup, or "
    "delete the run."
)
_TAIL_LINES = 16
"""Lines at a journal's end that are looked at for the last event that counts: a worker that lost its lease leaves at most one."""


@dataclass(frozen=True)
class JournalEnd:
    """Where a journal's last event that counts ends: ``byte_count`` of the file's valid lines, and that event's ``epoch`` and ``seq``."""

    byte_count: int = 0
    epoch: int = 0
    seq: int = -1


@dataclass(frozen=True)
class JournalChunk:
    """Events that count, read from a part of a journal."""

    events: list[dict[str, Any]]
    end: JournalEnd
    """Where the next chunk begins."""
    superseded_from: int | None = None
    """Events read earlier from this seq on are void: a worker that had lost its lease wrote them."""


def read_events(path: str | Path) -> list[dict[str, Any]]:
    """All events of a journal that count, in order; an incomplete last line is skipped.

    :raises JournalError: the file cannot be read, a line before the last is damaged, or events are missing.
    """
    chunk, problem = _parse_lines(_read_bytes(Path(path), 0, None), JournalEnd())
    if problem:
        raise _damage_error(Path(path), chunk.end.byte_count, problem)
    return chunk.events


def read_new_events(path: str | Path, start: JournalEnd, *, max_bytes: int = CHUNK_BYTES) -> JournalChunk:
    """The events of the complete lines from ``start`` on, about ``max_bytes`` of them.

    No events: there are none yet. Events before a damaged line are returned; the next call then raises.

    :raises JournalError: the file cannot be read, or the next line is damaged or does not follow.
    """
    path = Path(path)
    data = _read_bytes(path, start.byte_count, max_bytes)
    while len(data) == max_bytes and b"\n" not in data:
        max_bytes *= 4
        data = _read_bytes(path, start.byte_count, max_bytes)
    chunk, problem = _parse_lines(data, start)
    if chunk.end.byte_count == start.byte_count and len(data) == max_bytes:  # damaged, or the last: the rest tells
        chunk, problem = _parse_lines(_read_bytes(path, start.byte_count, None), start)
    if problem and chunk.end.byte_count == start.byte_count:
        raise _damage_error(path, start.byte_count, problem)
    return chunk


def read_last_event(path: str | Path) -> dict[str, Any] | None:
    """The last event that counts and whose line is complete, read from the file's end; None if there is none."""
    try:
        with Path(path).open("rb") as file:
            size = file.seek(0, 2)
            span = 8192
            while True:
                begin = max(0, size - span)
                file.seek(begin)
                lines = file.read(size - begin).split(b"\n")[0 if begin == 0 else 1 : -1]
                events = [event for line in lines[-_TAIL_LINES:] if (event := parse_line(line)) is not None]
                if begin == 0 or len(events) > 1:
                    return max(events, key=_order_key, default=None)
                span *= 8
    except OSError:
        return None


def effective_events(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The events that count: a ``RunResumed`` makes all earlier events of later turns void; a seq counts only once.

    ``RunStarted`` always counts: it holds the run's config.
    """
    effective: list[dict[str, Any]] = []
    last_seq = -1
    for event in events:
        if event["seq"] <= last_seq:
            continue
        last_seq = event["seq"]
        if event["type"] == "RunResumed":
            effective = [e for e in effective if e["turn"] <= event["turn"] or e["type"] == "RunStarted"]
        effective.append(event)
    return effective


def find_end(path: Path) -> JournalEnd:
    """Where a writer goes on. The last complete line may be invalid: it is cut off.

    :raises JournalError: the two last complete lines are both invalid.
    """
    data = _read_bytes(path, 0, None)
    end = data.rfind(b"\n") + 1
    valid_end, last = 0, None
    position = end
    for number in range(_TAIL_LINES):
        if position == 0:
            break
        begin = data.rfind(b"\n", 0, position - 1) + 1
        event = parse_line(data[begin : position - 1])
        if event is None and not valid_end and number:
            raise _damage_error(path, begin, "is damaged")
        if event is not None:
            valid_end = valid_end or position
            last = max(filter(None, (last, event)), key=_order_key)
        position = begin
    return JournalEnd(valid_end, last.get("lease", 0), last["seq"]) if last else JournalEnd()


def _order_key(event: dict[str, Any]) -> tuple[int, int]:
    return event.get("lease", 0), event["seq"]


def _parse_lines(data: bytes, start: JournalEnd) -> tuple[JournalChunk, str]:
    """The events of the valid lines at the beginning of ``data``, and what is wrong with the line after them, if it is not the last."""
    events: list[dict[str, Any]] = []
    order = EventOrder(start.epoch, start.seq)
    superseded_from: int | None = None
    begin, problem = 0, ""
    while (end := data.find(b"\n", begin)) >= 0:
        event = parse_line(data[begin:end])
        if event is None:
            # a writer that died, or a power cut, may have left the last line damaged
            problem = "is damaged" if b"\n" in data[end + 1 :] else ""
            break
        counts = order.admit(event)
        if order.problem:
            problem = f"does not follow: {order.problem}"
            break
        if counts:
            if (first := order.superseded_from) is not None:
                if first <= start.seq:
                    superseded_from = first if superseded_from is None else min(first, superseded_from)
                while events and events[-1]["seq"] >= first:
                    events.pop()
            events.append(event)
        begin = end + 1
    return JournalChunk(events, JournalEnd(start.byte_count + begin, order.epoch, order.seq), superseded_from), problem


def _damage_error(path: Path, offset: int, problem: str) -> JournalError:
    line_number = _read_bytes(path, 0, offset).count(b"\n") + 1
    return JournalError(f"Line {line_number} of {path} {problem}.", REPAIR_REMEDY)


def _read_bytes(path: Path, offset: int, max_bytes: int | None) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read() if max_bytes is None else file.read(max_bytes)
    except OSError as error:
        raise JournalError(
            f"{path} cannot be read: {error.strerror}.", "Check that it is there and readable."
        ) from error
