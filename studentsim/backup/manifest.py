"""What a backup holds: its files by path, with sizes and SHA-256; which paths there may be; and how much at most.

    manifest.json                                    this, the last file
    runs/<run id>/config.json, cell.json, notes.json, events.jsonl
    runs/<run id>/checkpoints/turn-0007/…
    runs/<run id>/leases/0004.json                   the run's last lease, released: later ones have higher numbers, as events demand
    runs/.recorded.json                              recorded runs that were unpacked
    predictions/…json   transfer/…json
    models/<name>/…     models/.dtype.json           only if asked for

Not in it: the database and what waits or is at work (queue, requests, logs). A restored run that was queued or at work is interrupted.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import studentsim
from studentsim.errors import BackupError
from studentsim.runs.run_dir import RUN_ID_PATTERN

MANIFEST_NAME = "manifest.json"
FORMAT, FORMAT_VERSION = "studentsim-backup", 1

MAX_FILES = 500_000
"""Most files of a backup."""
MAX_TOTAL_BYTES = 2**40
"""Most bytes of all of its files."""
MAX_EXPANSION = 200
"""A zip file holds at most so many times its own bytes: journals shrink to a tenth, a zip bomb to a thousandth."""
MAX_MANIFEST_BYTES = 2**28
MAX_PATH_CHARS = 240
"""Most characters of a path."""

RUN_FILES = ("config.json", "cell.json", "notes.json")
"""Small files of a run, beside its journal."""
JSON_FOLDERS = ("predictions", "transfer")
"""Folders of the data folder whose JSON files are kept."""
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.+=@-]*"
_RUN = f"runs/{RUN_ID_PATTERN.pattern}"
_PATH_PATTERN = re.compile(
    rf"{_RUN}/(?:{'|'.join(map(re.escape, RUN_FILES))}|events\.jsonl|leases/\d{{4,12}}\.json|checkpoints/turn-\d{{4,9}}(?:/{_NAME}){{1,3}})"
    rf"|runs/\.recorded\.json|(?:{'|'.join(JSON_FOLDERS)})/{_NAME}\.json|models/\.dtype\.json|models(?:/{_NAME}){{2,4}}"
)


def is_backup_path(path: str) -> bool:
    """Whether a backup may hold a file of that path: none climbs out of its folder, and none makes a restored folder do anything."""
    return len(path) <= MAX_PATH_CHARS and _PATH_PATTERN.fullmatch(path) is not None


@dataclass(frozen=True)
class FileRecord:
    """A file of a backup: its size in bytes, its SHA-256, and when it was last changed (Unix seconds)."""

    size: int
    sha256: str
    modified: float


@dataclass
class Manifest:
    """All files of a backup by path, and the ids of runs that were deleted."""

    records: dict[str, FileRecord] = field(default_factory=dict)
    deleted_runs: list[str] = field(default_factory=list)
    created: float = field(default_factory=time.time)
    studentsim_version: str = studentsim.__version__

    @property
    def run_ids(self) -> list[str]:
        """The runs in it, in order."""
        return sorted({path.split("/")[1] for path in self.records if re.match(rf"{_RUN}/", path)})

    @property
    def total_bytes(self) -> int:
        """Bytes of all files."""
        return sum(record.size for record in self.records.values())

    def to_bytes(self) -> bytes:
        """The content of ``manifest.json``."""
        content = {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "created": self.created,
            "studentsim": self.studentsim_version,
            "deleted_runs": self.deleted_runs,
            "files": {path: [r.size, r.sha256, r.modified] for path, r in sorted(self.records.items())},
        }
        return json.dumps({**content, "sha256": _digest(content)}, indent=0).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """Reads and checks ``manifest.json``.

        :raises BackupError: it is no manifest, a newer version's, damaged, or names what a backup may not hold.
        """
        try:
            content = json.loads(data)
            if not isinstance(content, dict) or content.pop("format") != FORMAT:
                raise ValueError("another format")
            version = content["version"]
        except (ValueError, KeyError, RecursionError) as error:
            raise BackupError("This is not a backup of a data folder.", _NAME_A_BACKUP) from error
        if version != FORMAT_VERSION:
            raise BackupError(
                f"The backup is of version {str(version)[:20]}; this program reads version {FORMAT_VERSION}.",
                "Use the newer program.",
            )
        try:
            digest = content.pop("sha256")
            check_limits(len(content["deleted_runs"]), 0)
            if digest != _digest({"format": FORMAT, **content}):
                raise ValueError("its checksum is another")
            manifest = cls(
                {path: _parse_record(path, record) for path, record in content["files"].items()},
                [run_id for run_id in content["deleted_runs"] if RUN_ID_PATTERN.fullmatch(run_id)],
                float(content["created"]),
                str(content["studentsim"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            raise BackupError(
                f"The backup's {MANIFEST_NAME} is damaged ({str(error)[:120]}).", "Use another copy of it."
            ) from error
        check_limits(len(manifest.records), manifest.total_bytes)
        return manifest


_NAME_A_BACKUP = "Name a file or folder that `python -m studentsim backup` made."


MAX_MODIFIED = 2.0**33
"""Unix seconds, in the year 2242: no file was changed later."""


def check_limits(file_count: int, total_bytes: int) -> None:
    """:raises BackupError: a backup has at most ``MAX_FILES`` files of ``MAX_TOTAL_BYTES`` in all."""
    if file_count > MAX_FILES or total_bytes > MAX_TOTAL_BYTES:
        raise BackupError(
            f"It holds {file_count:,} files of {total_bytes:,} bytes; at most {MAX_FILES:,} of {MAX_TOTAL_BYTES:,} are read.",
            _NAME_A_BACKUP,
        )


def check_path(path: str) -> None:
    """:raises BackupError: a backup holds no file of that path."""
    if not is_backup_path(path):
        raise BackupError(
            f"It holds the file {ascii(path)[:80]}, which is none of a data folder's.",
            "Nothing was unpacked. " + _NAME_A_BACKUP,
        )


def _parse_record(path: str, record: list[Any]) -> FileRecord:
    """:raises BackupError, ValueError, TypeError: the path may not be there, or the record is damaged."""
    check_path(path)
    size, sha256, modified = record
    if type(size) is not int or size < 0 or not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError(f"the record of {path}")
    if not 0 <= float(modified) < MAX_MODIFIED:  # no time at all, or none that a file can have
        raise ValueError(f"the time of {path}")
    return FileRecord(size, sha256, float(modified))


def _digest(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
