"""Lines of a journal: how an event is written and checked, and which events count.

A line is a JSON object: the event's fields, ``type``, ``seq`` (0, 1, 2 … within the run), ``timestamp`` (seconds since 1970),
``lease`` (the number of the writer's lease) and last ``crc``, the CRC-32 of all bytes before it. Lines of versions before 0.2 have
neither lease nor checksum.

A lease's number is a fencing token, the epoch of what its holder writes: a worker that was stopped between looking at its lease and
writing may write after another has taken over. What it writes has a lower epoch than what stands before it, and does not count.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from studentsim import legacy_names

_CHECKSUM_START = b',"crc":"'
_CHECKSUM_BYTES = len(b',"crc":"01234567"}')


def encode_line(fields: dict[str, Any], *, seq: int, epoch: int, timestamp: float) -> bytes:
    """An event's line with its checksum and line feed, in ASCII."""
    numbered = {**fields, "seq": seq, "timestamp": timestamp, "lease": epoch}
    body = json.dumps(numbered, separators=(",", ":")).encode("ascii")[:-1]
    return body + b'%s%08x"}\n' % (_CHECKSUM_START, crc32(body))


def has_checksum(line: bytes) -> bool:
    """Whether a line (without its line feed) carries a checksum, right or wrong."""
    return line[-_CHECKSUM_BYTES:].startswith(_CHECKSUM_START)


def parse_line(line: bytes) -> dict[str, Any] | None:
    """The event of a line, with today's names; None if the line is damaged.

    One flipped bit makes a line of this version damaged wherever it is: one in the name ``crc`` leaves a lease without a checksum.
    """
    if is_checked := has_checksum(line):
        body = line[:-_CHECKSUM_BYTES]
        if line[len(body) :] != b'%s%08x"}' % (_CHECKSUM_START, crc32(body)):
            return None
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(event, dict) or not isinstance(event.get("type"), str) or ("lease" in event) != is_checked:
        return None
    event.pop("crc", None)
    event = legacy_names.upgrade_event(event)
    is_valid = (
        all(type(event.get(key, 0)) is int for key in ("seq", "turn", "lease")) and {"seq", "turn"} <= event.keys()
    )
    return event if is_valid and isinstance(event.get("timestamp"), int | float) else None


@dataclass
class EventOrder:
    """Admits the events of a journal one after another: the last one that counts so far has this ``epoch`` and ``seq``."""

    epoch: int = 0
    seq: int = -1
    superseded_from: int | None = None
    """Where the event admitted last takes the place of earlier ones: the first seq of these, which are void."""
    problem: str = ""
    """Why an event cannot follow the ones before it; blank: it can."""

    def admit(self, event: dict[str, Any]) -> bool:
        """Whether an event counts.

        It does not where a worker wrote it that had lost its lease, where it stands there twice (before 0.2), or where it does not
        follow the last one: ``problem`` then says why.
        """
        lease, seq = event.get("lease", 0), event["seq"]
        self.superseded_from, self.problem = None, ""
        if lease < self.epoch:
            return False
        if seq > self.seq + 1:
            self.problem = f"events {self.seq + 1} to {seq - 1} are missing before it"
        elif seq <= self.seq and lease == self.epoch:
            self.problem = f"event {seq} stands there a second time" if "lease" in event else ""
            return False
        if self.problem:
            return False
        self.superseded_from = seq if seq <= self.seq else None
        self.epoch, self.seq = lease, seq
        return True
